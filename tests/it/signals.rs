//! What signals do beside stopping a run: two at once, a hang-up, the state, a process that is stopped.

use std::fs::{self, File};
use std::io::{PipeWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use splashdam::{Batch, Pipeline, Sink, SinkError, Wrote};

use crate::support::library::{self, config, told};
use crate::support::{
    Folder, Live, PROGRAM, Rng, SMALL, for_each, patiently, run_arguments, seed, wanted,
};

#[test]
fn timeout_signals_twice_and_nothing_is_abandoned() {
    let mut rng = Rng(seed());
    let moments: Vec<_> = (0..wanted("SPLASHDAM_TIMEOUTS", 8))
        .map(|_| format!("0.{:03}", 50 + rng.below(950)))
        .collect();
    for_each(&moments, 4, |moment| {
        let folder = Folder::new();
        let mut command = folder.command("timeout");
        // A drain takes 100 ms: there is something to abandon.
        let run = format!("--sink delay:10ms,file:out --throttle off --workers 1 {SMALL}");
        command.args(["--preserve-status", moment, PROGRAM]);
        command.args(run_arguments(&run));
        let ended = folder.spawn(command).end();
        if ended.report.is_null() {
            // It came before the program was listening.
            assert_eq!((folder.len("out"), ended.code), (0, Some(143)), "{ended:?}");
            return;
        }
        let ended = ended.delivers_everything();
        folder.holds_whole("out", ended.figure("/ledger/produced"));
    });
}

#[test]
fn time_in_which_the_process_is_stopped_is_not_part_of_the_drain_timeout() {
    let folder = Folder::new();
    // 32 batches: a drain of 640 ms.
    let live = folder.start(
        "--sink delay:20ms,file:out --throttle off --workers 1 --drain-timeout 3s --batch-size 16 --channel-size 512 \
         --lane-bytes 128KiB --batch-bytes 32KiB",
    );
    live.wait_until("some output", || folder.len("out") > 10_000);
    live.send(Signal::TERM);
    live.wait_for_words("Shutdown signal received!");
    live.send(Signal::STOP);
    let stopped = Instant::now();
    live.wait_until("longer than the timeout", || {
        stopped.elapsed() > Duration::from_secs(4)
    });
    live.send(Signal::CONT);
    live.end().delivers_everything();
}

/// A run that waits for lines on a pipe, with a file each of sink and spill in the folder `logs`.
fn fed(arguments: &str) -> (Folder, Live, PipeWriter) {
    let folder = Folder::new();
    fs::create_dir(folder.path("logs")).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let run = format!("--source stdin --batch-timeout 1ms {arguments} {SMALL}");
    let live = folder.start_with(&run, |command| {
        command.stdin(reader);
    });
    writer.write_all(b"{\"seq\":0}\n").unwrap();
    (folder, live, writer)
}

#[test]
fn a_hangup_has_an_idle_run_open_its_outputs_again() {
    let (folder, live, mut input) = fed("--sink file:logs/out --spill logs/rest --workers 2");
    live.wait_until("the line", || folder.len("logs/out") > 0);
    for name in ["out", "rest"] {
        let from = folder.path(&format!("logs/{name}"));
        fs::rename(from, folder.path(&format!("logs/{name}.1"))).unwrap();
    }
    live.send(Signal::HUP);
    // Nothing is written, and both are there.
    live.wait_until("new files", || {
        ["out", "rest"].map(|name| folder.path(&format!("logs/{name}")).exists()) == [true; 2]
    });
    live.wait_for_words("SIGHUP received: outputs are opened again\n");
    input.write_all(b"{\"seq\":1}\n").unwrap();
    live.wait_until("the next line", || folder.len("logs/out") > 0);
    drop(input);
    let ended = live.end().delivers_everything();
    assert!(!ended.stderr.contains("Shutdown"), "{}", ended.stderr);
    assert_eq!(ended.report["stop"]["cause"], "end of input");
    folder.holds_whole("logs/out logs/out.1", 2);
}

#[test]
fn an_interval_log_that_was_rotated_away_goes_on_in_a_new_file_with_a_header_of_its_own() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--hlog log --metrics-interval 20ms --producer-rate 20000/s --batch-timeout 1ms {SMALL}"
    ));
    let intervals = |name: &str| {
        let log = fs::read_to_string(folder.path(name)).unwrap_or_default();
        let lines = log.lines().filter(|line| line.starts_with("Tag=response,"));
        lines.count()
    };
    live.wait_until("an interval", || intervals("log") > 0);
    fs::rename(folder.path("log"), folder.path("log.1")).unwrap();
    live.send(Signal::HUP);
    live.wait_until("a new log with an interval", || intervals("log") > 0);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    let all = ended.report["intervals"].as_array().unwrap().len();
    assert_eq!(intervals("log") + intervals("log.1"), all);
    let [new, old] = ["log", "log.1"].map(|name| String::from_utf8(folder.read(name)).unwrap());
    let header = |log: &str| {
        let (header, _) = log.split_once("Tag=").unwrap();
        header.to_owned()
    };
    assert_eq!(header(&new), header(&old));
    assert!(new.starts_with('#'), "{new}");
}

#[test]
fn a_hangup_reaches_the_files_of_workers_that_are_not_active() {
    let workers = "--min-workers 1 --max-workers 3 --autoscale-interval 1h";
    let (folder, live, input) = fed(&format!("--sink file:logs/out-{{worker}} {workers}"));
    live.wait_until("the line", || folder.len("logs/out-0") > 0);
    fs::rename(folder.path("logs"), folder.path("old")).unwrap();
    fs::create_dir(folder.path("logs")).unwrap();
    live.send(Signal::HUP);
    live.wait_until("three new files", || {
        fs::read_dir(folder.path("logs")).unwrap().count() == 3
    });
    drop(input);
    live.end().delivers_everything();
}

#[test]
fn an_output_that_cannot_be_opened_again_is_a_warning_and_loses_nothing() {
    let (folder, live, mut input) = fed("--sink file:logs/out --workers 1");
    live.wait_until("the line", || folder.len("logs/out") > 0);
    fs::rename(folder.path("logs"), folder.path("old")).unwrap();
    live.send(Signal::HUP);
    live.wait_for_words("warning: worker 0: sink: logs/out, moved away, cannot be opened again");
    live.wait_for_words("; it was not opened again\n");
    fs::create_dir(folder.path("logs")).unwrap();
    input.write_all(b"{\"seq\":1}\n").unwrap();
    drop(input);
    live.end().delivers_everything();
    folder.holds_whole("old/out logs/out", 2);
}

#[test]
fn a_hangup_of_the_terminal_stops_a_run_unless_it_is_to_reopen() {
    let ways = [
        ("", true),
        ("--on-hangup auto", true),
        ("--on-hangup reopen", false),
    ];
    for (on_hangup, stops) in ways {
        let folder = Folder::new();
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let stderr = File::options().write(true).open(name.to_str().unwrap());
        let run = format!("--sink file:out --producer-rate 20000/s {on_hangup} -q {SMALL}");
        let live = folder.start_with(&run, |command| {
            command.stderr(stderr.unwrap());
        });
        live.wait_until("some output", || folder.len("out") > 0);
        live.send(Signal::HUP);
        if !stops {
            let before = folder.len("out");
            live.wait_until("more output", || folder.len("out") > before + 100_000);
            live.send(Signal::TERM);
        }
        let ended = live.end().delivers_everything();
        let cause = if stops { "SIGHUP" } else { "SIGTERM" };
        assert_eq!(ended.report["stop"]["cause"], cause, "{on_hangup}");
    }
}

#[test]
fn an_unknown_action_for_a_hangup_is_refused() {
    let ended = Folder::new().run("--on-hangup ignore").exits(2);
    ended.says("--on-hangup \"ignore\" is not accepted: expected auto, stop or reopen");
}

#[test]
fn sigusr1_prints_the_state_at_once_and_who_makes_no_progress() {
    for quiet in ["", "-q"] {
        let folder = Folder::new();
        let live = folder.start(&format!(
            "{quiet} --sink delay:1h --min-workers 1 --max-workers 2 --autoscale-interval 1h --throttle off \
             --drain-timeout 0 {SMALL}"
        ));
        live.wait_until_it_listens();
        live.insist(Signal::USR1, "a full lane without progress", || {
            live.says("worker 0     queue 512 of 512 records, delivered 0, no progress for ")
        });
        for words in [
            "state        after ",
            ", 1 of 2 workers active\n",
            "\nledger       produced ",
            " = delivered 0 + dropped 0 + spilled 0 + waiting ",
            "\nbackpressure 0 throttle pauses (0s), ",
            "\nworker 1     queue 0 of 512 records, delivered 0, not active\n",
        ] {
            assert!(live.says(words), "{words}");
        }
        live.send(Signal::TERM);
        live.end().exits(4).balances();
    }
}

#[test]
fn sigusr1_and_sigusr2_end_no_run_at_any_moment() {
    let kinds = [Signal::USR1, Signal::USR2];
    for_each(&kinds, 2, |signal| {
        let folder = Folder::new();
        let live = folder.start(&format!(
            "--sink delay:1ms,file:out --throttle off --count 20000 --workers 2 {SMALL}"
        ));
        live.wait_until_it_catches(&[Signal::USR1, Signal::USR2]);
        let ended = live.end_insisting(*signal).delivers_everything();
        folder.holds_whole("out", 20_000);
        if *signal == Signal::USR2 {
            assert!(!ended.stderr.contains("state "), "{}", ended.stderr);
        }
    });
}

#[test]
fn signals_that_stop_nothing_end_no_run_that_is_being_set_up() {
    let folder = Folder::new();
    let mode = Mode::from_raw_mode(0o600);
    mknodat(CWD, folder.path("c.toml"), FileType::Fifo, mode, 0).unwrap();
    // It waits for its configuration.
    let live = folder.start(&format!(
        "--config c.toml --count 10 --sink file:out {SMALL}"
    ));
    live.wait_until_it_catches(&[Signal::USR1, Signal::USR2]);
    live.send(Signal::USR2);
    live.send(Signal::USR1);
    live.wait_for_words("state        the run has not begun\n");
    fs::write(folder.path("c.toml"), "max_workers = 1\n").unwrap();
    live.end().delivers_everything();
}

/// Counts how often it was reopened.
struct Reopens(Arc<AtomicUsize>);

impl Sink for Reopens {
    fn write(&mut self, _: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::All)
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[test]
fn a_program_reopens_the_outputs_of_all_workers() {
    let reopened = Arc::new(AtomicUsize::new(0));
    let (tell, source) = told();
    let sinks = {
        let reopened = Arc::clone(&reopened);
        move |_: usize| Ok(Reopens(Arc::clone(&reopened)))
    };
    let config = config(|config| config.scaling.max_workers = 3);
    let running = Pipeline::new(source, sinks).config(config).start().unwrap();
    for requests in 1..=2 {
        if requests == 1 {
            running.reopen();
        } else {
            running.stopper().reopen();
        }
        let all = patiently(|| (reopened.load(Ordering::Relaxed) == 3 * requests).then_some(()));
        assert!(all.is_some(), "{reopened:?} of {}", 3 * requests);
    }
    running.stop();
    let outcome = library::join(running);
    assert_eq!(outcome.exit_code(), 0);
    drop(tell); // keeps the source open until here
}
