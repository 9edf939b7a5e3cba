//! Proves the models' worth: they find each mutant.
//!
//! Loom aborts the process when it finds a deadlock, so each mutant runs in a process of its own: this test binary
//! again, with one model to run.

use std::env;
use std::process::Command;

use crate::sys::mutant::Mutant;

const RECORD: &str = "a_record_wakes_an_idle_worker";
const BATCH: &str = "the_last_record_of_a_batch_wakes_its_worker";
const BYTES: &str = "the_last_byte_of_a_batch_wakes_its_worker";
const WAKE_WORDS: &str = "one_wake_up_for_each_wake_word_is_enough";
const HELD: &str = "what_a_worker_holds_is_counted";
const OCCUPANCY: &str = "occupancy_is_never_negative";
const RETIRED: &str = "a_retired_worker_hands_over_its_partial_batch";
const STOP: &str = "a_stop_delivers_the_last_burst_and_ends_the_worker";
const ROOM: &str = "room::a_producer_that_waits_for_room_is_woken_by_a_release";
const NEARLY_FULL: &str =
    "room::a_worker_that_waits_with_a_lane_nearly_full_leaves_no_producer_asleep";
const POLLS: &str = "waiting::a_waiter_that_begins_to_poll_loses_no_wake_up";
const RESTS: &str = "waiting::a_waiter_that_rests_finds_what_it_was_woken_for_at_its_end";

const DEADLOCK: &str = "deadlock; threads =";
const LIVELOCK: &str = "Model exceeded maximum number of branches";
const BELOW_ZERO: &str = "attempt to subtract with overflow";

/// A mutant, a model that finds it, and the message with which the model fails.
const MUTANTS: [(Mutant, &str, &str); 33] = [
    (Mutant::CheckWithoutFence, RECORD, DEADLOCK),
    (Mutant::CheckWithoutFence, BATCH, DEADLOCK),
    (Mutant::CheckWithoutFence, BYTES, DEADLOCK),
    (Mutant::ArmWithoutFence, RECORD, DEADLOCK),
    (Mutant::ArmWithoutFence, BATCH, DEADLOCK),
    (Mutant::ArmWithoutFence, BYTES, DEADLOCK),
    (Mutant::NoRecheck, RECORD, DEADLOCK),
    (Mutant::NoRecheck, BATCH, DEADLOCK),
    (Mutant::ArmAfterRecheck, RECORD, DEADLOCK),
    (Mutant::ArmAfterRecheck, BATCH, DEADLOCK),
    (Mutant::NoWake, RECORD, DEADLOCK),
    (Mutant::OneWakeEver, WAKE_WORDS, DEADLOCK),
    (Mutant::BytesWithoutHeaders, BYTES, LIVELOCK),
    (
        Mutant::PushWithoutRelease,
        WAKE_WORDS,
        "a record with other bytes",
    ),
    (Mutant::CountAfterPush, HELD, "a batch that is not counted"),
    (Mutant::CountAfterPush, OCCUPANCY, BELOW_ZERO),
    (Mutant::ReleasedWithoutRelease, OCCUPANCY, BELOW_ZERO),
    (Mutant::PublishedReadFirst, OCCUPANCY, BELOW_ZERO),
    (Mutant::RetireWithoutWake, RETIRED, DEADLOCK),
    (Mutant::WakeBeforeRetire, RETIRED, DEADLOCK),
    (Mutant::CloseWithoutWake, STOP, DEADLOCK),
    (Mutant::ClosedReadLast, STOP, "Drained(None)"),
    (Mutant::ClosedWithoutAcquire, STOP, "Drained(None)"),
    (Mutant::WakeWithoutFence, POLLS, DEADLOCK),
    (Mutant::PollWithoutFence, POLLS, DEADLOCK),
    (Mutant::PollWithoutReturn, POLLS, DEADLOCK),
    (Mutant::WakeWithoutFence, RESTS, DEADLOCK),
    (Mutant::RestWithoutFence, RESTS, DEADLOCK),
    (Mutant::AwaitRoomWithoutFence, ROOM, DEADLOCK),
    (Mutant::AwaitRoomWithoutRecheck, ROOM, DEADLOCK),
    (Mutant::ReleaseWithoutFence, ROOM, DEADLOCK),
    (Mutant::NoRoomWake, ROOM, DEADLOCK),
    (Mutant::NoRoomWakeBeforeWait, NEARLY_FULL, DEADLOCK),
];

#[test]
fn every_mutant_is_found() {
    let models = module_path!().trim_end_matches("::mutants");
    let (_crate, models) = models.split_once("::").unwrap_or_default();
    for (mutant, model, death) in MUTANTS {
        let output = Command::new(env::current_exe().expect("the path of this test"))
            .args([&format!("{models}::{model}"), "--exact", "--nocapture"])
            .env("SPLASHDAM_MUTANT", format!("{mutant:?}"))
            .output()
            .expect("this test can be run again");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        assert!(
            !output.status.success() && printed.contains(death),
            "{model} did not find {mutant:?}, or not like this:\n{printed}"
        );
    }
}
