//! Outputs that wait for a reader, and readers that leave: only that of standard output may.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use splashdam::sinks::{FileSink, Fsync};

use super::{make_fifo, shell};
use crate::support::{Folder, Live, SMALL};

/// Opens a FIFO without waiting for its writer; reads then wait.
fn reader(folder: &Folder, name: &str) -> File {
    let mut options = OpenOptions::new();
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let fifo = options.read(true).open(folder.path(name)).unwrap();
    fcntl_setfl(&fifo, fcntl_getfl(&fifo).unwrap() - OFlags::NONBLOCK).unwrap();
    fifo
}

/// Reads the FIFO of a run that has written to it: without a writer it would seem to be at its end.
#[track_caller]
fn reader_with_records(folder: &Folder, live: &Live) -> File {
    let fifo = reader(folder, "fifo");
    live.wait_until("records", || rustix::io::ioctl_fionread(&fifo).unwrap() > 0);
    fifo
}

const WAITING: &str = "waiting for a reader of FIFO fifo";

#[test]
fn a_fifo_gets_its_records_when_somebody_reads_it() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    let live = folder.start(&format!(
        "--sink file:fifo --count 20000 --workers 2 --metrics-interval 50ms {SMALL}"
    ));
    live.wait_for_words(WAITING);
    live.wait_for_words("Queue=1,024/1,024");
    let mut read = Vec::new();
    let mut fifo = reader_with_records(&folder, &live);
    fifo.read_to_end(&mut read).unwrap();
    let ended = live.end().delivers_everything();
    assert_eq!(ended.stderr.matches(WAITING).count(), 1, "{}", ended.stderr);
    folder.write("read", read);
    folder.holds_whole("read", 20_000);
}

#[test]
fn a_run_that_waits_for_a_reader_obeys_signals_and_its_drain_timeout() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    let live = folder.start(&format!(
        "--sink file:fifo --drain-timeout 100ms --workers 2 {SMALL}"
    ));
    live.wait_for_words(WAITING);
    live.send(Signal::TERM);
    let ended = live.end().exits(4).balances();
    assert_eq!(ended.figure("/ledger/delivered"), 0);
    let nothing = folder.run(&format!("--source file:/dev/null --sink file:fifo {SMALL}"));
    nothing.delivers_everything();
}

#[test]
fn a_spill_into_a_fifo_without_a_reader_does_not_keep_the_run_from_ending() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    let ended = folder.run(&format!(
        "--sink fault:final-after=100,file:out --spill fifo --workers 1 --count 400 --drain-timeout 100ms {SMALL}"
    ));
    let ended = ended.exits(1).balances().says(WAITING);
    assert_eq!(ended.figure("/ledger/spilled"), 0);
}

#[test]
fn a_reader_that_leaves_a_fifo_is_a_failure_that_is_retried_with_the_next_one() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    let live = folder.start(&format!(
        "--sink file:fifo --count 20000 --workers 2 --metrics-interval 50ms {SMALL}"
    ));
    let mut first = reader_with_records(&folder, &live);
    // The first one stops in mid-record, and leaves a full pipe.
    let mut read = vec![0; 100];
    first.read_exact(&mut read).unwrap();
    live.wait_for_words("Queue=1,024/1,024");
    drop(first);
    live.wait_for_words("fifo: Broken pipe (os error 32); trying again");
    reader(&folder, "fifo").read_to_end(&mut read).unwrap();
    let ended = live.end().delivers_everything();
    assert_eq!(ended.figure("/ledger/dropped_by_reason/reader_closed"), 0);
    folder.write("read", read);
    folder.holds_whole("read", 20_000);
}

#[test]
fn a_reader_that_leaves_a_fifo_fails_the_run_where_failures_are_final() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    let first = reader(&folder, "fifo");
    let live = folder.start(&format!(
        "--sink file:fifo --on-sink-error stop --workers 1 --metrics-interval 50ms {SMALL}"
    ));
    live.wait_for_words("Queue=512/512");
    drop(first);
    let ended = live.end().exits(1).balances();
    ended.says("sink: fifo: Broken pipe");
}

#[test]
fn standard_output_may_be_closed_by_its_other_names_too() {
    let folder = Folder::new();
    for sink in ["stdout", "file:/dev/stdout", "file:/dev/fd/1"] {
        let script = format!(
            "set -o pipefail; $S run --sink {sink} --max-workers 1 {SMALL} | head -n 5 | wc -l"
        );
        let ended = shell(&folder, &script).exits(0);
        assert_eq!(ended.stdout, b"5\n", "{sink}");
        ended.says("reader closed the output");
    }
}

#[test]
fn what_cannot_be_forced_to_a_disk_is_refused_before_the_start() {
    let folder = Folder::new();
    make_fifo(&folder, "fifo");
    for (arguments, said) in [
        ("--sink file:fifo", "the sink fifo is a FIFO"),
        (
            "--sink delay:1ms,file:/dev/null",
            "the sink /dev/null is a device",
        ),
        ("--sink file:out --spill fifo", "the spill fifo is a FIFO"),
    ] {
        let ended = folder.run(&format!("--count 100 --fsync batch {arguments} {SMALL}"));
        ended
            .exits(2)
            .says("fsync batch cannot force records to a disk")
            .says(said);
        assert_eq!(folder.names(), ["fifo"]);
    }
    for path in [folder.path("fifo"), "/dev/null".into()] {
        let refused = FileSink::append(&path, Fsync::Batch).unwrap_err();
        let said = "cannot be forced to disk, as fsync batch asks";
        assert!(refused.to_string().contains(said), "{refused}");
    }
}

#[test]
fn a_file_of_the_end_or_a_log_is_no_fifo() {
    for setting in ["report", "html", "hgrm", "hlog"] {
        let folder = Folder::new();
        make_fifo(&folder, "fifo");
        let ended = shell(
            &folder,
            &format!("exec $S run --count 10 --{setting} fifo --sink file:out"),
        );
        ended.exits(2).says(&format!(
            "{setting}: fifo: is a FIFO, which may have no reader"
        ));
        assert_eq!(folder.names(), ["fifo"]);
    }
}
