//! Standard streams that are closed, open in the wrong direction, or files that end in half a line.

use super::shell;
use crate::support::{Folder, SMALL};

#[test]
fn a_stream_that_is_closed_or_open_in_the_other_direction_is_refused() {
    for (script, said) in [
        (
            "--count 10 --sink stdout >&-",
            "sink: standard output is closed",
        ),
        (
            "--count 10 --sink delay:1ms,stdout >&-",
            "sink: standard output is closed",
        ),
        (
            "--count 10 --sink fault:retry=0.1,stdout >&-",
            "sink: standard output is closed",
        ),
        (
            "--source stdin --sink file:out <&-",
            "source: standard input is closed",
        ),
        (
            "--count 10 --sink stdout 1</dev/null",
            "sink: standard output is open for reading only",
        ),
        (
            "--source stdin --sink file:out 0>/dev/null",
            "source: standard input is open for writing only",
        ),
    ] {
        let folder = Folder::new();
        shell(&folder, &format!("exec $S run {script}"))
            .exits(2)
            .says(&format!("error: {said}"));
        assert!(folder.names().is_empty(), "{script}: {:?}", folder.names());
    }
}

#[test]
fn a_null_device_that_was_given_is_read_and_written() {
    let folder = Folder::new();
    let ended = shell(
        &folder,
        "exec $S run --source stdin --sink stdout </dev/null >/dev/null",
    );
    ended.exits(0).says("standard input is /dev/null");
    shell(&folder, "exec $S run --count 10 --sink stdout >/dev/null").exits(0);
}

#[test]
fn a_file_behind_standard_output_that_ends_in_half_a_line_gets_its_newline() {
    for redirection in [
        "printf half >out; $RUN >>out",
        "{ printf half; $RUN; } >out",
        "printf half >out; $RUN 1<>out",
        "printf 'line\\nhalf' >out; $RUN >>out; $RUN >>out",
        "$RUN >out",
    ] {
        let folder = Folder::new();
        folder.write("in", "one\ntwo\n");
        let run = format!("$S run -q --source file:in --sink stdout --max-workers 1 {SMALL}");
        shell(&folder, &redirection.replace("$RUN", &run)).exits(0);
        let wanted = match redirection {
            "printf half >out; $RUN 1<>out" | "$RUN >out" => "one\ntwo\n",
            text if text.contains("line") => "line\nhalf\none\ntwo\none\ntwo\n",
            _ => "half\none\ntwo\n",
        };
        let found = String::from_utf8(folder.read("out")).unwrap();
        assert_eq!(found, wanted, "{redirection}");
    }
}
