//! A shard: a producer, its dispatcher, lanes and workers; here its outside, shared by whoever watches or steers it.
//!
//! A record is identified by its shard and its position. One shard runs now: each thing that takes a handle takes one,
//! or a list of them.

use crate::engine::control_block::ControlBlock;
use crate::engine::lane::Gauge;
use crate::engine::watermark::LaneProgress;
use crate::metrics::counters::Counters;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded};
use crate::sys::wait::Waker;

/// A lane as others than its two ends see it.
#[derive(Clone, Debug)]
pub(crate) struct LaneHandle {
    pub(crate) gauge: Arc<Gauge>,
    /// Wakes the lane's worker.
    pub(crate) waker: Waker,
}

/// A shard's outside.
#[derive(Debug)]
pub(crate) struct ShardHandle {
    pub(crate) id: usize,
    pub(crate) clock: Clock,
    pub(crate) control: CachePadded<ControlBlock>,
    pub(crate) counters: Counters,
    pub(crate) lanes: Vec<LaneHandle>,
    /// Wakes the producer.
    pub(crate) producer: Waker,
}

impl ShardHandle {
    /// How many lanes are routed to.
    #[inline]
    pub(crate) fn active(&self) -> usize {
        self.control.active().min(self.lanes.len())
    }

    /// Tells the producer to take nothing more in.
    pub(crate) fn quiesce(&self) {
        if self.control.quiesce() {
            self.producer.wake_now();
        }
    }

    /// Makes every thread leave at its next look.
    pub(crate) fn halt(&self) {
        self.control.halt();
        self.quiesce();
        for lane in &self.lanes {
            lane.waker.wake_now();
        }
    }

    /// Tells the producer that every worker has ended, or is not waited for any longer.
    pub(crate) fn settle(&self) {
        self.control.settle();
        self.producer.wake_now();
    }

    /// How far each lane's worker has come. For the producer's thread.
    pub(crate) fn progress(&self) -> impl Iterator<Item = LaneProgress> + '_ {
        self.lanes.iter().map(|lane| lane.gauge.progress())
    }
}
