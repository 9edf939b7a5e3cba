//! Runs that end in order: every accepted record is delivered, and the exit code is 0.

use std::fs;
use std::io::{PipeWriter, Read, Write};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use splashdam::sinks::Null;
use splashdam::{Pipeline, StopCause};

use crate::support::library::{self, config, told};
use crate::support::{
    Folder, Live, Rng, SMALL, for_each, run_arguments, seed, sorted_lines, wanted,
};

const SIGNALS: [(Signal, &str); 3] = [
    (Signal::INT, "SIGINT"),
    (Signal::TERM, "SIGTERM"),
    (Signal::HUP, "SIGHUP"),
];

#[test]
fn the_cause_of_a_stop_is_never_lost() {
    // A pipeline with nothing to drain may end before the requesting thread goes on, if that shares the producer's CPU
    // and has used up its time slice.
    let producers = core_affinity::get_core_ids().unwrap()[0];
    for _ in 0..20 {
        let (tell, source) = told();
        let pipeline = Pipeline::new(source, |_: usize| Ok(Null)).config(config(|_| ()));
        let running = pipeline.start().unwrap();
        let stop = running.stopper();
        let asked = std::thread::spawn(move || {
            core_affinity::set_for_current(producers);
            let share = Instant::now() + Duration::from_millis(5);
            while Instant::now() < share {}
            stop.request(StopCause::Signal(15));
        });
        let outcome = library::join(running);
        asked.join().unwrap();
        assert_eq!(outcome.cause, StopCause::Signal(15));
        drop(tell); // keeps the source open until here
    }
}

/// A run whose standard input is a pipe that stays open.
fn fed(folder: &Folder, arguments: &str) -> (Live, PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let live = folder.start_with(arguments, |command| {
        command.stdin(reader);
    });
    (live, writer)
}

#[test]
fn a_count_stops_a_run_at_exactly_that_many() {
    for count in [1, 255, 256, 257, 10_000] {
        let folder = Folder::new();
        let ended = folder.run(&format!("--count {count} --sink file:out {SMALL}"));
        let ended = ended.delivers_everything().says("Program finished\n");
        assert_eq!(ended.figure("/ledger/produced"), count);
        assert_eq!(ended.report["stop"]["cause"], "count reached");
        folder.holds_whole("out", count);
    }
}

#[test]
fn a_duration_stops_a_run_and_not_earlier() {
    let folder = Folder::new();
    let ended = folder.run(&format!("--duration 300ms --sink file:out {SMALL}"));
    let ended = ended.delivers_everything().says("Program finished\n");
    assert!(ended.measure("/throughput/elapsed_s") >= 0.3);
    assert_eq!(ended.report["stop"]["cause"], "duration over");
    folder.holds_whole("out", ended.figure("/ledger/produced"));
}

#[test]
fn the_end_of_the_input_stops_a_run() {
    let ended = Folder::new().pipe(b"one\ntwo\n", &format!("--source stdin {SMALL}"));
    let ended = ended.delivers_everything().says("Program finished\n");
    assert_eq!(ended.report["stop"]["cause"], "end of input");
    assert_eq!(ended.figure("/ledger/produced"), 2);
}

#[test]
fn each_stop_signal_stops_a_run_in_order() {
    for (signal, name) in SIGNALS {
        let folder = Folder::new();
        let live = folder.start(&format!(
            "--sink file:out --producer-rate 50000/s --on-hangup stop {SMALL}"
        ));
        live.wait_until("some output", || folder.len("out") > 10_000);
        live.send(signal);
        let ended = live.end().delivers_everything();
        let ended = ended
            .says("Shutdown signal received!\n")
            .says("Program finished\n");
        assert_eq!(ended.report["stop"]["cause"], name);
        folder.holds_whole("out", ended.figure("/ledger/produced"));
    }
}

#[test]
fn a_signal_stops_a_run_on_silent_stdin() {
    let folder = Folder::new();
    let arguments = format!("--source stdin --sink file:out --batch-timeout 1ms {SMALL}");
    let (live, mut writer) = fed(&folder, &arguments);
    writer.write_all(b"one\n").unwrap();
    live.wait_until("the line", || folder.len("out") > 0);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.report["stop"]["cause"], "SIGTERM");
    drop(writer); // keeps the pipe open until here
}

#[test]
fn a_duration_stops_a_run_on_silent_stdin() {
    let folder = Folder::new();
    let (live, writer) = fed(&folder, &format!("--source stdin --duration 50ms {SMALL}"));
    let ended = live.end().delivers_everything();
    assert_eq!(ended.report["stop"]["cause"], "duration over");
    drop(writer); // keeps the pipe open until here
}

#[test]
fn stdin_read_before_a_stop_is_delivered() {
    let folder = Folder::new();
    let arguments = format!("--source stdin --sink file:out --batch-timeout 1ms {SMALL}");
    let (live, mut writer) = fed(&folder, &arguments);
    // In one write, so that the beginning of the third line is read together with the first two.
    writer.write_all(b"one\ntwo\nthr").unwrap();
    live.wait_until("the lines", || folder.len("out") == 8);
    live.send(Signal::INT);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.figure("/ledger/produced"), 3);
    assert_eq!(folder.read("out"), b"one\ntwo\nthr\n");
    drop(writer); // keeps the pipe open until here
}

#[test]
fn stdin_read_before_a_stop_is_delivered_by_a_slow_sink() {
    let folder = Folder::new();
    let (live, mut writer) = fed(
        &folder,
        "--source stdin --sink delay:2ms,file:out --workers 1 --channel-size 10 --batch-size 5 \
         --lane-bytes 64KiB",
    );
    let lines = (0..1_000).map(|seq| format!("{{\"seq\":{seq}}}\n"));
    let lines: Vec<_> = lines.collect();
    writer.write_all(lines.concat().as_bytes()).unwrap();
    live.wait_until("an empty pipe", || {
        rustix::io::ioctl_fionread(&writer).unwrap() == 0
    });
    live.send(Signal::INT);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.figure("/ledger/produced"), 1_000);
    folder.holds_whole("out", 1_000);
    drop(writer); // keeps the pipe open until here
}

#[test]
fn a_signal_ignored_at_the_start_stays_ignored() {
    let folder = Folder::new();
    let mut command = folder.command("sh");
    command.args([
        "-c",
        "trap '' HUP; exec \"$0\" \"$@\"",
        crate::support::PROGRAM,
    ]);
    let arguments = "--sink file:out --producer-rate 20000/s --batch-timeout 1ms --workers 1";
    command.args(run_arguments(arguments));
    let live = folder.spawn(command);
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::HUP);
    for _ in 0..3 {
        let before = folder.len("out");
        live.wait_until("more output", || folder.len("out") > before + 40_000);
    }
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.report["stop"]["cause"], "SIGTERM");
    assert_eq!(
        ended.stderr.matches("Shutdown signal received!").count(),
        1,
        "{}",
        ended.stderr
    );
}

/// Stops one run: at once, or after that many bytes of output.
fn stops_whole(signal: Signal, after_bytes: Option<u64>, rate: &str, workers: &str, sink: &str) {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink {sink} --producer-rate {rate} {workers} --batch-timeout 2ms {SMALL}"
    ));
    let files = || folder.names().into_iter().filter(|n| n.starts_with("out"));
    match after_bytes {
        None => live.wait_until_it_listens(),
        Some(bytes) => live.wait_until("some output", || {
            files().map(|name| folder.len(&name)).sum::<u64>() > bytes
        }),
    }
    live.send(signal);
    let ended = live.end().delivers_everything();
    let names: Vec<_> = files().collect();
    folder.holds_whole(&names.join(" "), ended.figure("/ledger/produced"));
}

#[test]
fn fifty_stops_at_random_moments_lose_nothing() {
    let mut rng = Rng(seed());
    let mut stops = Vec::new();
    for stop in 0..wanted("SPLASHDAM_STOPS", 50) {
        let signal = rng.pick(&[Signal::INT, Signal::TERM]);
        let after_bytes = (stop % 5 != 0).then(|| rng.below(300_000));
        let rate = rng.pick(&["max", "30000/s", "100000/s"]);
        let sink = rng.pick(&["file:out", "file:out", "file:out-{worker}"]);
        let scaled = "--min-workers 1 --max-workers 3 --autoscale-interval 1ms";
        let workers = rng.pick(&["--workers 3", "--workers 3", scaled]);
        println!("stop {stop}: {signal:?} after {after_bytes:?} bytes, {rate}, {workers}, {sink}");
        stops.push((signal, after_bytes, rate, workers, sink));
    }
    for_each(&stops, 4, |(signal, after_bytes, rate, workers, sink)| {
        stops_whole(*signal, *after_bytes, rate, workers, sink);
    });
}

/// Starts a run whose standard output is a pipe, reads a little of it, and closes it.
fn read_a_little(folder: &Folder, arguments: &str) -> Live {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let live = folder.start_with(arguments, |command| {
        command.stdout(writer);
    });
    let mut first = [0; 100];
    reader.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"{\"msg\":"), "{first:?}");
    live
}

#[test]
fn a_reader_that_closes_stdout_ends_the_run_in_order() {
    for workers in [
        "--workers 1",
        "--workers 3",
        "--min-workers 1 --max-workers 3",
    ] {
        let folder = Folder::new();
        let arguments = format!("--sink stdout {workers} {SMALL}");
        let ended = read_a_little(&folder, &arguments).end();
        let ended = ended.exits(0).balances().says("Program finished\n");
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        assert_eq!(ended.report["stop"]["cause"], "reader closed the output");
        assert!(ended.figure("/ledger/dropped_by_reason/reader_closed") > 0);
        assert_eq!(
            ended.figure("/ledger/abandoned"),
            0,
            "{workers}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_reader_that_closes_in_mid_batch_fails_no_worker() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().unwrap();
    // A batch is longer than a pipe holds, and the pipe is full in mid-record: one worker blocks there, while the
    // others wait for the lock.
    let live = folder.start_with(
        "--sink stdout --workers 3 --metrics-interval 50ms --record-bytes 1000 --channel-size 100 --batch-size 100 --lane-bytes 256KiB \
         --batch-bytes 128KiB --max-record-bytes 1KiB",
        |command| {
            command.stdout(writer);
        },
    );
    live.wait_for_words("| Queue=300/300 |");
    drop(reader);
    let ended = live.end().exits(0).balances();
    assert_eq!(ended.report["stop"]["cause"], "reader closed the output");
    assert_eq!(ended.figure("/ledger/abandoned"), 0, "{}", ended.report);
}

#[test]
fn a_reader_that_closes_during_the_drain_ends_it_without_failure() {
    // The second has retired workers, which get no records and so do not notice that the reader is gone.
    let shapes = [
        "--workers 1",
        "--min-workers 1 --max-workers 3 --autoscale-interval 1h",
    ];
    let runs = shapes.map(|workers| {
        let (reader, writer) = std::io::pipe().unwrap();
        let arguments = format!(
            "--sink stdout {workers} --metrics-interval 50ms --channel-size 100 --batch-size 10 --lane-bytes 64KiB"
        );
        let folder = Folder::new();
        let live = folder.start_with(&arguments, |command| {
            command.stdout(writer);
        });
        (workers, folder, reader, live)
    });
    // One Ctrl-C reaches both sides of a shell's pipeline: the signal comes first, then the reader closes.
    for (workers, _folder, reader, live) in runs {
        live.wait_for_words("| Queue=100/100 |");
        live.send(Signal::INT);
        live.wait_for_words("Shutdown signal received!");
        drop(reader);
        let ended = live.end().exits(0).balances();
        assert_eq!(
            ended.figure("/ledger/abandoned"),
            0,
            "{workers}: {}",
            ended.stderr
        );
        assert!(ended.figure("/ledger/dropped_by_reason/reader_closed") > 100);
    }
}

#[test]
fn a_shell_pipeline_into_head_succeeds_on_both_sides() {
    let folder = Folder::new();
    let mut command = folder.command("bash");
    let run = run_arguments(&format!("--sink stdout --workers 2 {SMALL}")).join(" ");
    let script = format!(
        "{} {run} | head -n 5; exit ${{PIPESTATUS[0]}}",
        crate::support::PROGRAM
    );
    command.args(["-c", &script]);
    let ended = folder.spawn(command).end().exits(0).balances();
    assert_eq!(sorted_lines(&ended.stdout).len(), 5);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}

#[test]
fn a_duration_ends_a_run_whose_warnings_nobody_reads() {
    let folder = Folder::new();
    let (_reader, mut writer) = std::io::pipe().unwrap();
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[0]).is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    // Two threads on one CPU are worth a warning.
    let cpu = core_affinity::get_core_ids().unwrap()[0].id;
    let run = format!("--cores {cpu} --max-workers 2 --duration 500ms --producer-rate 1000/s");
    let live = folder.start_with(&format!("{run} --sink file:out {SMALL}"), |command| {
        command.stderr(writer);
    });
    let produces = || {
        let threads = fs::read_dir(format!("/proc/{}/task", live.id())).unwrap();
        let names = threads.map(|thread| fs::read(thread.unwrap().path().join("comm")));
        names.flatten().any(|name| name == b"producer\n")
    };
    live.wait_until("a record", || {
        fs::metadata(folder.path("out")).is_ok_and(|out| out.len() > 0)
    });
    live.wait_until("the end of the producer", || !produces());
}
