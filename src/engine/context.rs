//! What a component is given when the run starts.

use crate::engine::notice::{Notice, Notices};
use crate::sys::clock::Clock;
use crate::sys::wait::{Waiter, Waker};

/// The run as a source or a sink sees it: its clock, the waker of the thread that calls the component, and its log.
#[derive(Clone, Debug)]
pub struct Context {
    clock: Clock,
    waker: Waker,
    shard: usize,
    worker: Option<usize>,
    notices: Notices,
}

impl Context {
    /// `worker` is `None` for a source.
    pub(crate) fn new(
        clock: Clock,
        waker: Waker,
        shard: usize,
        worker: Option<usize>,
        notices: Notices,
    ) -> Self {
        Self {
            clock,
            waker,
            shard,
            worker,
            notices,
        }
    }

    /// A context of no run, to test a component by itself: it logs nothing, and its waker wakes no thread.
    pub fn standalone(clock: Clock) -> Self {
        let waker = Waiter::new(clock).waker().clone();
        Self::new(clock, waker, 0, None, Notices::default())
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Wakes the thread that calls this component: the producer's for a source, its worker's for a sink. Clone it for
    /// another thread that produces what the component waits for.
    pub fn waker(&self) -> &Waker {
        &self.waker
    }

    /// The number of the shard that the component belongs to. A record is identified by its shard and its position.
    pub fn shard(&self) -> usize {
        self.shard
    }

    /// The number of the worker that owns a sink; `None` for a source.
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }

    /// Logs a warning. Another thread writes it, so that this call never waits. It allocates; do not call it per
    /// record.
    pub fn warn(&self, text: impl Into<String>) {
        self.notices.send(Notice::Warning(text.into()));
    }

    /// Logs information. Otherwise as [`warn`](Self::warn).
    pub fn info(&self, text: impl Into<String>) {
        self.notices.send(Notice::Information(text.into()));
    }
}
