//! Files that are written at the end: what cannot be written is found before the start, and what was there is replaced
//! whole or not at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use splashdam::sinks::{FileSink, Fsync};
use splashdam::sources::Lines;
use splashdam::{Config, Pipeline};

use super::shell;
use crate::support::{Folder, SMALL, run_arguments};

#[test]
fn what_cannot_be_written_at_the_end_is_found_before_the_start() {
    for setting in ["report", "html", "hgrm", "hlog", "spill"] {
        for (path, said) in [
            ("''", ": is empty: expected the path of a file"),
            (
                "newdir/",
                "newdir/: names a folder: expected the path of a file",
            ),
            ("folder", "folder: is a directory"),
            ("dangling", "dangling: No such file or directory"),
            ("nowhere/x", "nowhere/x: No such file or directory"),
            ("in/x", "in/x: Not a directory"),
            ("socket", "socket: is a socket"),
        ] {
            let folder = Folder::new();
            fs::create_dir(folder.path("folder")).unwrap();
            folder.write("in", "");
            symlink("nowhere/x", folder.path("dangling")).unwrap();
            let _socket = std::os::unix::net::UnixListener::bind(folder.path("socket")).unwrap();
            let before = folder.names();
            let run = format!("exec $S run --count 10 --sink file:out --{setting} {path}");
            let ended = shell(&folder, &run).exits(2);
            ended.says(&format!("error: {setting}: {said}"));
            assert_eq!(folder.names(), before, "{run}");
        }
    }
}

#[test]
fn a_folder_in_which_nothing_may_be_made_is_found_before_the_start() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    folder.write("folder/old", "old\n");
    fs::set_permissions(folder.path("folder/old"), Permissions::from_mode(0o666)).unwrap();
    fs::set_permissions(folder.path("folder"), Permissions::from_mode(0o555)).unwrap();
    for (arguments, said) in [
        (
            "--report folder/new",
            "report: folder/new: Permission denied",
        ),
        (
            "--report folder/old",
            "report: folder/old: cannot be replaced in its folder: Permission denied",
        ),
        ("--spill folder/new", "spill: folder/new: Permission denied"),
        (
            "--sink file:folder/{worker}",
            "sink: folder/0: Permission denied",
        ),
    ] {
        let mut command = folder.unprivileged_command("./splashdam");
        command
            .args(["run", "--count", "10"])
            .args(arguments.split(' '));
        folder.spawn(command).end().exits(2).says(said);
    }
    // What is appended to needs no new file.
    let mut command = folder.unprivileged_command("./splashdam");
    command.args([
        "run",
        "--count",
        "10",
        "--sink",
        "file:folder/old",
        "--hlog",
        "/dev/null",
    ]);
    folder.spawn(command).end().exits(0);
    fs::set_permissions(folder.path("folder"), Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_run_that_does_not_start_leaves_no_files_and_cuts_none() {
    let folder = Folder::new();
    if !rustix::process::geteuid().is_root() {
        return crate::support::skip("only root can use a user without threads");
    }
    folder.write("log", "earlier\n");
    fs::set_permissions(folder.path("log"), Permissions::from_mode(0o666)).unwrap();
    for log in ["log", "new"] {
        let mut command = folder.unprivileged_command("bash");
        let files = format!("--sink file:out-{{worker}} --spill rest --hlog {log} --report report");
        command.args([
            "-c",
            &format!("ulimit -u 5 && exec ./splashdam run --max-workers 8 --count 1 {files}"),
        ]);
        let ended = folder.spawn(command).end().exits(1);
        ended.says("Resource temporarily unavailable");
        assert_eq!(folder.names(), ["log", "splashdam"]);
        assert_eq!(folder.read("log"), b"earlier\n");
    }
}

#[test]
fn a_file_that_is_given_as_a_descriptor_is_written_there_with_or_without_a_name() {
    for name in ["named", "gone"] {
        for link in ["/dev/fd/3", "/proc/self/fd/3", "link"] {
            let folder = Folder::new();
            symlink("/dev/fd/3", folder.path("link")).unwrap();
            folder.write(name, vec![b'x'; 100_000]);
            // Whoever passed it on reads it from its own descriptor.
            let script = format!(
                "exec 3<>{name} && {{ [ {name} = named ] || rm {name}; }} && $S run --count 10 --report {link} && cat <&3"
            );
            let ended = shell(&folder, &script).exits(0);
            let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
            assert_eq!(report["ledger"]["delivered"], 10, "{script}");
        }
    }
}

#[test]
fn a_limit_on_a_files_length_fails_a_page_and_leaves_no_other_file() {
    let folder = Folder::new();
    folder.run(&format!("--count 10 --report report {SMALL}"));
    let before = folder.names();
    let ended = shell(
        &folder,
        "ulimit -f 1 && $S report report --html page >/dev/null",
    );
    ended
        .exits(1)
        .says("cannot write the page: page: File too large");
    assert_eq!(folder.names(), before);
    let ended = shell(&folder, "ulimit -f 0 && exec $S plan 2>&1 >text");
    ended.exits(2);
}

#[test]
fn a_log_of_an_earlier_run_is_replaced() {
    let folder = Folder::new();
    folder.write("log", vec![b'x'; 100_000]);
    folder
        .run(&format!("--count 10 --hlog log {SMALL}"))
        .delivers_everything();
    let log = String::from_utf8(folder.read("log")).unwrap();
    assert!(
        log.starts_with("#[Logged with") && !log.contains("xxx"),
        "{log}"
    );
}

#[test]
fn a_full_disk_leaves_the_earlier_report_as_it_was() {
    let folder = Folder::new();
    for name in ["report", "page", "response.hgrm", "service.hgrm"] {
        folder.write(name, "earlier\n");
    }
    let before = folder.names();
    let run = format!("--report report --html page --hgrm {{latency}}.hgrm --count 10 {SMALL}");
    let ended = shell(
        &folder,
        &format!("ulimit -f 0 && exec $S {}", run_arguments(&run).join(" ")),
    );
    let ended = ended.exits(1);
    for failed in ["report: report", "html: page", "hgrm: service.hgrm"] {
        assert!(
            ended
                .stderr
                .contains(&format!("error: {failed}: File too large")),
            "{ended:?}"
        );
    }
    assert_eq!(folder.names(), before);
    for name in before {
        assert_eq!(folder.read(&name), b"earlier\n", "{name}");
    }
}

#[test]
fn a_report_keeps_the_permissions_and_the_link_of_the_earlier_one() {
    let folder = Folder::new();
    folder.write("report", "earlier\n");
    fs::set_permissions(folder.path("report"), Permissions::from_mode(0o604)).unwrap();
    symlink("report", folder.path("link")).unwrap();
    symlink("new", folder.path("link_to_new")).unwrap();
    let script =
        format!("umask 027; exec $S run --count 10 --report link --html link_to_new {SMALL}");
    shell(&folder, &script).exits(0);
    let mode = |name: &str| fs::metadata(folder.path(name)).unwrap().mode() & 0o7777;
    assert_eq!((mode("report"), mode("new")), (0o604, 0o640));
    assert_eq!(folder.names(), ["link", "link_to_new", "new", "report"]);
    assert!(folder.read("report").starts_with(b"{"));
    assert!(
        fs::symlink_metadata(folder.path("link"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_run_without_records_leaves_no_percentiles_of_an_earlier_run() {
    let folder = Folder::new();
    folder.write("old.hgrm", "earlier\n");
    let ended = folder.run(&format!("--source file:/dev/null --hgrm old.hgrm {SMALL}"));
    ended.delivers_everything();
    assert_eq!(folder.names(), ["report.json"]);
    let none = folder.run(&format!("--source file:/dev/null --hgrm old.hgrm {SMALL}"));
    none.delivers_everything();
}

#[test]
fn a_report_may_go_to_standard_output_or_standard_error() {
    let folder = Folder::new();
    let run = format!("$S run -q --count 10 {SMALL}");
    let piped = shell(&folder, &format!("{run} --report /dev/stdout")).exits(0);
    assert!(piped.stdout.starts_with(b"{"), "{piped:?}");
    shell(&folder, &format!("{run} --report /dev/stderr"))
        .exits(0)
        .says("\"ledger\"");
    // So it may to any other pipe that the shell made.
    let ended = shell(&folder, &format!("{run} --report >(cat >&2)")).exits(0);
    ended.says("\"ledger\"");
    // It goes on where the stream is.
    let script = format!("{{ echo head; {run} --report /dev/stdout; echo tail; }} >out");
    shell(&folder, &script).exits(0);
    let out = String::from_utf8(folder.read("out")).unwrap();
    assert!(
        out.starts_with("head\n{\n") && out.ends_with("}\ntail\n"),
        "{out}"
    );
    assert_eq!(folder.names(), ["out"]);
}

#[test]
fn a_page_of_a_kept_report_goes_where_the_page_of_a_run_may_go() {
    let folder = Folder::new();
    folder
        .run(&format!("--count 10 {SMALL}"))
        .delivers_everything();
    folder.write("page", "earlier\n");
    symlink("page", folder.path("link")).unwrap();
    shell(&folder, "exec $S report report.json --html link").exits(0);
    assert!(folder.read("page").starts_with(b"<!"));
    super::make_fifo(&folder, "fifo");
    let ended = shell(&folder, "exec $S report report.json --html fifo");
    let ended = ended.exits(1).says("fifo: is a FIFO");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    let ended = shell(&folder, "exec $S report report.json --html ./report.json");
    ended.exits(2).says("is the report itself");
    assert_eq!(folder.names(), ["fifo", "link", "page", "report.json"]);
}

/// Set for the process in which the test moves about.
const MOVES: &str = "SPLASHDAM_TEST_MOVES";

#[test]
fn relative_paths_stay_where_the_run_began() {
    if std::env::var_os(MOVES).is_some() {
        let lines = Lines::files(["a", "b"], 1_000).unwrap();
        let sink = FileSink::append("out".as_ref(), Fsync::Never).unwrap();
        std::env::set_current_dir("elsewhere").unwrap();
        // Rotated away: it is made again.
        fs::rename("../out", "../out.1").unwrap();
        let pipeline = Pipeline::new(lines, move |_: usize| Ok(sink.clone()));
        let outcome = pipeline
            .config(Config::default().max_workers(1))
            .start()
            .unwrap()
            .join();
        assert_eq!(outcome.exit_code(), 0, "{:?}", outcome.failures);
        return;
    }
    let folder = Folder::new();
    fs::create_dir(folder.path("elsewhere")).unwrap();
    folder.write("a", "one\n");
    folder.write("b", "two\n");
    let module = module_path!().split_once("::").unwrap().1;
    let test = format!("{module}::relative_paths_stay_where_the_run_began");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &test, "--nocapture"])
        .current_dir(folder.path("."))
        .env(MOVES, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{output:?}"
    );
    assert_eq!(folder.read("out"), b"one\ntwo\n");
    assert_eq!(folder.read("out.1"), b"");
    assert_eq!(fs::read_dir(folder.path("elsewhere")).unwrap().count(), 0);
}
