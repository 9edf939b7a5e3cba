//! What wakes a waiter, on real threads and descriptors.

use std::io::Write;
use std::thread;
use std::time::Duration;

use super::{Pending, Waiter};
use crate::sys::clock::Clock;

fn waiter() -> Waiter {
    Waiter::new(Clock::start())
}

fn waiter_and_clock() -> (Waiter, Clock) {
    let clock = Clock::start();
    (Waiter::new(clock), clock)
}

/// Long enough that a test which waits for it fails by its runner's patience and not by chance.
const LONG_NS: u64 = 600_000_000_000;

#[test]
fn a_wake_up_before_the_wait_ends_it_in_both_forms() {
    let mut waiter = waiter();
    waiter.waker().wake();
    waiter.sleep(None);
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    waiter.wait(&Pending::readable(&reader)); // changes the form and returns
    waiter.waker().wake();
    waiter.wait(&Pending::readable(&reader));
    waiter.waker().wake();
    waiter.sleep(None);
}

#[test]
fn a_wake_up_from_another_thread_ends_a_wait_in_both_forms() {
    let mut waiter = waiter();
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    for polls in [false, true] {
        if polls {
            waiter.wait(&Pending::readable(&reader));
        }
        let waker = waiter.waker().clone();
        let other = thread::spawn(move || waker.wake());
        waiter.wait(&Pending::woken());
        other.join().expect("no panic");
    }
}

#[test]
fn a_descriptor_that_becomes_ready_ends_a_wait() {
    let (mut waiter, clock) = waiter_and_clock();
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    waiter.wait(&Pending::writable(&writer)); // changes the form
    waiter.wait(&Pending::writable(&writer));
    let other = thread::spawn(move || {
        writer.write_all(b"x").expect("room");
        writer
    });
    waiter.wait(&Pending::readable(&reader));
    other.join().expect("no panic");
    // A descriptor that is not ready, and a moment that comes.
    let (empty, _open) = std::io::pipe().expect("a pipe");
    let until_ns = clock.now_ns() + 1_000_000;
    while clock.now_ns() < until_ns {
        waiter.wait(&Pending::readable(&empty).or_until(until_ns));
    }
}

#[test]
fn a_rest_is_deaf_to_wake_and_ended_by_wake_now() {
    let (waiter, clock) = waiter_and_clock();
    let waker = waiter.waker().clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    let other = thread::spawn(move || {
        while receiver.recv_timeout(Duration::from_millis(1)).is_err() {
            waker.wake();
        }
        waker.wake_now();
    });
    let until_ns = clock.now_ns() + 3_000_000;
    while clock.now_ns() < until_ns {
        waiter.rest(until_ns); // a call that came before it may end it once
    }
    sender.send(()).expect("a listener");
    waiter.rest(clock.now_ns() + LONG_NS);
    assert!(clock.now_ns() < LONG_NS);
    other.join().expect("no panic");
}
