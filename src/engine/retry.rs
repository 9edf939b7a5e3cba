//! The retry: what a worker knows of a sink that fails for now, and how long it waits before it tries again.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crate::engine::sink_error::{OnSinkError, SinkError, SinkErrorKind};
use crate::engine::worker::Cause;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// How soon after one sink failure another may be said: a sink may fail at every second write.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// What a worker reports of its sink while the run goes on.
#[derive(Debug)]
pub(crate) enum Notice {
    /// It failed, for this reason, and is tried again.
    Failing { worker: usize, why: String },
    /// It accepts again, after so many failures since then.
    Works {
        worker: usize,
        failures: u64,
        after: Duration,
    },
    /// The run is over: nothing more comes.
    Over,
}

impl Notice {
    pub(crate) fn say(&self) {
        match self {
            Self::Failing { worker, why } => {
                tracing::warn!(
                    worker,
                    "worker {worker}: sink: {why}; trying again, its records wait"
                );
            }
            Self::Works {
                worker,
                failures,
                after,
            } => {
                let ms = after.as_millis();
                tracing::info!(
                    worker,
                    failures,
                    "worker {worker}: sink: works again after {failures} failures in {ms} ms"
                );
            }
            Self::Over => {}
        }
    }
}

/// A worker's manner of trying again, and where it stands.
#[derive(Debug)]
pub(crate) struct Retry {
    policy: OnSinkError,
    backoff: Backoff,
    /// Why the batch that failed was due: it is due again after each wait.
    pub(super) again: Option<Cause>,
    /// Bytes of the first record in the lane that the sink has accepted.
    pub(super) begun: usize,
    /// Failures since the sink last accepted something, and when that was said.
    failures: u64,
    since: Option<Instant>,
    notices: Option<Sender<Notice>>,
    said: Option<Instant>,
}

impl Retry {
    /// `seed` makes the waits of one worker differ from another's.
    pub(crate) fn new(policy: OnSinkError, seed: u64, notices: Option<Sender<Notice>>) -> Self {
        Self {
            policy,
            backoff: Backoff::new(seed),
            again: None,
            begun: 0,
            failures: 0,
            since: None,
            notices,
            said: None,
        }
    }

    pub(super) fn wants(&self, error: &SinkError) -> bool {
        self.policy == OnSinkError::Retry && error.kind() == SinkErrorKind::Retryable
    }

    /// The sink failed: how long to wait.
    pub(super) fn failed(&mut self, worker: usize, error: &SinkError) -> Duration {
        self.failures += 1;
        if self.since.is_none() && self.said.is_none_or(|said| said.elapsed() > SAY_AGAIN) {
            let now = Instant::now();
            (self.since, self.said) = (Some(now), Some(now));
            let why = error.to_string();
            self.notify(Notice::Failing { worker, why });
        }
        self.backoff.next()
    }

    /// The sink accepted something: the next failure is a first one.
    #[inline]
    pub(super) fn moved(&mut self, worker: usize) {
        if self.failures == 0 {
            return;
        }
        let failures = std::mem::take(&mut self.failures);
        self.backoff.reset();
        // Said only of those whose beginning was said.
        if let Some(since) = self.since.take() {
            let after = since.elapsed();
            self.notify(Notice::Works {
                worker,
                failures,
                after,
            });
        }
    }

    fn notify(&self, notice: Notice) {
        // Nobody hears it when the watch is over.
        let _ = self.notices.as_ref().map(|notices| notices.send(notice));
    }
}

/// Waits that double from 10 ms to 1 s, each cut by chance to between half of it and all of it: workers that share a
/// broken disk do not all come back to it at the same moment.
#[derive(Clone, Debug)]
struct Backoff {
    chance: fastrand::Rng,
    next: Duration,
}

impl Backoff {
    fn new(seed: u64) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            next: FIRST,
        }
    }

    /// The next wait.
    fn next(&mut self) -> Duration {
        let longest = self.next;
        self.next = (longest * 2).min(LONGEST);
        longest.mul_f64(0.5 + 0.5 * self.chance.f64())
    }

    /// Something was accepted: the next failure is a first one.
    fn reset(&mut self) {
        self.next = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn waits_double_from_10_ms_to_1_s_and_begin_again_after_a_success() {
        let mut backoff = Backoff::new(7);
        for _ in 0..2 {
            for ms in [10, 20, 40, 80, 160, 320, 640, 1000, 1000] {
                let wait = backoff.next().as_millis();
                assert!((ms / 2..=ms).contains(&wait), "{wait} of {ms}");
            }
            backoff.reset();
        }
        let (mut one, mut other) = (Backoff::new(1), Backoff::new(2));
        assert!((0..9).any(|_| one.next() != other.next()));
    }
}
