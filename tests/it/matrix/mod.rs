//! Faults, sinks and phases of a run, combined. In every case each record is delivered or spilled, once; any other is
//! counted as abandoned, and only a worker that hangs in its sink abandons any.
//!
//! * `cases` - a run for each combination, and its expected outcome.
//! * `covering` - a few combinations in which every pair occurs.
//! * `signals` - each signal, once and twice, in each phase.
//! * `table` - the README's table of causes.
//! * `disk` - a real file system that is full for a while.

mod cases;
mod covering;
mod disk;
mod signals;
mod table;

use crate::support::{Ended, Folder};

/// The exit code that follows from the figures of the report.
fn code_of(ended: &Ended) -> i32 {
    let stop = &ended.report["stop"];
    let failed = !stop["failures"].as_array().unwrap().is_empty();
    match stop["halted_by"].as_i64() {
        _ if failed => 1,
        Some(signal) => 128 + i32::try_from(signal).unwrap(),
        None if stop["deadline_passed"] == true => 4,
        None => 0,
    }
}

/// Fails unless each record is in exactly one of these files, except for abandoned ones, which are in none, and at most
/// `twice` records that are in two.
#[track_caller]
fn accounted_for(folder: &Folder, files: &[String], ended: &Ended, twice: u64) {
    let produced = ended.figure("/ledger/produced");
    let abandoned = ended.figure("/ledger/abandoned");
    let verdict = folder.verify(&format!("--expect {produced} {}", files.join(" ")));
    let count = |kind: &str| verdict[kind]["count"].as_u64().unwrap();
    let context = || format!("{verdict}\n{}\n{}", ended.report["ledger"], ended.stderr);
    assert_eq!(count("torn"), 0, "{}", context());
    assert_eq!(count("unexpected"), 0, "{}", context());
    // A record that a halt tore is completed in the file, and is spilled or abandoned too.
    assert!(count("missing") <= abandoned, "{}", context());
    assert!(count("missing") + twice >= abandoned, "{}", context());
    assert!(count("duplicated") <= twice, "{}", context());
}
