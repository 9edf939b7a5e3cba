//! How a producer waits for its source: it lets records gather, so that many of them cost one wake-up.

use crate::engine::shard::ShardHandle;
use crate::sys::wait::{Backoff, Pending, Waiter};

/// How a producer waits.
#[derive(Debug)]
pub(crate) struct Waits {
    pub(super) waiter: Waiter,
    backoff: Backoff,
    /// The shortest sleep; after it everything that arrived or fell due is published at once. See [`rest_ns`].
    rest_ns: u64,
    woke_ns: u64,
    /// Records that had been produced when the last wait, a rest for the waker, began.
    rested_at: Option<u64>,
}

/// How long a producer may let records gather, when its batches may wait `batch_timeout` in their lane anyway: a
/// twentieth of that, 5 ms at most.
///
/// A wake-up costs about 5 us of CPU on bare metal and 40-60 us on a virtual machine (each sleep halts the virtual
/// CPU), so a wake-up per record would be most of what a slow pipeline costs.
pub(crate) fn rest_ns(batch_timeout_ns: u64) -> u64 {
    (batch_timeout_ns / 20).min(5_000_000)
}

impl Waits {
    pub(crate) fn new(waiter: Waiter, backoff: Backoff, rest_ns: u64) -> Self {
        Self {
            waiter,
            backoff,
            rest_ns,
            woke_ns: 0,
            rested_at: None,
        }
    }

    /// Waits for what is pending, or until `at_most_ns`. Before it waits for the waker alone, or for a time that comes
    /// before its rest is over, it rests, so that it never wakes more than once per rest. A descriptor is waited for at
    /// once, because its writer may be blocked; so is a later time, which a call of the waker ends. A
    /// rest that brought nothing is not followed by another: an idle source sleeps until it is woken.
    ///
    /// Returns until when it let records gather; 0 if it did not.
    pub(crate) fn wait(
        &mut self,
        shard: &ShardHandle,
        pending: &Pending<'_>,
        at_most_ns: Option<u64>,
    ) -> u64 {
        let clock = shard.clock;
        if pending.names_descriptors() {
            let pending = at_most_ns.map_or(*pending, |at_ns| pending.or_until(at_ns));
            self.waiter.wait(&pending);
            return 0;
        }
        let now_ns = clock.now_ns();
        let rested_ns = self.woke_ns.saturating_add(self.rest_ns);
        let produced = shard.counters.producer.produced.get();
        let is_idle = self.rested_at.take() == Some(produced);
        let meant_ns = match pending.until_ns() {
            None if now_ns < rested_ns && !is_idle => {
                self.rested_at = Some(produced);
                let until_ns = at_most_ns.map_or(rested_ns, |at_ns| at_ns.min(rested_ns));
                self.waiter.rest(until_ns);
                until_ns
            }
            None => {
                self.waiter.sleep(at_most_ns);
                0
            }
            Some(due_ns) => {
                let due_ns = at_most_ns.map_or(due_ns, |at_ns| due_ns.min(at_ns));
                // Spins the last stretch if the budget allows it.
                let until_ns = due_ns.max(rested_ns);
                let spin_from_ns = until_ns.saturating_sub(self.backoff.spin_ns());
                if now_ns >= spin_from_ns {
                    self.backoff.spin(until_ns, || false);
                    return if due_ns < rested_ns { until_ns } else { 0 };
                }
                if due_ns <= rested_ns {
                    self.waiter.rest(spin_from_ns);
                    until_ns
                } else {
                    self.waiter.sleep(Some(spin_from_ns));
                    0
                }
            }
        };
        self.woke_ns = clock.now_ns();
        meant_ns.min(self.woke_ns) // a stop ends a rest early
    }
}
