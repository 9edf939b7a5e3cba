//! What happened in one interval of a run.

use std::time::Duration;

use serde::Serialize;

use crate::metrics::LatencyReport;

/// What happened in one interval of a run. Records are those of this interval; the queue and the workers are as they
/// were at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// When it ended, since the run began.
    pub end: Duration,
    /// How long it was.
    pub duration: Duration,
    /// Records taken from the source.
    pub produced: u64,
    /// Records that sinks accepted.
    pub delivered: u64,
    /// Records in the lanes of active workers.
    pub queue: u64,
    /// Records those lanes hold when full.
    pub queue_capacity: u64,
    /// How long ago the oldest record in any lane was due: its response is that long at least. It shows what waits
    /// where nothing is delivered. `None` if the lanes were empty.
    pub oldest: Option<Duration>,
    /// Active workers.
    pub workers: usize,
    /// CPU time of the whole process.
    pub cpu: Duration,
    /// Response times of the delivered records; `None` if there are none or latency is not recorded. What a worker has
    /// recorded counts in a later interval if the worker is inside its sink when this one ends.
    pub response: Option<IntervalResponse>,
}

/// An interval's response times, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IntervalResponse {
    /// Half of the records took at most this long.
    pub p50_ns: u64,
    /// 99 in a hundred.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl Interval {
    /// Records per second of a count of this interval.
    pub(crate) fn per_second(&self, records: u64) -> f64 {
        records as f64 / self.duration.as_secs_f64().max(1e-9)
    }
}

impl IntervalResponse {
    pub(crate) fn of(latency: &LatencyReport) -> Option<Self> {
        let response = latency.response;
        (response.count > 0).then_some(Self {
            p50_ns: response.p50_ns,
            p99_ns: response.p99_ns,
            max_ns: response.max_ns,
        })
    }
}
