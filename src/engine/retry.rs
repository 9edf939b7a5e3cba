//! The retry: how often a worker's sink has failed, and how long the worker waits before it tries again.

use std::time::Duration;

use crate::engine::notice::{Notice, Notices};
use crate::engine::sink_error::{OnSinkError, SinkError, SinkErrorKind};

const FIRST_NS: u64 = 10_000_000;
const LONGEST_NS: u64 = 1_000_000_000;
/// How soon after one outage another is logged: a sink may fail at every second write.
const LOG_AGAIN_NS: u64 = 10_000_000_000;

/// One worker's retries.
#[derive(Debug)]
pub(crate) struct Retry {
    policy: OnSinkError,
    worker: usize,
    delay: RetryDelay,
    /// Failures since the sink last accepted something.
    failures: u64,
    /// When this outage was logged; `None` if it was not.
    logged_ns: Option<u64>,
    /// When an outage was last logged.
    last_logged_ns: Option<u64>,
    notices: Notices,
}

impl Retry {
    pub(crate) fn new(policy: OnSinkError, worker: usize, notices: Notices) -> Self {
        Self {
            policy,
            worker,
            delay: RetryDelay::new(worker as u64),
            failures: 0,
            logged_ns: None,
            last_logged_ns: None,
            notices,
        }
    }

    /// An output could not be opened again.
    pub(crate) fn not_reopened(&self, output: &str, error: &SinkError) {
        let worker = self.worker;
        self.notices.send(Notice::Warning(format!(
            "worker {worker}: {output}: {error}; it was not opened again"
        )));
    }

    pub(crate) fn is_retryable(&self, error: &SinkError) -> bool {
        self.policy == OnSinkError::Retry && error.kind() == SinkErrorKind::Retryable
    }

    /// The sink failed; returns when to try again.
    pub(crate) fn on_failure(&mut self, error: &SinkError, now_ns: u64) -> u64 {
        self.failures += 1;
        let quiet_for_long = self
            .last_logged_ns
            .is_none_or(|last_ns| now_ns.saturating_sub(last_ns) > LOG_AGAIN_NS);
        if self.logged_ns.is_none() && quiet_for_long {
            (self.logged_ns, self.last_logged_ns) = (Some(now_ns), Some(now_ns));
            self.notices.send(Notice::SinkFailing {
                worker: self.worker,
                error: error.to_string(),
            });
        }
        now_ns.saturating_add(self.delay.next_ns())
    }

    /// The sink accepted something; the next failure is the first of a new outage.
    #[inline]
    pub(crate) fn on_progress(&mut self, now_ns: u64) {
        if self.failures > 0 {
            self.recover(now_ns);
        }
    }

    #[cold]
    fn recover(&mut self, now_ns: u64) {
        let failures = std::mem::take(&mut self.failures);
        self.delay.reset();
        // Log the recovery only if the outage was logged.
        if let Some(since_ns) = self.logged_ns.take() {
            self.notices.send(Notice::SinkRecovered {
                worker: self.worker,
                failures,
                after: Duration::from_nanos(now_ns.saturating_sub(since_ns)),
            });
        }
    }
}

/// Delays that double from 10 ms to 1 s, each cut at random to between half of it and all of it: workers that share a
/// broken disk do not all come back to it at the same moment.
#[derive(Clone, Debug)]
struct RetryDelay {
    rng: fastrand::Rng,
    longest_ns: u64,
}

impl RetryDelay {
    /// The same seed gives the same delays.
    fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            longest_ns: FIRST_NS,
        }
    }

    fn next_ns(&mut self) -> u64 {
        let longest_ns = self.longest_ns;
        self.longest_ns = (longest_ns * 2).min(LONGEST_NS);
        self.rng.u64(longest_ns / 2..=longest_ns)
    }

    fn reset(&mut self) {
        self.longest_ns = FIRST_NS;
    }
}

#[cfg(test)]
mod tests {
    use super::RetryDelay;

    #[test]
    fn delays_double_from_10_ms_to_1_s_and_start_again_after_a_success() {
        let mut delay = RetryDelay::new(7);
        for _ in 0..2 {
            for ms in [10, 20, 40, 80, 160, 320, 640, 1000, 1000] {
                let wait = delay.next_ns() / 1_000_000;
                assert!((ms / 2..=ms).contains(&wait), "{wait} of {ms}");
            }
            delay.reset();
        }
        let (mut one, mut other) = (RetryDelay::new(1), RetryDelay::new(2));
        assert!((0..9).any(|_| one.next_ns() != other.next_ns()));
    }
}
