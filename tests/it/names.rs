//! Names that are not plain text: control characters never reach a terminal, and a path may be any bytes.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde_json::{Value, json};

use crate::support::{Ended, Folder, PROGRAM, SMALL};

/// Clears the screen, sets the title, turns text around, and begins a line of its own.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}1m\u{202e}\nerror: b";
/// As it is shown.
const SHOWN: &str = "a\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{9b}1m\\u{202e}\\nerror: b";

/// Runs the program with these arguments to its end; fails if it prints a control character, or a forged line.
#[track_caller]
fn harmless(folder: &Folder, arguments: &[&str]) -> Ended {
    let ended = folder.splashdam(arguments);
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr;
    let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!printed.contains(harmful), "{arguments:?}: {printed:?}");
    assert!(
        !printed.contains("\nerror: b"),
        "{arguments:?}: {printed:?}"
    );
    ended
}

#[test]
fn a_name_in_an_error_cannot_control_the_terminal() {
    let folder = Folder::new();
    let path = |before: &str| format!("{before}{HOSTILE}");
    let sources = [path("file:"), path("file:absent/")];
    let sinks = [
        path("file:absent/"),
        path("delay:1ms,file:absent/"),
        path("paper"),
        path(""),
    ];
    for source in &sources {
        let ended = harmless(&folder, &["run", "--source", source]).exits(2);
        ended.says(SHOWN);
    }
    for sink in &sinks {
        harmless(&folder, &["run", "--sink", sink])
            .exits(2)
            .says("\\u{1b}[2J");
    }
    for flag in ["--report", "--html", "--hgrm", "--hlog", "--spill"] {
        let file = path("absent/");
        harmless(&folder, &["run", flag, &file])
            .exits(2)
            .says(SHOWN);
        harmless(&folder, &["plan", flag, &file])
            .exits(2)
            .says(SHOWN);
    }
    harmless(&folder, &["run", "--config", HOSTILE])
        .exits(2)
        .says(SHOWN);
    harmless(&folder, &["verify", HOSTILE]).exits(2).says(SHOWN);
    harmless(&folder, &["report", HOSTILE]).exits(2).says(SHOWN);
    harmless(&folder, &["compare", HOSTILE, HOSTILE])
        .exits(2)
        .says(SHOWN);
    // Both name the sink or source as a whole.
    let source = path("file:");
    folder.write(HOSTILE, "line\n");
    let ended = harmless(&folder, &["run", "--source", &source, "--seed", "1"]);
    ended.exits(2).says(SHOWN);
    let ended = harmless(&folder, &["run", "--source", &source, "--sink", &source]);
    ended.exits(2).says(SHOWN);
}

#[test]
fn an_argument_that_nobody_knows_cannot_control_the_terminal() {
    let folder = Folder::new();
    for command in ["run", "plan", "verify", "compare", "report"] {
        let unknown = "--a\u{1b}[2J\u{9b}1m";
        harmless(&folder, &[command, unknown]).exits(2);
    }
    harmless(&folder, &["a\u{1b}[2J"]).exits(2);
    let number = "1\u{1b}[2J";
    harmless(&folder, &["verify", "--expect", number]).exits(2);
}

#[test]
fn a_configuration_file_cannot_control_the_terminal() {
    let folder = Folder::new();
    for file in [
        "\"a\\u001B[2J\" = 1\n",
        "sink = \"a\\u001B[2J\"\n",
        "[sink]\ntype = \"file\"\npath = \"absent/a\\u001B[2J\"\n",
        "sink = \u{9b}1m\n",
    ] {
        folder.write("run.toml", file);
        harmless(&folder, &["run", "--config", "run.toml"]).exits(2);
    }
}

#[test]
fn a_name_in_a_run_cannot_control_the_terminal() {
    let folder = Folder::new();
    folder.write(HOSTILE, "a line that is too long\nshort\n");
    let source = format!("file:{HOSTILE}");
    let arguments = [
        "run",
        "--source",
        &source,
        "--max-record-bytes",
        "10",
        "--sink",
        "file:out",
    ];
    let ended = harmless(&folder, &arguments).exits(3);
    ended.says(&format!("line 1 of {SHOWN} is longer than 10 bytes"));

    let spill = format!("{HOSTILE}-spill");
    let arguments = [
        "run",
        "--count",
        "10",
        "--batch-size",
        "1",
        "--sink",
        "fault:final-after=1,null",
        "--spill",
        &spill,
        "--html",
        "page",
    ];
    let ended = harmless(&folder, &arguments).exits(1);
    ended.says(&format!("deliver them with --source file:{SHOWN}-spill"));
    let page = String::from_utf8(folder.read("page")).unwrap();
    assert!(
        page.contains("\\u{1b}[2J") && !page.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'])
    );
}

#[test]
fn a_name_in_a_verdict_or_a_kept_report_cannot_control_the_terminal() {
    let folder = Folder::new();
    folder.write(HOSTILE, "{\"seq\":0}\nto\u{202e}rn\n{\"seq\":1}");
    let ended = harmless(&folder, &["verify", HOSTILE]).exits(1);
    let report = String::from_utf8(ended.stdout).unwrap();
    assert!(
        report.contains(&format!("{SHOWN}:2: `to\\u{{202e}}rn`")),
        "{report}"
    );
    assert!(
        report.contains(&format!("the last line of {SHOWN} has no newline")),
        "{report}"
    );
    // JSON has escapes of its own, and names the file as it is.
    let ended = harmless(&folder, &["verify", "--format", "json", HOSTILE]).exits(1);
    let verdict: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(verdict["torn"]["lines"][0]["file"], HOSTILE);

    folder
        .run(&format!("--count 10 --report kept.json {SMALL}"))
        .exits(0);
    let mut kept: Value = serde_json::from_slice(&folder.read("kept.json")).unwrap();
    kept["stop"]["failures"] = json!([HOSTILE]);
    kept["stop"]["cause"] = HOSTILE.into();
    kept["validity"]["warnings"] = json!([{ "code": "x", "message": HOSTILE, "remedy": HOSTILE }]);
    kept["config"]["sink"]["value"] = HOSTILE.into();
    kept["machine"]["began_unix_s"] = 1.0.into();
    folder.write(HOSTILE, kept.to_string());
    let ended = harmless(&folder, &["report", HOSTILE, "--html", "page"]).exits(0);
    let summary = String::from_utf8(ended.stdout).unwrap();
    assert!(
        summary.contains(&format!("error        {SHOWN}\n")),
        "{summary}"
    );
    let page = String::from_utf8(folder.read("page")).unwrap();
    assert!(
        page.contains("\\u{1b}[2J") && !page.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'])
    );
    for format in ["text", "json"] {
        let ended = harmless(
            &folder,
            &["compare", "--format", format, "kept.json", HOSTILE],
        );
        ended.exits(0).says(SHOWN);
    }
    let ended = harmless(&folder, &["report", HOSTILE, "--format", "json"]).exits(0);
    let again: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(again["stop"]["failures"][0], HOSTILE);
}

/// A name with a byte that is no UTF-8.
fn odd(before: &str, after: &str) -> OsString {
    OsString::from_vec([before.as_bytes(), b"\xff", after.as_bytes()].concat())
}

#[test]
fn a_path_may_be_any_bytes_wherever_one_is_taken() {
    let folder = Folder::new();
    let at = |name: &OsStr| folder.path(".").join(name);
    fs::write(at(&odd("in", "")), "one\ntwo\n").unwrap();
    fs::write(at(&odd("config", "")), "channel_size = 2000\n").unwrap();
    let mut command = folder.command(PROGRAM);
    command.arg("run");
    for (flag, value) in [
        ("--config", odd("config", "")),
        ("--source", odd("file:in", "")),
        ("--sink", odd("delay:1ms,file:out", "-{worker}")),
        ("--spill", odd("spill", "")),
        ("--report", odd("report", ".json")),
        ("--html", odd("page", "")),
        ("--hgrm", odd("hgrm", "-{latency}")),
        ("--hlog", odd("hlog", "")),
    ] {
        command.arg(flag).arg(value);
    }
    command.args(["--max-workers", "1"]);
    folder.spawn(command).end().exits(0);
    assert_eq!(fs::read(at(&odd("out", "-0"))).unwrap(), b"one\ntwo\n");
    for name in [
        odd("spill", ""),
        odd("page", ""),
        odd("hgrm", "-response"),
        odd("hgrm", "-service"),
        odd("hlog", ""),
    ] {
        assert!(at(&name).exists(), "{}", name.display());
    }
    let report: Value =
        serde_json::from_slice(&fs::read(at(&odd("report", ".json"))).unwrap()).unwrap();
    assert_eq!(report["config"]["channel_size"]["value"], 2_000);
    assert_eq!(report["config"]["source"]["value"][0], "file:in\u{fffd}");
    for arguments in [
        vec!["report".into(), odd("report", ".json")],
        vec![
            "compare".into(),
            odd("report", ".json"),
            odd("report", ".json"),
        ],
        vec!["verify".into(), odd("out", "-0")],
    ] {
        let mut command = folder.command(PROGRAM);
        command.args(&arguments);
        let ended = folder.spawn(command).end();
        assert!(
            !ended.stderr.contains("No such file"),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(
            !ended.stderr.contains("UTF-8"),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_clearly_where_text_is_needed() {
    for (flag, value, expected) in [
        (
            "--source",
            odd("ta", "pe"),
            "--source \"ta\\xFFpe\" is not accepted: expected generator",
        ),
        (
            "--sink",
            odd("delay:1", "ms,null"),
            "--sink \"delay:1\\xFFms,null\" is not accepted: expected null",
        ),
        (
            "--count",
            odd("1", ""),
            "--count \"1\\xFF\" is not accepted: expected a whole number",
        ),
        (
            "--route",
            odd("r", ""),
            "--route \"r\\xFF\" is not accepted: expected text",
        ),
    ] {
        let folder = Folder::new();
        let mut command = folder.command(PROGRAM);
        command
            .arg("run")
            .arg(flag)
            .arg(OsStr::from_bytes(value.as_bytes()));
        folder.spawn(command).end().exits(2).says(expected);
    }
}
