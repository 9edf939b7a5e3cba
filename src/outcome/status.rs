//! The state of a running pipeline, lane by lane.

use std::time::Duration;

use crate::outcome::Snapshot;

/// The state of a running pipeline at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) totals: Snapshot,
    /// Records written to the spill file so far.
    pub(crate) spilled: u64,
    pub(crate) lanes: Vec<LaneStatus>,
}

/// The state of a lane and its worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneStatus {
    pub(crate) worker: usize,
    pub(crate) is_active: bool,
    /// Records in it, and records it holds when full.
    pub(crate) queue: u64,
    pub(crate) capacity: u64,
    pub(crate) delivered: u64,
    /// Failed writes and flushes that were tried again.
    pub(crate) retries: u64,
    /// How long its worker has not moved while records wait; at most half a second late.
    pub(crate) still: Option<Duration>,
}
