//! The control block: the flags by which control steers the data path.
//!
//! The flags belong to the engine, which reads them once per burst or batch; control sets them. There is no lock,
//! callback or queue between the two.

use crate::sys::sync::{AtomicBool, AtomicUsize, CachePadded, Ordering};

/// One per shard, read by every thread of the data path.
#[derive(Debug)]
pub(crate) struct ControlBlock {
    quiesce: AtomicBool,
    halt: AtomicBool,
    workers_ended: AtomicBool,
    reopenings: AtomicUsize,
    active: AtomicUsize,
}

impl ControlBlock {
    /// At first bursts are routed to `active` lanes: those with the lowest numbers.
    pub(crate) fn new(active: usize) -> CachePadded<Self> {
        CachePadded::new(Self {
            quiesce: AtomicBool::new(false),
            halt: AtomicBool::new(false),
            workers_ended: AtomicBool::new(false),
            reopenings: AtomicUsize::new(0),
            active: AtomicUsize::new(active),
        })
    }

    /// Makes the producer stop taking records in; wake it after the call. Returns whether this was the first call.
    pub(crate) fn quiesce(&self) -> bool {
        // Release: pairs with the Acquire in is_quiescing.
        !self.quiesce.swap(true, Ordering::Release)
    }

    #[inline]
    pub(crate) fn is_quiescing(&self) -> bool {
        self.quiesce.load(Ordering::Acquire) // pairs with the Release in quiesce
    }

    /// Makes every thread end at its next check, delivered or not; wake them all after the call.
    pub(crate) fn halt(&self) {
        // Release: pairs with the Acquire in is_halted.
        self.halt.store(true, Ordering::Release);
    }

    #[inline]
    pub(crate) fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Acquire) // pairs with the Release in halt
    }

    /// Notifies the producer that no worker releases records any more; wake it after the call.
    pub(crate) fn set_workers_ended(&self) {
        // Release: pairs with the Acquire in workers_ended.
        self.workers_ended.store(true, Ordering::Release);
    }

    pub(crate) fn workers_ended(&self) -> bool {
        self.workers_ended.load(Ordering::Acquire) // pairs with the Release in set_workers_ended
    }

    /// Makes every worker open its outputs again; wake them all after the call.
    pub(crate) fn reopen(&self) {
        // Relaxed: nothing else depends on the number, and the wake-up orders it for the worker.
        self.reopenings.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was requested.
    #[inline]
    pub(crate) fn reopenings(&self) -> usize {
        self.reopenings.load(Ordering::Relaxed)
    }

    /// Routes to this many lanes, those with the lowest numbers, from the dispatcher's next burst on. After the call,
    /// wake the workers that it retires, and the producer, which may wait for room.
    pub(crate) fn set_active(&self, active: usize) {
        // Relaxed: nothing else depends on the number, and the wake-up orders it for the worker.
        self.active.store(active, Ordering::Relaxed);
    }

    /// The number of lanes that bursts are routed to.
    #[inline]
    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }
}
