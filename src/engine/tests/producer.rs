//! The producer, step by step.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard};

use super::{Lines, MS, lines, policy, size, stage, take, take_all};
use crate::engine::lane::LaneReader;
use crate::engine::producer::{Producer, ProducerEnd, Step};
use crate::engine::shard::ShardHandle;
use crate::engine::source::{Demand, Lent, Source};
use crate::metrics::DropReason;
use crate::sys::clock::{Clock, ClockHand};
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;
use crate::sys::wait::{Pending, Waiter};

/// What a scripted source answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Say {
    /// So many records of two bytes.
    Lend(usize),
    /// A burst without bytes for its record.
    Malformed,
    Dropped(u64),
    /// Until a moment, or until woken.
    Pending(Option<u64>),
    Fail,
}

/// What a scripted source is to answer - that it has no more, behind the last answer - and what it heard.
#[derive(Debug, Default)]
pub(super) struct Told {
    lend: VecDeque<Say>,
    buffered: VecDeque<Say>,
    /// Records that were asked for.
    pub(super) demanded: Vec<usize>,
    /// The times of all demands.
    pub(super) asked_ns: Vec<u64>,
    /// Calls of `acknowledge`: when, and below what.
    acknowledged: Vec<(u64, u64)>,
    calls_after_close: usize,
    closed: bool,
}

/// A source that follows a script; the test keeps the script.
struct Scripted {
    told: Arc<Mutex<Told>>,
    wants_acknowledgements: bool,
    clock: Clock,
    next: u64,
    lines: Lines,
}

fn heard(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().expect("no panic")
}

impl Scripted {
    fn answer(&mut self, say: Option<Say>, now_ns: u64) -> io::Result<Lent<'_>> {
        match say {
            Some(Say::Lend(records)) => {
                self.lines = lines(self.next, now_ns, &vec![2; records]);
                self.next += records as u64;
                Ok(Lent::Burst(self.lines.burst()))
            }
            Some(Say::Malformed) => {
                self.lines = lines(self.next, now_ns, &[2]);
                self.lines.bytes.clear();
                Ok(Lent::Burst(self.lines.burst()))
            }
            Some(Say::Dropped(records)) => {
                self.next += records;
                Ok(Lent::Dropped(DropReason::TooLong, records))
            }
            Some(Say::Pending(None)) => Ok(Lent::Pending(Pending::woken())),
            Some(Say::Pending(Some(at_ns))) => Ok(Lent::Pending(Pending::until(at_ns))),
            Some(Say::Fail) => Err(io::Error::other("no more tape")),
            None => Ok(Lent::End),
        }
    }
}

impl Source for Scripted {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        let mut told = heard(&self.told);
        told.demanded.push(demand.records);
        told.asked_ns.push(demand.now_ns);
        let say = told.lend.pop_front();
        drop(told);
        self.answer(say, demand.now_ns)
    }

    fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        let mut told = heard(&self.told);
        told.asked_ns.push(demand.now_ns);
        let say = told.buffered.pop_front();
        drop(told);
        self.answer(say, demand.now_ns)
    }

    fn wants_acknowledgements(&self) -> bool {
        self.wants_acknowledgements
    }

    fn acknowledge(&mut self, below: u64) {
        let mut told = heard(&self.told);
        told.calls_after_close += usize::from(told.closed);
        told.acknowledged.push((self.clock.now_ns(), below));
    }

    fn close(&mut self) {
        let mut told = heard(&self.told);
        told.calls_after_close += usize::from(told.closed);
        told.closed = true;
    }
}

/// A step, without what it borrows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Did {
    Worked,
    /// For the source until a moment, and to acknowledge.
    Waits(Option<u64>, Option<u64>),
    Closed(&'static str),
    Ended,
}
pub(super) use Did::{Closed, Ended, Waits, Worked};

/// A producer, the script of its source, and the other ends of its lanes.
pub(super) struct Bench {
    producer: Producer,
    told: Arc<Mutex<Told>>,
    pub(super) readers: Vec<LaneReader>,
    pub(super) shard: Arc<ShardHandle>,
    waiter: Waiter,
    pub(super) hand: ClockHand,
    /// The time that the last step returned.
    worked_ns: Option<u64>,
}

pub(super) fn bench(count: u64, lend: &[Say], buffered: &[Say]) -> Bench {
    bench_with(count, lend, buffered, true)
}

pub(super) fn bench_with(count: u64, lend: &[Say], buffered: &[Say], wants: bool) -> Bench {
    bench_until(u64::MAX, count, lend, buffered, wants)
}

/// Of a run with a duration.
pub(super) fn bench_until(
    over_ns: u64,
    count: u64,
    lend: &[Say],
    buffered: &[Say],
    wants: bool,
) -> Bench {
    let stage = stage(2, size(8, 64), policy());
    let told = Told {
        lend: lend.iter().copied().collect(),
        buffered: buffered.iter().copied().collect(),
        ..Told::default()
    };
    let told = Arc::new(Mutex::new(told));
    let source = Scripted {
        told: Arc::clone(&told),
        wants_acknowledgements: wants,
        clock: stage.shard.clock,
        next: 0,
        lines: lines(0, 0, &[]),
    };
    let shard = Arc::clone(&stage.shard);
    Bench {
        producer: Producer::new(Box::new(source), stage.dispatcher, shard, count, over_ns),
        told,
        readers: stage.readers,
        shard: stage.shard,
        waiter: stage.waiter,
        hand: stage.hand,
        worked_ns: None,
    }
}

impl Bench {
    fn step(&mut self) -> Did {
        self.step_at(self.shard.clock.now_ns())
    }

    /// The next step at the time that the last one returned, as a producer's thread takes it.
    pub(super) fn runs_on(&mut self) {
        let now_ns = self.worked_ns.unwrap_or(self.shard.clock.now_ns());
        assert_eq!(self.step_at(now_ns), Worked);
    }

    fn step_at(&mut self, now_ns: u64) -> Did {
        match self.producer.step(&self.waiter, now_ns) {
            Step::Worked { now_ns } => {
                self.worked_ns = Some(now_ns);
                Worked
            }
            Step::Wait {
                pending,
                acknowledge_ns,
            } => Waits(pending.until_ns(), acknowledge_ns),
            Step::Closed(end) => Closed(match end {
                ProducerEnd::EndOfInput => "end of input",
                ProducerEnd::CountReached => "count reached",
                ProducerEnd::DurationOver => "duration over",
                ProducerEnd::Quiesced => "quiesced",
                ProducerEnd::SourceFailed(error) if error.kind() == io::ErrorKind::InvalidData => {
                    "invalid data"
                }
                ProducerEnd::SourceFailed(_) => "source failed",
                ProducerEnd::NoLane => "no lane",
            }),
            Step::Ended => Ended,
        }
    }

    #[track_caller]
    pub(super) fn does(&mut self, steps: &[Did]) {
        for step in steps {
            assert_eq!(self.step(), *step);
        }
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        heard(&self.told)
    }

    /// What was published and not taken, in order.
    pub(super) fn published(&mut self) -> Vec<u64> {
        let mut all = take_all(&mut self.readers).concat();
        all.sort_unstable();
        all
    }

    fn lanes_are_closed(&self) -> bool {
        self.readers.iter().all(LaneReader::writer_is_gone)
    }

    pub(super) fn produced(&self) -> u64 {
        self.shard.counters.producer.produced.get()
    }
}

#[test]
fn after_a_stop_the_source_is_emptied_then_the_lanes_close_then_the_source() {
    let buffered = [
        Say::Lend(2),
        Say::Dropped(1),
        Say::Lend(1),
        Say::Pending(None),
        Say::Lend(9),
    ];
    let mut bench = bench(u64::MAX, &[Say::Lend(1), Say::Lend(9)], &buffered);
    bench.does(&[Worked]);
    bench.shard.quiesce();
    bench.does(&[Worked, Worked, Worked, Worked]);
    assert!(!bench.lanes_are_closed());
    bench.does(&[Closed("quiesced")]);
    assert!(bench.lanes_are_closed());
    assert_eq!(
        bench.told().demanded.len(),
        1,
        "nothing is read after a stop"
    );
    assert_eq!(bench.published(), [0, 1, 2, 4]);
    bench.does(&[Waits(None, Some(100 * MS)), Waits(None, Some(100 * MS))]);
    assert!(!bench.told().closed);
    bench.shard.workers_ended();
    bench.does(&[Ended]);
    assert!(bench.told().closed);
    assert_eq!(bench.told().acknowledged, [(0, 5)]);
    assert_eq!(bench.told().calls_after_close, 0);
}

#[test]
fn a_source_that_ends_or_fails_closes_the_lanes_and_what_came_before_is_delivered() {
    for (last, end) in [
        (None, "end of input"),
        (Some(Say::Fail), "source failed"),
        (Some(Say::Malformed), "invalid data"),
    ] {
        let mut lend = vec![Say::Lend(3), Say::Dropped(2), Say::Lend(1)];
        lend.extend(last);
        let mut bench = bench(u64::MAX, &lend, &[Say::Lend(1)]);
        bench.does(&[Worked, Worked, Worked, Closed(end)]);
        assert!(bench.lanes_are_closed());
        assert_eq!(bench.published(), [0, 1, 2, 5]);
        bench.shard.workers_ended();
        bench.does(&[Ended]);
        assert_eq!(bench.told().acknowledged, [(0, 6)]);
    }
}

#[test]
fn a_source_that_fails_while_it_is_emptied_is_a_source_that_failed() {
    for (last, end) in [
        (Say::Fail, "source failed"),
        (Say::Malformed, "invalid data"),
    ] {
        let mut bench = bench(u64::MAX, &[], &[Say::Lend(2), last]);
        bench.shard.quiesce();
        bench.does(&[Worked, Worked, Closed(end)]);
        assert_eq!(bench.published(), [0, 1]);
    }
}

#[test]
fn after_a_halt_what_the_source_has_buffered_is_counted() {
    // 16 records fit, the burst waits for room for its last, and is halted.
    let mut bench = bench(u64::MAX, &[Say::Lend(17)], &[Say::Lend(2), Say::Lend(1)]);
    let shard = Arc::clone(&bench.shard);
    let halt = move |_| shard.halt();
    let steps = [Worked, Worked, Worked, Closed("quiesced")];
    meanwhile(halt, || bench.does(&steps));
    assert_eq!(bench.produced(), 20);
    assert_eq!(bench.shard.counters.producer.unpublished.get(), 4);
    bench.published();
    bench.shard.workers_ended();
    bench.does(&[Ended]);
    assert_eq!(bench.told().acknowledged, [(0, 16)]);
}

#[test]
fn a_producer_without_workers_counts_what_its_source_has_and_closes() {
    let mut bench = bench(u64::MAX, &[Say::Lend(2), Say::Lend(9)], &[Say::Lend(3)]);
    bench.readers.clear();
    bench.does(&[Worked, Worked, Closed("no lane")]);
    assert_eq!(bench.shard.counters.producer.unpublished.get(), 5);
    bench.shard.workers_ended();
    bench.does(&[Ended]);
    assert_eq!(bench.told().acknowledged, []);
}

#[test]
fn a_source_is_told_what_is_settled_every_100_ms_at_most_and_only_what_is_new() {
    let idle = Say::Pending(Some(9_000 * MS));
    let mut lend = vec![Say::Lend(2), Say::Lend(2)];
    lend.extend([idle; 20]);
    let mut bench = bench(u64::MAX, &lend, &[]);
    let asks_again = |ms| Waits(Some(9_000 * MS), Some(ms * MS));
    bench.does(&[Worked, Worked, asks_again(100)]);
    // Lane 1 has 0 and 1, lane 0 has 2 and 3.
    assert_eq!(take(&mut bench.readers[1], 1), [0]);
    bench.hand.set(99 * MS);
    bench.does(&[asks_again(100)]);
    assert_eq!(bench.told().acknowledged, []);
    bench.hand.set(100 * MS);
    // Lane 0 has released nothing yet, and holds everything back.
    bench.does(&[asks_again(200)]);
    assert_eq!(take(&mut bench.readers[0], 1), [2]);
    bench.hand.set(250 * MS);
    bench.does(&[asks_again(350), asks_again(350)]);
    assert_eq!(bench.told().acknowledged, [(250 * MS, 1)]);
    bench.hand.set(350 * MS);
    bench.does(&[asks_again(450)]);
    bench.published();
    bench.hand.set(449 * MS);
    bench.does(&[asks_again(450)]);
    bench.hand.set(450 * MS);
    // Everything is settled: nothing is waited for but the source.
    bench.does(&[Waits(Some(9_000 * MS), None)]);
    bench.hand.set(700 * MS);
    bench.does(&[Waits(Some(9_000 * MS), None)]);
    assert_eq!(bench.told().acknowledged, [(250 * MS, 1), (450 * MS, 4)]);
}

#[test]
fn a_source_is_told_while_the_workers_drain_and_for_the_last_time_when_they_have_ended() {
    let mut bench = bench(u64::MAX, &[Say::Lend(4)], &[]);
    bench.does(&[Worked, Closed("end of input"), Waits(None, Some(100 * MS))]);
    take(&mut bench.readers[1], 2);
    bench.hand.set(120 * MS);
    bench.does(&[Waits(None, Some(220 * MS))]);
    assert_eq!(bench.told().acknowledged, [(120 * MS, 2)]);
    take(&mut bench.readers[1], 1);
    bench.hand.set(130 * MS);
    bench.does(&[Waits(None, Some(220 * MS))]);
    bench.shard.workers_ended();
    bench.does(&[Ended]);
    assert_eq!(bench.told().acknowledged, [(120 * MS, 2), (130 * MS, 3)]);
    assert!(bench.told().closed);
}

#[test]
fn a_source_that_does_not_want_to_know_is_not_told() {
    let lend = [Say::Lend(4), Say::Pending(None)];
    let mut bench = bench_with(u64::MAX, &lend, &[], false);
    bench.does(&[Worked, Waits(None, None)]);
    bench.published();
    bench.hand.set(500 * MS);
    bench.does(&[Closed("end of input"), Waits(None, None)]);
    bench.shard.workers_ended();
    bench.does(&[Ended]);
    assert_eq!(bench.told().acknowledged, []);
    assert!(bench.told().closed);
}
