//! The steps of a wait without a wake-up: spin, then yield, then sleep in growing slices.

use super::waker::Waiter;
use crate::sys::clock::Clock;

/// PAUSE instructions between two checks: keeps the cache line from bouncing at every check. A PAUSE takes 4 ns on some
/// cores and 50 on others, which is why the budget is time and not a count of these.
const PAUSES_PER_LOOK: u32 = 8;
/// Yields between spinning and sleeping: enough for a partner on the same core to get its turn.
const YIELDS: u32 = 4;
/// First and longest sleep. Linux adds about 50 us of timer slack to each, so a shorter first slice gains nothing,
/// and a longer last one would make a stop wait.
const SLEEP_FIRST_NS: u64 = 50_000;
const SLEEP_LONGEST_NS: u64 = 1_000_000;

/// How long a thread may spin before it gives its core away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    clock: Clock,
    spin_ns: u64,
}

impl Backoff {
    /// `spin_ns` is the time one wait may spin; 0 goes straight to yielding.
    pub(crate) fn new(clock: Clock, spin_ns: u64) -> Self {
        Self { clock, spin_ns }
    }

    pub(crate) fn spin_ns(&self) -> u64 {
        self.spin_ns
    }

    /// Spins, then yields a few times, until `ready` or the budget is spent; returns whether it became ready.
    #[inline]
    pub(crate) fn spin(&self, mut ready: impl FnMut() -> bool) -> bool {
        if cfg!(loom) {
            return ready(); // each further check multiplies the interleavings, and shows nothing new
        }
        if self.spin_ns > 0 {
            let until_ns = self.clock.now_ns().saturating_add(self.spin_ns);
            loop {
                if ready() {
                    return true;
                }
                for _ in 0..PAUSES_PER_LOOK {
                    std::hint::spin_loop();
                }
                if self.clock.now_ns() >= until_ns {
                    break;
                }
            }
        }
        for _ in 0..YIELDS {
            if ready() {
                return true;
            }
            std::thread::yield_now();
        }
        ready()
    }

    /// Spins, yields and sleeps until `ready` or `until_ns` on the run's clock; returns whether it became ready.
    ///
    /// For conditions that hold within microseconds or milliseconds and that cause no wake-up (room in a lane). Costs
    /// at most about a thousand checks a second while they do not hold.
    pub(crate) fn wait(
        &self,
        waiter: &Waiter,
        until_ns: u64,
        mut ready: impl FnMut() -> bool,
    ) -> bool {
        if self.spin(&mut ready) {
            return true;
        }
        let mut slice_ns = SLEEP_FIRST_NS;
        loop {
            if ready() {
                return true;
            }
            let now_ns = self.clock.now_ns();
            if now_ns >= until_ns {
                return false;
            }
            waiter.sleep(Some(until_ns.min(now_ns.saturating_add(slice_ns))));
            slice_ns = (slice_ns * 2).min(SLEEP_LONGEST_NS);
        }
    }
}
