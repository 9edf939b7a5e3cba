//! Full lanes: the producer waits, or drops and counts; before that the throttle slows it down.

use crate::support::Folder;

/// A worker that takes 64 records in 2 ms, behind a lane of 64.
const SLOW: &str =
    "--workers 2 --channel-size 64 --batch-size 64 --lane-bytes 64KiB --throttle off";

#[test]
fn drop_newest_drops_only_what_it_counts() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--count 20_000 --when-full drop-newest --sink delay:2ms,file:out {SLOW}"
    ));
    let ended = ended.exits(3).balances();
    let dropped = ended.figure("/ledger/dropped_by_reason/full");
    assert!(dropped > 0);
    assert_eq!(ended.figure("/ledger/dropped"), dropped);
    assert_eq!(ended.figure("/ledger/produced"), 20_000);
    let verdict = folder.verify("out");
    assert_eq!(verdict["records"], ended.figure("/ledger/delivered"));
    assert_eq!(verdict["torn"]["count"], 0);
    assert_eq!(verdict["duplicated"]["count"], 0);
    let summary = ended.stderr.replace(',', "");
    let words = format!("dropped {dropped} {{full: {dropped}}}");
    assert!(summary.contains(&words), "{words}\n{summary}");
}

#[test]
fn drop_newest_drops_nothing_while_there_is_room() {
    let ended = Folder::new()
        .run("--count 2_000 --when-full drop-newest --sink check --channel-size 2000 --workers 1");
    ended.delivers_everything();
}

#[test]
fn block_loses_nothing_and_counts_its_waits() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--count 5_000 --when-full block --sink delay:2ms,file:out {SLOW}"
    ));
    let ended = ended.delivers_everything();
    assert!(ended.figure("/backpressure/full_waits") > 0);
    assert!(ended.measure("/backpressure/full_s") > 0.0);
    folder.holds_whole("out", 5_000);
}

#[test]
fn a_lane_that_is_full_of_bytes_blocks_like_one_that_is_full_of_records() {
    let folder = Folder::new();
    let ended = folder.run(
        "--count 1_000 --record-bytes 3000 --max-record-bytes 3000 --lane-bytes 8000 --batch-bytes 5000 \
         --workers 2 --throttle off --sink delay:1ms,file:out",
    );
    let ended = ended.delivers_everything();
    assert!(ended.figure("/backpressure/full_waits") > 0);
    folder.holds_whole("out", 1_000);
}

/// Batches of 50 that take 5 ms, behind a lane of 1500.
const BEHIND: &str =
    "--count 6_000 --workers 1 --channel-size 1500 --batch-size 50 --sink delay:2ms";

#[test]
fn the_throttle_pauses_the_producer_when_the_queue_is_nearly_full() {
    let ended = Folder::new().run(BEHIND).delivers_everything();
    assert!(ended.figure("/backpressure/throttle_pauses") > 0);
    assert!(ended.measure("/backpressure/throttle_s") > 0.0);
}

#[test]
fn a_throttle_that_is_off_never_pauses() {
    let ended = Folder::new()
        .run(&format!("{BEHIND} --throttle off"))
        .delivers_everything();
    assert_eq!(ended.figure("/backpressure/throttle_pauses"), 0);
    assert!(ended.figure("/backpressure/full_waits") > 0);
}

#[test]
fn a_queue_that_stays_empty_is_not_throttled() {
    let ended = Folder::new().run("--count 200 --producer-rate 2000/s --workers 1");
    let ended = ended.delivers_everything();
    assert_eq!(ended.figure("/backpressure/throttle_pauses"), 0);
    assert_eq!(ended.figure("/backpressure/full_waits"), 0);
}

#[test]
fn a_producer_that_waits_for_room_sleeps_until_there_is_some() {
    let ended = Folder::new().run(
        "--count 256 --sink delay:500ms --workers 1 --throttle off --channel-size 64 --batch-size 64 \
         --lane-bytes 128KiB --batch-bytes 32KiB",
    );
    let ended = ended.delivers_everything();
    assert!(ended.figure("/backpressure/full_waits") > 0);
    let sleeps = ended.figure("/threads/0/voluntary_switches");
    assert!(sleeps < 100, "{sleeps} in 1.5 s");
}
