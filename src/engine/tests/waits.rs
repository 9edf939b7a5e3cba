//! How long a worker sleeps. How a producer waits: it rests, so that many calls of its waker cost one wake-up, and it
//! notices a stop.

use std::sync::Mutex;

use super::worker::bench;
use super::{Lanes, MS, Stage, lanes_on, policy, size, stage};
use crate::engine::waits::{Waits, rest_ns};
use crate::engine::worker::{Ran, WorkerEnd};
use crate::sys::clock::Clock;
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;
use crate::sys::wait::{Backoff, Pending, Waiter};

/// A producer's waits with a rest of 5 ms, and the shard that they belong to.
fn waits() -> (Waits, Stage) {
    let stage = stage(1, size(8, 64), policy());
    let clock = stage.shard.clock;
    let waits = Waits::new(Waiter::new(clock), Backoff::new(clock, 0), 5 * MS);
    (waits, stage)
}

/// How often a source that is woken every 10 us, each time for a record, is called in 100 ms.
fn looks_in_100_ms(waits: &mut Waits, stage: &Stage, lends: bool) -> usize {
    let (hand, clock) = (stage.hand, stage.shard.clock);
    let mut looks = 0;
    // A sleep without an end is ended by the next call of the waker.
    let woken = move |until_ns: Option<u64>| {
        if until_ns.is_none() {
            hand.advance(10_000);
        }
    };
    meanwhile(woken, || {
        while clock.now_ns() < 100 * MS {
            stage.shard.counters.producer.produced.add(u64::from(lends));
            waits.wait(&stage.shard, &Pending::woken(), None);
            looks += 1;
        }
    });
    looks
}

#[test]
fn a_source_that_is_woken_many_times_costs_one_wake_up_per_rest() {
    let (mut waits, stage) = waits();
    let looks = looks_in_100_ms(&mut waits, &stage, true);
    assert!((20..=21).contains(&looks), "{looks}");
}

#[test]
fn a_rest_is_a_twentieth_of_the_batch_timeout_and_5_ms_at_most() {
    let rests = [0, 19, 20, 20 * MS, 100 * MS, 60_000 * MS, u64::MAX].map(rest_ns);
    assert_eq!(rests, [0, 0, 1, MS, 5 * MS, 5 * MS, 5 * MS]);
}

#[test]
fn a_moment_that_comes_within_the_rest_is_waited_for_with_the_rest() {
    let (mut waits, stage) = waits();
    stage.hand.set(100 * MS);
    let clock = stage.shard.clock;
    let mut until = |until_ns, at_most_ns| {
        waits.wait(&stage.shard, &Pending::until(until_ns), at_most_ns);
        clock.now_ns() / MS
    };
    assert_eq!(until(103 * MS, None), 103);
    assert_eq!(until(104 * MS, None), 108);
    assert_eq!(until(120 * MS, Some(115 * MS)), 115);
    // What has come already is waited for with the rest too, which bounds the wake-ups.
    assert_eq!(until(110 * MS, None), 120);
}

#[test]
fn a_wait_tells_until_when_it_let_records_gather() {
    let (mut waits, stage) = waits();
    stage.hand.set(100 * MS);
    let mut until = |until_ns| waits.wait(&stage.shard, &Pending::until(until_ns), None) / MS;
    assert_eq!(until(103 * MS), 0, "it waited for what came");
    assert_eq!(until(104 * MS), 108);
    assert_eq!(until(120 * MS), 0);
    stage.shard.counters.producer.produced.add(1);
    let rested_until_ns = waits.wait(&stage.shard, &Pending::woken(), None);
    assert_eq!(rested_until_ns, 125 * MS);
}

#[test]
fn an_acknowledgement_ends_a_wait_for_the_waker() {
    let (mut waits, stage) = waits();
    stage.hand.set(100 * MS);
    waits.wait(&stage.shard, &Pending::woken(), Some(150 * MS));
    assert_eq!(stage.shard.clock.now_ns(), 150 * MS);
}

#[test]
fn an_idle_source_that_waits_for_its_waker_is_not_asked_again_and_again() {
    let (mut waits, stage) = waits();
    let (hand, clock) = (stage.hand, stage.shard.clock);
    let mut looks = 0;
    meanwhile(
        move |until_ns| hand.advance(if until_ns.is_none() { 1_000 * MS } else { 0 }),
        || {
            while clock.now_ns() < 10_000 * MS {
                waits.wait(&stage.shard, &Pending::woken(), None);
                looks += 1;
            }
        },
    );
    // A look for each second's call of the waker, and one at the end of the rest behind it.
    assert!(looks <= 20, "{looks}");
}

#[test]
fn calls_of_the_waker_that_bring_nothing_cost_two_wake_ups_per_rest_at_most() {
    let (mut waits, stage) = waits();
    let looks = looks_in_100_ms(&mut waits, &stage, false);
    assert!((20..=41).contains(&looks), "{looks}");
}

#[test]
fn a_stop_ends_a_rest() {
    let clock = Clock::start();
    let Lanes { waiter, shard, .. } = lanes_on(clock, Clock::manual().1, 1, size(8, 64));
    let mut waits = Waits::new(waiter, Backoff::new(clock, 0), 600_000 * MS);
    let stopping = Arc::clone(&shard);
    let stopper = std::thread::spawn(move || {
        for _ in 0..1_000 {
            stopping.producer.wake();
        }
        stopping.quiesce();
    });
    while !shard.control.is_quiescing() {
        waits.wait(&shard, &Pending::woken(), None);
    }
    assert!(clock.now_ns() < 600_000 * MS);
    stopper.join().expect("no panic");
}

#[test]
fn a_worker_sleeps_until_its_batch_is_due_and_no_longer() {
    let mut bench = bench(&[]);
    bench.hand.set(40 * MS);
    bench.publish(&[2]);
    let (mut lane, clock) = (bench.lane.take(), bench.shard.clock);
    let sleeps = Arc::new(Mutex::new(Vec::new()));
    let slept = Arc::clone(&sleeps);
    let note = move |until_ns: Option<u64>| {
        slept
            .lock()
            .expect("no panic")
            .push((clock.now_ns(), until_ns));
        if until_ns.is_none() {
            drop(lane.take()); // it has nothing left to wait for but the end
        }
    };
    let mut waiter = Waiter::new(clock);
    let ran = meanwhile(note, || {
        bench.worker.run(&mut waiter, &Backoff::new(clock, 0))
    });
    assert!(
        matches!(ran, Ran::Ended(WorkerEnd::Drained(None))),
        "{ran:?}"
    );
    let sleeps = sleeps.lock().expect("no panic");
    assert_eq!(*sleeps, [(40 * MS, Some(50 * MS)), (50 * MS, None)]);
    assert_eq!(bench.batches(), [0, 1, 0]);
}
