//! Single-writer counters, and the counters of each thread of the data path.

use crate::metrics::ledger::{DropReason, Dropped};
use crate::sys::sync::{AtomicU64, CachePadded, Ordering};

/// A count with one writer and any number of readers.
///
/// Relaxed throughout: no reader infers the state of other memory from a count. For an exact figure read it after
/// joining the writer's thread, which orders the two.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the owning thread may call this, or additions are lost.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A value that is overwritten; one writer, like a [`Counter`].
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicU64);

impl Gauge {
    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long its owner has been busy, including the current piece of work, so that a stalled sink shows at once.
#[derive(Debug, Default)]
pub(crate) struct BusyTime {
    done: Counter,
    /// When the current piece of work began; 0 if there is none.
    since_ns: AtomicU64,
}

impl BusyTime {
    #[inline]
    pub(crate) fn start(&self, now_ns: u64) {
        self.since_ns.store(now_ns.max(1), Ordering::Relaxed);
    }

    /// Does nothing where there is no piece of work at hand.
    #[inline]
    pub(crate) fn stop(&self, now_ns: u64) {
        let since_ns = self.since_ns.load(Ordering::Relaxed);
        if since_ns != 0 {
            self.since_ns.store(0, Ordering::Relaxed);
            self.done.add(now_ns.saturating_sub(since_ns));
        }
    }

    /// Whether a piece of work has begun and not ended.
    pub(crate) fn is_busy(&self) -> bool {
        self.since_ns.load(Ordering::Relaxed) != 0
    }

    /// All of it until now. May miss a piece of work that ends at this moment; the next call has it.
    pub(crate) fn total_ns(&self, now_ns: u64) -> u64 {
        let done_ns = self.done.get();
        match self.since_ns.load(Ordering::Relaxed) {
            0 => done_ns,
            since_ns => done_ns + now_ns.saturating_sub(since_ns),
        }
    }
}

/// Drops by reason, one writer.
#[derive(Debug, Default)]
pub(crate) struct DropCounters([Counter; DropReason::ALL.len()]);

impl DropCounters {
    #[inline]
    pub(crate) fn add(&self, reason: DropReason, n: u64) {
        self.0[reason as usize].add(n);
    }

    pub(crate) fn get(&self) -> Dropped {
        let mut dropped = Dropped::default();
        for reason in DropReason::ALL {
            dropped.add(reason, self.0[reason as usize].get());
        }
        dropped
    }
}

/// From this lag on a burst is late: 10 ms. Less may be a rest of the producer, or the scheduler.
pub(crate) const LATE_NS: u64 = 10_000_000;

/// What the producer thread counts.
#[derive(Debug, Default)]
pub(crate) struct ProducerCounters {
    /// Records taken from the source, delivered or not.
    pub(crate) produced: Counter,
    pub(crate) produced_bytes: Counter,
    pub(crate) bursts: Counter,
    /// How late the current burst is: the time since its first record was due, when it was lent and after each wait for
    /// room.
    pub(crate) schedule_lag_ns: Gauge,
    /// Bursts that were late, by [`LATE_NS`] or more; and how late the latest one was.
    pub(crate) late_bursts: Counter,
    pub(crate) latest_ns: Gauge,
    pub(crate) dropped: DropCounters,
    /// Records taken from the source that no lane took before the run was halted, and that were not spilled.
    pub(crate) unpublished: Counter,
    /// Records taken from the source that went to the spill file instead.
    pub(crate) spilled: Counter,
    /// Pauses of the throttle, and the time they took.
    pub(crate) throttle_pauses: Counter,
    pub(crate) throttle_ns: Counter,
    /// Waits because no active lane had room, and the time they took.
    pub(crate) full_waits: Counter,
    pub(crate) full_ns: Counter,
}

impl ProducerCounters {
    /// Notes how late the current burst is.
    #[inline]
    pub(crate) fn set_lag(&self, lag_ns: u64) {
        self.schedule_lag_ns.set(lag_ns);
        if lag_ns >= LATE_NS {
            self.late_bursts.add(1);
            self.latest_ns.set(self.latest_ns.get().max(lag_ns));
        }
    }
}

/// What one worker thread counts.
#[derive(Debug, Default)]
pub(crate) struct WorkerCounters {
    /// Records, and bytes, that the sink accepted.
    pub(crate) delivered: Counter,
    pub(crate) delivered_bytes: Counter,
    /// Records that the sink never accepted and that went to the spill file instead.
    pub(crate) spilled: Counter,
    pub(crate) batches_by_size: Counter,
    pub(crate) batches_by_age: Counter,
    pub(crate) batches_by_drain: Counter,
    /// Time that it spent with its sink and its lane, not waiting for records.
    pub(crate) busy: BusyTime,
    /// When the oldest record in its lane was due, at its last look; 0 if there was none.
    pub(crate) oldest_due_ns: Gauge,
    /// Times the worker went to sleep.
    pub(crate) parks: Counter,
    /// Failed writes and flushes that it tried again.
    pub(crate) retries: Counter,
}

/// What the stall detector counts of one worker.
#[derive(Debug, Default)]
pub(crate) struct StallCounters {
    /// Times it did not move for 5 s while records waited, and the time until it did.
    pub(crate) stalls: Counter,
    pub(crate) stalled_ns: Counter,
    /// The most records that waited in its lane during a stall.
    pub(crate) waited_records: Counter,
    /// When it last moved, if records wait for it; 0 if it moves, or has nothing to do.
    pub(crate) still_since_ns: Gauge,
}

/// Every counter of a run, each thread's on cache lines of its own.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) producer: CachePadded<ProducerCounters>,
    pub(crate) workers: Vec<CachePadded<WorkerCounters>>,
    /// By worker; written by the stall detector.
    pub(crate) stalls: Vec<CachePadded<StallCounters>>,
}

impl Counters {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            producer: CachePadded::default(),
            workers: (0..workers).map(|_| CachePadded::default()).collect(),
            stalls: (0..workers).map(|_| CachePadded::default()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BusyTime;

    #[test]
    fn busy_time_is_the_same_however_often_it_is_stopped() {
        let busy = BusyTime::default();
        busy.stop(1_000);
        busy.start(1_000);
        busy.stop(1_300);
        busy.stop(9_000);
        assert!(!busy.is_busy());
        assert_eq!(busy.total_ns(9_000), 300);
    }
}
