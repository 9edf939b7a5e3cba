//! The proof that the models are worth something: with a bug planted, they find it.
//!
//! Loom takes the process down when it finds a deadlock, so each bug gets a process of its own: this test binary once
//! more, with one model to run.

use std::env;
use std::process::Command;

const RECORD: &str = "a_record_wakes_an_idle_worker";
const BATCH: &str = "the_last_record_of_a_batch_wakes_its_worker";
const BYTES: &str = "the_last_byte_of_a_batch_wakes_its_worker";
const WAKE_WORDS: &str = "one_unpark_for_each_wake_word_is_enough";
const HELD: &str = "what_a_worker_holds_is_counted";
const OCCUPANCY: &str = "occupancy_is_never_negative";
const RETIRED: &str = "a_retired_worker_hands_over_its_partial_batch";
const STOP: &str = "a_stop_delivers_the_last_burst_and_ends_the_worker";

const DEADLOCK: &str = "deadlock; threads =";
const LIVELOCK: &str = "Model exceeded maximum number of branches";
const BELOW_ZERO: &str = "attempt to subtract with overflow";

/// A bug, a model that finds it, and what the model dies of.
const PLANTED: [(&str, &str, &str); 23] = [
    ("no fence in look", RECORD, DEADLOCK),
    ("no fence in look", BATCH, DEADLOCK),
    ("no fence in look", BYTES, DEADLOCK),
    ("no fence in announce", RECORD, DEADLOCK),
    ("no fence in announce", BATCH, DEADLOCK),
    ("no fence in announce", BYTES, DEADLOCK),
    ("no re-check", RECORD, DEADLOCK),
    ("no re-check", BATCH, DEADLOCK),
    ("announced after the re-check", RECORD, DEADLOCK),
    ("announced after the re-check", BATCH, DEADLOCK),
    ("no unpark", RECORD, DEADLOCK),
    ("one unpark for ever", WAKE_WORDS, DEADLOCK),
    ("bytes without headers", BYTES, LIVELOCK),
    (
        "pushed without Release",
        WAKE_WORDS,
        "a record with other bytes",
    ),
    (
        "counted after it is there",
        HELD,
        "a batch that is not counted",
    ),
    ("counted after it is there", OCCUPANCY, BELOW_ZERO),
    ("released without Release", OCCUPANCY, BELOW_ZERO),
    ("published read first", OCCUPANCY, BELOW_ZERO),
    ("retired without unpark", RETIRED, DEADLOCK),
    ("unparked before it is retired", RETIRED, DEADLOCK),
    ("closed without unpark", STOP, DEADLOCK),
    ("closed read last", STOP, "Drained(None)"),
    ("closed without Acquire", STOP, "Drained(None)"),
];

#[test]
fn every_planted_bug_is_found() {
    let models = module_path!().trim_end_matches("::mutants");
    let (_crate, models) = models.split_once("::").unwrap_or_default();
    for (bug, model, death) in PLANTED {
        let output = Command::new(env::current_exe().expect("the path of this test"))
            .args([&format!("{models}::{model}"), "--exact", "--nocapture"])
            .env("SPLASHDAM_PLANT", bug)
            .output()
            .expect("this test can be run again");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(
            !output.status.success() && said.contains(death),
            "{model} did not find \"{bug}\", or not like this:\n{said}"
        );
    }
}
