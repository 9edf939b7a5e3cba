//! No file is read and written, or written twice over, whatever its names; a device may serve twice.

use super::{make_fifo, shell};
use crate::support::{Folder, SMALL};

/// A folder with a file of two lines, `in`, and other names for it.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("in", "one\ntwo\n");
    folder.write("run.toml", "count = 10\n");
    shell(
        &folder,
        "ln in in-0; ln -s in link; ln -s new to_new; mkdir x; ln -s in in-1; ln -s . here",
    )
    .exits(0);
    make_fifo(&folder, "fifo");
    folder
}

/// Fails unless a script is refused with these words, and leaves every file as it was.
#[track_caller]
fn is_refused(script: &str, said: &str) {
    let folder = folder();
    let before = folder.names();
    let ended = shell(&folder, script);
    // What the shell made or what its own redirection got is not the program's doing.
    let all = format!("{}{}", ended.stderr, String::from_utf8_lossy(&ended.stdout));
    let in_file = String::from_utf8_lossy(&folder.read("in")).into_owned();
    assert_eq!(ended.code, Some(2), "{script}: {all}{in_file}");
    assert!(
        format!("{all}{in_file}").contains(said),
        "{script}: not said: {said}: {all}{in_file}"
    );
    assert!(in_file.starts_with("one\ntwo\n"), "{script}: {in_file}");
    assert_eq!(folder.read("run.toml"), b"count = 10\n", "{script}");
    assert_eq!(folder.names(), before, "{script}");
}

#[test]
fn a_file_of_a_worker_is_compared_under_the_name_it_gets() {
    for (setting, path) in [
        ("report", "in-0"),
        ("html", "in-0"),
        ("hgrm", "in-0"),
        ("hlog", "in-0"),
        ("spill", "in-0"),
        ("report", "here/in"),
    ] {
        is_refused(
            &format!(
                "$S run --count 10 --sink file:in-{{worker}} --max-workers 1 --{setting} {path}"
            ),
            &format!(
                "error: {setting} {path} is the sink of worker 0 too: give each a file of its own"
            ),
        );
    }
    is_refused(
        "$S run --source file:in --sink file:in-{worker} --max-workers 1",
        "sink in-0 is the source too",
    );
    is_refused(
        "$S run --count 10 --sink file:in-{worker} --max-workers 2",
        "sink in-1 is the sink of worker 0 too",
    );
    is_refused(
        "$S run --count 10 --sink delay:1ms,fault:retry=0.1,file:in-{worker} --max-workers 1 --spill link",
        "spill link is the sink of worker 0 too",
    );
    is_refused(
        "$S run --count 10 --sink file:new-{worker} --max-workers 3 --report new-2",
        "report new-2 is the sink of worker 2 too",
    );
}

#[test]
fn a_file_that_does_not_exist_yet_is_known_by_its_folder_and_name() {
    for (one, other) in [
        ("x/../new", "new"),
        ("here/new", "./new"),
        ("to_new", "new"),
        ("new", "here/here/to_new"),
        ("$PWD/new", "new"),
    ] {
        is_refused(
            &format!("$S run --count 10 --sink file:{one} --report {other}"),
            &format!("report {other} is the sink too"),
        );
    }
    is_refused(
        "$S run --count 10 --hgrm '{latency}' --report response",
        "hgrm response is the report too",
    );
}

#[test]
fn a_configuration_file_is_not_overwritten() {
    for flag in [
        "--report",
        "--html",
        "--hgrm",
        "--hlog",
        "--spill",
        "--sink file:",
    ] {
        is_refused(
            &format!("$S run --config run.toml {flag} x/../run.toml").replace(": ", ":"),
            "is the config too: give each a file of its own",
        );
    }
}

#[test]
fn redirections_are_files_like_any_other() {
    for (script, said) in [
        (
            "$S run --source stdin --sink file:in <in",
            "sink in is standard input too",
        ),
        (
            "$S run --source stdin --sink file:link <in-0",
            "sink link is standard input too",
        ),
        (
            "$S run --source stdin --sink stdout <in >>in",
            "standard output is standard input too",
        ),
        (
            "$S run --source file:in --sink stdout >>in",
            "standard output is the source too",
        ),
        (
            "$S run --source stdin --report in <in",
            "report in is standard input too",
        ),
        (
            "$S run --count 10 --sink stdout --report in >>in",
            "report in is standard output too",
        ),
        (
            "$S run --count 10 --sink file:in 2>>in",
            "standard error is the sink too",
        ),
        (
            "$S run --count 10 --sink stdout >>in 2>&1",
            "standard error is standard output too",
        ),
        (
            "$S run --source file:in 2>>in",
            "standard error is the source too",
        ),
        (
            "$S run --count 10 --spill in 2>>in",
            "standard error is the spill too",
        ),
        (
            "$S run --count 10 --report in 2>>in",
            "standard error is the report too",
        ),
        (
            "$S run --count 10 --sink file:/dev/stdin <>in",
            "sink /dev/stdin is",
        ),
    ] {
        if script.contains("/dev/stdin") {
            is_refused(&script.replace("--count 10", "--source stdin"), said);
        } else {
            is_refused(script, said);
        }
    }
}

#[test]
fn a_fifo_serves_one_purpose_only() {
    for (script, said) in [
        (
            "$S run --count 10 --sink file:fifo --spill fifo",
            "spill fifo is the sink too",
        ),
        (
            "$S run --source file:fifo --sink file:fifo",
            "sink fifo is the source too",
        ),
        (
            "$S run --source stdin --sink file:fifo <>fifo",
            "sink fifo is standard input too",
        ),
        (
            "echo 'source = \"stdin\"' | $S run --config /dev/stdin",
            "standard input is the config too",
        ),
    ] {
        is_refused(script, said);
    }
}

#[test]
fn a_plan_refuses_the_same_files() {
    is_refused(
        "$S plan --count 10 --sink file:in-{worker} --max-workers 1 --report in-0",
        "report in-0 is the sink of worker 0 too",
    );
}

#[test]
fn a_device_may_serve_twice_and_so_may_the_pipe_of_a_supervisor() {
    let folder = folder();
    for script in [
        "$S run --source file:/dev/null --sink file:/dev/null --spill /dev/null --report /dev/null --hlog /dev/null \
         --html /dev/null --hgrm /dev/null",
        "$S run --count 10 --sink file:/dev/null 2>/dev/null",
        "$S run --source stdin --sink stdout </dev/null >/dev/null 2>/dev/null",
        "set -o pipefail; $S run --count 10 --sink stdout 2>&1 | cat >/dev/null",
        "$S run --source file:in --source file:link --source file:in",
    ] {
        shell(
            &folder,
            &format!("{script} {SMALL}").replace("| cat >/dev/null", "| cat #"),
        )
        .exits(0);
    }
    assert_eq!(folder.read("in"), b"one\ntwo\n");
}
