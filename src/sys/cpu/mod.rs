//! Placement: which thread runs on which CPU, why, and whether it does.
//!
//! ```text
//!   mask, sysfs, cgroups --read once--> Machine --+
//!                                                 +--plan (pure)--> Placement --pin, read back--> as it came out
//!   cores, producer_core, pin, spin --> Request --+
//! ```
//!
//! Invariants:
//! * The machine is read before anything is pinned: a pinned thread sees its own CPU only, and so do its children.
//! * No id reaches `core_affinity` unchecked: it aborts the process on one of 1024 or more.
//! * A pin counts only when the mask that was read back says so.
//! * A machine that tells little (no sysfs, no `/proc`, no mask) costs placement, never the run.

mod assign;
mod cpulist;
mod pin;
mod placement;
mod quota;
mod spin_budget;
mod topology;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

pub(crate) use cpulist::{CpuList, expected, parse};
pub use pin::Pin;
pub(crate) use pin::{mask, pin};
pub(crate) use placement::{Came, Known, Request};
pub use placement::{PlacedThread, Placement};
pub(crate) use spin_budget::SPIN_LONGEST;
use topology::Cpu;

use crate::sys::cgroup;

/// What the machine offers this process.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The CPUs it may use, by id; none where the system does not say.
    pub(crate) cpus: Vec<Cpu>,
    /// How many CPUs' worth of time its control group may use.
    pub(crate) quota: Option<f64>,
}

impl Machine {
    /// Reads the machine. Call it on a thread that is not pinned.
    pub(crate) fn read() -> Self {
        Self {
            cpus: topology::read(Path::new("/sys/devices/system/cpu"), &mask()),
            quota: quota::read(&cgroup::of_this_process(), Path::new(cgroup::MOUNT)),
        }
    }

    /// The ids of its CPUs.
    pub(crate) fn ids(&self) -> Vec<usize> {
        self.cpus.iter().map(|cpu| cpu.id).collect()
    }
}

/// For how long a quota of its control groups has kept this process from running; what it adds up to over a run is a
/// difference of two readings.
pub(crate) fn throttled() -> Duration {
    quota::throttled(&cgroup::of_this_process(), Path::new(cgroup::MOUNT))
}
