//! Faults by sinks by phases by signals: a covering set of cases, or all of them.

use std::collections::BTreeSet;

use rustix::process::Signal;

use super::covering::{covering, product, uncovered};
use super::{accounted_for, code_of};
use crate::support::{Ended, Folder, Live, SMALL, for_each};

/// The fault of a sink.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fault {
    plan: &'static str,
    /// The possible exit codes, unless a second signal cuts the run short.
    codes: &'static [i32],
    /// A write may stop inside a record.
    tears: bool,
    /// A worker may hang, and leave the records of its lane behind.
    hangs: bool,
}

const NONE: Fault = fault("seed=0", &[0]);

const fn fault(plan: &'static str, codes: &'static [i32]) -> Fault {
    Fault {
        plan,
        codes,
        tears: false,
        hangs: false,
    }
}

const fn tearing(plan: &'static str, codes: &'static [i32]) -> Fault {
    Fault {
        tears: true,
        ..fault(plan, codes)
    }
}

/// The plan of a sink that never accepts anything.
const DOWN: &str = "retry=1";

const FAULTS: [Fault; 11] = [
    NONE,
    fault("retry=0.3+seed=1", &[0]),
    tearing("short=0.3+seed=2", &[0]),
    tearing("full-after=40KiB:3", &[0]),
    fault("stall=0.1:3ms+seed=3", &[0]),
    tearing("retry=0.1+short=0.2+stall=0.05:2ms+seed=4", &[0]),
    // These may be stopped before the fault.
    tearing("full-after=60KiB", &[0, 4]),
    fault(DOWN, &[0, 4]),
    fault("final-after=400+worker=1", &[0, 1]),
    fault("panic-after=400+worker=1", &[0, 1]),
    Fault {
        hangs: true,
        ..fault("stall-after=300:1h+worker=1", &[0, 4])
    },
];

const SINKS: [&str; 4] = ["file:out", "file:out-{worker}", "stdout", "check"];

/// When a run is stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// By itself, after its count or, if it is held up, its duration.
    End,
    /// Before the first record, if a signal can be that early.
    Start,
    Running,
    Throttled,
    Full,
    /// Twice: the second signal arrives while it drains.
    Draining,
}

const PHASES: [Phase; 6] = [
    Phase::End,
    Phase::Start,
    Phase::Running,
    Phase::Throttled,
    Phase::Full,
    Phase::Draining,
];

#[derive(Debug)]
struct Case {
    fault: Fault,
    sink: &'static str,
    phase: Phase,
    signal: Signal,
}

const SIGNALS: [Signal; 3] = [Signal::INT, Signal::TERM, Signal::HUP];

/// The levels of a case: fault, sink, phase, signal.
type Levels = [usize; 4];

const SIZES: Levels = [FAULTS.len(), SINKS.len(), PHASES.len(), SIGNALS.len()];

/// The combinations to test: all of them with `SPLASHDAM_MATRIX=full`, otherwise a covering set.
fn combinations() -> Vec<Levels> {
    match std::env::var("SPLASHDAM_MATRIX").as_deref() {
        Ok("full") => product(SIZES),
        Ok(other) => panic!("SPLASHDAM_MATRIX={other}: expected full"),
        Err(_) => covering(SIZES),
    }
}

impl Case {
    fn new([fault, sink, phase, signal]: Levels) -> Self {
        Self {
            fault: FAULTS[fault],
            sink: SINKS[sink],
            phase: PHASES[phase],
            signal: SIGNALS[signal],
        }
    }

    fn arguments(&self) -> String {
        let Self { fault, sink, .. } = self;
        let (before, load) = match self.phase {
            Phase::End => ("", "--count 3000 --duration 500ms"),
            Phase::Start => ("", ""),
            Phase::Running => ("", "--producer-rate 30000/s"),
            Phase::Throttled => ("delay:1ms,", "--throttle 0.1:2ms"),
            Phase::Full => ("delay:1ms,", "--throttle off"),
            Phase::Draining => ("delay:20ms,", "--throttle off"),
        };
        // A sink that fails for good holds the drain up until its deadline.
        let is_draining = self.phase == Phase::Draining;
        let deadline = if fault.codes.contains(&4) && !is_draining {
            "100ms"
        } else {
            "60s"
        };
        // Such a drain takes more than 2 s, so that a second signal comes in time.
        let lanes = if is_draining {
            "--channel-size 2048 --batch-size 16 --lane-bytes 512KiB --batch-bytes 32KiB"
        } else {
            SMALL
        };
        format!(
            "--sink {before}fault:{},{sink} --workers 2 {load} --batch-timeout 5ms --drain-timeout {deadline} \
             --spill rest --on-hangup stop {lanes}",
            fault.plan
        )
    }

    /// Waits until the run is in its phase.
    fn wait(&self, folder: &Folder, live: &Live) {
        if self.phase == Phase::Start {
            live.wait_until_it_listens();
        } else if self.fault.plan == DOWN {
            live.wait_for_words("trying again");
        } else if self.sink == "check" {
            // This sink has no output to wait for, so it waits for CPU time instead.
            live.wait_until_it_listens();
            live.wait_until_it_has_used(5);
        } else {
            live.wait_until("some output", || {
                let files = folder.names().into_iter();
                let files = files.filter(|name| name.starts_with("out"));
                files.map(|name| folder.len(&name)).sum::<u64>() + live.stdout_len() > 20_000
            });
        }
    }

    fn run(&self) -> (Folder, Ended) {
        let folder = Folder::new();
        let live = folder.start(&self.arguments());
        if self.phase != Phase::End {
            self.wait(&folder, &live);
            live.send(self.signal);
        }
        if self.phase == Phase::Draining {
            live.wait_until("the first signal heard, or the end", || {
                live.says("Shutdown signal received!") || live.says("Program finished")
            });
            return (folder, live.end_insisting(self.signal));
        }
        let ended = live.end();
        (folder, ended)
    }

    /// Checks the run; returns whether a second signal cut it short.
    fn check(&self) -> bool {
        let (folder, ended) = self.run();
        let ended = ended.balances();
        let code = code_of(&ended);
        let context = format!("{self:?}\n{}\n{}", ended.report, ended.stderr);
        assert_eq!(ended.code, Some(code), "{context}");
        let halted = code >= 128;
        if halted {
            assert_eq!(self.phase, Phase::Draining, "{context}");
            assert_eq!(code, 128 + self.signal.as_raw(), "{context}");
        } else {
            assert!(self.fault.codes.contains(&code), "{context}");
        }
        let abandoned = ended.figure("/ledger/abandoned");
        assert!(abandoned == 0 || self.fault.hangs, "{context}");
        assert!(!ended.stderr.contains("check"), "{context}");
        if self.sink == "check" {
            // The sink itself has checked the records.
            return halted;
        }
        folder.write("out-stdout", &ended.stdout);
        let files = folder.names().into_iter();
        let files: Vec<_> = files
            .filter(|name| name.starts_with("out") || name == "rest")
            .collect();
        // One for each sink that may have failed inside a record.
        let twice = if code != 0 && self.fault.tears { 2 } else { 0 };
        accounted_for(&folder, &files, &ended, twice);
        halted
    }
}

#[test]
fn no_fault_on_any_sink_in_any_phase_loses_or_doubles_a_record() {
    let combinations = combinations();
    assert_eq!(uncovered(&combinations, SIZES), BTreeSet::new());
    let cases: Vec<_> = combinations.into_iter().map(Case::new).collect();
    let halted = std::sync::atomic::AtomicUsize::new(0);
    for_each(&cases, 4, |case| {
        if case.check() {
            halted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    // Most second signals came in time.
    let draining = cases.iter().filter(|case| case.phase == Phase::Draining);
    let draining = draining.count();
    let halted = halted.into_inner();
    println!(
        "{} cases, {halted} of {draining} drains cut short",
        cases.len()
    );
    assert!(halted * 2 > draining, "{halted} of {draining}");
}
