//! Endless, vanishing, unreadable or missing input: each is counted or is an error that names the file, in bounded
//! memory.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::support::{Ended, Folder, Live, Rng, SMALL, run_arguments, seed, sorted_lines};

/// One worker, small lanes, lines of at most 1000 bytes.
const TO_OUT: &str = "--sink file:out --workers 1 --max-record-bytes 1000 --batch-timeout 1ms --channel-size 512 \
                      --batch-size 64 --lane-bytes 128KiB --batch-bytes 32KiB";

fn fifo(folder: &Folder, name: &str) {
    let made = Command::new("mkfifo").arg(folder.path(name)).status();
    assert!(made.unwrap().success());
}

/// Waits until the program has opened the other end.
fn writer(folder: &Folder, name: &str) -> File {
    let mut options = OpenOptions::new();
    options.write(true).open(folder.path(name)).unwrap()
}

/// Fails if a live run has ever used more memory than this.
#[track_caller]
fn has_never_used_more_than(live: &Live, mib: u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", live.id())).unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = peak.unwrap().split_whitespace().nth(1).unwrap();
    let used = kib.parse::<u64>().unwrap() >> 10;
    assert!(used < mib, "{used} MiB used, {mib} expected");
}

/// The number of bytes that a run has read.
fn bytes_taken(live: &Live) -> u64 {
    let io = fs::read_to_string(format!("/proc/{}/io", live.id())).unwrap_or_default();
    let taken = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    taken.map_or(0, |bytes| bytes.parse().unwrap())
}

#[test]
fn an_endless_line_is_one_drop_in_bounded_memory_and_a_signal_ends_it() {
    for source in ["file:/dev/zero", "stdin"] {
        let folder = Folder::new();
        let live = folder.start_with(&format!("--source {source} {TO_OUT}"), |command| {
            command.stdin(File::open("/dev/zero").unwrap());
        });
        live.wait_for_words("line 1 of");
        live.wait_until("256 MiB", || bytes_taken(&live) > 256 << 20);
        has_never_used_more_than(&live, 64);
        live.send(Signal::INT);
        let ended = live.end().exits(3).balances();
        assert_eq!(ended.figure("/ledger/dropped_by_reason/too_long"), 1);
        assert_eq!(ended.figure("/ledger/produced"), 1);
    }
}

#[test]
fn a_duration_ends_endless_input_of_any_kind() {
    for (source, lines) in [("/dev/zero", 1), ("/dev/urandom", 2)] {
        let folder = Folder::new();
        let ended = folder.run(&format!(
            "--source file:{source} --duration 200ms --max-record-bytes 64KiB --workers 2 --sink file:out {SMALL}"
        ));
        let ended = ended.balances();
        assert_eq!(ended.report["stop"]["cause"], "duration over");
        assert!(ended.figure("/ledger/produced") >= lines);
        let written = sorted_lines(&folder.read("out")).len();
        assert_eq!(written as u64, ended.figure("/ledger/delivered"));
    }
}

#[test]
fn a_line_of_256_mib_is_one_drop_and_the_next_is_kept() {
    let folder = Folder::new();
    // A sparse file takes no room on the disk.
    let mut file = File::create(folder.path("in")).unwrap();
    file.write_all(b"before\n").unwrap();
    file.set_len(256 << 20).unwrap();
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.path("in"))
        .unwrap();
    file.write_all(b"\nafter").unwrap();
    fifo(&folder, "wait");
    let live = folder.start(&format!("--source file:in --source file:wait {TO_OUT}"));
    let held = writer(&folder, "wait");
    live.wait_until("all of it", || folder.len("out") == 13);
    has_never_used_more_than(&live, 64);
    drop(held);
    let ended = live
        .end()
        .exits(3)
        .balances()
        .says("line 2 of in is longer");
    assert_eq!(ended.figure("/ledger/dropped_by_reason/too_long"), 1);
    assert_eq!(folder.read("out"), b"before\nafter\n");
}

#[test]
fn random_bytes_come_out_as_they_went_in() {
    let mut rng = Rng(seed());
    let folder = Folder::new();
    let mut bytes: Vec<u8> = (0..3_000_000).map(|_| rng.below(256) as u8).collect();
    bytes.push(b'\n');
    folder.write("in", &bytes);
    let arguments = format!("--sink file:out --workers 1 --max-record-bytes 64KiB {SMALL}");
    folder
        .run(&format!("--source file:in {arguments}"))
        .delivers_everything();
    assert!(folder.read("out") == bytes);
}

/// A run that has read part of the file `in`, of many lines, and waits for its sink, a pipe that is not read yet.
fn half_read(folder: &Folder, rest: &str) -> (Live, Vec<u8>) {
    let lines = (0..400_000).map(|n| {
        format!(
            "line {n:08}
"
        )
    });
    let lines: String = lines.collect();
    folder.write("in", &lines);
    let (reader, writer) = std::io::pipe().unwrap();
    let live = folder.start_with(
        &format!("--source file:in {rest} --sink stdout --workers 1 {SMALL}"),
        |command| {
            command.stdout(writer);
        },
    );
    live.keep(reader);
    live.wait_until("a part", || {
        let fds = fs::read_dir(format!("/proc/{}/fd", live.id()))
            .into_iter()
            .flatten();
        let ours = folder.path("in").canonicalize().unwrap();
        let open = fds
            .flatten()
            .find(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == ours));
        open.is_some_and(|fd| {
            let number = fd.file_name().into_string().unwrap();
            let info = format!("/proc/{}/fdinfo/{number}", live.id());
            let info = fs::read_to_string(info).unwrap_or_default();
            let position = info.lines().find_map(|line| line.strip_prefix("pos:"));
            position.is_some_and(|at| at.trim().parse::<u64>().unwrap() > 0)
        })
    });
    (live, lines.into_bytes())
}

#[test]
fn a_file_that_is_cut_while_it_is_read_is_an_error_and_no_torn_line() {
    let folder = Folder::new();
    let (live, lines) = half_read(&folder, "");
    let file = OpenOptions::new()
        .write(true)
        .open(folder.path("in"))
        .unwrap();
    file.set_len(10).unwrap();
    let ended = live.end_reading().exits(1).balances();
    let ended = ended.says("source: in: was cut to 10 bytes while it was read");
    let whole = &ended.stdout;
    assert!(lines.starts_with(whole) && whole.ends_with(b"\n"));
    assert_eq!(whole.len() as u64, 14 * ended.figure("/ledger/delivered"));
}

#[test]
fn a_file_that_is_removed_or_replaced_while_it_is_read_is_read_to_its_end() {
    for replaced in [false, true] {
        let folder = Folder::new();
        let (live, lines) = half_read(&folder, "");
        fs::remove_file(folder.path("in")).unwrap();
        if replaced {
            folder.write("in", "another\n");
        }
        let ended = live.end_reading().delivers_everything();
        assert!(ended.stdout == lines);
    }
}

#[test]
fn a_file_removed_before_its_turn_is_an_error_that_names_it() {
    let folder = Folder::new();
    folder.write("next", "never\n");
    let (live, lines) = half_read(&folder, "--source file:next");
    fs::remove_file(folder.path("next")).unwrap();
    let ended = live.end_reading().exits(1).balances();
    let ended = ended.says("source: next: No such file or directory");
    assert!(ended.stdout == lines, "what came before is delivered");
}

#[test]
fn text_appended_after_the_end_was_read_is_ignored() {
    let folder = Folder::new();
    folder.write("in", "one\nhal");
    fifo(&folder, "wait");
    let live = folder.start(&format!("--source file:in --source file:wait {TO_OUT}"));
    let held = writer(&folder, "wait");
    live.wait_until("the half line", || folder.len("out") == 8);
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.path("in"))
        .unwrap();
    file.write_all(b"f\ntwo\n").unwrap();
    drop(held);
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"one\nhal\n");
}

#[test]
fn a_named_pipe_may_have_late_and_overlapping_writers() {
    let folder = Folder::new();
    fifo(&folder, "fifo");
    let live = folder.start(&format!("--source file:fifo {TO_OUT}"));
    live.wait_until_it_listens();
    let mut first = writer(&folder, "fifo");
    first.write_all(b"first\n").unwrap();
    let mut second = writer(&folder, "fifo");
    drop(first);
    live.wait_until("the first", || folder.len("out") == 6);
    second.write_all(b"second\n").unwrap();
    drop(second);
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"first\nsecond\n");
}

#[test]
fn a_named_pipe_given_twice_is_reopened_for_a_second_writer() {
    let folder = Folder::new();
    fifo(&folder, "fifo");
    let live = folder.start(&format!("--source file:fifo --source file:fifo {TO_OUT}"));
    writer(&folder, "fifo").write_all(b"first\nhal").unwrap();
    live.wait_until("the first", || folder.len("out") == 10);
    writer(&folder, "fifo").write_all(b"second\n").unwrap();
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"first\nhal\nsecond\n");
}

#[test]
fn a_signal_stops_a_run_on_a_named_pipe_without_a_writer() {
    let folder = Folder::new();
    fifo(&folder, "fifo");
    let live = folder.start(&format!("--source file:fifo {TO_OUT}"));
    live.wait_until_it_listens();
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.figure("/ledger/produced"), 0);
}

#[test]
fn input_that_is_not_a_file_is_refused_by_name_before_anything_is_created() {
    let folder = Folder::new();
    let _listener = UnixListener::bind(folder.path("socket")).unwrap();
    std::os::unix::fs::symlink("loop", folder.path("loop")).unwrap();
    folder.write("file", "");
    let long = "x".repeat(300);
    let before = folder.names();
    for (name, why) in [
        ("socket", "is a socket; expected a file"),
        ("loop", "Too many levels of symbolic links"),
        ("file/below", "Not a directory"),
        (&*long, "File name too long"),
    ] {
        let ended = folder.run(&format!("--source file:{name} {TO_OUT}"));
        ended.exits(2).says(&format!("source: {name}: {why}"));
        assert_eq!(folder.names(), before);
    }
}

#[test]
fn an_unreadable_file_is_refused_by_name() {
    let folder = Folder::new();
    folder.write("in", "secret\n");
    fs::set_permissions(folder.path("in"), Permissions::from_mode(0o0)).unwrap();
    let mut command = folder.unprivileged_command("./splashdam");
    command.args(run_arguments(&format!("--source file:in {TO_OUT}")));
    let ended = folder.spawn(command).end();
    ended.exits(2).says("source: in: Permission denied");
}

#[test]
fn a_file_that_opens_but_cannot_be_read_is_an_error_that_names_it() {
    let folder = Folder::new();
    folder.write("good", "line\n");
    let ended = folder.run(&format!(
        "--source file:good --source file:/proc/self/mem {TO_OUT}"
    ));
    let ended = ended
        .exits(1)
        .balances()
        .says("source: /proc/self/mem: Input/output error");
    assert_eq!(ended.figure("/ledger/delivered"), 1);
}

#[test]
fn a_proc_file_is_read_whole() {
    let folder = Folder::new();
    let ended = folder.run(&format!("--source file:/proc/filesystems {TO_OUT}"));
    ended.delivers_everything();
    assert_eq!(folder.read("out"), fs::read("/proc/filesystems").unwrap());
}

/// Runs with `stdin` as standard input.
#[track_caller]
fn with_stdin(folder: &Folder, stdin: impl Into<Stdio>) -> Ended {
    let arguments = format!("--source stdin {TO_OUT}");
    let live = folder.start_with(&arguments, |command| {
        command.stdin(stdin);
    });
    live.end()
}

#[test]
fn standard_input_that_is_a_directory_is_refused() {
    let folder = Folder::new();
    let ended = with_stdin(&folder, File::open("/").unwrap());
    ended.exits(2).says("source: is a directory");
    assert!(folder.names().is_empty());
}

#[test]
fn standard_input_may_be_a_socket() {
    let folder = Folder::new();
    let (ours, its) = UnixStream::pair().unwrap();
    let live = folder.start_with(&format!("--source stdin {TO_OUT}"), |command| {
        command.stdin(std::os::fd::OwnedFd::from(its));
    });
    (&ours).write_all(b"one\ntw").unwrap();
    live.wait_until("the first", || folder.len("out") == 4);
    (&ours).write_all(b"o").unwrap();
    drop(ours);
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"one\ntwo\n");
}

/// A new terminal: the end for the program, and the end that types and reads.
fn terminal() -> (File, File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let mut options = OpenOptions::new();
    let slave = options.read(true).write(true).open(name).unwrap();
    (slave, File::from(master))
}

#[test]
fn standard_input_may_be_a_terminal_that_ends_at_the_first_control_d() {
    let folder = Folder::new();
    let (slave, mut master) = terminal();
    let live = folder.start_with(&format!("--source stdin {TO_OUT}"), |command| {
        command.stdin(slave);
    });
    live.wait_until_it_listens();
    // Control-D ends a line without its newline; once more, at the start of one, it ends the input.
    master.write_all(b"one\ntwo\x04\x04").unwrap();
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"one\ntwo\n");
}

#[test]
fn an_endless_configuration_file_is_refused() {
    let folder = Folder::new();
    let ended = folder.run("--config /dev/zero --count 1").exits(2);
    ended.says("/dev/zero: is longer than 1 MiB");
    assert!(folder.names().is_empty());
}
