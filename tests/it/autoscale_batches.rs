//! The autoscaler where batches cost the same whatever is in them, and where records are dropped.

use crate::support::{Ended, Folder};

/// Twenty milliseconds a batch, of fifty records at most.
const SLOW: &str = "--sink delay:20ms --batch-size 50 --max-workers 4";

/// The numbers of active workers after each step, in order.
fn steps(ended: &Ended) -> Vec<u64> {
    let events = ended.report["scaling"].as_array().unwrap().iter();
    let steps = events.filter(|event| event["from"] != event["to"]);
    steps.map(|event| event["to"].as_u64().unwrap()).collect()
}

#[test]
fn drops_bring_the_workers_that_would_have_taken_the_records() {
    // A lane is full within milliseconds of each half second, and empty at each sample.
    let ended = Folder::new().run(&format!(
        "{SLOW} --when-full drop-newest --throttle off --producer-rate 8000/s --load burst:500ms,0.05 --channel-size 500 \
         --autoscale-interval 500ms --duration 2500ms"
    ));
    let ended = ended.balances();
    assert!(ended.figure("/ledger/dropped_by_reason/full") > 0);
    assert!(steps(&ended).contains(&4), "{}", ended.report["scaling"]);
}

#[test]
fn workers_that_are_too_many_are_given_back_although_each_of_them_is_always_inside_its_sink() {
    let ended = Folder::new().run(&format!(
        "{SLOW} --batch-timeout 1ms --producer-rate 6000/s --load step:2500ms,0.2 --channel-size 1500 \
         --autoscale-interval 100ms --duration 6s"
    ));
    let ended = ended.delivers_everything();
    let steps = steps(&ended);
    let most = steps.iter().max();
    assert!(
        most >= Some(&2) && steps.contains(&1),
        "{}",
        ended.report["scaling"]
    );
}
