//! The worker, step by step: when a batch is due, and what follows from a sink's answers. `leaving` tests how it ends.

use std::sync::mpsc::{Receiver, channel};

use super::{Answer, Lanes, MS, Scripted, lanes, lines, size};
use crate::engine::due::BatchLimits;
use crate::engine::lane::{LaneWriter, Volume};
use crate::engine::notice::{Notice, Notices};
use crate::engine::record::stamp_and_measure;
use crate::engine::retry::Retry;
use crate::engine::shard::ShardHandle;
use crate::engine::sink_error::OnSinkError;
use crate::engine::spill::Spill;
use crate::engine::worker::{Step, Worker, WorkerEnd};
use crate::metrics::counters::{Counter, WorkerCounters};
use crate::metrics::exchange::exchange;
use crate::sys::clock::ClockHand;
use crate::sys::sync::Arc;

/// A step, without what it borrows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Did {
    Worked,
    /// Waits for this many records, or until a time.
    Waits(u64, Option<u64>),
    WaitsForSink(Option<u64>),
    Spills(&'static str),
    Ended(&'static str),
}
use Did::{Ended, Spills, Waits, WaitsForSink, Worked};

fn name(end: &WorkerEnd) -> &'static str {
    match end {
        WorkerEnd::Drained(None) => "drained",
        WorkerEnd::Drained(Some(1)) => "drained 1",
        WorkerEnd::Drained(Some(2)) => "drained 2",
        WorkerEnd::Drained(Some(_)) => "drained more",
        WorkerEnd::Halted => "halted",
        WorkerEnd::ReaderClosed => "reader closed",
        WorkerEnd::SinkFailed(_) => "sink failed",
        WorkerEnd::Spilled => "spilled",
        WorkerEnd::SpillFailed(_) => "spill failed",
    }
}

/// A worker, the other end of its lane, and the scripts of its sink and its spill file.
pub(super) struct Bench {
    pub(super) worker: Worker,
    pub(super) lane: Option<LaneWriter>,
    pub(super) shard: Arc<ShardHandle>,
    pub(super) hand: ClockHand,
    next: u64,
    pub(super) sink: Scripted,
    pub(super) spill: Scripted,
    pub(super) notices: Receiver<Notice>,
}

/// Batches of up to 4 records and 40 bytes, due after 10 ms.
const LIMITS: BatchLimits = BatchLimits {
    volume: Volume {
        records: 4,
        bytes: 40,
    },
    timeout_ns: 10 * MS,
};

pub(super) fn bench(writes: &[Answer]) -> Bench {
    bench_with(OnSinkError::Retry, writes)
}

pub(super) fn bench_with(on_error: OnSinkError, writes: &[Answer]) -> Bench {
    let Lanes {
        writers,
        readers,
        shard,
        hand,
        ..
    } = lanes(1, size(32, 256));
    let (log, notices) = channel();
    let log = Notices::new(move |notice| drop(log.send(notice)));
    let sink = Scripted::writing(writes);
    let retry = Retry::new(on_error, 0, log);
    let lane = readers.into_iter().next().expect("a lane");
    let to = Box::new(sink.clone());
    Bench {
        worker: Worker::new(0, Arc::clone(&shard), lane, to, LIMITS, retry),
        lane: writers.into_iter().next(),
        shard,
        hand,
        next: 0,
        sink,
        spill: Scripted::default(),
        notices,
    }
}

impl Bench {
    /// With a spill file.
    pub(super) fn spilling(mut self, writes: &[Answer]) -> Self {
        self.spill = Scripted::writing(writes);
        self.worker = self.worker.spill_to(Some(Spill::new(self.spill.clone())));
        self
    }

    /// Publishes records of these lengths now.
    pub(super) fn publish(&mut self, lengths: &[u32]) {
        let now_ns = self.shard.clock.now_ns();
        let mut lines = lines(self.next, now_ns / 2, lengths);
        stamp_and_measure(&mut lines.headers, now_ns, 0).expect("no empty record");
        let lane = self.lane.as_mut().expect("an open lane");
        assert_eq!(lane.publish(&lines.headers, &lines.bytes), lengths.len());
        self.next += lengths.len() as u64;
    }

    pub(super) fn close(&mut self) {
        self.lane = None;
    }

    pub(super) fn step(&mut self) -> Did {
        match self.worker.step(self.shard.clock.now_ns()) {
            Step::Worked => Worked,
            Step::Wait { volume, until_ns } => Waits(volume.records, until_ns),
            Step::WaitForSink(pending) => WaitsForSink(pending.until_ns()),
            Step::Spills(end) => Spills(name(&end)),
            Step::Ended(end) => Ended(name(&end)),
        }
    }

    #[track_caller]
    pub(super) fn does(&mut self, steps: &[Did]) {
        for step in steps {
            assert_eq!(self.step(), *step);
        }
    }

    /// The moment until which the worker backs off, in this step.
    #[track_caller]
    pub(super) fn backs_off(&mut self) -> u64 {
        match self.step() {
            WaitsForSink(Some(until_ns)) => until_ns,
            other => panic!("backs off: {other:?}"),
        }
    }

    /// The batches that the sink was offered since the last call.
    #[track_caller]
    pub(super) fn offered(&self, batches: &[&[u64]]) {
        assert_eq!(self.sink.script().take(), batches);
    }

    pub(super) fn counters(&self) -> &WorkerCounters {
        &self.shard.counters.workers[0]
    }

    /// Batches by size, age and drain.
    pub(super) fn batches(&self) -> [u64; 3] {
        let counters = self.counters();
        let batches = [
            &counters.batches_by_size,
            &counters.batches_by_age,
            &counters.batches_by_drain,
        ];
        batches.map(Counter::get)
    }
}

#[test]
fn a_batch_is_due_when_it_is_full_by_records_or_by_bytes() {
    let mut bench = bench(&[]);
    bench.publish(&[2; 3]);
    bench.does(&[Waits(4, Some(10 * MS))]);
    bench.publish(&[2, 2]);
    bench.does(&[Worked, Waits(4, Some(10 * MS))]);
    bench.offered(&[&[0, 1, 2, 3]]);
    // 2 + 30 + 9 bytes would be more than 40; a record that is longer than a batch makes one by itself.
    bench.publish(&[30, 9, 50, 2]);
    bench.does(&[Worked, Worked, Worked, Waits(4, Some(10 * MS))]);
    bench.offered(&[&[4, 5], &[6], &[7]]);
    assert_eq!(bench.batches(), [4, 0, 0]);
}

#[test]
fn a_batch_is_due_when_its_oldest_record_was_published_long_enough_ago() {
    let mut bench = bench(&[]);
    bench.does(&[Waits(1, None)]);
    // Due at 20 ms and published at 40 ms: what counts is the publication.
    bench.hand.set(40 * MS);
    bench.publish(&[2]);
    bench.does(&[Waits(4, Some(50 * MS))]);
    bench.hand.set(50 * MS - 1);
    bench.publish(&[2]);
    bench.does(&[Waits(4, Some(50 * MS))]);
    bench.hand.set(50 * MS);
    bench.does(&[Worked, Waits(1, None)]);
    bench.offered(&[&[0, 1]]);
    assert_eq!(bench.batches(), [0, 1, 0]);
}

#[test]
fn a_steady_trickle_does_not_push_the_deadline_out() {
    let mut bench = bench(&[]);
    for ms in (0..40).step_by(4) {
        bench.hand.set(ms * MS);
        bench.publish(&[2]);
        while bench.step() == Worked {}
    }
    // Records at 0, 4, 8 wait for the step at 12, which is later than 10 and brings a fourth.
    let batches: [&[u64]; 2] = [&[0, 1, 2, 3], &[4, 5, 6, 7]];
    bench.offered(&batches);
    bench.does(&[Waits(4, Some(42 * MS))]);
    bench.hand.set(42 * MS);
    bench.does(&[Worked]);
    bench.offered(&[&[8, 9]]);
}

#[test]
fn what_is_left_when_the_lane_closes_is_drained_and_flushed_after() {
    let mut bench = bench(&[]);
    bench.publish(&[2; 6]);
    bench.close();
    bench.does(&[Worked, Worked]);
    assert_eq!(bench.sink.script().flushed, 0);
    bench.does(&[Ended("drained 2")]);
    bench.offered(&[&[0, 1, 2, 3], &[4, 5]]);
    assert_eq!(
        (bench.batches(), bench.sink.script().flushed),
        ([1, 0, 1], 1)
    );
}

#[test]
fn a_retired_worker_hands_over_its_partial_batch_and_goes_on_when_it_is_needed_again() {
    let mut bench = bench(&[]);
    bench.publish(&[2; 2]);
    bench.does(&[Waits(4, Some(10 * MS))]);
    bench.shard.control.set_active(0);
    bench.does(&[Worked, Waits(1, None)]);
    bench.offered(&[&[0, 1]]);
    bench.shard.control.set_active(1);
    bench.publish(&[2]);
    bench.does(&[Waits(4, Some(10 * MS))]);
    assert_eq!(
        (bench.batches(), bench.sink.script().flushed),
        ([0, 0, 1], 0)
    );
}

#[test]
fn the_rest_of_a_batch_that_a_sink_took_in_part_is_the_same_batch() {
    let answers = [
        Answer::Part(1, 3 * MS),
        Answer::Part(0, 5 * MS),
        Answer::Part(1, 7 * MS),
    ];
    let mut bench = bench(&answers);
    bench.publish(&[2; 3]);
    bench.hand.set(10 * MS);
    bench.does(&[WaitsForSink(Some(3 * MS))]);
    // More arrives, and does not join it.
    bench.publish(&[2; 5]);
    bench.does(&[
        WaitsForSink(Some(5 * MS)),
        WaitsForSink(Some(7 * MS)),
        Worked,
    ]);
    bench.offered(&[&[0, 1, 2], &[1, 2], &[1, 2], &[2]]);
    assert_eq!(bench.batches(), [0, 1, 0]);
    bench.does(&[Worked, Waits(4, Some(20 * MS))]);
    bench.offered(&[&[3, 4, 5, 6]]);
    let counters = bench.counters();
    assert_eq!(
        (counters.delivered.get(), counters.delivered_bytes.get()),
        (7, 14)
    );
    // It is no failure.
    assert_eq!(counters.retries.get(), 0);
    assert!(bench.notices.try_recv().is_err());
}

#[test]
fn a_part_that_is_all_is_all_and_so_is_more_than_all() {
    for records in [4, 9] {
        let mut bench = bench(&[Answer::Part(records, 3 * MS)]);
        bench.publish(&[2; 4]);
        bench.does(&[Worked, Waits(1, None)]);
        assert_eq!(
            (bench.counters().delivered.get(), bench.batches()),
            (4, [1, 0, 0])
        );
    }
}

#[test]
fn a_drained_batch_that_was_taken_in_parts_counts_once_and_whole() {
    let mut bench = bench(&[Answer::Part(1, MS), Answer::Retry(0)]);
    bench.publish(&[2; 2]);
    bench.close();
    bench.does(&[WaitsForSink(Some(MS))]);
    let until_ns = bench.backs_off();
    bench.hand.set(until_ns);
    bench.does(&[Worked, Ended("drained 2")]);
    assert_eq!(bench.batches(), [0, 0, 1]);
}

#[test]
fn a_failing_sink_is_tried_again_after_10_ms_to_1_s_with_the_rest_of_the_batch() {
    let mut bench = bench(&[Answer::Retry(0); 9]);
    bench.sink.script().writes[0] = Answer::Retry(2);
    bench.publish(&[2; 4]);
    for longest_ms in [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000] {
        let began_ns = bench.shard.clock.now_ns();
        let until_ns = bench.backs_off();
        let delay_ns = until_ns - began_ns;
        assert!(
            delay_ns >= longest_ms * MS / 2 && delay_ns <= longest_ms * MS,
            "{delay_ns}"
        );
        // It is not tried before, and what arrives meanwhile stays out of the batch.
        bench.hand.set(until_ns - 1);
        bench.publish(&[2]);
        bench.does(&[WaitsForSink(Some(until_ns))]);
        bench.hand.set(until_ns);
    }
    bench.does(&[Worked]);
    let offered = bench.sink.script().take();
    assert_eq!(offered[0], [0, 1, 2, 3]);
    assert_eq!(offered[1..], [[2, 3]; 9]);
    assert_eq!(
        (bench.counters().retries.get(), bench.batches()),
        (9, [1, 0, 0])
    );
    let notices: Vec<_> = bench.notices.try_iter().collect();
    let [
        Notice::SinkFailing { .. },
        Notice::SinkRecovered { failures: 9, .. },
    ] = notices[..]
    else {
        panic!("an outage is logged once, and its end: {notices:?}");
    };
}

#[test]
fn progress_makes_the_next_failure_a_first_one() {
    // Without progress, with some before a failure, and with some in between.
    let mut answers = vec![Answer::Retry(0); 5];
    answers.extend([Answer::Retry(1), Answer::Retry(0), Answer::Retry(0)]);
    answers.extend([Answer::Part(1, 0), Answer::Retry(0)]);
    let mut bench = bench(&answers);
    bench.publish(&[2; 4]);
    let mut delays_ms = Vec::new();
    for _ in &answers {
        let began_ns = bench.shard.clock.now_ns();
        let until_ns = bench.backs_off().max(began_ns);
        delays_ms.push((until_ns - began_ns).div_ceil(MS));
        bench.hand.set(until_ns);
    }
    let longest = [10, 20, 40, 80, 160, 10, 20, 40, 0, 10];
    for (delay, longest) in delays_ms.iter().zip(longest) {
        assert!((longest / 2..=longest).contains(delay), "{delays_ms:?}");
    }
}

#[test]
fn the_latency_of_a_retried_batch_counts_from_when_it_was_first_taken() {
    let mut bench = bench(&[Answer::Part(1, 30 * MS), Answer::Part(0, 50 * MS)]);
    let (recorder, _collector) = exchange();
    bench.worker = bench.worker.record_to(Some(recorder));
    bench.sink.script().takes = Some((bench.hand, MS));
    bench.hand.set(20 * MS); // published now, due at 10 ms
    bench.publish(&[2; 2]);
    bench.hand.set(32 * MS);
    bench.does(&[WaitsForSink(Some(30 * MS)), WaitsForSink(Some(50 * MS))]);
    bench.hand.set(60 * MS);
    bench.does(&[Worked]);
    let latencies = bench.worker.take_recorder().expect("a recorder");
    let report = latencies.into_rest().report();
    // Delivered at 33 and at 61 ms, first taken at 32.
    let extremes = |summary: &crate::metrics::LatencySummary| {
        [summary.count, summary.min_ns / MS, summary.max_ns / MS]
    };
    assert_eq!(extremes(&report.response), [2, 23, 51]);
    assert_eq!(extremes(&report.service), [2, 13, 41]);
    assert_eq!(extremes(&report.queue_wait), [2, 12, 12]);
    assert_eq!(extremes(&report.sink_time), [2, 1, 29]);
}
