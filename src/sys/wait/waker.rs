//! The waker and the waiter: any thread can wake one that sleeps.
//!
//! A waiter sleeps on a futex (crossbeam's parker) until it is first asked to wait for a descriptor; from then on it
//! sleeps in `poll`, with a pipe beside the descriptors. It changes once, and the wait in which it changes returns at
//! once:
//!
//! ```text
//!   waker    write what it wakes for --> fence --> polls? byte into the pipe : unpark
//!   waiter   polls = true            --> fence --> return: the caller checks again
//! ```
//!
//! One of the two fences comes first. If it is the waiter's, the waker sees `polls` and writes into the pipe. If it is
//! the waker's, the caller's check sees what the waker wrote. The same argument holds for the end of [`Waiter::rest`].

use std::sync::OnceLock;

use super::pending::Pending;
use super::pipe::{PollEnd, WakeEnd, pipe, wait_unwoken};
use crate::sys::clock::Clock;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::{Arc, AtomicBool, Ordering, Parker, Unparker, fence};

/// How long a wait without a pipe may last, because nothing can wake it.
const UNWOKEN_NS: u64 = 1_000_000;

/// Wakes one thread of a pipeline, from any thread.
///
/// Sticky: a call while the thread is awake ends its next wait. First write what the thread checks, then call. A call
/// costs about 10 ns if the thread is awake and a system call if it sleeps, or if it has ever waited for a descriptor.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    unparker: Unparker,
    /// The waiter sleeps in `poll` from now on.
    polls: AtomicBool,
    /// The waiter rests: it checks again when its rest is over, despite any [`wake`](Waker::wake).
    rests: AtomicBool,
    pipe: OnceLock<WakeEnd>,
}

impl Waker {
    /// Makes the thread check again, at once or - for a producer that lets records gather - at the end of its rest
    /// ([`pacing_rest`](crate::Config::pacing_rest)).
    #[inline]
    pub fn wake(&self) {
        fence_of_wake();
        // Relaxed: the fence orders it, as it orders `polls`.
        if !self.0.rests.load(Ordering::Relaxed) {
            self.wake_sleeper();
        }
    }

    /// Makes the thread check again at once, even if it rests: because a queue in front of it is full, or the run
    /// stops.
    #[inline]
    pub fn wake_now(&self) {
        fence_of_wake();
        self.wake_sleeper();
    }

    fn wake_sleeper(&self) {
        // Acquire: pairs with the Release in begin_polling; the pipe is there.
        if self.0.polls.load(Ordering::Acquire)
            && let Some(pipe) = self.0.pipe.get()
        {
            pipe.wake();
        } else {
            self.0.unparker.unpark();
        }
    }
}

/// Orders what a waker wrote before its check of how the waiter sleeps.
#[inline]
fn fence_of_wake() {
    if !mutated(Mutant::WakeWithoutFence) {
        fence(Ordering::SeqCst); // pairs with the fences in Waiter::begin_polling and Waiter::rest
    }
}

/// Puts its thread to sleep.
#[derive(Debug)]
pub(crate) struct Waiter {
    clock: Clock,
    parker: Parker,
    pipe: Option<PollEnd>,
    waker: Waker,
}

impl Waiter {
    /// A waiter on this clock.
    pub(crate) fn new(clock: Clock) -> Self {
        let parker = Parker::new();
        let waker = Waker(Arc::new(Shared {
            unparker: parker.unparker().clone(),
            polls: AtomicBool::new(false),
            rests: AtomicBool::new(false),
            pipe: OnceLock::new(),
        }));
        Self {
            clock,
            parker,
            pipe: None,
            waker,
        }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Waits for a wake-up, or for what `pending` names.
    pub(crate) fn wait(&mut self, pending: &Pending<'_>) {
        if pending.names_descriptors() {
            self.poll(pending);
        } else {
            self.sleep(pending.until_ns());
        }
    }

    /// Waits for a wake-up, or until a time.
    pub(crate) fn sleep(&self, until_ns: Option<u64>) {
        #[cfg(all(test, not(loom)))]
        if super::simulated::sleep(self.clock, until_ns) {
            return;
        }
        if let Some(pipe) = &self.pipe {
            self.look_soon_if_refused(&pipe.wait(&Pending::woken(), self.timeout_ns(until_ns)));
            return;
        }
        match until_ns.and_then(|until_ns| self.clock.instant(until_ns)) {
            Some(until) => self.parker.park_deadline(until),
            None => self.parker.park(),
        }
    }

    /// Sleeps until a time, despite calls of [`Waker::wake`]; [`Waker::wake_now`] ends it. The caller checks everything
    /// again afterwards.
    pub(crate) fn rest(&self, until_ns: u64) {
        let rests = &self.waker.0.rests;
        rests.store(true, Ordering::Relaxed); // seen late, it costs a needless wake-up
        self.sleep(Some(until_ns));
        rests.store(false, Ordering::Relaxed); // the fence after it orders it
        if !mutated(Mutant::RestWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in Waker::wake
        }
    }

    fn poll(&mut self, pending: &Pending<'_>) {
        if self.pipe.is_none() && self.begin_polling() {
            return;
        }
        let timeout_ns = self.timeout_ns(pending.until_ns());
        self.look_soon_if_refused(&match &self.pipe {
            Some(pipe) => pipe.wait(pending, timeout_ns),
            None => wait_unwoken(
                pending,
                timeout_ns.map_or(UNWOKEN_NS, |ns| ns.min(UNWOKEN_NS)),
            ),
        });
    }

    /// Out of memory, or a descriptor that cannot be polled: sleeps a little, so that the caller does not become a busy
    /// loop.
    fn look_soon_if_refused(&self, polled: &std::io::Result<()>) {
        let soon_ns = self.clock.now_ns().saturating_add(UNWOKEN_NS);
        if polled.is_err()
            && let Some(soon) = self.clock.instant(soon_ns)
        {
            self.parker.park_deadline(soon);
        }
    }

    /// Changes to polling; returns whether the caller must check again before it waits. Without a descriptor left for a
    /// pipe it does not change, and returns `false`.
    fn begin_polling(&mut self) -> bool {
        let Ok((poll_end, wake_end)) = pipe() else {
            return false;
        };
        self.pipe = Some(poll_end);
        let _ = self.waker.0.pipe.set(wake_end); // set once: this is the only place, and `pipe` was none
        // Release: pairs with the Acquire in wake_sleeper. The fence after it orders the rest.
        self.waker.0.polls.store(true, Ordering::Release);
        if !mutated(Mutant::PollWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in Waker::wake
        }
        !mutated(Mutant::PollWithoutReturn)
    }

    fn timeout_ns(&self, until_ns: Option<u64>) -> Option<u64> {
        until_ns.map(|until_ns| until_ns.saturating_sub(self.clock.now_ns()))
    }
}
