//! How a worker leaves: by a final error, a halt or a panic, with a spill file or without, and by a flush.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::worker::Did::{Ended, Spills, Waits, WaitsForSink, Worked};
use super::worker::{bench, bench_with};
use super::{Answer, MS};
use crate::engine::sink_error::OnSinkError;

#[test]
fn a_final_error_ends_the_worker_with_what_was_accepted_counted() {
    let mut bench = bench(&[Answer::Fail(1)]);
    bench.publish(&[2; 4]);
    bench.does(&[Ended("sink failed")]);
    assert_eq!(
        (
            bench.counters().delivered.get(),
            bench.counters().retries.get()
        ),
        (1, 0)
    );
    // So does one that may pass, where a run is to stop for it.
    let mut bench = bench_with(OnSinkError::Stop, &[Answer::Retry(3)]);
    bench.publish(&[2; 4]);
    bench.does(&[Ended("sink failed")]);
    assert_eq!(
        (
            bench.counters().delivered.get(),
            bench.counters().retries.get()
        ),
        (3, 0)
    );
}

#[test]
fn an_output_whose_reader_has_gone_ends_the_worker_and_nothing_is_spilled() {
    let mut bench = bench(&[Answer::ReaderClosed]).spilling(&[]);
    bench.publish(&[2; 4]);
    bench.does(&[Ended("reader closed")]);
    assert!(bench.spill.script().take().is_empty());
}

#[test]
fn what_a_failed_sink_did_not_accept_is_spilled_whole_and_nothing_that_it_did() {
    let answers = [Answer::Part(1, MS), Answer::Fail(1)];
    let spill = [Answer::Part(1, 9 * MS), Answer::Part(0, 9 * MS)];
    let mut bench = bench(&answers).spilling(&spill);
    bench.publish(&[2; 4]);
    bench.does(&[WaitsForSink(Some(MS)), Spills("sink failed")]);
    bench.publish(&[2; 2]);
    bench.does(&[
        WaitsForSink(Some(9 * MS)),
        WaitsForSink(Some(9 * MS)),
        Worked,
        Worked,
    ]);
    assert_eq!(
        bench.spill.script().take(),
        [vec![2, 3], vec![3], vec![3], vec![4, 5]]
    );
    // It spills on until the lane closes.
    bench.does(&[Waits(1, None)]);
    bench.publish(&[2]);
    bench.does(&[Worked, Waits(1, None)]);
    bench.close();
    bench.does(&[Ended("spilled")]);
    let counters = bench.counters();
    assert_eq!((counters.delivered.get(), counters.spilled.get()), (2, 5));
    assert_eq!(bench.sink.script().accepted, [0, 1]);
    assert_eq!(bench.spill.script().accepted, [2, 3, 4, 5, 6]);
}

#[test]
fn a_spill_file_that_fails_ends_the_worker_with_what_it_took_counted() {
    let mut bench = bench(&[Answer::Fail(0)]).spilling(&[Answer::Retry(3)]);
    bench.publish(&[2; 4]);
    bench.does(&[Spills("sink failed"), Ended("spill failed")]);
    assert_eq!(bench.counters().spilled.get(), 3);
}

#[test]
fn a_halt_ends_a_worker_that_delivers_and_one_that_waits_for_its_sink() {
    for answers in [&[][..], &[Answer::Part(1, 9_000 * MS)][..]] {
        let mut bench = bench(answers);
        bench.publish(&[2; 9]);
        bench.step();
        bench.shard.halt();
        bench.does(&[Ended("halted")]);
        assert_eq!(bench.sink.script().take().len(), 1);
        assert_eq!(bench.sink.script().flushed, 0);
    }
}

#[test]
fn a_halt_ends_a_worker_that_backs_off_before_it_tries_again() {
    let mut bench = bench(&[Answer::Retry(1)]);
    bench.publish(&[2; 4]);
    let until_ns = bench.backs_off();
    bench.shard.halt();
    bench.does(&[Ended("halted")]);
    // Not even when it is time.
    bench.hand.set(until_ns);
    bench.does(&[Ended("halted")]);
    bench.offered(&[&[0, 1, 2, 3]]);
}

#[test]
fn a_halt_has_the_rest_spilled_in_each_state() {
    for answers in [
        [Answer::All; 1],
        [Answer::Part(2, MS); 1],
        [Answer::Retry(2); 1],
    ] {
        let mut bench = bench(&answers).spilling(&[]);
        bench.publish(&[2; 6]);
        bench.step();
        bench.shard.halt();
        bench.does(&[Spills("halted")]);
        while bench.step() == Worked {}
        let accepted = bench.sink.script().accepted.len();
        let spilled: Vec<_> = (accepted as u64..6).collect();
        assert_eq!(bench.spill.script().accepted, spilled, "{answers:?}");
    }
}

#[test]
fn a_spilling_worker_waits_a_second_after_a_halt_for_a_lane_that_does_not_close() {
    let mut bench = bench(&[Answer::Fail(0)]).spilling(&[]);
    bench.publish(&[2; 4]);
    bench.does(&[Spills("sink failed"), Worked, Waits(1, None)]);
    bench.hand.set(7_000 * MS);
    bench.shard.halt();
    bench.does(&[Waits(1, Some(8_000 * MS))]);
    bench.hand.set(7_999 * MS);
    bench.publish(&[2]);
    bench.does(&[Worked, Waits(1, Some(8_000 * MS))]);
    bench.hand.set(8_000 * MS);
    bench.does(&[Ended("spilled")]);
    assert_eq!(bench.counters().spilled.get(), 5);
}

#[test]
fn a_flush_may_be_pending_and_may_fail_and_is_then_tried_again() {
    let mut bench = bench(&[]);
    let flushes = [
        Answer::Part(0, 2 * MS),
        Answer::Retry(0),
        Answer::Retry(0),
        Answer::Part(9, MS),
    ];
    bench.sink.script().flushes.extend(flushes);
    bench.close();
    bench.does(&[WaitsForSink(Some(2 * MS))]);
    let first_ns = bench.backs_off();
    bench.does(&[WaitsForSink(Some(first_ns))]);
    assert_eq!(bench.sink.script().flushed, 2);
    bench.hand.set(first_ns);
    let second_ns = bench.backs_off();
    assert!(second_ns - first_ns >= 10 * MS);
    bench.hand.set(second_ns);
    bench.does(&[WaitsForSink(Some(MS)), Ended("drained")]);
    assert_eq!(
        (bench.sink.script().flushed, bench.counters().retries.get()),
        (5, 2)
    );
}

#[test]
fn a_flush_that_fails_for_good_ends_the_worker() {
    let mut bench = bench(&[]);
    bench.sink.script().flushes.extend([Answer::Fail(0)]);
    bench.close();
    bench.does(&[Ended("sink failed")]);
}

#[test]
fn a_halt_ends_a_flush_that_waits_and_one_that_backs_off() {
    for answer in [Answer::Part(0, 9_000 * MS), Answer::Retry(0)] {
        let mut bench = bench(&[]);
        bench.sink.script().flushes.extend([answer; 3]);
        bench.close();
        bench.backs_off();
        bench.shard.halt();
        bench.does(&[Ended("halted")]);
    }
}

#[test]
fn a_worker_whose_lane_is_empty_and_closed_flushes_also_after_a_halt() {
    let mut bench = bench(&[]);
    bench.publish(&[2; 4]);
    bench.does(&[Worked]);
    bench.close();
    bench.shard.halt();
    bench.does(&[Ended("drained")]);
    assert_eq!(bench.sink.script().flushed, 1);
}

#[test]
fn a_batch_that_a_panic_left_is_spilled_from_the_next_step_on() {
    for spills in [false, true] {
        let mut bench = bench(&[Answer::Part(1, MS), Answer::Panic]);
        if spills {
            bench = bench.spilling(&[]);
        }
        bench.publish(&[2; 4]);
        bench.does(&[WaitsForSink(Some(MS))]);
        assert!(catch_unwind(AssertUnwindSafe(|| bench.step())).is_err());
        assert_eq!(bench.worker.spill_after_panic(), spills);
        if spills {
            bench.close();
            bench.does(&[Worked, Ended("spilled")]);
            assert_eq!(bench.spill.script().accepted, [1, 2, 3]);
        }
        assert_eq!(bench.counters().delivered.get(), 1);
    }
}
