//! The steps of a wait without a wake-up: spin or yield, then sleep in growing slices.
//!
//! A thread with a CPU of its own spins; one that shares its CPU with other threads of the run yields, because its
//! partner may be next in line. On a busy machine somebody else's thread is next, and a yield is dear: since Linux 6.6
//! (EEVDF) it gives up the rest of the time slice. So yields are timed, and one that took too long is the last for a
//! while.

use std::cell::Cell;

use super::waker::Waiter;
use crate::sys::clock::Clock;

/// PAUSE instructions between two checks: keeps the cache line from bouncing at every check. A PAUSE takes 4 ns on some
/// cores and 50 on others, which is why the budget is time and not a count of these.
const PAUSES_PER_LOOK: u32 = 8;
/// Yields between two sleeps: enough for each partner on the same CPU to get its turn.
const YIELDS: u32 = 4;
/// A yield that took longer gave the CPU to work that is not the run's. A partner is back within microseconds, a busy
/// thread after its time slice: 1.4 ms or more with two CPUs or more.
const YIELD_LONGEST_NS: u64 = 1_000_000;
/// How long a thread does not yield after that. One lost slice in this time costs a few percent.
const NO_YIELD_FOR_NS: u64 = 20_000_000;
/// First and longest sleep. Linux adds about 50 us of timer slack to each, so a shorter first slice gains nothing,
/// and a longer last one would make a stop wait.
const SLEEP_FIRST_NS: u64 = 50_000;
const SLEEP_LONGEST_NS: u64 = 1_000_000;

/// How a thread waits before it sleeps; each thread has its own.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    clock: Clock,
    spin_ns: u64,
    /// The end of the time in which the thread does not yield.
    no_yield_until_ns: Cell<u64>,
}

impl Backoff {
    /// `spin_ns` is the longest time that one wait spins. At 0 it yields instead: see
    /// [`Placement::spin_ns`](crate::sys::cpu::Placement).
    pub(crate) fn new(clock: Clock, spin_ns: u64) -> Self {
        Self {
            clock,
            spin_ns,
            no_yield_until_ns: Cell::new(0),
        }
    }

    pub(crate) fn spin_ns(&self) -> u64 {
        self.spin_ns
    }

    /// Spins or yields until `ready`, but not beyond the budget or `until_ns` on the run's clock; returns whether it
    /// became ready.
    #[inline]
    pub(crate) fn spin(&self, until_ns: u64, mut ready: impl FnMut() -> bool) -> bool {
        if cfg!(loom) {
            return ready(); // each further check multiplies the interleavings, and shows nothing new
        }
        if !self.clock.has_begun() {
            return ready(); // a budget would never be spent
        }
        let began_ns = self.clock.now_ns();
        if self.spin_ns == 0 {
            return self.yield_until(until_ns, began_ns, ready);
        }
        let until_ns = began_ns.saturating_add(self.spin_ns).min(until_ns);
        loop {
            if ready() {
                return true;
            }
            if self.clock.now_ns() >= until_ns {
                return false;
            }
            for _ in 0..PAUSES_PER_LOOK {
                std::hint::spin_loop();
            }
        }
    }

    fn yield_until(&self, until_ns: u64, mut now_ns: u64, mut ready: impl FnMut() -> bool) -> bool {
        for _ in 0..YIELDS {
            if ready() {
                return true;
            }
            if now_ns >= until_ns || now_ns < self.no_yield_until_ns.get() {
                return false;
            }
            std::thread::yield_now();
            now_ns = self.yielded(now_ns);
        }
        ready()
    }

    /// Notes how long a yield took that began at this time; returns the time now.
    fn yielded(&self, began_ns: u64) -> u64 {
        let now_ns = self.clock.now_ns();
        if now_ns.saturating_sub(began_ns) > YIELD_LONGEST_NS {
            self.no_yield_until_ns
                .set(now_ns.saturating_add(NO_YIELD_FOR_NS));
        }
        now_ns
    }

    /// Spins or yields, then sleeps, until `ready` or `until_ns` on the run's clock; returns whether it became ready.
    ///
    /// For conditions that hold within microseconds or milliseconds and that cause no wake-up (room in a lane). Costs
    /// at most about a thousand checks a second while they do not hold.
    pub(crate) fn wait(
        &self,
        waiter: &Waiter,
        until_ns: u64,
        mut ready: impl FnMut() -> bool,
    ) -> bool {
        if self.spin(until_ns, &mut ready) {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Backoff, NO_YIELD_FOR_NS, YIELD_LONGEST_NS, YIELDS};
    use crate::sys::clock::Clock;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_yield_that_took_longer_than_a_partner_needs_is_the_last_for_a_while() {
        let (clock, hand) = Clock::manual();
        let backoff = Backoff::new(clock, 0);
        let looks = || {
            let looks = Cell::new(0);
            assert!(!backoff.spin(u64::MAX, || {
                looks.set(looks.get() + 1);
                false
            }));
            looks.get()
        };
        let now_ns = 2 * YIELD_LONGEST_NS;
        hand.set(now_ns);
        backoff.yielded(now_ns - YIELD_LONGEST_NS);
        assert_eq!(looks(), YIELDS + 1);
        backoff.yielded(now_ns - YIELD_LONGEST_NS - 1);
        assert_eq!(looks(), 1);
        hand.set(now_ns + NO_YIELD_FOR_NS - 1);
        assert_eq!(looks(), 1);
        hand.set(now_ns + NO_YIELD_FOR_NS);
        assert_eq!(looks(), YIELDS + 1);
    }

    #[test]
    fn a_spin_ends_with_its_budget_and_never_later_than_the_wait() {
        let (clock, hand) = Clock::manual();
        let ends_at = |spin_ms: u64, until_ms: u64| {
            hand.set(clock.now_ns() / MS * MS);
            let began_ns = clock.now_ns();
            let until_ns = began_ns + until_ms * MS;
            let ready = || {
                hand.advance(MS);
                false
            };
            assert!(!Backoff::new(clock, spin_ms * MS).spin(until_ns, ready));
            (clock.now_ns() - began_ns) / MS
        };
        assert_eq!(ends_at(50, 1_000), 50);
        assert_eq!(ends_at(50, 7), 7);
    }

    #[test]
    fn a_wait_before_the_run_begins_does_not_spin() {
        let (clock, start) = Clock::held();
        let backoff = Backoff::new(clock, u64::MAX);
        assert!(!backoff.spin(u64::MAX, || false));
        start.begin();
        assert!(!backoff.spin(clock.now_ns() + MS, || false));
    }

    #[test]
    fn what_is_ready_is_found_without_a_wait() {
        let (clock, _) = Clock::manual();
        for spin_ns in [0, 1] {
            assert!(Backoff::new(clock, spin_ns).spin(0, || true));
        }
    }
}
