//! What a producer demands: how much, as of when, and what it refuses.

use super::producer::{Closed, Say, Worked, bench, bench_until, bench_with};
use super::{MS, take};
use crate::sys::wait::simulated::meanwhile;

#[test]
fn a_count_is_reached_exactly() {
    let last = Say::Lend(1);
    let lend = [Say::Lend(4), Say::Dropped(3), Say::Lend(2), last, last];
    let mut bench = bench(10, &lend, &[]);
    bench.does(&[Worked, Worked, Worked, Worked, Closed("count reached")]);
    assert_eq!(bench.told().demanded, [10, 6, 3, 1]);
    assert_eq!(bench.produced(), 10);
    // Where the stop comes first, what is buffered counts too.
    let mut bench = bench_with(5, &[Say::Lend(2)], &[Say::Lend(3), Say::Lend(1)], true);
    bench.does(&[Worked]);
    bench.shard.quiesce();
    bench.does(&[Worked, Worked, Closed("quiesced")]);
    assert_eq!(bench.produced(), 5);
}

#[test]
fn a_source_that_lends_more_than_is_left_is_refused_before_anything_is_counted() {
    let mut bench = bench(5, &[Say::Lend(3), Say::Lend(3)], &[]);
    bench.does(&[Worked, Closed("invalid data")]);
    assert_eq!((bench.produced(), bench.published()), (3, vec![0, 1, 2]));
}

#[test]
fn a_source_that_lends_more_than_is_left_after_a_stop_is_refused_too() {
    let mut bench = bench(5, &[Say::Lend(3)], &[Say::Lend(3)]);
    bench.does(&[Worked]);
    bench.shard.quiesce();
    bench.does(&[Worked, Closed("invalid data")]);
    assert_eq!((bench.produced(), bench.published()), (3, vec![0, 1, 2]));
}

#[test]
fn a_source_that_lends_more_than_it_was_asked_for_is_refused_although_more_is_left() {
    let mut bench = bench(u64::MAX, &[Say::Lend(257)], &[]);
    bench.does(&[Closed("invalid data")]);
    assert_eq!(bench.produced(), 0);
    let mut bench = super::producer::bench(u64::MAX, &[], &[Say::Lend(257)]);
    bench.shard.quiesce();
    bench.does(&[Worked, Closed("invalid data")]);
    assert_eq!(bench.produced(), 0);
}

#[test]
fn a_source_that_drops_more_than_is_left_is_refused_before_anything_is_counted() {
    let mut bench = bench(5, &[Say::Dropped(3), Say::Dropped(3)], &[]);
    bench.does(&[Worked, Closed("invalid data")]);
    assert_eq!(bench.produced(), 3);
    let mut bench = super::producer::bench(5, &[Say::Dropped(3)], &[Say::Dropped(3)]);
    bench.does(&[Worked]);
    bench.shard.quiesce();
    bench.does(&[Worked, Closed("invalid data")]);
    assert_eq!(bench.produced(), 3);
    // More than a demand, as a socket that overflowed may drop: only the count bounds it.
    let mut bench = super::producer::bench(u64::MAX, &[Say::Dropped(1_000_000)], &[]);
    bench.does(&[Worked, Closed("end of input")]);
    assert_eq!(bench.produced(), 1_000_000);
}

#[test]
fn a_demand_is_as_of_the_end_of_a_wait_for_room_and_as_of_after_a_drop() {
    let lend = [Say::Lend(17), Say::Dropped(1), Say::Dropped(1)];
    let mut bench = bench(u64::MAX, &lend, &[]);
    let mut reader = bench.readers.remove(0);
    bench.hand.set(MS);
    let hand = bench.hand;
    // A worker makes room after 50 us; what comes next has come after that.
    let release = move |_| {
        hand.advance(50_000);
        drop(take(&mut reader, 1));
    };
    meanwhile(release, || bench.runs_on());
    // The source takes until then to find something to drop.
    bench.hand.set(3 * MS);
    bench.runs_on();
    bench.runs_on();
    assert_eq!(bench.told().asked_ns, [MS, MS + 50_000, 3 * MS]);
}

#[test]
fn nothing_is_demanded_that_falls_due_after_the_duration() {
    let lend = [Say::Lend(1), Say::Lend(1), Say::Lend(9)];
    let buffered = [Say::Lend(2), Say::Dropped(1)];
    let mut bench = bench_until(10 * MS, u64::MAX, &lend, &buffered, false);
    bench.does(&[Worked]);
    bench.hand.set(10 * MS - 1);
    bench.does(&[Worked]);
    bench.hand.set(14 * MS);
    bench.does(&[Worked, Worked]);
    bench.hand.set(15 * MS);
    bench.does(&[Worked, Closed("duration over")]);
    let last = 10 * MS - 1;
    assert_eq!(bench.told().asked_ns, [0, last, last, last, last]);
    assert_eq!(bench.produced(), 5);
}

#[test]
fn what_is_demanded_after_a_stop_is_demanded_as_of_the_stop() {
    let mut bench = bench_until(10 * MS, u64::MAX, &[], &[Say::Lend(1); 2], false);
    bench.hand.set(4 * MS);
    bench.shard.quiesce();
    bench.does(&[Worked]);
    bench.hand.set(20 * MS);
    bench.does(&[Worked, Worked, Closed("quiesced")]);
    assert_eq!(bench.told().asked_ns, [4 * MS; 3]);
}
