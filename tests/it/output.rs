//! What a run prints and reports: a line each second, the summary, the report, and the records of the generator.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Ended, Folder, Live, SMALL};

/// The parts of a metrics line between its figures.
const METRICS: [&str; 5] = [
    "[METRICS] Produced=",
    "/s | Processed=",
    "/s | Queue=",
    "/",
    " | Workers=",
];

/// Parses a metrics line: produced and processed per second, queue, capacity, workers.
fn metrics(line: &str) -> [u64; 5] {
    let mut rest = line;
    let mut figures = [0; 5];
    for (figure, before) in figures.iter_mut().zip(METRICS) {
        rest = rest
            .strip_prefix(before)
            .unwrap_or_else(|| panic!("{line}"));
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != ',')
            .unwrap_or(rest.len());
        *figure = rest[..end].replace(',', "").parse().unwrap();
        rest = &rest[end..];
    }
    // Latency follows if any was recorded in the interval.
    let latency = rest.is_empty() || rest.starts_with(" | p50=") && rest.contains(" p99=");
    assert!(latency, "{line}");
    figures
}

#[test]
fn a_metrics_line_is_printed_each_second() {
    let ended = Folder::new().run(&format!(
        "--duration 2500ms --producer-rate 1000/s --workers 3 {SMALL}"
    ));
    let ended = ended.delivers_everything();
    let lines = ended.stderr.lines().filter(|l| l.starts_with("[METRICS]"));
    let lines: Vec<_> = lines.map(metrics).collect();
    assert!(lines.len() >= 2, "{lines:?}");
    assert!(lines.len() as f64 <= ended.measure("/throughput/elapsed_s"));
    for [produced, processed, queue, capacity, workers] in lines {
        assert!(produced > 0 && processed > 0);
        assert!(queue <= capacity);
        assert_eq!((capacity, workers), (3 * 512, 3));
    }
}

#[test]
fn a_file_that_cannot_be_forced_to_the_disk_is_refused_where_that_is_asked_for() {
    // A thread's name accepts everything that is written to it, and cannot be forced to any disk.
    let run = |fsync: &str| {
        let flags = format!("--sink file:/proc/self/comm --count 100 --workers 1 --fsync {fsync}");
        Folder::new().run(&format!("{flags} {SMALL}"))
    };
    run("never").delivers_everything();
    let ended = run("batch").exits(2);
    ended.says("/proc/self/comm: cannot be forced to disk, as fsync batch asks: Invalid argument");
}

#[test]
fn a_quiet_run_that_succeeds_prints_nothing() {
    for flag in ["--quiet", "-q"] {
        let ended = Folder::new().run(&format!(
            "--count 1000 --sink delay:1ms --duration 5s {flag} {SMALL}"
        ));
        let ended = ended.delivers_everything();
        assert_eq!((ended.stderr.as_str(), ended.stdout.len()), ("", 0));
    }
    let folder = Folder::new();
    let live = folder.start(&format!("-q --sink file:out {SMALL}"));
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::INT);
    assert_eq!(live.end().delivers_everything().stderr, "");
}

#[test]
fn a_quiet_run_that_fails_prints_the_reason() {
    let ended = Folder::new().run(&format!(
        "-q --sink file:/dev/full --on-sink-error stop --workers 1 {SMALL}"
    ));
    let ended = ended.exits(1);
    let mut lines = ended.stderr.lines();
    assert_eq!(
        lines.next(),
        Some("error: worker 0: sink: /dev/full: No space left on device (os error 28)")
    );
    let said = "error: not delivered: ";
    assert!(lines.next().unwrap().starts_with(said), "{}", ended.stderr);
    assert_eq!(lines.next(), None);
}

#[test]
fn only_the_sink_writes_to_stdout() {
    let ended = Folder::new().run(&format!("--count 1000 --sink stdout --workers 1 {SMALL}"));
    let ended = ended.delivers_everything().says("Program finished\n");
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(text.lines().count(), 1000);
    assert!(
        text.lines()
            .all(|line| line.starts_with("{\"msg\":") && line.ends_with('}'))
    );
    let silent = Folder::new().run(&format!("--count 1000 {SMALL}"));
    assert!(silent.delivers_everything().stdout.is_empty());
}

#[test]
fn the_summary_and_the_report_agree() {
    let ended = Folder::new().run(&format!("--count 1000 --workers 2 {SMALL}"));
    let ended = ended
        .delivers_everything()
        .says("Program finished\nstopped by   count reached, after ");
    let ended = ended
        .says("ledger       produced 1,000 = delivered 1,000 + dropped 0 + spilled 0 + abandoned 0 (balanced)\n");
    for (worker, records) in ended.of_workers("/records").into_iter().enumerate() {
        let row = |line: &&str| line.trim_start().starts_with(&format!("{worker} "));
        let row = ended
            .stderr
            .lines()
            .filter(|l| l.starts_with("  "))
            .find(row);
        let figures: Vec<_> = row.unwrap().split_whitespace().collect();
        assert_eq!(figures[1], records.to_string());
    }
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn the_report_has_every_figure() {
    let ended = Folder::new().run(&format!("--count 1000 --workers 2 {SMALL}"));
    let ended = ended.delivers_everything();
    let report = &ended.report;
    for (part, wanted) in [
        (
            "/ledger",
            "abandoned balanced delivered dropped dropped_by_reason produced spilled",
        ),
        ("/ledger/dropped_by_reason", "full reader_closed too_long"),
        ("/throughput", "bytes_per_s elapsed_s records_per_s"),
        (
            "/backpressure",
            "full_s full_waits throttle_pauses throttle_s",
        ),
        (
            "/workers/1",
            "abandoned batches bytes dropped last_partial parks records retries spilled stalled_s stalls waited_records worker",
        ),
        ("/sinks", "retries stalls"),
        ("/workers/1/batches", "age drain size"),
        (
            "/stop",
            "cause deadline_passed exit_code failures halted halted_by",
        ),
    ] {
        let wanted: BTreeSet<_> = wanted.split(' ').collect();
        let missing = &wanted - &keys(report.pointer(part).unwrap());
        assert!(missing.is_empty(), "{part} lacks {missing:?}");
    }
    for setting in report["config"].as_object().unwrap().values() {
        assert_eq!(keys(setting), BTreeSet::from(["origin", "value"]));
    }
    assert_eq!(ended.of_workers("/worker"), [0, 1]);
    assert_eq!(ended.figure("/stop/exit_code"), 0);
    let rate = 1000.0 / ended.measure("/throughput/elapsed_s");
    assert!((ended.measure("/throughput/records_per_s") / rate - 1.0).abs() < 1e-9);
}

/// The lines of a generator's run, checked and parsed.
fn generated(arguments: &str) -> (Ended, Vec<Value>, Vec<usize>) {
    let ended = Folder::new().run(&format!("{arguments} --sink stdout --workers 1 {SMALL}"));
    let ended = ended.delivers_everything();
    let lines = ended.stdout.split_inclusive(|byte| *byte == b'\n');
    let (mut records, mut lengths) = (Vec::new(), Vec::new());
    for (seq, line) in lines.enumerate() {
        let record: Value = serde_json::from_slice(line).unwrap();
        assert_eq!(keys(&record), BTreeSet::from(["level", "msg", "seq", "ts"]));
        assert_eq!(record["seq"].as_u64(), Some(seq as u64));
        let level = record["level"].as_str().unwrap();
        assert!(
            ["DEBUG", "INFO", "WARN", "ERROR"].contains(&level),
            "{record}"
        );
        assert!(record["msg"].is_string());
        records.push(record);
        lengths.push(line.len());
    }
    (ended, records, lengths)
}

#[test]
fn a_generated_line_is_json_with_its_number_and_the_time() {
    let before = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_micros();
    let (_, records, _) = generated("--count 12_000");
    let after = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_micros();
    assert_eq!(records.len(), 12_000);
    for record in &records {
        assert_eq!(record["msg"], "hello from producer");
        let ts = u128::from(record["ts"].as_u64().unwrap());
        assert!((before..=after).contains(&ts), "{record}");
    }
    let levels: BTreeSet<_> = records
        .iter()
        .map(|r| r["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels.len(), 4);
}

#[test]
fn the_seed_decides_the_levels() {
    let levels = |seed: u64| {
        let (_, records, _) = generated(&format!("--count 800 --seed {seed}"));
        records
            .into_iter()
            .map(|mut r| r["level"].take())
            .collect::<Vec<_>>()
    };
    assert_eq!(levels(7), levels(7));
    assert_ne!(levels(7), levels(8));
}

#[test]
fn a_generated_line_has_exactly_the_length_asked_for() {
    for bytes in [76, 90, 100, 1_000] {
        let (_, records, lengths) = generated(&format!("--count 1_200 --record-bytes {bytes}"));
        assert_eq!(records.len(), 1_200);
        assert!(lengths.iter().all(|length| *length == bytes), "{bytes}");
    }
}

#[test]
fn a_paced_generator_keeps_its_schedule() {
    let (ended, records, _) = generated("--producer-rate 500/s --duration 2s");
    // Each line carries the time it was due: 2 ms apart, whenever it was really generated.
    let due: Vec<_> = records.iter().map(|r| r["ts"].as_u64().unwrap()).collect();
    for (index, ts) in due.iter().enumerate() {
        let ideal = due[0] + 2_000 * index as u64;
        assert!(
            ts.abs_diff(ideal) <= 1,
            "record {index} is due at {ts}, not {ideal}"
        );
    }
    let produced = ended.figure("/ledger/produced") as f64;
    let seconds = ended.measure("/throughput/elapsed_s");
    assert!(
        produced <= 500.0 * seconds + 1.0,
        "{produced} in {seconds} s"
    );
    // Records that were due while a busy machine held up the producer follow at once.
    assert!(produced >= 500.0, "{produced} in {seconds} s");
}

#[test]
fn a_paced_count_lasts_until_its_last_record_is_due() {
    let ended = Folder::new().run(&format!("--producer-rate 1ms --count 301 {SMALL}"));
    // Record 300 is due after 300 ms.
    assert!(ended.delivers_everything().measure("/throughput/elapsed_s") >= 0.3);
}

/// Starts a run whose standard error is a closed pipe.
fn unheard(folder: &Folder, arguments: &str) -> Live {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    folder.start_with(arguments, |command| {
        command.stderr(writer);
    })
}

#[test]
fn a_closed_stderr_does_not_change_how_a_run_ends() {
    let folder = Folder::new();
    let ended = unheard(&folder, &format!("--count 1000 {SMALL}")).end();
    ended.delivers_everything();
}

#[test]
fn a_run_with_a_closed_stderr_obeys_signals() {
    let folder = Folder::new();
    let live = unheard(&folder, &format!("--sink file:out {SMALL}"));
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.report["stop"]["cause"], "SIGTERM");
}

#[test]
fn a_warning_to_a_closed_stderr_loses_no_record() {
    let folder = Folder::new();
    folder.write("in", "short\n".to_owned() + &"x".repeat(200) + "\nshort\n");
    let arguments = "--source file:in --sink file:out --workers 1 --max-record-bytes 100";
    unheard(&folder, arguments).end().exits(3).balances();
    assert_eq!(folder.read("out"), b"short\nshort\n");
}

#[test]
fn a_report_that_cannot_be_written_fails_the_run_but_loses_nothing() {
    let folder = Folder::new();
    let mut full = std::fs::File::create(folder.path("in")).unwrap();
    full.write_all(b"line\n").unwrap();
    let ended = folder.run("--source file:in --report /dev/full --sink file:out");
    ended.exits(1).says("error: report: ");
    assert_eq!(folder.read("out"), b"line\n");
}

#[test]
fn with_fsync_batch_a_batch_that_was_not_forced_to_the_disk_does_not_count_as_delivered() {
    let folder = Folder::new();
    folder.write("disk", "");
    symlink("disk", folder.path("out")).unwrap();
    let live = folder.start(&format!(
        "--producer-rate 1000/s --batch-timeout 1ms --sink file:out --fsync batch --workers 1 {SMALL}"
    ));
    live.wait_until("a batch on the disk", || folder.len("disk") > 0);
    // As a rotation would; what is written there cannot be forced to any disk.
    symlink("/proc/self/comm", folder.path("next")).unwrap();
    fs::rename(folder.path("next"), folder.path("out")).unwrap();
    let ended = live.end().exits(1);
    ended.says("cannot be forced to disk: Invalid argument");
}
