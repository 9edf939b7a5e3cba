//! The time series of a run: what happened in each interval.

use std::time::Duration;

use crate::outcome::interval::{Interval, IntervalResponse};
use crate::outcome::snapshot::Snapshot;

/// How many intervals are kept: a day of seconds, some 10 MB.
const INTERVALS_MAX: usize = 86_400;

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
            oldest: now.oldest,
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
