//! The stop: who may ask for it, and how every thread hears of it.
//!
//! Order: quiesce the source (the producer publishes what it holds and closes the lanes) -> the workers drain, flush
//! and end -> join -> ledger. A halt cuts that short: every thread leaves at its next look.

use std::fmt;

use crate::control::StopCause;
use crate::engine::control_block::ControlWords;
use crate::sys::sync::{Arc, CachePadded, Unparker};
use crate::sys::wait::bell::Ringer;

/// Stops a running pipeline; clones stop the same one, from any thread.
#[derive(Clone)]
pub struct Stop(Arc<Inner>);

struct Inner {
    words: Arc<CachePadded<ControlWords>>,
    ringer: Ringer,
    workers: Vec<Unparker>,
    tell: Box<dyn Fn(StopCause) + Send + Sync>,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

impl Stop {
    /// `tell` passes a request on to the thread that joins the pipeline.
    pub(crate) fn new(
        words: Arc<CachePadded<ControlWords>>,
        ringer: Ringer,
        workers: Vec<Unparker>,
        tell: impl Fn(StopCause) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            words,
            ringer,
            workers,
            tell: Box::new(tell),
        }))
    }

    /// Asks for an orderly stop: nothing more is taken in, everything accepted is delivered. Returns at once; joining
    /// the pipeline waits for it. Asking twice changes nothing, but a second *signal* means: leave now.
    pub fn request(&self, cause: StopCause) {
        // Told first: a pipeline with little to drain may have ended before this thread runs again.
        (self.0.tell)(cause);
        self.quiesce();
    }

    pub(crate) fn quiesce(&self) {
        if self.0.words.quiesce() {
            self.0.ringer.ring();
        }
    }

    /// Makes every thread leave at its next look.
    pub(crate) fn halt(&self) {
        self.0.words.halt();
        self.quiesce();
        for worker in &self.0.workers {
            worker.unpark();
        }
    }
}
