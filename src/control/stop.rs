//! The stop: how it is requested, and how it reaches every thread.

use std::fmt;

use crate::control::StopCause;
use crate::engine::shard::ShardHandle;
use crate::sys::sync::Arc;

/// A request to a running pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// An orderly stop.
    Stop(StopCause),
    /// A halt: an end to the draining.
    Halt,
}

/// Stops a running pipeline, or has it open its outputs again; clones steer the same one, from any thread.
#[derive(Clone)]
pub struct Stop(Arc<Inner>);

struct Inner {
    shards: Vec<Arc<ShardHandle>>,
    notify: Box<dyn Fn(Request) + Send + Sync>,
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").finish_non_exhaustive()
    }
}

impl Stop {
    /// `notify` passes a request on to the thread that keeps the stop order.
    pub(crate) fn new(
        shards: Vec<Arc<ShardHandle>>,
        notify: impl Fn(Request) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            shards,
            notify: Box::new(notify),
        }))
    }

    /// Requests an orderly stop: nothing more is taken in, everything accepted is delivered. Returns at once; joining
    /// the pipeline waits for it. A second call changes nothing, but a second *signal* halts, unless it comes within a
    /// second of the first.
    pub fn request(&self, cause: StopCause) {
        // Notified first: a pipeline with little to drain may have ended before this thread runs again.
        (self.0.notify)(Request::Stop(cause));
        for shard in &self.0.shards {
            shard.quiesce();
        }
    }

    /// Makes every sink, and the spill file, open its output again, as after a log rotation; see
    /// [`Sink::reopen`](crate::Sink::reopen). Returns at once; what cannot be opened is logged as a warning. No effect
    /// on a run that is over.
    pub fn reopen(&self) {
        for shard in &self.0.shards {
            shard.reopen();
        }
    }

    /// Whether the run was halted.
    #[cfg(feature = "cli")]
    pub(crate) fn is_halted(&self) -> bool {
        let mut shards = self.0.shards.iter();
        shards.any(|shard| shard.control.is_halted())
    }

    /// Makes every thread end at once: what is in the lanes is spilled, or abandoned and counted.
    pub fn halt(&self) {
        (self.0.notify)(Request::Halt);
    }
}
