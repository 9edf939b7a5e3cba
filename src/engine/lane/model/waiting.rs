//! Models of the waker and the waiter alone: no form of the wake-up is ever lost.

use loom::thread;

use super::check;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, AtomicBool, Ordering};
use crate::sys::wait::{Pending, Waiter, Waker};

/// Writes the value that the waiter looks for, and wakes it. Relaxed: the fences order it.
fn bring(found: &AtomicBool, waker: &Waker) {
    found.store(true, Ordering::Relaxed);
    waker.wake();
}

#[test]
fn a_waiter_that_begins_to_poll_loses_no_wake_up() {
    check(4, || {
        let mut waiter = Waiter::new(Clock::start());
        let found = Arc::new(AtomicBool::new(false));
        let (brought, waker) = (Arc::clone(&found), waiter.waker().clone());
        let other = thread::spawn(move || bring(&brought, &waker));
        let descriptor = std::io::stdin(); // any: none is ever ready here
        while !found.load(Ordering::Relaxed) {
            waiter.wait(&Pending::readable(&descriptor));
        }
        assert!(other.join().is_ok());
    });
}

#[test]
fn a_waiter_that_rests_finds_what_it_was_woken_for_at_its_end() {
    check(3, || {
        let waiter = Waiter::new(Clock::start());
        let found = Arc::new(AtomicBool::new(false));
        let (brought, waker) = (Arc::clone(&found), waiter.waker().clone());
        let other = thread::spawn(move || bring(&brought, &waker));
        // Ends the rest in place of its timeout.
        let waker = waiter.waker().clone();
        let alarm = thread::spawn(move || waker.wake_now());
        waiter.rest(u64::MAX);
        while !found.load(Ordering::Relaxed) {
            waiter.sleep(None);
        }
        assert!(other.join().is_ok() && alarm.join().is_ok());
    });
}
