//! Placement: which thread runs on which CPU, why, and whether it does.
//!
//! ```text
//!   mask, sysfs, cgroups --read once--> Machine --+
//!   cores, producer_core, pin, spin --> Request --+--plan (pure)--> Placement --pin, read back--> Placement, recorded
//!   pipelines that run already ------> Holders ---+                     '------> Reservation
//! ```
//!
//! Invariants:
//! * The machine is read before anything is pinned: a pinned thread sees only its own CPU, and so do its children.
//! * No unchecked id reaches `core_affinity`, which aborts the process on ids of 1024 and more.
//! * A thread counts as pinned only if the mask that was read back confirms it.
//! * A machine that reveals little (no sysfs, no `/proc`, no mask) costs placement, never the run.
//! * Pipelines of one process use different CPUs as long as there are any.

mod assignment;
mod cpulist;
mod diagnosis;
mod pin;
mod placement;
mod quota;
mod request;
mod reservation;
mod role;
mod sharing;
mod spin_budget;
mod topology;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

pub(crate) use cpulist::{CpuList, expected, parse};
pub use pin::Pin;
pub(crate) use pin::{mask, pin};
pub(crate) use placement::{OrUnknown, PinResult};
pub use placement::{PlacedThread, Placement};
pub(crate) use request::{Request, ShardRequest};
pub(crate) use reservation::{Reservation, reserve};
pub(crate) use role::Role;
pub(crate) use spin_budget::SPIN_LONGEST;
use topology::Cpu;

use crate::sys::cgroup;

/// What the machine offers this process.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The CPUs that the process may use, by id; empty if the system does not say.
    pub(crate) cpus: Vec<Cpu>,
    /// How many CPUs' worth of time its control group may use; `None` if nothing limits it.
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

/// How long a quota of its control groups has kept this process from running so far. For one run, subtract two
/// readings.
pub(crate) fn throttled() -> Duration {
    quota::throttled(&cgroup::of_this_process(), Path::new(cgroup::MOUNT))
}
