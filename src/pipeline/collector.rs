//! The collector: gathers the latencies that workers record, without making any of them wait.

use std::sync::{Arc as StdArc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::shard::ShardHandle;
use crate::metrics::exchange::Gatherer;
use crate::metrics::latency::Latencies;
use crate::sys::sync::Arc;

/// How long workers get to hand over their recorders; those that are not inside a sink do so within microseconds, as
/// soon as they have a CPU.
const HAND_OVER_WITHIN: Duration = Duration::from_millis(8);
/// Between two checks whether they have.
const HAND_OVER_LOOK: Duration = Duration::from_micros(200);

/// Shared by the readers of latencies during a run; no thread of the data path takes its lock.
pub(super) type SharedCollector = StdArc<Mutex<Collector>>;

pub(super) fn lock(collector: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects what all workers record.
pub(super) struct Collector {
    gatherer: Gatherer,
    shards: Vec<Arc<ShardHandle>>,
    /// What each worker had delivered at the last request.
    delivered: Vec<u64>,
}

impl Collector {
    /// The gatherer's workers are those of the shards, in order.
    pub(super) fn shared(gatherer: Gatherer, shards: Vec<Arc<ShardHandle>>) -> SharedCollector {
        StdArc::new(Mutex::new(Self {
            gatherer,
            shards,
            delivered: Vec::new(),
        }))
    }

    /// Requests the workers' recorders and waits for them; a worker inside its sink hands over later.
    pub(super) fn collect(&mut self) {
        self.gatherer.request();
        let workers = self.shards.iter().flat_map(|shard| &shard.counters.workers);
        let delivered: Vec<_> = workers.map(|worker| worker.delivered.get()).collect();
        let before = std::mem::replace(&mut self.delivered, delivered);
        let moved = |worker: &usize| before.get(*worker) != Some(&self.delivered[*worker]);
        let moved: Vec<_> = (0..self.delivered.len()).filter(moved).collect();
        // Only these have recorded anything, and they may be asleep.
        let lanes: Vec<_> = self.shards.iter().flat_map(|shard| &shard.lanes).collect();
        for worker in &moved {
            lanes[*worker].waker.wake();
        }
        let by = Instant::now() + HAND_OVER_WITHIN;
        while !self.gatherer.has_all(&moved) && Instant::now() < by {
            std::thread::sleep(HAND_OVER_LOOK);
        }
    }

    /// Ends an interval: returns what was collected since the last one ended.
    pub(super) fn end_interval(&mut self) -> &Latencies {
        self.gatherer.end_interval()
    }

    /// Ends the last interval, with what the workers still had when they ended.
    pub(super) fn end_run(&mut self, rests: &[Box<Latencies>]) -> &Latencies {
        for rest in rests {
            self.gatherer.add(rest);
        }
        self.end_interval()
    }

    /// Everything that was collected so far.
    pub(super) fn total(&self) -> Latencies {
        self.gatherer.total()
    }
}
