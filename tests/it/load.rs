//! `--load`: the load alone decides when records are due.

use std::fs;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Lanes that are quick to allocate.
const SMALL: &str = "--channel-size 4096 --batch-size 64 --lane-bytes 1MiB --batch-bytes 32KiB --max-record-bytes 1KiB";

/// A run that ended.
struct Ended {
    folder: TempDir,
    stderr: String,
}

#[track_caller]
fn run(arguments: &str, code: i32) -> Ended {
    run_with("", arguments, code)
}

/// Runs in a temporary folder with this configuration file, and with one worker, which keeps the order.
#[track_caller]
fn run_with(file: &str, arguments: &str, code: i32) -> Ended {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("splashdam.toml"), file).expect("a file in it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_splashdam"));
    command.current_dir(&folder);
    command.args(["run", "--max-workers", "1"]);
    command.args(["--config", "splashdam.toml", "--report", "report"]);
    let assert = command.args(arguments.split_whitespace()).assert();
    let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert.code(code);
    Ended { folder, stderr }
}

impl Ended {
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect("a file that the run wrote")
    }

    fn report(&self) -> Value {
        serde_json::from_str(&self.read("report")).expect("a report in JSON")
    }

    /// How many records were produced; all of them were delivered.
    #[track_caller]
    fn produced(&self) -> u64 {
        let ledger = &self.report()["ledger"];
        assert_eq!(ledger["delivered"], ledger["produced"], "{ledger}");
        ledger["produced"].as_u64().expect("a count")
    }

    fn elapsed_ns(&self) -> f64 {
        let report = self.report();
        let elapsed_s = report["throughput"]["elapsed_s"].as_f64();
        elapsed_s.expect("a time") * 1e9
    }

    /// When each record was due, in microseconds since the first one was.
    fn due_us(&self) -> Vec<u64> {
        let out = self.read("out");
        let times = out.lines().map(|line| {
            let line: Value = serde_json::from_str(line).expect("a line of JSON");
            line["ts"].as_u64().expect("a time")
        });
        let times: Vec<_> = times.collect();
        times.iter().map(|ts| ts - times[0]).collect()
    }
}

/// Checks that in a run of `count` records at 1000/s each is due at `due_ms`.
#[track_caller]
fn keeps_to(load: &str, count: u64, due_ms: impl Fn(f64) -> f64) {
    let ended = run(
        &format!("--producer-rate 1000/s --load {load} --count {count} --sink file:out {SMALL}"),
        0,
    );
    assert_eq!(ended.produced(), count);
    let times_us = ended.due_us();
    assert_eq!(times_us.len() as u64, count);
    for (index, time_us) in times_us.iter().enumerate() {
        let ideal_us = 1_000.0 * due_ms(index as f64);
        // Both this record's time and the first one's are rounded down.
        let off = (*time_us as f64 - ideal_us).abs();
        assert!(off < 2.0, "{load}: {index} at {time_us}, not {ideal_us}");
    }
    assert!(ended.elapsed_ns() >= 1e6 * due_ms(count as f64 - 1.0) - 1e3);
}

#[test]
fn a_square_alternates_between_the_rate_and_a_part_of_it() {
    // Each period holds 100 records a millisecond apart, and 50 two milliseconds apart.
    keeps_to("square:200ms,0.5", 400, |i| {
        let (periods, rest) = ((i / 150.0).floor(), i % 150.0);
        200.0 * periods + rest.min(100.0) + 2.0 * (rest - 100.0).max(0.0)
    });
}

#[test]
fn a_step_multiplies_the_rate_from_then_on() {
    keeps_to("step:100ms,4", 500, |i| {
        i.min(100.0) + (i - 100.0).max(0.0) / 4.0
    });
}

#[test]
fn a_ramp_grows_evenly_into_the_rate() {
    // On the ramp, t * t / (2 * 400) records are due in t ms.
    keeps_to("ramp:400ms,0", 300, |i| {
        (800.0 * i.min(200.0)).sqrt() + (i - 200.0).max(0.0)
    });
}

#[test]
fn a_burst_delivers_its_period_at_once() {
    keeps_to("burst:250ms,0.2", 600, |i| {
        250.0 * (i / 250.0).floor() + (i % 250.0) / 5.0
    });
}

#[test]
fn a_run_that_stops_between_records_has_produced_all_that_were_due() {
    for (rate, load, due) in [(1_000, "step:300ms,0", 300), (100, "burst:1m,0.005", 6_000)] {
        let ended = run(
            &format!("--producer-rate {rate}/s --load {load} --duration 1s {SMALL}"),
            0,
        );
        assert_eq!(ended.produced(), due, "{load}");
    }
}

#[test]
fn a_square_load_has_produced_all_that_were_due_by_its_end() {
    let ended = run(
        &format!("--producer-rate 2000/s --load square:2s,0 --duration 1500ms {SMALL}"),
        0,
    );
    // 2000 in the first second, none in the next; on a busy machine the stop may come later.
    let (periods, rest) = (ended.elapsed_ns() / 2e9, ended.elapsed_ns() % 2e9);
    let due = 2_000.0 * (periods.floor() + (rest / 1e9).min(1.0));
    let produced = ended.produced() as f64;
    assert!(
        produced >= 2_000.0 && produced <= due.ceil(),
        "{produced}, {due}"
    );
}

#[test]
fn a_run_makes_exactly_what_its_schedule_says() {
    // Records that are due when the duration is over are not a part of it.
    for (flags, due) in [
        ("--producer-rate 1000/s --duration 2s", 2_000),
        ("--producer-rate 1000/s --duration 2s --count 5000", 2_000),
        ("--producer-rate 1000/s --duration 2s --count 700", 700),
        ("--producer-rate 7ms --duration 300ms", 43),
        ("--producer-rate 1/s --duration 1ms --batch-timeout 0", 1),
        (
            "--producer-rate 2000/s --duration 500ms --load square:100ms,0.5",
            750,
        ),
    ] {
        assert_eq!(
            run(&format!("{flags} {SMALL}"), 0).produced(),
            due,
            "{flags}"
        );
    }
}

#[test]
fn random_arrivals_that_fell_due_before_the_end_are_made_whenever_the_run_is_looked_at() {
    let produced = |batch_timeout: &str| {
        let flags =
            "--producer-rate 2000/s --load poisson --seed 3 --duration 500ms --batch-timeout";
        run(&format!("{flags} {batch_timeout} {SMALL}"), 0).produced()
    };
    assert_eq!(produced("0"), produced("1s"));
}

#[test]
fn random_arrivals_depend_only_on_the_seed() {
    let due_us = |flags: &str| {
        let load = "--producer-rate 2000/s --load poisson --count 1000 --sink";
        let ended = run(&format!("{load} {flags}"), 0);
        assert_eq!(ended.produced(), 1_000);
        ended.due_us()
    };
    let free = due_us(&format!("file:out --seed 5 {SMALL}"));
    let narrow = "--channel-size 64 --batch-size 32 --batch-timeout 0";
    let held_up = due_us(&format!("delay:30ms,file:out --seed 5 {narrow}"));
    for (index, (a, b)) in free.iter().zip(&held_up).enumerate() {
        // Each run begins at its own fraction of a microsecond.
        assert!(a.abs_diff(*b) <= 1, "record {index}: {a}, {b}");
    }
    let gaps = free.windows(2).map(|pair| pair[1] - pair[0]);
    // An exponential gap is longer than its mean with a chance of 0.368.
    let long = gaps.filter(|gap| *gap > 500).count();
    assert!((250..500).contains(&long), "{long}");
    let other = due_us(&format!("file:out --seed 6 {SMALL}"));
    assert_ne!(free[1..10], other[1..10]);
}

#[test]
fn a_load_may_be_set_in_the_file_and_is_in_the_report() {
    let file = "producer_rate = \"100us\"\nload = \"square:60s,0.25\"\n";
    let ended = run_with(file, &format!("--count 10 {SMALL}"), 0);
    let load = &ended.report()["config"]["load"];
    assert_eq!(load["value"], "square:1m,0.25");
    assert_eq!(load["origin"], "file");
}

/// The single error for these flags.
#[track_caller]
fn refuses(flags: &str, said: &str) {
    let ended = run(&format!("{flags} --sink file:out"), 2);
    let errors = ended
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "));
    let errors: Vec<_> = errors.collect();
    assert_eq!(errors.len(), 1, "{flags}: {errors:?}");
    assert!(errors[0].contains(said), "{flags}: {errors:?}");
    assert!(!ended.folder.path().join("out").exists(), "{flags}");
    assert!(!ended.folder.path().join("report").exists(), "{flags}");
}

#[test]
fn an_impossible_load_is_refused_with_what_is_accepted() {
    let rate = "--producer-rate 1000/s --load";
    refuses(
        &format!("{rate} sine:1s"),
        "--load \"sine:1s\" is not accepted: expected constant, poisson, square:PERIOD,LOW (square:10s,0.2), ",
    );
    refuses(
        &format!("{rate} square:10s,2"),
        "--load \"square:10s,2\" is not accepted: expected square:PERIOD,LOW with PERIOD from 1us to 7days and LOW from 0 to 1 \
         (square:10s,0.2)",
    );
    refuses(
        &format!("{rate} ramp:1m"),
        "expected ramp:DURATION,FROM with ",
    );
    refuses(
        &format!("{rate} step:3s,0 --count 3001"),
        "count 3001 is never reached: under load step:3s,0 no more than 3000 records fall due; expected at most that, or \
         a duration",
    );
}

#[test]
fn a_load_without_a_rate_is_refused_along_with_every_other_error() {
    let needs = "load poisson needs a producer_rate other than max: give one (--producer-rate 50000/s), or leave load out";
    refuses("--load poisson", needs);
    refuses("--load poisson --producer-rate max", needs);
    refuses("--load poisson --source stdin", "load is for the generator");
    let ended = run("--load step:1s,2 --min-workers 0 --fsync batch", 2);
    for said in [
        "load step:1s,2 needs",
        "min_workers 0",
        "fsync is for file sinks",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
}

#[test]
fn the_constant_load_needs_no_rate() {
    let ended = run(&format!("--load constant --count 1000 {SMALL}"), 0);
    assert_eq!(ended.produced(), 1_000);
}
