//! `splashdam report`: the summary and the page of a report that was kept are those of the run itself.

use std::fs::File;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::support::{Ended, Folder, PROGRAM, SMALL};

/// Steps of the autoscaler, and a time series.
const AUTOSCALED: &str = "--producer-rate 20000/s --count 20000 --sink delay:5ms --max-workers 3 \
     --autoscale-interval 20ms --metrics-interval 20ms";

/// `splashdam report` with these arguments, to its end.
#[track_caller]
fn report(folder: &Folder, arguments: &str) -> Ended {
    let mut command = folder.command(PROGRAM);
    command.arg("report").args(arguments.split_whitespace());
    folder.spawn(command).end()
}

/// Fails unless it is refused as bad usage with these words, and nothing is printed or written.
#[track_caller]
fn refuses(folder: &Folder, arguments: &str, words: &[&str]) {
    let files = folder.names();
    let ended = report(folder, arguments).exits(2);
    assert_eq!(ended.stdout, b"", "{arguments}");
    assert_eq!(folder.names(), files, "{arguments}");
    for words in words {
        assert!(
            ended.stderr.contains(words),
            "not said: {words}\n{}",
            ended.stderr
        );
    }
}

#[test]
fn the_page_and_the_summary_of_a_kept_report_are_those_of_the_run() {
    for (arguments, code) in [
        ("--count 12345 --workers 2", 0),
        ("--count 5000 --latency off", 0),
        ("--count 100 --sink file:/dev/full --on-sink-error stop", 1),
        (AUTOSCALED, 0),
        (
            "--count 1000 --when-full drop-newest --throttle off --sink delay:1ms",
            3,
        ),
    ] {
        let folder = Folder::new();
        let run = folder.run(&format!("{arguments} --html page.html {SMALL}"));
        let run = run.exits(code);
        let again = report(&folder, "report.json --html again.html").exits(0);
        assert_eq!(again.stderr, "", "{arguments}");
        let [page, drawn] = ["page.html", "again.html"].map(|name| folder.read(name));
        assert!(page == drawn, "{arguments}: the pages differ");
        let summary = String::from_utf8(again.stdout).unwrap();
        let is_autoscaled = summary.contains("\nscaling      ");
        assert_eq!(is_autoscaled, arguments == AUTOSCALED, "{summary}");
        let printed = run.stderr.split("Program finished\n").nth(1).unwrap();
        assert!(summary.starts_with("stopped by   "), "{summary}");
        assert!(
            printed.starts_with(&summary),
            "{arguments}\n{printed}\n{summary}"
        );
    }
}

#[test]
fn a_page_is_written_only_if_one_is_asked_for() {
    let folder = Folder::new();
    folder.run(&format!("-q --count 1000 {SMALL}")).exits(0);
    let kept = folder.read("report.json");
    let ended = report(&folder, "report.json").exits(0);
    assert!(
        ended
            .stdout
            .starts_with(b"stopped by   count reached, after ")
    );
    assert_eq!(folder.names(), ["report.json"]);
    assert_eq!(folder.read("report.json"), kept);
}

#[test]
fn a_file_that_is_no_report_is_refused_with_its_name_and_the_remedy() {
    let folder = Folder::new();
    let run = folder.run(&format!("-q --count 1000 {SMALL}")).exits(0);
    let kept = folder.read("report.json");
    let remedy = "is it a report of splashdam run?";
    let page = "--html page.html";

    folder.write("cut.json", &kept[..kept.len() / 2]);
    refuses(
        &folder,
        &format!("cut.json {page}"),
        &["cut.json is not JSON: EOF", remedy],
    );
    refuses(
        &folder,
        &format!("none.json {page}"),
        &[
            "none.json: No such file",
            "give a file that `splashdam run --report FILE` wrote",
        ],
    );
    refuses(
        &folder,
        &format!(". {page}"),
        &["report: .: ", "give a file"],
    );
    folder.write("list.json", "[]");
    refuses(
        &folder,
        "list.json",
        &["list.json has no schema_version", remedy],
    );

    let changed = |name: &str, pointer: &str, value: Value| {
        let mut report = run.report.clone();
        *report.pointer_mut(pointer).unwrap() = value;
        folder.write(name, report.to_string());
    };
    changed("new.json", "/schema_version", json!(3));
    refuses(
        &folder,
        &format!("new.json {page}"),
        &[
            "new.json: schema_version is 3, and this program reads 2",
            "read it with the splashdam that wrote it (",
        ],
    );
    changed("wrong.json", "/workers/0/batches/age", json!("x"));
    refuses(
        &folder,
        &format!("wrong.json {page}"),
        &[
            "wrong.json: workers.0.batches.age is \"x\", and should be a whole number from 0",
            "use the report as splashdam run wrote it",
        ],
    );
    refuses(&folder, page, &["<FILE>", "--help"]);
}

#[test]
fn a_page_never_replaces_the_report_it_is_drawn_from() {
    let folder = Folder::new();
    folder.run(&format!("-q --count 1000 {SMALL}")).exits(0);
    symlink(folder.path("report.json"), folder.path("link")).unwrap();
    for page in ["report.json", "./report.json", "link"] {
        let refusal = format!("--html {page} is the report itself");
        let remedy = "give the page a file of its own";
        refuses(
            &folder,
            &format!("report.json --html {page}"),
            &[&refusal, remedy],
        );
    }
    report(&folder, "report.json").exits(0);
}

#[test]
fn what_cannot_be_written_is_a_failure_and_a_reader_that_has_gone_is_none() {
    let folder = Folder::new();
    folder.run(&format!("-q --count 1000 {SMALL}")).exits(0);
    let ended = report(&folder, "report.json --html nowhere/page.html").exits(1);
    ended.says("splashdam report: cannot write the page: nowhere/page.html: No such file");

    let mut full = folder.command(PROGRAM);
    full.args(["report", "report.json"]);
    full.stdout(File::options().write(true).open("/dev/full").unwrap());
    let ended = folder.spawn(full).end().exits(1);
    ended.says("splashdam report: cannot write the summary: No space left on device");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut closed = folder.command(PROGRAM);
    closed.args(["report", "report.json"]).stdout(writer);
    let ended = folder.spawn(closed).end().exits(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_help_of_report_shows_how_and_explains_every_exit_code() {
    let ended = report(&Folder::new(), "--help").exits(0);
    let help = String::from_utf8(ended.stdout).unwrap();
    for words in [
        "splashdam report run.json --html run.html",
        "\n  0  printed",
        "\n  1  the summary or the page cannot be written",
        "\n  2  bad usage",
    ] {
        assert!(help.contains(words), "no {words:?}\n{help}");
    }
}
