//! The throttle: when the producer pauses, and for how long.

use super::{MS, Stage, policy, size, stage, take};
use crate::engine::dispatch::DispatchPolicy;
use crate::engine::lane::Volume;
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;

/// Three records in a lane of four, above half of which the producer pauses for 10 ms.
fn throttled() -> Stage {
    throttled_with(size(2, 64))
}

/// With batches of this size.
fn throttled_with(batch: Volume) -> Stage {
    let throttle = "0.5:10ms".parse().expect("a table");
    let mut stage = stage(
        1,
        size(4, 64),
        DispatchPolicy {
            throttle,
            batch,
            ..policy()
        },
    );
    assert_eq!(stage.dispatch(0, &[2, 2]), Ok(0));
    assert!(!stage.dispatcher.pause(&stage.waiter));
    assert_eq!(stage.dispatch(2, &[2]), Ok(0));
    stage
}

#[test]
fn a_throttle_pause_lasts_as_long_as_its_table_says_when_nothing_relieves_the_queue() {
    let mut stage = throttled();
    assert!(stage.dispatcher.pause(&stage.waiter));
    let producer = &stage.shard.counters.producer;
    assert_eq!(
        (producer.throttle_ns.get(), producer.throttle_pauses.get()),
        (10 * MS, 1)
    );
    // Each burst pauses, until the queue is relieved.
    assert!(stage.dispatcher.pause(&stage.waiter));
    take(&mut stage.readers[0], 1);
    assert!(!stage.dispatcher.pause(&stage.waiter));
    assert_eq!(stage.shard.counters.producer.throttle_pauses.get(), 2);
}

#[test]
fn a_throttle_pause_ends_early_when_the_queue_is_relieved_or_the_run_stops() {
    let mut stage = throttled();
    let mut reader = stage.readers.remove(0);
    let mut looks = 0;
    let relieve = move |_| {
        looks += 1;
        if looks == 2 {
            take(&mut reader, 1);
        }
    };
    assert!(meanwhile(relieve, || stage.dispatcher.pause(&stage.waiter)));
    assert_eq!(stage.shard.counters.producer.throttle_ns.get(), 150_000);

    let mut stage = throttled();
    let shard = Arc::clone(&stage.shard);
    let stop = move |_| shard.quiesce();
    assert!(meanwhile(stop, || stage.dispatcher.pause(&stage.waiter)));
    assert_eq!(stage.shard.counters.producer.throttle_ns.get(), 50_000);
}

#[test]
fn a_queue_in_which_every_batch_lacks_records_is_no_reason_to_pause() {
    // Four records make a batch, or eight bytes do: three records of two bytes are neither.
    for batch in [size(4, 64), size(9, 7)] {
        let mut stage = throttled_with(batch);
        assert!(!stage.dispatcher.pause(&stage.waiter), "{batch:?}");
        assert_eq!(stage.shard.counters.producer.throttle_pauses.get(), 0);
        assert_eq!(stage.dispatch(3, &[2]), Ok(0));
        assert!(stage.dispatcher.pause(&stage.waiter), "{batch:?}");
    }
    // Six bytes are a batch, too.
    let mut stage = throttled_with(size(9, 6));
    assert!(stage.dispatcher.pause(&stage.waiter));
}

#[test]
fn a_throttle_pause_ends_when_every_batch_lacks_records() {
    let throttle = "0.5:10ms".parse().expect("a table");
    let batch = size(4, 64);
    let mut stage = stage(
        1,
        size(5, 64),
        DispatchPolicy {
            throttle,
            batch,
            ..policy()
        },
    );
    assert_eq!(stage.dispatch(0, &[2; 4]), Ok(0));
    let mut reader = stage.readers.remove(0);
    // Three fifths are left.
    let deliver = move |_| drop(take(&mut reader, 1));
    assert!(meanwhile(deliver, || stage.dispatcher.pause(&stage.waiter)));
    assert_eq!(stage.shard.counters.producer.throttle_ns.get(), 50_000);
}
