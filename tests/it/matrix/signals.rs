//! Each signal, once and twice, in each phase: one drains, a second one halts, and SIGPIPE does neither.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use super::{accounted_for, code_of};
use crate::support::{Folder, Live, PROGRAM, SMALL, for_each, run_arguments};

/// A phase of a run: the arguments that lead to it, and how to wait for it.
struct Phase {
    name: &'static str,
    arguments: &'static str,
    reached: fn(&Folder, &Live),
}

fn has_output(folder: &Folder, live: &Live) {
    live.wait_until("some output", || folder.len("out") > 10_000);
}

const PHASES: [Phase; 6] = [
    Phase {
        name: "start",
        arguments: "--sink file:out",
        reached: |_, live| live.wait_until_it_listens(),
    },
    Phase {
        name: "running",
        arguments: "--sink file:out --producer-rate 30000/s",
        reached: has_output,
    },
    Phase {
        name: "throttled",
        arguments: "--sink delay:1ms,file:out --throttle 0.1:2ms",
        reached: has_output,
    },
    Phase {
        name: "full",
        arguments: "--sink delay:250ms,file:out --throttle off",
        reached: has_output,
    },
    Phase {
        name: "draining",
        arguments: "--sink delay:250ms,file:out --throttle off",
        reached: |folder, live| {
            has_output(folder, live);
            live.send(Signal::TERM);
            live.wait_for_words("Shutdown signal received!");
        },
    },
    Phase {
        name: "retrying",
        arguments: "--sink fault:retry=1,file:out --drain-timeout 3s",
        reached: |_, live| live.wait_for_words("trying again"),
    },
];

/// SIGPIPE is one of them: a run ignores it.
const SIGNALS: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::PIPE];

/// Sends a signal that many times in a phase, and returns the exit code.
fn sent(phase: &Phase, signal: Signal, times: usize) -> i32 {
    let folder = Folder::new();
    let arguments = format!(
        "{} --workers 2 --batch-timeout 5ms --spill rest --on-hangup stop {SMALL}",
        phase.arguments
    );
    let live = folder.start(&arguments);
    (phase.reached)(&folder, &live);
    live.send(signal);
    if signal == Signal::PIPE && phase.name != "draining" {
        live.send(Signal::TERM);
    }
    let ended = if signal != Signal::PIPE && times == 2 {
        live.end_insisting(signal)
    } else {
        live.end()
    };
    let ended = ended.balances();
    let code = code_of(&ended);
    let context = format!("{} {signal:?} {times}\n{}", phase.name, ended.stderr);
    assert_eq!(ended.code, Some(code), "{context}");
    assert_eq!(ended.figure("/ledger/abandoned"), 0, "{context}");
    let files = ["out", "rest"].map(str::to_owned);
    accounted_for(&folder, &files, &ended, 0);
    code
}

#[test]
fn one_signal_drains_and_a_second_one_halts_in_every_phase() {
    let (in_time, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut all = Vec::new();
    for phase in &PHASES {
        for signal in SIGNALS {
            all.extend([1, 2].map(|times| (phase, signal, times)));
        }
    }
    for_each(&all, 4, |(phase, signal, times)| {
        let code = sent(phase, *signal, *times);
        let drained = if phase.name == "retrying" { 4 } else { 0 };
        let halted = 128 + signal.as_raw();
        // A run that drains has received one before, which counts as the first if this one comes late.
        let second = *signal != Signal::PIPE && (*times == 2 || phase.name == "draining");
        // A run may have drained before the second signal counts.
        let allowed = if second {
            vec![halted, drained]
        } else {
            vec![drained]
        };
        assert!(
            allowed.contains(&code),
            "{} {signal:?} {times}: {code}",
            phase.name
        );
        if *signal != Signal::PIPE
            && *times == 2
            && ["full", "draining", "retrying"].contains(&phase.name)
        {
            let came = if code == halted { &in_time } else { &late };
            came.fetch_add(1, Ordering::Relaxed);
        }
    });
    let [in_time, late] = [in_time, late].map(AtomicUsize::into_inner);
    assert!(
        in_time > late,
        "{in_time} came in time, {late} when all had drained"
    );
}

/// Starts a run from a line of shell, which may ignore signals.
fn by_shell(folder: &Folder, line: &str) -> Live {
    let arguments = "--sink fault:retry=0.2+short=0.2,file:out --producer-rate 20000/s --batch-timeout 2ms --workers 2";
    let mut command = folder.command("sh");
    command.args(["-c", line, PROGRAM]);
    command.args(run_arguments(arguments));
    folder.spawn(command)
}

#[test]
fn a_run_under_nohup_goes_on_and_still_obeys_sigterm() {
    // `nohup` ignores SIGHUP; a shell without job control ignores SIGINT for commands that end in `&`.
    let ways = [
        ("exec nohup \"$0\" \"$@\"", Signal::HUP),
        ("trap '' INT QUIT; exec \"$0\" \"$@\"", Signal::INT),
    ];
    for_each(&ways, 2, |(line, ignored)| {
        let folder = Folder::new();
        let live = by_shell(&folder, line);
        has_output(&folder, &live);
        for _ in 0..2 {
            live.send(*ignored);
            let before = folder.len("out");
            live.wait_until("more output", || folder.len("out") > before + 100_000);
        }
        assert!(!live.says("Shutdown signal received!"));
        live.send(Signal::TERM);
        let ended = live.end().delivers_everything();
        folder.holds_whole("out", ended.figure("/ledger/produced"));
    });
}
