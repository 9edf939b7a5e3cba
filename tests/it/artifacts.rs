//! Latencies in `HdrHistogram`'s formats: other programs read from them the figures of the report.

use std::process::Command;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;

use crate::support::{Ended, Folder, SMALL, skip};

const QUANTILES: [(f64, &str); 5] = [
    (0.5, "p50_ns"),
    (0.9, "p90_ns"),
    (0.99, "p99_ns"),
    (0.999, "p99_9_ns"),
    (0.9999, "p99_99_ns"),
];

/// A run of several intervals on two workers with slow sinks.
fn logged(folder: &Folder) -> Ended {
    let ended = folder.run(&format!(
        "--producer-rate 20000/s --duration 650ms --metrics-interval 100ms --workers 2 --sink delay:1ms --batch-timeout 1ms \
         --hlog log.hlog --hgrm {{latency}}.hgrm {SMALL}"
    ));
    ended.delivers_everything()
}

/// Fails unless a histogram has the report's count and quantiles of this distribution.
#[track_caller]
fn is_as_reported(ended: &Ended, name: &str, count: u64, quantile: impl Fn(f64) -> u64) {
    let reported = |key: &str| ended.figure(&format!("/latency/{name}/{key}"));
    assert_eq!(count, reported("count"));
    assert_eq!(count, ended.figure("/ledger/delivered"));
    for (at, key) in QUANTILES {
        // The report knows the exact maximum, which no quantile exceeds; the log has the middle of its bucket at most.
        assert_eq!(
            quantile(at).min(reported("max_ns")),
            reported(key),
            "{name} {key}"
        );
    }
}

#[test]
fn the_interval_log_reads_back_as_what_the_report_says() {
    let folder = Folder::new();
    let ended = logged(&folder);
    let log = folder.read("log.hlog");
    let (mut headers, mut lines, mut whole_s) = (0, 0, 0.0);
    for name in ["response", "service"] {
        let mut sum = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        let mut end_s = 0.0;
        for entry in IntervalLogIterator::new(&log) {
            match entry.unwrap() {
                LogEntry::Interval(interval) if interval.tag().unwrap().as_str() == name => {
                    let bytes = base64(interval.encoded_histogram());
                    let part: Histogram<u64> =
                        Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
                    sum.add(&part).unwrap();
                    // Each begins where the one before ended, to the milliseconds that are written.
                    let began_s = interval.start_timestamp().as_secs_f64();
                    assert!((began_s - end_s).abs() < 0.002, "{began_s} after {end_s}");
                    end_s = began_s + interval.duration().as_secs_f64();
                    lines += 1;
                }
                LogEntry::StartTime(_) => headers += 1,
                _ => {}
            }
        }
        is_as_reported(&ended, name, sum.len(), |quantile| {
            sum.value_at_quantile(quantile)
        });
        whole_s = end_s;
    }
    assert_eq!(headers, 2, "one for each time the log was read");
    let intervals = ended.report["intervals"].as_array().unwrap().len();
    assert_eq!(lines, 2 * intervals);
    assert!(intervals >= 3);
    let last_s = ended.report["intervals"][intervals - 1]["t_s"]
        .as_f64()
        .unwrap();
    assert!((whole_s - last_s).abs() < 0.002, "{whole_s} of {last_s}");
}

/// Decodes base64, which the log's reader leaves encoded.
fn base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.bytes().filter(|c| *c != b'=') {
        bits = bits << 6 | u32::from(digit(c));
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// Reads a log, adds its intervals up by tag, and prints how often each value was recorded, as JSON.
///
/// Not quantiles: that package rounds a quantile's rank to the nearest record, others round it up.
const READER: &str = r"
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
highest = 3600000000000
sums = {name: HdrHistogram(1, highest, 3) for name in ('response', 'service')}
log = HistogramLogReader(sys.argv[1], HdrHistogram(1, highest, 3))
while (part := log.get_next_interval_histogram()) is not None:
    sums[part.get_tag()].add(part)
print(json.dumps({name: [
    [sum.get_highest_equivalent_value(row.value_iterated_to), row.count_at_value_iterated_to]
    for row in sum.get_recorded_iterator()
] for name, sum in sums.items()}))
";

/// A Python with the `hdrhistogram` package, installed in this folder; `None` if it cannot be installed.
fn python(folder: &Folder) -> Option<std::path::PathBuf> {
    let runs = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let venv = folder.path("venv");
    let python = venv.join("bin/python");
    let made = runs(Command::new("python3").args(["-m", "venv"]).arg(&venv))
        && runs(Command::new(&python).args(["-m", "pip", "install", "--quiet", "hdrhistogram"]));
    made.then_some(python)
}

#[test]
fn the_interval_log_is_read_by_the_package_for_python() {
    let folder = Folder::new();
    let Some(python) = python(&folder) else {
        return skip("no Python that can install the package hdrhistogram");
    };
    let ended = logged(&folder);
    let mut command = folder.command(python.to_str().unwrap());
    command.args(["-c", READER, "log.hlog"]);
    let read = folder.spawn(command).end().exits(0);
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    for name in ["response", "service"] {
        let rows: Vec<(u64, u64)> = serde_json::from_value(read[name].clone()).unwrap();
        let count = rows.iter().map(|(_, count)| count).sum::<u64>();
        is_as_reported(&ended, name, count, |quantile| {
            let mut left = whole(quantile * count as f64);
            let row = rows.iter().find(|(_, count)| {
                let found = left <= *count;
                left = left.saturating_sub(*count);
                found
            });
            row.unwrap().0
        });
    }
}

/// The rank of a quantile, rounded up.
#[expect(clippy::cast_sign_loss, reason = "ranks are not negative")]
fn whole(rank: f64) -> u64 {
    rank.ceil() as u64
}

/// A row as the plotter reads it: the value, and its place on the logarithmic axis of percentiles.
fn plotted(line: &str) -> Option<(f64, f64)> {
    let line = line.trim();
    let fields: Vec<_> = line.split(' ').filter(|field| !field.is_empty()).collect();
    if line.starts_with('#') || fields.len() != 4 {
        return None;
    }
    Some((fields[0].parse().ok()?, fields[3].parse().ok()?))
}

#[test]
fn the_percentile_file_has_rows_that_the_plotter_draws_and_the_reports_figures() {
    let folder = Folder::new();
    let ended = logged(&folder);
    for name in ["response", "service"] {
        let text = String::from_utf8(folder.read(&format!("{name}.hgrm"))).unwrap();
        let rows: Vec<_> = text.lines().filter_map(plotted).collect();
        assert!(rows.len() > 10, "{text}");
        assert!(
            rows.iter()
                .all(|(ms, x)| ms.is_finite() && x.is_finite() && *x >= 1.0),
            "{text}"
        );
        assert!(rows.is_sorted_by(|a, b| a.0 <= b.0 && a.1 < b.1), "{text}");
        // The only other line is the maximum, whose distance to 100 % is infinite.
        let others = text
            .lines()
            .filter(|line| plotted(line).is_none() && !line.starts_with('#'));
        let others: Vec<_> = others
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        assert!(
            others.len() == 2 && others[0].starts_with("Value "),
            "{others:?}"
        );
        let last: Vec<_> = others[1].split_whitespace().collect();
        let max_ms = ended.figure(&format!("/latency/{name}/max_ns")) as f64 / 1e6;
        let count = ended.figure(&format!("/latency/{name}/count"));
        assert_eq!(
            last,
            [
                format!("{max_ms:.6}"),
                format!("{:.12}", 1.0),
                count.to_string()
            ]
        );
        // The same rows as in the report.
        let pairs = ended.report["latency_percentiles"][name]
            .as_array()
            .unwrap();
        assert_eq!(pairs.len(), rows.len() + 1);
        for ((ms, x), pair) in rows.iter().zip(pairs) {
            assert!(
                (ms * 1e6 - pair[1].as_f64().unwrap()).abs() < 0.5,
                "{ms} ms, {pair}"
            );
            let quantile = pair[0].as_f64().unwrap();
            assert!(
                (x * (1.0 - quantile) - 1.0).abs() < 0.01,
                "{x} for {quantile}"
            );
        }
        let median = rows.iter().find(|(_, x)| (x - 2.0).abs() < 0.001).unwrap();
        let p50_ns = ended.figure(&format!("/latency/{name}/p50_ns"));
        assert!(
            (median.0 * 1e6 - p50_ns as f64).abs() < 0.5,
            "{median:?}, {p50_ns} ns"
        );
    }
}

#[test]
fn a_path_without_a_placeholder_gets_the_response_time() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "-q --count 1000 --hgrm out.hgrm --workers 1 {SMALL}"
    ));
    let ended = ended.delivers_everything();
    let text = String::from_utf8(folder.read("out.hgrm")).unwrap();
    let max_ms = ended.figure("/latency/response/max_ns") as f64 / 1e6;
    assert!(
        text.contains(&format!(
            "#[Max     = {max_ms:>12.6}, Total count    =         1000]"
        )),
        "{text}"
    );
    assert_eq!(folder.names(), ["out.hgrm", "report.json"]);
}

#[test]
fn latency_files_are_refused_without_recording_or_with_one_name_twice() {
    for (arguments, said) in [
        (
            "--latency off --hlog x",
            "hlog holds latencies, but latency is off: leave one of the two out",
        ),
        (
            "--latency off --hgrm x",
            "hgrm holds latencies, but latency is off",
        ),
        (
            "--hlog x --hgrm x",
            "hlog x is the hgrm too: give each a file of its own",
        ),
        ("--hgrm x --sink file:x", "hgrm x is the sink too"),
        (
            "--hlog nowhere/x",
            "hlog: nowhere/x: No such file or directory",
        ),
        (
            "--hgrm nowhere/x",
            "hgrm: nowhere/x: No such file or directory",
        ),
    ] {
        let folder = Folder::new();
        folder
            .run(&format!("--count 1 {arguments}"))
            .exits(2)
            .says(said);
        assert!(
            folder.names().is_empty(),
            "{arguments}: {:?}",
            folder.names()
        );
    }
}

#[test]
fn a_log_that_cannot_be_written_fails_the_run_but_loses_nothing() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--count 1000 --hlog /dev/full --sink file:out {SMALL}"
    ));
    let ended = ended
        .exits(1)
        .balances()
        .says("error        latency log: No space left on device");
    assert_eq!(ended.figure("/ledger/delivered"), 1000);
    folder.holds_whole("out", 1000);
}
