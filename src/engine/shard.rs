//! A shard - a producer, its dispatcher, lanes and workers - as the threads see it that watch or steer it.
//!
//! A record is identified by its shard and its position. There is one shard so far, but everything that takes a handle
//! takes one per shard.

use crate::engine::control_block::ControlBlock;
use crate::engine::lane::Gauge;
use crate::engine::room::RoomWord;
use crate::engine::watermark::LaneProgress;
use crate::metrics::counters::Counters;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded};
use crate::sys::wait::Waker;

/// A lane as seen by other threads than its two ends'.
#[derive(Clone, Debug)]
pub(crate) struct LaneHandle {
    pub(crate) gauge: Arc<Gauge>,
    /// Wakes the lane's worker.
    pub(crate) waker: Waker,
}

/// A handle that watches and steers a shard.
#[derive(Debug)]
pub(crate) struct ShardHandle {
    pub(crate) id: usize,
    pub(crate) clock: Clock,
    pub(crate) control: CachePadded<ControlBlock>,
    pub(crate) counters: Counters,
    pub(crate) lanes: Vec<LaneHandle>,
    /// Wakes the producer.
    pub(crate) producer: Waker,
    /// Whether the producer waits for room. Whoever makes some wakes it: workers; and the scaler, with another lane.
    pub(crate) room: RoomWord,
}

impl ShardHandle {
    /// The number of lanes that bursts are routed to.
    #[inline]
    pub(crate) fn active(&self) -> usize {
        self.control.active().min(self.lanes.len())
    }

    /// How long ago the oldest record in any lane was due, as far as the workers have looked; `None` if there is none.
    pub(crate) fn oldest_ns(&self) -> Option<u64> {
        let now_ns = self.clock.now_ns();
        let lanes = self.lanes.iter().zip(&self.counters.workers);
        let due_ns = lanes.filter_map(|(lane, worker)| {
            // Read first: a lane that is not empty afterwards holds this record, or a later one.
            let due_ns = worker.oldest_due_ns.get();
            (due_ns > 0 && lane.gauge.occupancy().records > 0).then_some(due_ns)
        });
        due_ns.min().map(|due_ns| now_ns.saturating_sub(due_ns))
    }

    /// Makes the producer stop taking records in.
    pub(crate) fn quiesce(&self) {
        if self.control.quiesce() {
            self.producer.wake_now();
        }
    }

    /// Makes every thread end at its next check.
    pub(crate) fn halt(&self) {
        self.control.halt();
        self.control.quiesce();
        self.producer.wake_now();
        for lane in &self.lanes {
            lane.waker.wake_now();
        }
    }

    /// Makes every worker open its outputs again.
    pub(crate) fn reopen(&self) {
        self.control.reopen();
        for lane in &self.lanes {
            lane.waker.wake_now();
        }
    }

    /// Notifies the producer that every worker has ended, or is not waited for any longer.
    pub(crate) fn workers_ended(&self) {
        self.control.set_workers_ended();
        self.producer.wake_now();
    }

    /// How far each lane's worker has come. Call it on the producer's thread.
    pub(crate) fn progress(&self) -> impl Iterator<Item = LaneProgress> + '_ {
        self.lanes.iter().map(|lane| lane.gauge.progress())
    }
}
