//! A pipeline that runs, as its owner sees it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::metrics::Metrics;
use crate::control::StopCause;
use crate::control::stop::Stop;
use crate::outcome::{Outcome, Snapshot};

/// Where the control thread puts the outcome, or the message of its panic.
#[derive(Clone, Default)]
pub(super) struct Finished(Arc<(Mutex<Option<Drawn>>, Condvar)>);

type Drawn = Result<Box<Outcome>, String>;

impl Finished {
    pub(super) fn set(&self, outcome: Result<Outcome, String>) {
        *self.lock() = Some(outcome.map(Box::new));
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Drawn>> {
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

    /// Makes every sink, and the spill file, open its output again, as after a log rotation; see
    /// [`Sink::reopen`](crate::Sink::reopen). Returns at once; what cannot be opened is logged as a warning.
    pub fn reopen(&self) {
        self.stop.reopen();
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
    /// When the sink factory panics as it is dropped. Otherwise never, unless the pipeline's own
    /// bookkeeping did: a bug in this crate.
    pub fn join(self) -> Outcome {
        self.finished.wait(None);
        let outcome = self.finished.lock().take();
        #[expect(clippy::expect_used, reason = "waited for, and taken only here")]
        let outcome = outcome.expect("an outcome");
        #[expect(clippy::expect_used, reason = "documented")]
        let outcome = outcome.expect("the control thread does not panic");
        *outcome
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use crate::config::Config;
    use crate::outcome::Failure;
    use crate::pipeline::Pipeline;
    use crate::sinks::Null;
    use crate::sources::Lines;
    use crate::sys::cpu::Pin;

    /// Long enough that only a pipeline which never ends takes longer.
    const LONG: Duration = Duration::from_secs(20);

    /// Panics when it is written to, once that is asked for.
    struct Panics(Arc<AtomicBool>);

    impl Write for Panics {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(!self.0.load(Ordering::Relaxed), "as asked");
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("as asked");
        }
    }

    fn config() -> Config {
        let mut config = Config::default();
        (config.scaling.max_workers, config.placement.pin) = (1, Pin::Off);
        config
    }

    /// End when their input is dropped.
    fn lines() -> (Lines, io::PipeWriter) {
        let (reader, writer) = io::pipe().expect("a pipe");
        (Lines::reader(reader, "a pipe", 1_000), writer)
    }

    fn pipeline() -> (Pipeline, io::PipeWriter) {
        let (lines, writer) = lines();
        let pipeline = Pipeline::new(lines, |_worker: usize| Ok(Null)).config(config());
        (pipeline, writer)
    }

    #[test]
    fn a_latency_log_whose_writer_panics_fails_the_run_and_ends_it() {
        let panics = Arc::new(AtomicBool::new(false));
        let (pipeline, mut input) = pipeline();
        let pipeline = pipeline.log_latency(Panics(Arc::clone(&panics)));
        let running = pipeline.start().expect("a start");
        panics.store(true, Ordering::Relaxed);
        input.write_all(b"a\n").expect("a reader");
        drop(input);
        assert!(running.wait_timeout(LONG), "it never ends");
        let outcome = running.join();
        assert_eq!(outcome.ledger.delivered, 1);
        let failures = &outcome.failures;
        assert!(
            matches!(failures[..], [Failure::LatencyLog(_)]),
            "{failures:?}"
        );
        assert_eq!(outcome.intervals.len(), 1);
    }

    #[test]
    fn nobody_waits_for_ever_where_the_outcome_cannot_be_drawn_up() {
        let (lines, input) = lines();
        let held = PanicsWhenDropped;
        let sinks = move |_worker: usize| {
            let _ = &held;
            Ok(Null)
        };
        let pipeline = Pipeline::new(lines, sinks).config(config());
        let running = pipeline.start().expect("a start");
        drop(input);
        assert!(running.wait_timeout(LONG), "it never ends");
        assert!(running.is_finished());
        let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| running.join()));
        assert!(joined.is_err());
    }
}
