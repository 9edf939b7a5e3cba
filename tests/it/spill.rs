//! The spill file: each record that cannot be delivered is in it, whole and once, and can be fed in again.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::Signal;

use crate::support::{Ended, Folder, SMALL, sorted_lines};

/// Everything that was produced is in one of the two files, each record once.
#[track_caller]
fn nothing_is_lost(folder: &Folder, ended: &Ended) {
    assert_eq!(ended.figure("/ledger/abandoned"), 0, "{}", ended.report);
    let produced = ended.figure("/ledger/produced");
    folder.holds_whole("out rest", produced);
    let spilled = folder.read("rest");
    let lines = sorted_lines(&spilled).len() as u64;
    assert_eq!(lines, ended.figure("/ledger/spilled"));
}

#[test]
fn records_left_at_the_deadline_are_spilled_and_can_be_fed_in_again() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--sink delay:20ms,file:out --workers 2 --duration 300ms --drain-timeout 50ms --spill rest {SMALL}"
    ));
    let ended = ended.exits(4).balances();
    assert!(ended.figure("/ledger/spilled") > 0);
    let by_worker: u64 = ended.of_workers("/spilled").iter().sum();
    assert!(by_worker > 0 && by_worker <= ended.figure("/ledger/spilled"));
    nothing_is_lost(&folder, &ended);
    let spilled = ended.figure("/ledger/spilled");
    let words = format!("spilled      {spilled} records: deliver them with --source file:rest\n");
    let summary = ended.stderr.replace(',', "");
    assert!(summary.contains(&words), "{words}\n{summary}");
    let again = folder.run(&format!("--source file:rest --sink file:out {SMALL}"));
    again.delivers_everything();
    folder.holds_whole("out", ended.figure("/ledger/produced"));
}

#[test]
fn records_a_broken_sink_leaves_are_spilled_and_the_other_workers_deliver() {
    for fault in ["final-after=300", "panic-after=300", "final-after=0"] {
        let folder = Folder::new();
        let ended = folder.run(&format!(
            "--sink fault:{fault}+worker=1,file:out --workers 3 --spill rest {SMALL}"
        ));
        let ended = ended.exits(1).balances();
        assert!(ended.of_workers("/spilled")[1] > 0);
        assert_eq!(
            ended.report["stop"]["failures"].as_array().unwrap().len(),
            1
        );
        nothing_is_lost(&folder, &ended);
    }
}

#[test]
fn records_left_at_a_second_signal_are_spilled() {
    for sink in [
        "file:/dev/full",
        "fault:retry=1,file:out",
        "delay:500ms,file:out",
    ] {
        let folder = Folder::new();
        folder.write("out", "");
        let live = folder.start(&format!(
            "--sink {sink} --workers 2 --metrics-interval 50ms --spill rest {SMALL}"
        ));
        live.wait_for_words("/1,024 |");
        live.send(Signal::TERM);
        live.wait_for_words("Shutdown signal received!");
        let ended = live.end_insisting(Signal::INT).exits(130).balances();
        assert!(ended.figure("/ledger/spilled") >= 512);
        nothing_is_lost(&folder, &ended);
    }
}

#[test]
fn halt_spills_buffered_stdin() {
    let folder = Folder::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let arguments = "--source stdin --sink file:/dev/full --workers 1 --spill rest --channel-size 10 --batch-size 5 \
                     --lane-bytes 64KiB --max-record-bytes 1KiB --batch-bytes 4KiB";
    let live = folder.start_with(arguments, |command| {
        command.stdin(reader);
    });
    let lines = (0..1_000).map(|seq| format!("{{\"seq\":{seq}}}\n"));
    let lines: String = lines.collect();
    writer.write_all(lines.as_bytes()).unwrap();
    live.wait_until("an empty pipe", || {
        rustix::io::ioctl_fionread(&writer).unwrap() == 0
    });
    live.send(Signal::TERM);
    live.wait_for_words("Shutdown signal received!");
    let ended = live.end_insisting(Signal::TERM).exits(143).balances();
    assert_eq!(ended.figure("/ledger/spilled"), 1_000);
    folder.holds_whole("rest", 1_000);
    drop(writer); // keeps the pipe open until here
}

#[test]
fn a_record_accepted_in_part_is_spilled_whole() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--sink fault:full-after=5050,file:out --record-bytes 100 --workers 1 --count 400 --drain-timeout 100ms \
         --spill rest {SMALL}"
    ));
    let ended = ended.exits(4).balances();
    assert_eq!(ended.figure("/ledger/delivered"), 50);
    assert_eq!(ended.figure("/ledger/spilled"), 350);
    let verdict = folder.verify("--expect 400 out rest");
    assert_eq!(verdict["missing"]["count"], 0, "{verdict}");
    assert_eq!(verdict["torn"]["count"], 0, "{verdict}");
    // It is in both: the torn record in the file was completed, because nothing may follow a torn record.
    assert_eq!(verdict["duplicated"]["count"], 1, "{verdict}");
}

#[test]
fn a_worker_that_hangs_in_its_sink_cannot_spill_and_is_not_waited_for() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--sink fault:stall-after=100:1h+worker=0,delay:20ms,file:out --workers 2 --count 3000 --drain-timeout 100ms \
         --spill rest --throttle off {SMALL}"
    ));
    let ended = ended.exits(4).balances();
    let [abandoned, spilled] = ["/abandoned", "/spilled"].map(|path| ended.of_workers(path));
    assert!(abandoned[0] > 0 && abandoned[1] == 0, "{}", ended.report);
    assert!(spilled[0] == 0, "{}", ended.report);
    let verdict = folder.verify("out rest");
    let found = ended.figure("/ledger/delivered") + ended.figure("/ledger/spilled");
    assert_eq!(verdict["records"], found, "{verdict}");
    assert_eq!(verdict["duplicated"]["count"], 0, "{verdict}");
}

#[test]
fn a_failing_spill_file_is_named_and_the_rest_abandoned() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--sink fault:final-after=100,file:out --workers 1 --count 400 --spill /dev/full {SMALL}"
    ));
    let ended = ended
        .exits(1)
        .balances()
        .says("worker 0: spill: /dev/full: No space left on device");
    assert_eq!(ended.figure("/ledger/spilled"), 0);
    assert!(ended.figure("/ledger/abandoned") > 0);
}

#[test]
fn a_spill_that_takes_longer_than_a_halt_is_waited_for() {
    let folder = Folder::new();
    let fifo = folder.path("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    // A reader that does not wait for its writer, and then waits for what it writes.
    let mut options = File::options();
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut reader = options.read(true).open(fifo).unwrap();
    fcntl_setfl(&reader, OFlags::empty()).unwrap();
    let live = folder.start(&format!(
        "--sink fault:retry=1 --record-bytes 100 --workers 2 --metrics-interval 50ms --spill fifo {SMALL}"
    ));
    live.wait_for_words("/1,024 |");
    live.send(Signal::TERM);
    live.wait_for_words("Shutdown signal received!");
    live.insist(Signal::TERM, "a full pipe", || {
        rustix::io::ioctl_fionread(&reader).unwrap() > 50_000
    });
    let full = Instant::now();
    live.wait_until("a while", || full.elapsed() > Duration::from_millis(600));
    let mut spilled = Vec::new();
    reader.read_to_end(&mut spilled).unwrap();
    let ended = live.end().exits(143).balances();
    assert_eq!(ended.figure("/ledger/abandoned"), 0, "{}", ended.report);
    folder.write("rest", spilled);
    folder.holds_whole("rest", ended.figure("/ledger/produced"));
}

#[test]
fn a_run_that_delivers_everything_spills_nothing() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--count 1000 --sink file:out --spill rest {SMALL}"
    ));
    ended.delivers_everything();
    assert_eq!(folder.read("rest"), b"");
}

#[test]
fn a_spill_file_that_is_the_sink_or_cannot_be_made_is_refused() {
    let folder = Folder::new();
    let same = folder.run("--sink file:out --spill out");
    same.exits(2)
        .says("spill out is the sink too: give each a file of its own");
    let nowhere = folder.run("--sink file:out --spill none/rest");
    nowhere
        .exits(2)
        .says("error: spill: none/rest: No such file or directory");
}

#[test]
fn appending_to_a_torn_line_starts_a_new_line() {
    let folder = Folder::new();
    folder.write("out", "half a li");
    folder.write("in", "one\ntwo\n");
    let ended = folder.run(&format!(
        "--source file:in --sink file:out --workers 1 {SMALL}"
    ));
    ended.delivers_everything();
    assert_eq!(folder.read("out"), b"half a li\none\ntwo\n");
    // A run that writes nothing changes nothing.
    folder.write("out", "half a li");
    folder.write("in", "");
    let ended = folder.run(&format!(
        "--source file:in --sink file:out --workers 1 {SMALL}"
    ));
    ended.delivers_everything();
    assert_eq!(folder.read("out"), b"half a li");
}

#[test]
fn a_record_torn_by_a_full_disk_is_whole_after_it_is_fed_in_again() {
    let folder = Folder::new();
    let full =
        "fault:full-after=1001,file:out --duration 200ms --drain-timeout 100ms --spill spilled";
    let ended = folder.run(&format!("--sink {full} --workers 1 {SMALL}"));
    let ended = ended.exits(4).balances();
    let produced = ended.figure("/ledger/produced");
    assert!(ended.figure("/ledger/delivered") > 0);
    // As on a disk that had no room even for the end of the torn record.
    let out = folder.read("out");
    folder.write("out", &out[..out.len() - 1]);
    let again = folder.run(&format!(
        "--source file:spilled --sink file:out --workers 1 {SMALL}"
    ));
    again.delivers_everything();
    let found = folder.verify(&format!("--expect {produced} out"));
    assert_eq!(found["missing"]["count"], 0, "{found}");
}

#[test]
fn the_check_does_not_miss_records_spilled_by_the_producer() {
    let ended = Folder::new().run(
        "--sink delay:1s,check --channel-size 64 --batch-size 64 --lane-bytes 128KiB --batch-bytes 32KiB --workers 1 \
         --duration 300ms --drain-timeout 300ms --spill spilled",
    );
    let ended = ended.exits(4).balances();
    assert!(ended.figure("/ledger/spilled") > 0);
}

#[test]
fn halt_counts_buffered_stdin_without_spill() {
    let folder = Folder::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let live = folder.start_with(
        "--source stdin --sink fault:retry=1,null --workers 1 --channel-size 64 --batch-size 64 --lane-bytes 128KiB \
         --batch-bytes 32KiB",
        |command| {
            command.stdin(reader);
        },
    );
    writer
        .write_all("a line\n".repeat(2_000).as_bytes())
        .unwrap();
    live.wait_until("an empty pipe", || {
        rustix::io::ioctl_fionread(&writer).unwrap() == 0
    });
    live.wait_for_words("trying again");
    live.send(Signal::INT);
    live.wait_for_words("Shutdown signal received!");
    let ended = live.end_insisting(Signal::INT).exits(130).balances();
    assert_eq!(
        ended.figure("/ledger/abandoned"),
        2_000,
        "{}",
        ended.report["ledger"]
    );
    drop(writer); // keeps the pipe open until here
}
