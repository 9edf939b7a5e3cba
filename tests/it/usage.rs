//! How commands are asked: help, the ways to write a number, hints, `--format`, and `plan` beside `run`.

use std::fs;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use crate::support::{Ended, Folder, PROGRAM, SMALL};

/// Standard output as text.
#[track_caller]
fn stdout(ended: &Ended) -> String {
    String::from_utf8(ended.stdout.clone()).unwrap()
}

/// What a command prints with these arguments.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    stdout(&Folder::new().splashdam(arguments).exits(0))
}

/// The error lines of the program.
fn errors(ended: &Ended) -> Vec<&str> {
    let lines = ended.stderr.lines();
    lines.filter(|line| line.starts_with("error: ")).collect()
}

#[test]
fn short_help_fits_a_screen_and_long_help_has_everything() {
    for command in ["run", "plan", "verify", "compare", "report"] {
        let [short, long] = ["-h", "--help"].map(|help| printed(&[command, help]));
        assert!(short.lines().count() <= 50, "{command}: {short}");
        assert!(2 * short.len() < long.len(), "{command}: {short}\n{long}");
        for words in ["Examples:", "  2  bad usage"] {
            let words = if command == "run" { "Examples:" } else { words };
            assert!(
                long.contains(words) && !short.contains(words),
                "{command}: {words}"
            );
        }
        assert!(
            short.contains(&format!("splashdam {command} --help")),
            "{short}"
        );
        assert!(
            !short.contains("--json") && !long.contains("--json"),
            "{long}"
        );
    }
    let [short, long] = ["-h", "--help"].map(|help| printed(&["run", help]));
    for flag in ["--source", "--sink", "--duration", "--report", "--quiet"] {
        assert!(short.contains(flag) && long.contains(flag), "{flag}");
    }
    for flag in ["--lane-bytes", "--scale-cooldown", "--hlog", "--route"] {
        assert!(!short.contains(flag) && long.contains(flag), "{flag}");
    }
    let plan = printed(&["plan", "-h"]);
    assert!(
        plan.contains("--cores") && !plan.contains("--sink"),
        "{plan}"
    );
}

/// The values in force of these settings.
#[track_caller]
fn in_force(ended: &Ended, names: &[&str]) -> Vec<Value> {
    let values = names
        .iter()
        .map(|name| ended.report["config"][name]["value"].clone());
    values.collect()
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let folder = Folder::new();
    let ended = folder.run(
        "--count 1e3 --batch-size 1k --channel-size 4_096 --lane-bytes 1M --batch-bytes 65_536 --max-record-bytes 1e4 \
         --producer-rate 100k/s --duration 60 --drain-timeout 2e1 --metrics-interval 0.5 --load square:10,0.5 --seed 5K",
    );
    let ended = ended.delivers_everything();
    let names = [
        "count",
        "batch_size",
        "channel_size",
        "lane_bytes",
        "batch_bytes",
        "max_record_bytes",
        "seed",
    ];
    assert_eq!(
        in_force(&ended, &names),
        [1_000, 1_000, 4_096, 1_000_000, 65_536, 10_000, 5_000]
    );
    let names = [
        "producer_rate",
        "duration",
        "drain_timeout",
        "metrics_interval",
        "load",
    ];
    assert_eq!(
        in_force(&ended, &names),
        ["100000/s", "1m", "20s", "500ms", "square:10s,0.5"]
    );
}

#[test]
fn a_file_may_write_a_whole_number_as_a_floating_point_one() {
    let file = "channel_size = 1e3\nbatch_size = 1e2\nlane_bytes = 1.0e6\nbatch_bytes = 1e5\nmax_record_bytes = 1e5\n\
                count = 2e3\nduration = 60\ndrain_timeout = 0.5e1\n";
    let (_folder, ended) = Folder::configured(file, "");
    let ended = ended.delivers_everything();
    let names = ["channel_size", "batch_size", "lane_bytes", "count"];
    assert_eq!(in_force(&ended, &names), [1_000, 100, 1_000_000, 2_000]);
    assert_eq!(
        in_force(&ended, &["duration", "drain_timeout"]),
        ["1m", "5s"]
    );
    for (file, expected) in [
        (
            "channel_size = 1.5\n",
            "channel_size = 1.5 is not accepted: expected a whole number",
        ),
        (
            "channel_size = -1e3\n",
            "channel_size = -1000.0 is not accepted: expected a whole number",
        ),
        (
            "channel_size = nan\n",
            "channel_size = NaN is not accepted: expected a whole number",
        ),
        (
            "lane_bytes = 1e-3\n",
            "lane_bytes = 0.001 is not accepted: expected a size",
        ),
        (
            "batch_timeout = 5\n",
            "batch_timeout = 5 is not accepted: expected a duration (500us",
        ),
        (
            "duration = -1\n",
            "duration = -1 is not accepted: expected a duration (20ms",
        ),
    ] {
        let (_folder, ended) = Folder::configured(file, "");
        ended.exits(2).says(expected);
    }
}

#[test]
fn a_bare_number_is_refused_where_its_unit_is_not_plain() {
    for flags in [
        "--batch-timeout 5",
        "--spin 5",
        "--sink delay:5",
        "--producer-rate 5",
    ] {
        let ended = Folder::new().run(flags).exits(2);
        assert_eq!(errors(&ended).len(), 1, "{}", ended.stderr);
        ended.says("is not accepted: expected ");
    }
}

#[test]
fn the_largest_value_that_is_offered_is_accepted() {
    let folder = Folder::new();
    for flags in [
        "--batch-timeout 10years --autoscale-interval 10years --scale-cooldown 10years --duration 10years \
         --drain-timeout 10years --spin 100ms --pin off",
        "--producer-rate 1h --load ramp:7days,100",
        "--producer-rate 1ns --load burst:7days,1",
        "--producer-rate 1000000000/s --load square:7days,1",
        "--producer-rate 1/s --load step:7days,100",
        "--record-bytes 16MiB --lane-bytes 64MiB --max-workers 1",
    ] {
        let arguments: Vec<_> = ["plan"]
            .into_iter()
            .chain(flags.split_whitespace())
            .collect();
        folder.splashdam(&arguments).exits(0);
    }
    let ended = folder.run(&format!(
        "--count 100 --batch-timeout 10years --drain-timeout 10years {SMALL}"
    ));
    ended.delivers_everything();
    folder
        .run("--duration 11years")
        .exits(2)
        .says("expected 1ms to 10years");
}

#[test]
fn a_path_without_its_kind_gets_a_suggestion() {
    let folder = Folder::new();
    folder.write("plainfile", "line\n");
    for (flags, hint) in [
        ("--source a.log", "; did you mean file:a.log?"),
        ("--source ./absent/log", "; did you mean file:./absent/log?"),
        ("--source plainfile", "; did you mean file:plainfile?"),
        ("--sink out.ndjson", "; did you mean file:out.ndjson?"),
        (
            "--sink delay:1ms,out.ndjson",
            "; did you mean file:out.ndjson?",
        ),
        ("--source -", "; did you mean stdin?"),
        ("--sink -", "; did you mean stdout?"),
        ("--source tape", ""),
    ] {
        let ended = folder.run(flags).exits(2);
        let error = errors(&ended)[0].to_owned();
        assert!(error.ends_with(hint), "{flags}: {error}");
        assert_eq!(
            error.contains("did you mean"),
            !hint.is_empty(),
            "{flags}: {error}"
        );
    }
    let (_folder, ended) = Folder::configured("source = [\"stdin\", \"b.log\"]\n", "");
    ended.exits(2).says("; did you mean file:b.log?");
}

#[test]
fn every_command_that_prints_takes_a_format() {
    let folder = Folder::new();
    for report in ["a.json", "b.json"] {
        let run = folder.run(&format!(
            "--count 2000 --workers 1 --sink file:out --report {report} {SMALL}"
        ));
        run.exits(0);
    }
    fs::remove_file(folder.path("out")).unwrap();
    folder.run("--count 2000 --sink file:out").exits(0);
    for (command, text, key) in [
        (&["plan"][..], "thread", "threads"),
        (
            &["verify", "out"],
            "whole: 2,000 records, seq 0-1999, ",
            "whole",
        ),
        (&["compare", "a.json", "b.json"], "A: a.json\n", "rows"),
        (
            &["report", "a.json"],
            "stopped by   count reached",
            "ledger",
        ),
    ] {
        let with = |more: &[&str]| stdout(&folder.splashdam(&[command, more].concat()).exits(0));
        assert!(with(&[]).starts_with(text), "{command:?}: {}", with(&[]));
        assert!(with(&["--format", "text"]).starts_with(text), "{command:?}");
        let json = with(&["--format", "json"]);
        assert_eq!(json.lines().count(), 1, "{command:?}: {json}");
        let object: Value = serde_json::from_str(&json).unwrap();
        assert!(object.get(key).is_some(), "{command:?}: {json}");
        folder
            .splashdam(&[command, &["--format", "xml"]].concat())
            .exits(2);
    }
    for command in [
        &["plan", "--json"][..],
        &["verify", "--json", "out"],
        &["report", "--json", "a.json"],
    ] {
        let ended = folder.splashdam(command).exits(0);
        assert!(ended.stdout.starts_with(b"{"), "{command:?}");
    }
    let kept: Value = serde_json::from_slice(&folder.read("a.json")).unwrap();
    let ended = folder.splashdam(&["report", "a.json", "--format", "json"]);
    let again: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(again, kept);
}

#[test]
fn printed_counts_have_their_digits_in_groups() {
    let folder = Folder::new();
    let ended = folder.run("--count 1234567 --workers 1").exits(0);
    let ended = ended.says("produced 1,234,567 = delivered 1,234,567 + dropped 0 ");
    ended.says("\n     0      1,234,567 ");
    let lines: Vec<_> = (0..12_345)
        .map(|seq| format!("{{\"seq\":{}}}\n", 2 * seq))
        .collect();
    folder.write("gaps", lines.concat() + &"x\n".repeat(1_500));
    let ended = folder
        .splashdam(&["verify", "--expect", "2e4", "gaps"])
        .exits(1);
    let report = stdout(&ended);
    for words in [
        "13,845 lines hold 12,345 different records, seq 0-24688",
        "missing    10,000: ",
        "torn        1,500: ",
    ] {
        assert!(report.contains(words), "{words}\n{report}");
    }
}

#[test]
fn a_setting_that_asks_for_nothing_fits_every_source_and_sink() {
    let folder = Folder::new();
    for sink in [
        "null",
        "check",
        "stdout",
        "file:out",
        "delay:1ms,null",
        "fault:seed=1,check",
    ] {
        let ended = folder.run(&format!("--fsync never --sink {sink} --count 10"));
        ended.delivers_everything();
    }
    folder.write("in", "line\n");
    let ended = folder.run("--source file:in --producer-rate max --load constant --seed 0");
    ended.delivers_everything();
    let (_folder, ended) =
        Folder::configured("fsync = \"never\"\nsink = \"check\"\ncount = 10\n", "");
    ended.delivers_everything();
    folder
        .run("--fsync batch --sink check")
        .exits(2)
        .says("fsync is for file sinks");
    folder
        .run("--source file:in --seed 1")
        .exits(2)
        .says("seed is for the generator");
}

#[test]
fn plan_refuses_what_run_refuses_for_the_same_reasons() {
    let folder = Folder::new();
    folder.write("in", "line\n");
    fs::create_dir(folder.path("folder")).unwrap();
    let files = folder.names();
    for flags in [
        "--source file:absent",
        "--source file:in --source file:absent",
        "--source file:folder",
        "--sink file:absent/out",
        "--sink file:absent/out-{worker}",
        "--sink delay:1ms,file:folder",
        "--spill absent/spill",
        "--hlog absent/hlog",
        "--report absent/report",
        "--html absent/page",
        "--hgrm absent/{latency}",
        "--source file:absent --sink file:absent/out --spill absent/spill",
        "--batch-size 9 --channel-size 8",
        "--sink file:in --source file:in",
        "--config absent",
    ] {
        let words: Vec<_> = flags.split_whitespace().collect();
        let [run, plan] = ["run", "plan"].map(|command| {
            let ended = folder.splashdam(&[&[command][..], &words].concat());
            assert_eq!(ended.stdout, b"", "{command} {flags}");
            ended.exits(2)
        });
        assert!(!errors(&run).is_empty(), "{flags}: {}", run.stderr);
        assert_eq!(errors(&run), errors(&plan), "{flags}");
        assert_eq!(folder.names(), files, "{flags}");
    }
}

#[test]
fn plan_makes_and_disturbs_nothing_that_run_would_open() {
    let folder = Folder::new();
    folder.write("in", "line\n");
    let fifo = folder.path("fifo");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let files = folder.names();
    for flags in [
        "--source file:in --sink file:out-{worker} --spill spill --hlog log --report r.json --html page --hgrm h",
        "--source file:fifo --sink file:out",
        "--source file:in --sink file:fifo",
    ] {
        let words: Vec<_> = flags.split_whitespace().collect();
        folder.splashdam(&[&["plan"][..], &words].concat()).exits(0);
        assert_eq!(folder.names(), files, "{flags}");
    }
}

#[test]
fn more_files_are_verified_than_descriptors_are_left() {
    let folder = Folder::new();
    // Each file by itself is full of gaps, so that they are read side by side.
    let files = 60;
    for file in 0..files {
        let seqs = (0..50).map(|at| format!("{{\"seq\":{}}}\n", file + files * at));
        folder.write(&format!("part-{file}"), seqs.collect::<Vec<_>>().concat());
    }
    let mut command = folder.command("sh");
    command.args([
        "-c",
        "ulimit -n 12; exec \"$0\" verify --expect 3000 part-*",
        PROGRAM,
    ]);
    let ended = folder.spawn(command).end().exits(0);
    assert!(
        stdout(&ended).starts_with("whole: 3,000 records, "),
        "{ended:?}"
    );
}
