//! Floor 1: what the data path counts while it is hot, and the names of a run's figures.
//!
//! ```text
//!   dispatcher --adds--> ProducerCounters --.
//!                                            >--read--> Snapshot --> console line, JSON, ledger
//!   worker N ----adds--> WorkerCounters  --'
//!   worker N ----records--> Recorder --hands over--> Gatherer ----> latency per interval, and in total
//! ```
//!
//! Invariants:
//! * A counter has one writer, so an addition is a load and a store, never a locked instruction.
//! * Two writers never share a cache line.
//! * Readers may lag behind by what is in flight; the ledger is drawn after the writers have ended.

pub(crate) mod counters;
pub(crate) mod exchange;
pub(crate) mod latency;
pub(crate) mod ledger;

pub use latency::{LatencyReport, LatencySummary, Percentile, Percentiles};
pub use ledger::{DropReason, Dropped, Ledger};
