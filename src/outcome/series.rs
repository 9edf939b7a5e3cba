//! The time series of a run: what happened in each interval.

use std::time::Duration;

use serde::Serialize;

use crate::metrics::LatencyReport;
use crate::outcome::Snapshot;

/// How many intervals are kept: a day of seconds, some 10 MB.
const INTERVALS_MAX: usize = 86_400;

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

/// Turns totals into intervals, and keeps them.
#[derive(Debug, Default)]
pub(crate) struct Series {
    before: Totals,
    intervals: Vec<Interval>,
    omitted: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    elapsed: Duration,
    produced: u64,
    delivered: u64,
    cpu: Duration,
}

impl Series {
    /// A series that begins now, with this much CPU time already used.
    pub(crate) fn beginning_at(cpu: Duration) -> Self {
        let before = Totals {
            cpu,
            ..Totals::default()
        };
        Self {
            before,
            ..Self::default()
        }
    }

    /// Ends an interval and returns it. After the first 86,400 they are counted but not kept.
    pub(crate) fn end(
        &mut self,
        now: &Snapshot,
        cpu: Duration,
        response: Option<IntervalResponse>,
    ) -> Interval {
        let totals = Totals {
            elapsed: now.elapsed,
            produced: now.produced,
            delivered: now.delivered,
            cpu,
        };
        let before = std::mem::replace(&mut self.before, totals);
        let interval = Interval {
            end: now.elapsed,
            duration: now.elapsed.saturating_sub(before.elapsed),
            produced: now.produced - before.produced,
            delivered: now.delivered - before.delivered,
            queue: now.queue,
            queue_capacity: now.queue_capacity,
            workers: now.workers,
            cpu: cpu.saturating_sub(before.cpu),
            response,
        };
        if self.intervals.len() < INTERVALS_MAX {
            self.intervals.push(interval);
        } else {
            self.omitted += 1;
        }
        interval
    }

    /// The intervals, and how many more were not kept.
    pub(crate) fn into_intervals(self) -> (Vec<Interval>, u64) {
        (self.intervals, self.omitted)
    }
}
