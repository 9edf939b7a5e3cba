//! The control words: all that control may say to the data path.
//!
//! The words belong to the path, which looks at them once per burst or batch; control imports and sets them. There
//! is no lock, callback or queue between the two.

use crate::sys::sync::{AtomicBool, AtomicUsize, CachePadded, Ordering};

/// One set per run, read by every thread of the path.
#[derive(Debug)]
pub(crate) struct ControlWords {
    quiesce: AtomicBool,
    halt: AtomicBool,
    active: AtomicUsize,
}

impl ControlWords {
    /// `active` lanes are routed to at first: those with the lowest numbers.
    pub(crate) fn new(active: usize) -> CachePadded<Self> {
        CachePadded::new(Self {
            quiesce: AtomicBool::new(false),
            halt: AtomicBool::new(false),
            active: AtomicUsize::new(active),
        })
    }

    /// Tells the producer to take nothing more in. It polls this word wherever it waits, or is woken by the bell.
    /// Says whether this was the first time.
    pub(crate) fn quiesce(&self) -> bool {
        // Release: pairs with the Acquire in is_quiescing.
        !self.quiesce.swap(true, Ordering::Release)
    }

    #[inline]
    pub(crate) fn is_quiescing(&self) -> bool {
        self.quiesce.load(Ordering::Acquire) // pairs with the Release in quiesce
    }

    /// Tells every thread to leave at its next look, delivered or not. Whoever may be parked is to be unparked after.
    pub(crate) fn halt(&self) {
        // Release: pairs with the Acquire in is_halted.
        self.halt.store(true, Ordering::Release);
    }

    #[inline]
    pub(crate) fn is_halted(&self) -> bool {
        self.halt.load(Ordering::Acquire) // pairs with the Release in halt
    }

    /// Routes to this many lanes, those with the lowest numbers, from the dispatcher's next burst on. Whoever is
    /// retired by that is to be unparked after.
    pub(crate) fn set_active(&self, active: usize) {
        // Relaxed: the number says everything, and the unpark orders it for the worker.
        self.active.store(active, Ordering::Relaxed);
    }

    /// How many lanes are routed to.
    #[inline]
    pub(crate) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }
}
