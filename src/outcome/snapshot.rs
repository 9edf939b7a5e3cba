//! The counters of a running pipeline at one moment.

use std::time::Duration;

use crate::metrics::{Dropped, LatencyReport};
use crate::outcome::interval::Interval;

/// The counters of a running pipeline at one moment; totals since the start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// Since the run began.
    pub elapsed: Duration,
    /// Records taken from the source.
    pub produced: u64,
    /// Bytes taken from the source.
    pub produced_bytes: u64,
    /// Records that sinks accepted.
    pub delivered: u64,
    /// Records dropped, by reason.
    pub dropped: Dropped,
    /// Records in the lanes of active workers now.
    pub queue: u64,
    /// Records those lanes hold when full.
    pub queue_capacity: u64,
    /// How long ago the oldest record in any lane was due: its response is that long at least. `None` if the lanes are
    /// empty, as far as the workers have looked.
    pub oldest: Option<Duration>,
    /// Active workers.
    pub workers: usize,
    /// How often the throttle made the producer pause.
    pub throttle_pauses: u64,
    /// For how long.
    pub throttle_time: Duration,
    /// How often the producer waited for room in a lane.
    pub full_waits: u64,
    /// For how long.
    pub full_time: Duration,
    /// Latencies of the records delivered in the interval that ends now, and of earlier ones whose worker was inside
    /// its sink when their interval ended. `None` if latency is not recorded, and outside an observer.
    pub latency: Option<LatencyReport>,
    /// What happened in the interval that ends now; all zero outside an observer.
    pub interval: Interval,
}
