//! Settings that a run refuses: all errors are reported at once, each with what is accepted.

use crate::support::{Ended, Folder};

/// The error lines of the program.
fn errors(ended: &Ended) -> Vec<&str> {
    let lines = ended.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("error: "))
        .collect()
}

/// Checks a table of flags, the name of each in its single error, and what the error says is accepted.
#[track_caller]
fn refuses(table: &str) {
    let rows = table.lines().filter(|row| !row.trim().is_empty());
    for row in rows {
        let [flags, named, expected] = row.split(" | ").map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("{row}");
        };
        let folder = Folder::new();
        let ended = folder.run(&format!("{flags} --sink file:out")).exits(2);
        let errors = errors(&ended);
        assert_eq!(errors.len(), 1, "{flags}: {errors:?}");
        assert!(errors[0].contains(named), "{flags}: {errors:?}");
        assert!(errors[0].contains(expected), "{flags}: {errors:?}");
        assert!(
            folder.names().is_empty(),
            "{flags} made {:?}",
            folder.names()
        );
    }
}

#[test]
fn an_impossible_value_is_refused_with_what_is_accepted() {
    refuses(
        "
        --channel-size 0           | channel_size 0              | expected 1 to 67108864
        --channel-size 67108865    | channel_size 67108865       | expected 1 to 67108864
        --batch-size 0             | batch_size 0                | expected 1 to
        --batch-bytes 0            | batch_bytes 0               | expected 1 to
        --lane-bytes 0             | lane_bytes 0                | expected
        --max-record-bytes 2GiB    | max_record_bytes 2147483648 | expected 1 to 1073741824
        --min-workers 0            | min_workers 0               | expected 1 to 1024
        --max-workers 1025         | max_workers 1025            | expected 1 to 1024
        --autoscale-interval 0     | autoscale_interval 0s       | expected 1ms to
        --scale-up-threshold 1.5   | scale_up_threshold 1.5      | expected 0 to 1
        --scale-down-threshold nan | scale_down_threshold NaN    | expected 0 to 1
        --batch-timeout 11years    | batch_timeout 11years       | expected 0s to 10years
        --count 0                  | count 0                     | expected 1 or more
        --duration 0               | duration 0s                 | expected 1ms to
        --record-bytes 75          | record_bytes 75             | expected 76 to 16777216
        ",
    );
}

#[test]
fn a_value_that_cannot_be_read_is_refused_with_what_is_accepted() {
    refuses(
        r#"
        --channel-size many          | --channel-size "many"       | expected a whole number
        --channel-size 1.5           | --channel-size "1.5"        | expected a whole number
        --count 99999999999999999999 | --count                     | expected a whole number
        --batch-bytes much           | --batch-bytes "much"        | expected a size
        --batch-timeout soon         | --batch-timeout "soon"      | expected a duration
        --scale-up-threshold high    | --scale-up-threshold "high" | expected a number from 0 to 1
        --producer-rate 0/s          | --producer-rate "0/s"       | expected max, an interval
        --producer-rate fast         | --producer-rate "fast"      | expected max, an interval
        --route anywhere             | --route "anywhere"          | expected least-occupied or round-robin
        --when-full explode          | --when-full "explode"       | expected block or drop-newest
        --throttle 0.9:1ms,0.8:2ms   | --throttle                  | expected off, or rising steps
        --source tape                | --source "tape"             | expected generator, stdin or file:PATH
        --source file:               | --source "file:"            | expected generator, stdin or file:PATH
        --fsync sometimes            | --fsync "sometimes"         | expected never or batch
        --on-sink-error weep         | --on-sink-error "weep"      | expected retry or stop
        "#,
    );
    for sink in ["paper", "file:", "delay:x", "delay:1ms,paper", "null:1"] {
        let ended = Folder::new().run(&format!("--sink {sink}")).exits(2);
        let accepted = "expected null, check, stdout, file:PATH, delay:DURATION[,SINK]";
        ended.says(&format!("--sink {sink:?} is not accepted: {accepted}"));
    }
    for (faults, part) in [
        ("retry=2", "retry=2"),
        ("seed=1+boom=1", "boom=1"),
        ("", ""),
    ] {
        let ended = Folder::new()
            .run(&format!("--sink fault:{faults},null"))
            .exits(2);
        ended.says(&format!(
            "is not accepted: {part:?} is no fault: expected parts joined by +: retry=SHARE"
        ));
    }
}

#[test]
fn contradicting_settings_are_refused_with_what_would_fit() {
    refuses(
        "
        --batch-size 9 --channel-size 8            | batch_size 9 is more than channel_size 8 | expected 1 to 8
        --batch-bytes 5 --max-record-bytes 6 --lane-bytes 10 | batch_bytes 5 and max_record_bytes 6 together | at most 10
        --min-workers 3 --max-workers 2            | min_workers 3 is more than max_workers 2 | expected 1 to 2
        --scale-up-threshold 0.5 --scale-down-threshold 0.5 | scale_down_threshold 0.5 is not below | less than 0.5
        --record-bytes 200 --max-record-bytes 100  | record_bytes 200 is more than max_record_bytes 100 | at most that
        --source stdin --producer-rate 5/s         | producer_rate is for the generator       | source is stdin
        --source stdin --source generator          | only files can be read one after the other | give one --source
        ",
    );
    let ended = Folder::new().run("--fsync batch --sink null").exits(2);
    ended.says("fsync is for file sinks, but the sink is null");
}

#[test]
fn all_errors_are_reported_at_once_and_nothing_is_created() {
    let file = "chanel_size = 10\nbatch_timeout = \"soon\"\nroute = true\n";
    let flags = "--sink file:out --producer-rate never --min-workers 0 --scale-up-threshold 7 \
                 --source stdin --source generator";
    let (folder, ended) = Folder::configured(file, flags);
    let ended = ended.exits(2).says("nothing was started");
    let errors = errors(&ended);
    for name in [
        "chanel_size",
        "batch_timeout",
        "route",
        "--producer-rate",
        "min_workers",
        "scale_up_threshold",
        "give one --source",
    ] {
        let about = errors.iter().filter(|error| error.contains(name)).count();
        assert!(about > 0, "{name}: {errors:#?}");
    }
    assert_eq!(folder.names(), ["splashdam.toml"]);
}

#[test]
fn a_refused_run_creates_and_changes_no_file() {
    let folder = Folder::new();
    folder.write("report.json", "of the last run");
    folder.write("in", "line\n");
    for flags in [
        "--sink file:out --report absent/report.json",
        "--sink file:absent/out-{worker}",
        "--sink file:absent/out",
        "--sink file:out --source file:absent",
        "--sink file:out --config absent",
    ] {
        folder.run(flags).exits(2).says("absent");
        assert_eq!(folder.names(), ["in", "report.json"], "{flags}");
        assert_eq!(folder.read("report.json"), b"of the last run", "{flags}");
    }
}

#[test]
fn a_misspelt_name_gets_a_suggestion_and_an_unknown_one_the_list() {
    for (key, meant) in [
        ("chanel_size", "channel_size"),
        ("batchsize", "batch_size"),
        ("max_worker", "max_workers"),
        ("scale_up_treshold", "scale_up_threshold"),
        ("producer-rate", "producer_rate"),
    ] {
        let (_folder, ended) = Folder::configured(&format!("{key} = 1\n"), "--sink file:out");
        ended.exits(2).says(&format!(
            "there is no setting \"{key}\"; did you mean {meant}?"
        ));
    }
    let (_folder, ended) = Folder::configured("xyzzy = 1\n", "");
    let ended = ended
        .exits(2)
        .says("there is no setting \"xyzzy\" (there are: source, ");
    assert!(!ended.stderr.contains("did you mean"), "{}", ended.stderr);
}

#[test]
fn an_unknown_flag_is_refused_with_a_suggestion() {
    let folder = Folder::new();
    let ended = folder.run("--chanel-size 5 --sink file:out").exits(2);
    ended.says("--channel-size");
    assert!(folder.names().is_empty());
}

#[test]
fn a_file_that_is_not_toml_is_refused_by_name() {
    let (_folder, ended) = Folder::configured("channel_size: 5\n", "");
    ended.exits(2).says("splashdam.toml is not TOML");
    let (_folder, ended) = Folder::configured("count = 1\ncount = 2\n", "");
    ended.exits(2).says("splashdam.toml is not TOML");
}

#[test]
fn a_file_value_is_checked_even_when_a_flag_overrides_it() {
    let (_folder, ended) = Folder::configured("count = \"few\"\n", "--count 20");
    ended.exits(2).says("count = \"few\" is not accepted");
}

#[test]
fn no_file_may_be_both_read_and_written_or_written_twice() {
    let folder = Folder::new();
    folder.write("a", "line\n");
    for flags in [
        "--source file:a --sink file:a",
        "--source file:a --sink delay:1ms,file:./a",
        "--sink file:new --report new",
        "--source file:a --report a",
    ] {
        folder.run(flags).exits(2).says("a file of its own");
    }
    assert_eq!(folder.read("a"), b"line\n");
    assert_eq!(folder.names(), ["a"]);
}

#[test]
fn a_table_is_refused_with_the_key_the_value_and_what_is_accepted() {
    for (file, refusal) in [
        (
            "[sink]\ntype = \"delay\"\ndelay = \"soon\"\n",
            "sink.delay = \"soon\" is not accepted: expected a duration (500us, 20ms, 10s, 2m)",
        ),
        (
            "[sink]\ntype = \"file\"\n",
            "sink.path is missing: expected a table such as { type = \"file\", path = \"out.ndjson\" }",
        ),
        (
            "[sink]\ntype = \"fiel\"\n",
            "sink.type = \"fiel\" is not accepted: expected null, check, stdout, file, delay or fault",
        ),
        (
            "[sink]\ntype = \"file\"\npath = \"out\"\npth = 1\n",
            "sink has no key \"pth\"; did you mean path? (there are: type, path)",
        ),
        (
            "[sink]\ntype = \"fault\"\nretry = 2\n",
            "sink.retry = 2 is not accepted: expected a share from 0 to 1",
        ),
        (
            "[[source]]\ntype = \"file\"\npath = \"a\"\n\n[[source]]\ntype = \"tape\"\n",
            "source[1].type = \"tape\" is not accepted: expected generator, stdin or file",
        ),
        (
            "[sink]\ntype = \"null\"\n\ncount = 5\n",
            "sink has no key \"count\", which is a setting: write it above the first table",
        ),
        (
            "[scaling]\nmax_worker = 2\n",
            "[scaling] has no setting \"max_worker\"; did you mean max_workers?",
        ),
        (
            "max_workers = 1\n[scaling]\nmax_workers = 2\n",
            "scaling.max_workers is there as max_workers too",
        ),
        (
            "batch_timeout = 1979-05-27\n",
            "batch_timeout is not accepted: 1979-05-27 is a date or a time of day, which no setting takes",
        ),
        (
            "batch_timeout = 5\n",
            "batch_timeout = 5 is not accepted: expected a duration",
        ),
        (
            "[batch_size]\nn = 1\n",
            "batch_size = { n = 1 } is not accepted: expected a whole number",
        ),
    ] {
        let (folder, ended) = Folder::configured(file, "");
        ended.exits(2).says(&format!("splashdam.toml: {refusal}"));
        assert_eq!(folder.names(), ["splashdam.toml"], "{file}");
    }
}
