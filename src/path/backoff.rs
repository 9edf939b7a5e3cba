//! Back-off: how long a worker waits before it tries a failed write again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Waits that double from 10 ms to 1 s, each cut by chance to between half of it and all of it: workers that share a
/// broken disk do not all come back to it at the same moment.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    chance: fastrand::Rng,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            chance: fastrand::Rng::with_seed(seed),
            next: FIRST,
        }
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let longest = self.next;
        self.next = (longest * 2).min(LONGEST);
        longest.mul_f64(0.5 + 0.5 * self.chance.f64())
    }

    /// Something was accepted: the next failure is a first one.
    pub(crate) fn reset(&mut self) {
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
