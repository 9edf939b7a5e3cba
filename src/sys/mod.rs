//! Floor 0: what the machine gives us.
//!
//! ```text
//!   sync   the only door to atomics and fences        clock  nanoseconds since the run began
//!   idle   spin -> yield -> park, bounded by time     bell   a stop that reaches a thread inside poll(2)
//!   cores  which thread runs where                      usage  what a thread used: CPU time, switches
//!   provenance  the machine, for reports              warning  what is not as it should be, with its remedy
//!   text   values that are written as text
//!   limits what memory and descriptors are left           groups control groups, upward
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
pub(crate) mod mutant;
pub(crate) mod provenance;
pub(crate) mod rlimits;
pub(crate) mod sync;
pub(crate) mod text;
pub(crate) mod usage;
pub(crate) mod wait;
pub(crate) mod warning;
