//! The collector: gets the latencies that workers record out of them, without any of them waiting.

use std::sync::{Arc as StdArc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::shard::ShardHandle;
use crate::metrics::exchange::Gatherer;
use crate::metrics::latency::Latencies;
use crate::sys::sync::Arc;

/// How long workers get to hand over their recorders; those that are not inside a sink do so within microseconds, as
/// soon as they have a CPU.
const HAND_OVER_WITHIN: Duration = Duration::from_millis(8);
/// Between two looks whether they have.
const HAND_OVER_LOOK: Duration = Duration::from_micros(200);

/// Shared by whoever wants to know latencies while the run goes on; no thread of the data path takes its lock.
pub(super) type SharedCollector = StdArc<Mutex<Collector>>;

pub(super) fn lock(collector: &Mutex<Collector>) -> MutexGuard<'_, Collector> {
    collector.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects what all workers record.
pub(super) struct Collector {
    gatherer: Gatherer,
    shards: Vec<Arc<ShardHandle>>,
    /// What each worker had delivered when it was last asked.
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

    /// Has the workers hand over what they have recorded; those inside their sinks come later.
    pub(super) fn collect(&mut self) {
        self.gatherer.request();
        let workers = self.shards.iter().flat_map(|shard| &shard.counters.workers);
        let delivered: Vec<_> = workers.map(|worker| worker.delivered.get()).collect();
        let before = std::mem::replace(&mut self.delivered, delivered);
        let moved = |worker: &usize| before.get(*worker) != Some(&self.delivered[*worker]);
        let moved: Vec<_> = (0..self.delivered.len()).filter(moved).collect();
        // They may be asleep; the others are left to sleep.
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
