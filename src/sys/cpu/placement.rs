//! The decision, and how it came out. Pure: the machine comes in as a value.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sys::cpu::assign::Seats;
use crate::sys::cpu::cpulist::{CpuList, check, expected};
use crate::sys::cpu::{Machine, Pin, spin_budget};
use crate::sys::warning::Warning;

/// Where the pinned threads of a pipeline run, why there, and how long they spin while they wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Placement {
    /// The producer, then the workers in their order.
    pub threads: Vec<PlacedThread>,
    /// The time that one wait may spin before it yields and sleeps, in nanoseconds.
    pub spin_ns: u64,
    /// Why that long.
    pub spin_why: String,
    /// The CPUs that the process may use, by id; empty where the system does not say.
    pub cpus: Vec<usize>,
    /// How many CPUs' worth of time the process's control group may use; none where nothing limits it.
    pub quota: Option<f64>,
    /// What is not as it should be, and what can be done about it.
    pub warnings: Vec<Warning>,
}

/// Where one thread runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedThread {
    /// Its name: `producer`, `worker-0` and so on.
    pub thread: String,
    /// The one CPU that it runs on; none if it is not pinned.
    pub cpu: Option<usize>,
    /// Why it was to run there, or why nowhere in particular.
    pub why: String,
    /// The CPU that was asked for; none if none was.
    pub asked: Option<usize>,
    /// Whether the process may use that CPU; none if that is not known, or none was asked for.
    pub allowed: Option<bool>,
    /// Its mask, read back: the CPUs that it may run on. Empty where the system does not say.
    pub got: Vec<usize>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) workers: usize,
    pub(crate) cores: Option<&'a [usize]>,
    pub(crate) producer_core: Option<usize>,
    pub(crate) pin: Pin,
    pub(crate) spin: Option<Duration>,
}

impl Request<'_> {
    /// Looks for CPUs that the process may not use, or that cannot be; `allowed` is empty if it is not known.
    pub(crate) fn check(&self, allowed: &[usize], wrong: &mut Vec<String>) {
        let mut look = |name: &str, cpus: &[usize]| {
            if let Err(why) = check(cpus, allowed) {
                let (list, expected) = (CpuList(cpus), expected(allowed));
                wrong.push(format!("{name} {list} is not accepted: {why}; {expected}"));
            }
        };
        if let Some(cores) = self.cores {
            look("cores", cores);
        }
        if let Some(cpu) = self.producer_core {
            look("producer_core", &[cpu]);
        }
    }
}

/// What came of a thread's pin: which of the threads, why the system refused if it did, and the mask read back.
pub(crate) type Came = (usize, Option<io::Error>, Vec<usize>);

impl Placement {
    /// Places the threads of a request whose CPUs have been checked.
    ///
    /// `measure` is asked for what a park and its unpark cost between the producer's CPU and the first worker's, if
    /// the spin budget depends on it.
    pub(crate) fn plan(
        machine: &Machine,
        request: &Request<'_>,
        measure: impl FnOnce([Option<usize>; 2]) -> Option<Duration>,
    ) -> Self {
        let seats = Seats::fill(machine, request);
        let asked = seats.asked();
        let crowded = seats.crowded();
        let measure = || measure(seats.pair());
        let (spin_ns, spin_why) = spin_budget::budget(request.spin, crowded.as_deref(), measure);
        let cpus = machine.ids();
        let place = |(thread, &asked): (usize, &Option<usize>)| PlacedThread {
            thread: match thread.checked_sub(1) {
                None => "producer".into(),
                Some(worker) => format!("worker-{worker}"),
            },
            cpu: None,
            why: seats.why(thread),
            asked,
            allowed: asked
                .filter(|_| !cpus.is_empty())
                .map(|cpu| cpus.contains(&cpu)),
            got: Vec::new(),
        };
        Self {
            threads: asked.iter().enumerate().map(place).collect(),
            spin_ns,
            spin_why,
            quota: machine.quota,
            warnings: seats.warnings(),
            cpus,
        }
    }

    /// Notes what came of the threads' pins; returns the warning about those that failed, if any did.
    pub(crate) fn settle(&mut self, came: impl IntoIterator<Item = Came>) -> Option<Warning> {
        let mut failed = Vec::new();
        for (thread, refused, got) in came {
            let placed = &mut self.threads[thread];
            placed.cpu = placed.asked.filter(|asked| got == [*asked]);
            if placed.cpu != placed.asked {
                let asked = CpuList(placed.asked.as_slice());
                let reason = refused.map_or(String::new(), |error| format!(": {error}"));
                let name = &placed.thread;
                let said = format!(
                    "{name} (asked for CPU {asked}, got {}{reason})",
                    Known(&got)
                );
                failed.push((thread, said));
            }
            placed.got = got;
        }
        // The threads come as they got their turn.
        failed.sort_unstable_by_key(|(thread, _)| *thread);
        let failed: Vec<_> = failed.into_iter().map(|(_, said)| said).collect();
        let warning = (!failed.is_empty()).then(|| {
            Warning::new(
                "pins_missed",
                format!("not pinned: {}", failed.join(", ")),
                "the CPUs that this process may use have changed, or the system pins no threads: start again, choose other \
                 cores, or set pin to off",
            )
        });
        self.warnings.extend(warning.clone());
        warning
    }
}

/// Prints the CPUs that a thread or the process may use.
pub(crate) struct Known<'a>(pub(crate) &'a [usize]);

impl std::fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [] => f.write_str("unknown"),
            cpus => CpuList(cpus).fmt(f),
        }
    }
}
