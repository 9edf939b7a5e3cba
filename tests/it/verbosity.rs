//! How much a run says on standard error, and how.

use serde_json::Value;

use crate::support::{Ended, Folder, SMALL};

#[test]
fn a_run_without_progress_says_warnings_and_the_end() {
    let folder = Folder::new();
    folder.write("in", "short\n".to_owned() + &"x".repeat(200) + "\nshort\n");
    let long = "--source file:in --max-record-bytes 100 --workers 1 --metrics-interval 10ms";
    let ended = folder.run(&format!(
        "{long} --sink delay:100ms,null --no-progress {SMALL}"
    ));
    let ended = ended
        .exits(3)
        .says("warning: line 2 of in is longer than 100 bytes and was dropped")
        .says("Program finished\nstopped by   end of input, after ");
    assert!(!ended.stderr.contains("METRICS"), "{}", ended.stderr);
    let scaling = "--producer-rate 2000/s --sink delay:20ms --batch-size 20 --channel-size 60 --max-workers 4 \
                   --autoscale-interval 20ms --scale-cooldown 0 --duration 1s --lane-bytes 128KiB --batch-bytes 32KiB";
    let ended = Folder::new().run(scaling).says("Scaler: scaling UP");
    assert!(ended.stderr.contains("Program finished"));
    let ended = Folder::new().run(&format!("--no-progress {scaling}"));
    assert!(!ended.stderr.contains("Scaler:"), "{}", ended.stderr);
    ended.says("Program finished\n");
}

#[test]
fn a_quiet_run_that_did_not_deliver_everything_says_so_in_one_line_with_the_ledger() {
    let folder = Folder::new();
    folder.write("in", "short\n".to_owned() + &"x".repeat(200) + "\nshort\n");
    let ended = folder.run("-q --source file:in --max-record-bytes 100 --workers 1");
    assert_eq!(
        ended.exits(3).stderr,
        "error: not delivered: 1 of 3 records; \
         produced 3 = delivered 2 + dropped 1 {too_long: 1} + spilled 0 + abandoned 0\n"
    );
    let full = "-q --source file:in --sink file:/dev/full --drain-timeout 300ms --workers 1";
    let ended = folder.run(full);
    // Why, as soon as it fails, and what became of the records.
    let reason = "error: worker 0: sink: /dev/full: No space left on device (os error 28); trying again, its records \
                  wait\n";
    let after_reason = |stderr: &str| stderr.strip_prefix(reason).map(str::to_owned);
    assert_eq!(
        after_reason(&ended.exits(4).stderr).unwrap(),
        "error: not delivered: 3 of 3 records; produced 3 = delivered 0 + dropped 0 + spilled 0 + abandoned 3\n"
    );
    let ended = folder.run(&format!("{full} --spill spill"));
    assert_eq!(
        after_reason(&ended.exits(4).stderr).unwrap(),
        "error: not delivered: 3 of 3 records; produced 3 = delivered 0 + dropped 0 + spilled 3 + abandoned 0\n"
    );
    let ended = folder.run(
        "-q --when-full drop-newest --throttle off --count 2000 --sink delay:5ms --workers 1 --batch-size 10 \
         --channel-size 20",
    );
    let ended = ended.exits(3);
    let dropped = ended.figure("/ledger/dropped");
    assert_eq!(ended.stderr.lines().count(), 1);
    let thousands = |n: u64| match n {
        1_000.. => format!("{},{:03}", n / 1_000, n % 1_000),
        _ => n.to_string(),
    };
    let dropped = thousands(dropped);
    ended.says(&format!(
        "error: not delivered: {dropped} of 2,000 records; produced 2,000 = "
    ));
}

#[test]
fn a_reader_that_closed_the_output_is_no_loss() {
    let folder = Folder::new();
    let mut command = folder.command("bash");
    let program = crate::support::PROGRAM;
    command.args([
        "-c",
        &format!("{program} run -q --sink stdout --count 100000 | head -n 1"),
    ]);
    let ended = folder.spawn(command).end().exits(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn with_timestamps_each_line_begins_with_the_time() {
    let ended = Folder::new().run(&format!(
        "--timestamps --producer-rate 1000/s --duration 300ms --metrics-interval 100ms {SMALL}"
    ));
    let ended = ended.delivers_everything();
    let mut before = "2020-01-01T00:00:00.000Z";
    for line in ended.stderr.lines() {
        let (time, _) = line.split_once(' ').unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{line}");
        assert!(time >= before, "{line}");
        before = time;
    }
    assert!(ended.stderr.contains("Z [METRICS] "), "{}", ended.stderr);
    let text = "Z error: --count \"x\" is not accepted";
    Folder::new()
        .run("--timestamps --count x")
        .exits(2)
        .says(text);
    let text = "Z error: unexpected argument '--cuont' found";
    Folder::new()
        .splashdam(&["run", "--timestamps", "--cuont"])
        .exits(2)
        .says(text);
}

/// The objects on standard error, one a line.
#[track_caller]
fn objects(ended: &Ended) -> Vec<Value> {
    let lines = ended.stderr.lines();
    let object = |line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    let objects: Vec<_> = lines.map(object).collect();
    assert!(
        objects.iter().all(|object| object["type"].is_string()),
        "{objects:?}"
    );
    objects
}

fn of_type<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let objects = objects.iter();
    objects.filter(|object| object["type"] == kind).collect()
}

#[test]
fn in_json_a_wrong_flag_is_one_error_and_the_rest_is_advice() {
    for json in [
        "--format json",
        "--format=json",
        "--metrics-format json",
        "--metrics-format=json",
    ] {
        let arguments = format!("run {json} --cuont 10");
        let arguments: Vec<_> = arguments.split(' ').collect();
        let ended = Folder::new().splashdam(&arguments).exits(2);
        let objects = objects(&ended);
        let [error] = of_type(&objects, "error")[..] else {
            panic!("{objects:?}");
        };
        assert_eq!(error["message"], "unexpected argument '--cuont' found");
        assert_eq!(of_type(&objects, "info").len(), objects.len() - 1);
    }
}

#[test]
fn in_json_every_line_is_an_object_with_a_type() {
    let folder = Folder::new();
    folder.write("in", "short\n".repeat(300) + &"x".repeat(200) + "\n");
    for json in [
        "--format json",
        "--metrics-format json",
        "--config run.toml",
    ] {
        folder.write("run.toml", "metrics_format = \"json\"\n");
        let ended = folder.run(&format!(
            "{json} --source file:in --max-record-bytes 100 --sink delay:10ms,null --batch-size 10 --channel-size 100 \
             --workers 1 --metrics-interval 20ms --lane-bytes 128KiB --batch-bytes 32KiB"
        ));
        let ended = ended.exits(3);
        let objects = objects(&ended);
        let mut metrics: Vec<_> = of_type(&objects, "metrics").into_iter().cloned().collect();
        for line in &mut metrics {
            line.as_object_mut().unwrap().remove("type");
        }
        let intervals = ended.report["intervals"].as_array().unwrap();
        assert_eq!(metrics, intervals[..intervals.len() - 1]);
        let [summary] = of_type(&objects, "summary")[..] else {
            panic!("{objects:?}");
        };
        assert_eq!(summary["exit_code"], 3);
        for part in ["ledger", "throughput", "latency", "stop", "validity"] {
            assert_eq!(summary[part], ended.report[part], "{part}");
        }
        let warning = of_type(&objects, "warning")[0]["message"].as_str();
        assert!(
            warning.unwrap().starts_with("line 301 of in is longer"),
            "{objects:?}"
        );
        let errors = of_type(&objects, "error");
        let said = errors[0]["message"].as_str().unwrap();
        assert!(
            said.starts_with("not delivered: 1 of 301 records; "),
            "{said}"
        );
        assert_eq!(ended.report["config"]["format"]["value"], "json");
    }
}

#[test]
fn in_json_refusals_failures_and_panics_are_objects_too() {
    let folder = Folder::new();
    folder.write("run.toml", "format = \"json\"\ncount = \"x\"\n");
    for (arguments, code) in [
        ("--format json --count x", 2),
        ("--format json --no-such-flag", 2),
        ("--count x --format=json --no-such-flag", 2),
        ("--config run.toml", 2),
        ("--format json --source file:nowhere", 2),
        (
            "--format json --sink fault:panic-after=10 --batch-size 5 --count 1000",
            1,
        ),
        (
            "--format json --sink file:/dev/full --on-sink-error stop --count 1000 -q",
            1,
        ),
    ] {
        let ended = folder.run(arguments).exits(code);
        let objects = objects(&ended);
        assert!(
            !of_type(&objects, "error").is_empty(),
            "{arguments}: {objects:?}"
        );
    }
}

#[test]
fn in_json_with_timestamps_each_object_has_its_time() {
    let ended = Folder::new().run(&format!("--format json --timestamps --count 10 {SMALL}"));
    for object in objects(&ended.delivers_everything()) {
        assert_eq!(object["time"].as_str().map(str::len), Some(24), "{object}");
    }
}

#[test]
fn names_with_control_characters_are_escaped() {
    let folder = Folder::new();
    folder.write("a\u{1b}[2Jb", "x".repeat(200) + "\n");
    let ended = folder.run("--source file:a\u{1b}[2Jb --max-record-bytes 100");
    let ended = ended.exits(3).says("line 1 of a\\u{1b}[2Jb is longer");
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
}
