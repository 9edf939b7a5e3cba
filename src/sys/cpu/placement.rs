//! The plan of where the threads run, and the record of where they do. Pure: the machine is an argument.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sys::cpu::assignment::Assignment;
use crate::sys::cpu::cpulist::CpuList;
use crate::sys::cpu::request::Request;
use crate::sys::cpu::sharing::Holder;
use crate::sys::cpu::{Machine, Role, spin_budget};
use crate::sys::warning::Warning;

/// Where the pinned threads of a pipeline run, why there, and how long they spin while they wait.
///
/// Pipelines of one process keep to different CPUs as long as there are any. Those that have to share some get the
/// warning `shared_cpus`: at the start if another pipeline was there first, at the end if it started later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Placement {
    /// The producer, then the workers in their order.
    pub threads: Vec<PlacedThread>,
    /// How long one wait may spin before it sleeps, in nanoseconds.
    pub spin_ns: u64,
    /// Why that long.
    pub spin_why: String,
    /// The CPUs that the process may use, by id; empty if the system does not say.
    pub cpus: Vec<usize>,
    /// How many CPUs' worth of time the process's control group may use; `None` if nothing limits it.
    pub quota: Option<f64>,
    /// Everything that makes the placement worse than it could be, with its remedy.
    pub warnings: Vec<Warning>,
}

/// Where one thread runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedThread {
    /// Its name: `producer`, `worker-0` and so on.
    pub thread: String,
    /// Which thread that is. Not part of a report.
    #[serde(skip)]
    pub(crate) role: Role,
    /// The one CPU that it runs on; `None` if it is not pinned.
    pub cpu: Option<usize>,
    /// Why it asked for that CPU, or for none.
    pub why: String,
    /// The CPU that it asked for; `None` if it asked for none.
    pub asked: Option<usize>,
    /// Whether the process may use that CPU; `None` if this is unknown, or if the thread asked for none.
    pub allowed: Option<bool>,
    /// Its mask, read back: the CPUs that it may run on. Empty if the system does not say.
    pub got: Vec<usize>,
}

/// The result of a thread's attempt to pin itself.
#[derive(Debug)]
pub(crate) struct PinResult {
    /// The thread's index in the placement.
    pub(crate) thread: usize,
    /// Why the system refused, if it did.
    pub(crate) refused: Option<io::Error>,
    /// The thread's mask, read back.
    pub(crate) mask: Vec<usize>,
}

impl Placement {
    /// Places the threads of a request whose CPUs have been checked, next to the pipelines of this process that run
    /// already, which are the `others`.
    ///
    /// `measure` returns what a park and its unpark cost between two CPUs, those of a producer and of its first worker.
    /// It is called only if the spin budget depends on it.
    pub(crate) fn plan(
        machine: &Machine,
        request: &Request<'_>,
        others: &[Holder],
        measure: impl FnOnce([Option<usize>; 2]) -> Option<Duration>,
    ) -> Self {
        let assignment = Assignment::new(machine, request, others);
        let crowded = assignment.crowded();
        let measure = || measure(assignment.pair());
        let (spin_ns, spin_why) = spin_budget::budget(request.spin, crowded.as_deref(), measure);
        let cpus = machine.ids();
        let place = |&(role, asked): &(Role, Option<usize>)| PlacedThread {
            thread: role.to_string(),
            role,
            cpu: None,
            why: assignment.why(role, asked),
            asked,
            allowed: asked
                .filter(|_| !cpus.is_empty())
                .map(|cpu| cpus.contains(&cpu)),
            got: Vec::new(),
        };
        Self {
            threads: assignment.holder.threads.iter().map(place).collect(),
            spin_ns,
            spin_why,
            quota: machine.quota,
            warnings: assignment.warnings(),
            cpus,
        }
    }

    /// Which threads there are, in their order.
    pub(crate) fn roles(&self) -> Vec<Role> {
        self.threads.iter().map(|thread| thread.role).collect()
    }

    /// The index of a thread; `None` if there is no such thread.
    pub(crate) fn index_of(&self, role: Role) -> Option<usize> {
        self.threads.iter().position(|thread| thread.role == role)
    }

    /// The CPU that a thread asks for; `None` if it asks for none.
    pub(crate) fn asked_by(&self, role: Role) -> Option<usize> {
        self.threads[self.index_of(role)?].asked
    }

    /// The threads, with the CPUs that they ask for.
    pub(super) fn holder(&self) -> Holder {
        let threads = self.threads.iter();
        Holder {
            threads: threads.map(|thread| (thread.role, thread.asked)).collect(),
        }
    }

    /// Records the results of the threads' pins. Returns the warning about those that failed, which is also added to
    /// [`warnings`](Self::warnings); `None` if all are as planned.
    pub(crate) fn record_pins(
        &mut self,
        results: impl IntoIterator<Item = PinResult>,
    ) -> Option<Warning> {
        let mut failed = Vec::new();
        for result in results {
            let placed = &mut self.threads[result.thread];
            placed.got = result.mask;
            placed.cpu = placed.asked.filter(|asked| placed.got == [*asked]);
            if placed.cpu != placed.asked {
                let asked = CpuList(placed.asked.as_slice());
                let reason = result
                    .refused
                    .map_or(String::new(), |error| format!(": {error}"));
                let (name, got) = (&placed.thread, OrUnknown(&placed.got));
                let sentence = format!("{name} (asked for CPU {asked}, got {got}{reason})");
                failed.push((result.thread, sentence));
            }
        }
        // Results arrive in the order in which the threads happened to run.
        failed.sort_unstable_by_key(|(thread, _)| *thread);
        let failed: Vec<_> = failed.into_iter().map(|(_, sentence)| sentence).collect();
        let warning = (!failed.is_empty()).then(|| {
            Warning::new(
                "pins_missed",
                format!("not pinned: {}", failed.join(", ")),
                "the CPUs that this process may use have changed, or the system pins no threads: start again, choose \
                 other cores, or set pin to off",
            )
        });
        self.warnings.extend(warning.clone());
        warning
    }
}

/// Prints a list of CPUs; an empty one is unknown.
pub(crate) struct OrUnknown<'a>(pub(crate) &'a [usize]);

impl fmt::Display for OrUnknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("unknown"),
            cpus => CpuList(cpus).fmt(f),
        }
    }
}
