//! A pipeline that runs, as its owner sees it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::metrics::Metrics;
use crate::control::StopCause;
use crate::control::stop::Stop;
use crate::outcome::{Outcome, Snapshot};

/// The slot for the outcome, which the control thread fills.
#[derive(Clone, Default)]
pub(super) struct Finished(Arc<(Mutex<Option<Box<Outcome>>>, Condvar)>);

impl Finished {
    pub(super) fn set(&self, outcome: Outcome) {
        *self.lock() = Some(Box::new(outcome));
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Outcome>>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the outcome until `by`, or for ever without it; returns whether there is one.
    fn wait(&self, by: Option<Instant>) -> bool {
        let mut outcome = self.lock();
        while outcome.is_none() {
            outcome = match by {
                None => self
                    .0
                    .1
                    .wait(outcome)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(by) => {
                    let left = by.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.0.1.wait_timeout(outcome, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }
}

/// A running pipeline. [`join`](Self::join) returns its outcome. If it is dropped instead, the pipeline stops in order
/// by itself, within its drain timeout, in the background.
#[must_use = "dropped, it stops at once"]
pub struct Running {
    stop: Stop,
    metrics: Metrics,
    finished: Finished,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Running {
    pub(super) fn new(stop: Stop, metrics: Metrics, finished: Finished) -> Self {
        Self {
            stop,
            metrics,
            finished,
        }
    }

    /// Requests an orderly stop: nothing more is taken in, everything accepted is delivered. Returns at once.
    pub fn stop(&self) {
        self.stop.request(StopCause::Requested);
    }

    /// Ends the draining: every thread ends at its next check; what is in the lanes is spilled, or abandoned and
    /// counted. Returns at once.
    pub fn halt(&self) {
        self.stop.halt();
    }

    /// A handle that stops this pipeline, for other threads.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// A handle that reads the counters and latencies, for other threads.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// The totals now.
    pub fn snapshot(&self) -> Snapshot {
        self.metrics.snapshot()
    }

    /// Whether the run is over, so that [`join`](Self::join) returns at once.
    pub fn is_finished(&self) -> bool {
        self.finished.lock().is_some()
    }

    /// Waits until the run is over, at most for `timeout`; returns whether it is.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.finished.wait(Instant::now().checked_add(timeout))
    }

    /// Waits until the run is over - everything is delivered, or a failure, deadline or halt prevented that - and
    /// returns its outcome.
    ///
    /// The run ends by itself whether or not it is joined: durations and deadlines apply all the same.
    ///
    /// # Panics
    ///
    /// Never, unless the pipeline's own bookkeeping did: a bug in this crate.
    pub fn join(self) -> Outcome {
        self.finished.wait(None);
        let outcome = self.finished.lock().take();
        #[expect(clippy::expect_used, reason = "waited for, and taken only here")]
        let outcome = outcome.expect("an outcome");
        *outcome
    }
}
