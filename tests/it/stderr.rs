//! A standard error that nobody reads: nothing waits for it, and no figure is lost.

use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{Ended, Folder, Live, SMALL, for_each};

/// A pipe that takes only so many bytes, rounded up to pages.
fn small_pipe(bytes: usize) -> (PipeReader, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, bytes).unwrap();
    (reader, writer)
}

/// A pipe that is full.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(b"\n").is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

/// A terminal: its other side, and the side of the program.
fn terminal() -> (File, File) {
    let other = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&other).unwrap();
    unlockpt(&other).unwrap();
    let name = ptsname(&other, Vec::new()).unwrap();
    let side = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap());
    (File::from(other), side.unwrap())
}

fn start(folder: &Folder, arguments: &str, stderr: impl Into<std::process::Stdio>) -> Live {
    folder.start_with(arguments, |command| {
        command.stderr(stderr);
    })
}

/// What a run writes about itself, each into its own file.
const FILES: &str = "--html page --hgrm hgrm --hlog hlog";

/// Checks that a run lost no record, no figure and no file.
#[track_caller]
fn is_whole(folder: &Folder, ended: Ended, code: i32) -> Ended {
    let ended = ended.exits(code).balances();
    let delivered = ended.figure("/ledger/delivered");
    assert!(delivered > 0);
    assert_eq!(ended.figure("/latency/response/count"), delivered);
    let intervals = ended.report["intervals"].as_array().unwrap().iter();
    let processed = intervals.map(|interval| interval["processed"].as_u64().unwrap());
    assert_eq!(processed.sum::<u64>(), delivered);
    for file in ["page", "hgrm", "hlog"] {
        assert!(folder.len(file) > 0, "no {file}");
    }
    let hgrm = String::from_utf8(folder.read("hgrm")).unwrap();
    assert!(
        hgrm.contains(&format!("Total count    = {delivered:>12}")),
        "{hgrm}"
    );
    ended
}

#[test]
fn a_run_whose_stderr_is_read_no_more_at_some_moment_ends_with_every_figure_and_file() {
    // The pipe is full after so many bytes, from the first line on.
    for_each(&[0, 1, 200, 3_000, 40_000], 2, |&(mut left)| {
        let folder = Folder::new();
        let (mut reader, writer) = small_pipe(4_096);
        let live = start(
            &folder,
            &format!(
                "--producer-rate 2000/s --duration 900ms --metrics-interval 10ms --sink file:out {FILES} {SMALL}"
            ),
            writer,
        );
        let reading = std::thread::spawn(move || {
            while left > 0 {
                match reader.read(&mut vec![0; left.min(100)]) {
                    Ok(n @ 1..) => left -= n,
                    _ => break,
                }
            }
            reader // stays open, unread
        });
        is_whole(&folder, live.end(), 0);
        drop(reading.join().unwrap());
    });
}

#[test]
fn all_files_are_written_before_the_summary_is_said() {
    let folder = Folder::new();
    let live = folder.start(&format!("--count 1000 {FILES} {SMALL}"));
    live.wait_for_words("Program finished");
    for file in ["report.json", "page", "hgrm", "hlog"] {
        assert!(folder.len(file) > 0, "no {file}");
    }
    is_whole(&folder, live.end(), 0);
}

#[test]
fn warnings_to_a_full_stderr_stall_no_record() {
    let folder = Folder::new();
    let long = "x".repeat(200) + "\n";
    folder.write("in", ("short\n".to_owned() + &long).repeat(50) + "last\n");
    let (_reader, writer) = full_pipe();
    let arguments =
        format!("--source file:in --sink file:out --workers 1 --max-record-bytes 100 {FILES}");
    let ended = is_whole(&folder, start(&folder, &arguments, writer).end(), 3);
    assert_eq!(ended.figure("/ledger/dropped_by_reason/too_long"), 50);
    assert_eq!(
        folder.read("out"),
        ("short\n".repeat(50) + "last\n").into_bytes()
    );
}

#[test]
fn a_full_stderr_from_the_start_hinders_neither_a_duration_nor_a_signal() {
    // Two threads on one CPU are worth a warning before the first record.
    let cpu = core_affinity::get_core_ids().unwrap()[0].id;
    let arguments = format!(
        "--cores {cpu} --max-workers 2 --producer-rate 1000/s --sink file:out {FILES} {SMALL}"
    );
    let (folder, (_reader, writer)) = (Folder::new(), full_pipe());
    let live = start(&folder, &format!("--duration 500ms {arguments}"), writer);
    is_whole(&folder, live.end(), 0);
    let (folder, (_reader, writer)) = (Folder::new(), full_pipe());
    let live = start(&folder, &arguments, writer);
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::TERM);
    let ended = is_whole(&folder, live.end(), 0);
    assert_eq!(ended.report["stop"]["cause"], "SIGTERM");
}

#[test]
fn a_terminal_stopped_by_ctrl_s_stalls_nothing_and_goes_on_with_ctrl_q() {
    let folder = Folder::new();
    let (mut screen, side) = terminal();
    screen.write_all(b"\x13").unwrap();
    let arguments = format!(
        "--count 600 --producer-rate 1000/s --metrics-interval 10ms --sink file:out {FILES} {SMALL}"
    );
    let live = start(&folder, &arguments, side);
    live.wait_until("the report", || folder.len("report.json") > 0);
    screen.write_all(b"\x11").unwrap();
    let reading = std::thread::spawn(move || {
        let (mut text, mut chunk) = (Vec::new(), [0; 4_096]);
        while let Ok(n @ 1..) = screen.read(&mut chunk) {
            text.extend_from_slice(&chunk[..n]);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    is_whole(&folder, live.end(), 0);
    let text = reading.join().unwrap();
    assert!(
        text.contains("ledger       produced 600 = delivered 600"),
        "{text}"
    );
    // The same for ever.
    let folder = Folder::new();
    let (mut screen, side) = terminal();
    screen.write_all(b"\x13").unwrap();
    is_whole(&folder, start(&folder, &arguments, side).end(), 0);
}

/// How many messages were lost, by the lines that say so.
fn lost(stderr: &str) -> usize {
    let lines = stderr.lines().filter_map(|line| {
        let count = line.strip_prefix("warning: ")?;
        count.strip_suffix(" messages were lost while standard error was not read")
    });
    lines
        .map(|count| count.replace(',', "").parse::<usize>().unwrap())
        .sum()
}

#[test]
fn lines_that_nobody_read_in_time_are_counted_and_said_when_there_is_room_again() {
    let folder = Folder::new();
    let (mut reader, writer) = small_pipe(4_096);
    let live = start(
        &folder,
        &format!(
            "--producer-rate 1000/s --metrics-interval 10ms --autoscale off --sink file:out {SMALL}"
        ),
        writer,
    );
    let mut text = String::new();
    for attempt in 1.. {
        // Not read while so many records are written - a busy machine skips intervals, and needs more - and then up to
        // a line that says so, or beyond what the queue holds.
        let before = folder.len("out");
        live.wait_until("output", || {
            folder.len("out") > before + attempt * 3_000 * 75
        });
        let end = text.len() + 200 * 100;
        let mut chunk = [0; 4_096];
        while lost(&text) == 0 && text.len() < end {
            let n = reader.read(&mut chunk).unwrap();
            text.push_str(std::str::from_utf8(&chunk[..n]).unwrap());
        }
        if lost(&text) > 0 {
            break;
        }
        assert!(attempt < 6, "nothing was lost, or nothing said so: {text}");
    }
    live.send(Signal::TERM);
    let rest = std::thread::spawn(move || {
        reader.read_to_string(&mut text).unwrap();
        text
    });
    let ended = live.end().delivers_everything();
    let text = rest.join().unwrap();
    let lines = text.lines().filter(|line| line.starts_with("[METRICS]"));
    let intervals = ended.report["intervals"].as_array().unwrap().len();
    // The last interval has no line.
    assert_eq!(lines.count() + lost(&text), intervals - 1);
    assert!(text.contains("Program finished\n"), "{text}");
}

#[test]
fn a_panic_of_a_sink_is_said_and_stalls_nothing_where_nobody_reads() {
    let arguments = format!("--count 1000 --sink fault:panic-after=100 --workers 1 {SMALL}");
    let ended = Folder::new().run(&arguments).exits(1);
    ended.says("error: thread 'worker-0' panicked at ");
    let (folder, (_reader, writer)) = (Folder::new(), full_pipe());
    let ended = start(&folder, &arguments, writer).end().exits(1);
    assert_eq!(
        ended.report["stop"]["failures"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_stderr_that_is_not_blocking_loses_nothing() {
    let folder = Folder::new();
    let (mut reader, writer) = small_pipe(4_096);
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    let arguments = "--count 300 --max-workers 300 --batch-size 1 --batch-timeout 0 --channel-size 16 \
         --pin off --lane-bytes 4KiB --batch-bytes 1KiB --max-record-bytes 1KiB";
    let live = start(&folder, arguments, writer);
    // Its summary has 300 lines and more: several times what the pipe holds.
    live.wait_until("the report", || folder.len("report.json") > 0);
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        reader.read_to_string(&mut text).map(|_| text)
    });
    live.end().delivers_everything();
    let text = reading.join().unwrap().unwrap();
    assert!(
        text.lines().any(|line| line.starts_with("   299 ")),
        "{text}"
    );
}
