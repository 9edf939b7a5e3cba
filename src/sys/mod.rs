//! Floor 0: the machine: time, CPUs, memory, sleep.
//!
//! ```text
//!   sync        atomics, fences, parkers; loom's in the models      clock    nanoseconds since the run began
//!   wait        spin or yield, sleep; wakers; poll(2)               mutant   bugs that the models must find
//!   cpu         which thread runs where                             usage    CPU time, waits, context switches
//!   provenance  the machine, for reports                            warning  a problem, with its remedy
//!   rlimits     limits on memory, descriptors, files                cgroup   control groups, upward
//!   text        values that are written as text                     steal    what a hypervisor took
//!   quantity    numbers, sizes and times as text                    file_id  which file a path leads to
//!   mailbox     a bounded queue to one thread
//!   printed     text for people, which no terminal obeys             os_text  text that may not be UTF-8
//! ```
//!
//! Invariants:
//! * Nothing here knows a record, a lane or a sink.
//! * Nothing spins without a time budget: on a shared core a spinner whose partner is not running burns the
//!   partner's whole time slice (3-4 ms on Linux with default settings).
//! * Nothing here allocates after a thread has started.

pub(crate) mod cgroup;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod file_id;
pub(crate) mod mailbox;
pub(crate) mod mutant;
#[cfg(feature = "cli")]
pub(crate) mod os_text;
pub(crate) mod panics;
pub(crate) mod printed;
pub(crate) mod provenance;
pub(crate) mod quantity;
pub(crate) mod rlimits;
pub(crate) mod steal;
pub(crate) mod sync;
pub(crate) mod text;
pub(crate) mod usage;
pub(crate) mod wait;
pub(crate) mod warning;
