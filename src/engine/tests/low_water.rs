//! The low-water mark against the truth, in runs made at random: it never falls, never passes a record that is not
//! settled, and equals the dispatched position when everything is settled.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;

use super::{Answer, Lines, MS, Stage, lanes_on, lines};
use crate::engine::batch::Batch;
use crate::engine::dispatch::{DispatchError, DispatchPolicy, WhenFull};
use crate::engine::due::BatchLimits;
use crate::engine::lane::Volume;
use crate::engine::notice::Notices;
use crate::engine::retry::Retry;
use crate::engine::route::Route;
use crate::engine::shard::ShardHandle;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::{OnSinkError, SinkError};
use crate::engine::spill::Spill;
use crate::engine::throttle::Throttle;
use crate::engine::watermark::LowWaterMark;
use crate::engine::worker::{Step, Worker};
use crate::metrics::DropReason;
use crate::sys::clock::{Clock, ClockHand};
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;

const CASES: u64 = 10_000;
/// Records up to this length are published.
const LONGEST: u32 = 8;

/// Which positions are settled: what a sink accepted, a policy dropped or a spill file took.
#[derive(Debug, Default)]
struct Truth {
    settled: Vec<bool>,
    /// Every position below is settled.
    below: usize,
    /// Something failed for good, without a spill file.
    loses: bool,
}

impl Truth {
    fn settle(&mut self, position: u64) {
        let place = position as usize;
        if place >= self.settled.len() {
            self.settled.resize(place + 1, false);
        }
        assert!(!self.settled[place], "position {position} is settled twice");
        self.settled[place] = true;
    }

    /// The first position that is not settled.
    fn first_unsettled(&mut self) -> u64 {
        while self.settled.get(self.below) == Some(&true) {
            self.below += 1;
        }
        self.below as u64
    }
}

/// A sink, or a spill file, that answers at random and accepts what it returns.
struct Moody {
    rng: fastrand::Rng,
    truth: Arc<Mutex<Truth>>,
    clock: Clock,
    /// One write in this many fails for good.
    fails: Option<u32>,
    /// Whether there is a spill file.
    has_spill: bool,
    is_spill: bool,
}

impl Sink for Moody {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let (rng, len) = (&mut self.rng, batch.len());
        let soon_ns = self.clock.now_ns() + rng.u64(0..MS);
        let fails = self.fails.is_some_and(|one_in| rng.u32(0..one_in) == 0);
        let answer = match rng.u32(0..6) {
            _ if fails => Answer::Fail(rng.usize(0..=len)),
            0 => Answer::Part(rng.usize(0..=len), soon_ns),
            1 if !self.is_spill => Answer::Retry(rng.usize(0..=len)),
            _ => Answer::All,
        };
        let mut truth = self.truth.lock().expect("no panic");
        truth.loses |= fails && !self.has_spill;
        let headers = batch.headers().into_iter().flatten();
        for header in headers.take(answer.accepted(len)) {
            truth.settle(header.position);
        }
        answer.given()
    }
}

/// The workers of a case; those that have ended are removed.
struct Workers {
    all: Vec<Worker>,
    shard: Arc<ShardHandle>,
    hand: ClockHand,
    rng: fastrand::Rng,
    /// One check in this many halts the run.
    halts: Option<u32>,
}

impl Workers {
    /// Has a worker take a step, and lets time pass where it waits.
    fn step(&mut self) {
        if self
            .halts
            .is_some_and(|one_in| self.rng.u32(0..one_in) == 0)
        {
            self.shard.halt();
        }
        if self.all.is_empty() {
            return;
        }
        let at = self.rng.usize(0..self.all.len());
        let now_ns = self.shard.clock.now_ns();
        let ended = match self.all[at].step(now_ns) {
            Step::Worked | Step::Spills(_) => false,
            Step::Wait { .. } | Step::WaitForSink(_) => {
                self.hand.advance(20 * MS);
                false
            }
            Step::Ended(_) => true,
        };
        if ended {
            drop(self.all.swap_remove(at).close());
        }
    }
}

/// One run.
struct Case {
    rng: fastrand::Rng,
    stage: Stage,
    workers: Rc<RefCell<Workers>>,
    truth: Arc<Mutex<Truth>>,
    mark: LowWaterMark,
    drops: bool,
    spills: bool,
    next: u64,
}

/// One in this many, or never.
fn sometimes(rng: &mut fastrand::Rng, share: f64, one_in: u32) -> Option<u32> {
    (rng.f64() < share).then_some(one_in)
}

fn random_policy(rng: &mut fastrand::Rng, drops: bool) -> DispatchPolicy {
    DispatchPolicy {
        route: if rng.bool() {
            Route::RoundRobin
        } else {
            Route::LeastOccupied
        },
        when_full: if drops {
            WhenFull::DropNewest
        } else {
            WhenFull::Block
        },
        throttle: Throttle::off(),
        batch: super::size(1, 1),
        max_record_bytes: LONGEST as usize,
    }
}

impl Case {
    fn new(seed: u64, clock: Clock, hand: ClockHand) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let count = rng.usize(1..=3);
        let size = Volume {
            records: rng.u64(1..=12),
            bytes: rng.u64(u64::from(LONGEST)..=48),
        };
        let mut lanes = lanes_on(clock, hand, count, size);
        let truth = Arc::new(Mutex::new(Truth::default()));
        let limits = BatchLimits {
            volume: Volume {
                records: rng.u64(1..=6),
                bytes: rng.u64(1..=24),
            },
            timeout_ns: rng.u64(0..=30) * MS,
        };
        let spills = rng.bool();
        let fails = sometimes(&mut rng, 0.3, 20);
        let spill_fails = sometimes(&mut rng, 0.1, 10);
        let mut moody = |is_spill| Moody {
            rng: rng.fork(),
            truth: Arc::clone(&truth),
            clock,
            fails: if is_spill { spill_fails } else { fails },
            has_spill: spills && !is_spill,
            is_spill,
        };
        let shard = Arc::clone(&lanes.shard);
        let worker = |(index, reader)| {
            let retry = Retry::new(OnSinkError::Retry, index, Notices::default());
            let sink = Box::new(moody(false));
            let worker = Worker::new(index, Arc::clone(&shard), reader, sink, limits, retry);
            worker.spill_to(spills.then(|| Spill::new(moody(true))))
        };
        let readers = std::mem::take(&mut lanes.readers);
        let workers = readers.into_iter().enumerate().map(worker).collect();
        let spill = spills.then(|| Spill::new(moody(true)));
        let drops = rng.u32(0..3) == 0;
        let policy = random_policy(&mut rng, drops);
        let mut stage = Stage::new(lanes, policy);
        stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
        let workers = Workers {
            all: workers,
            shard,
            hand,
            rng: rng.fork(),
            halts: sometimes(&mut rng, 0.3, 60),
        };
        Self {
            rng,
            stage,
            workers: Rc::new(RefCell::new(workers)),
            truth,
            mark: LowWaterMark::default(),
            drops,
            spills,
            next: 0,
        }
    }

    /// Raises the mark as a producer does, between two bursts.
    fn raise(&mut self) {
        let before = self.mark.get();
        let dispatched = self.stage.dispatcher.dispatched();
        let rose = self.mark.raise(self.stage.shard.progress(), dispatched);
        let mark = self.mark.get();
        assert_eq!(
            (rose, mark >= before),
            (mark > before, true),
            "the mark fell"
        );
        let truth = self.truth.lock().expect("no panic").first_unsettled();
        assert!(
            mark <= truth,
            "the mark is {mark}, and {truth} is not settled"
        );
    }

    /// A burst as random as the policy allows: which records drop-newest dropped is only known where none is too long.
    fn burst(&mut self) -> Lines {
        let longest = if self.drops { LONGEST } else { LONGEST + 1 };
        let records = self.rng.usize(1..=10);
        let lengths: Vec<_> = (0..records).map(|_| self.rng.u32(1..=longest)).collect();
        lines(self.next, self.stage.shard.clock.now_ns(), &lengths)
    }

    fn dispatch(&mut self) {
        let mut burst = self.burst();
        let (from, records) = (self.next, burst.headers.len() as u64);
        self.next += records;
        let too_long = burst.headers.iter().filter(|header| header.len > LONGEST);
        for header in too_long {
            // Before the call: while it waits for room, the workers settle records too.
            self.truth.lock().expect("no panic").settle(header.position);
        }
        let shard = Arc::clone(&self.stage.shard);
        let dropped = || shard.counters.producer.dropped.get().full;
        let dropped_before = dropped();
        let workers = Rc::clone(&self.workers);
        let step = move |_| workers.borrow_mut().step();
        let Stage {
            dispatcher, waiter, ..
        } = &mut self.stage;
        let dispatched = meanwhile(step, || dispatcher.dispatch(waiter, burst.burst()));
        let dropped = dropped() - dropped_before;
        let mut truth = self.truth.lock().expect("no panic");
        for position in from + records - dropped..from + records {
            truth.settle(position);
        }
        // What a halt cut off is in the spill file; what has no lane any more is lost.
        truth.loses |= match dispatched {
            Ok(_) => false,
            Err(DispatchError::Halted) => !self.spills,
            Err(_) => true,
        };
    }

    fn run(mut self) {
        for _ in 0..self.rng.usize(1..16) {
            match self.rng.u32(0..16) {
                0 => {
                    let active = self.rng.usize(1..=self.stage.shard.lanes.len());
                    self.stage.shard.control.set_active(active);
                }
                1 => {
                    let records = self.rng.u64(1..4);
                    self.stage
                        .dispatcher
                        .count_dropped(DropReason::TooLong, records);
                    let mut truth = self.truth.lock().expect("no panic");
                    (self.next..self.next + records).for_each(|position| truth.settle(position));
                    self.next += records;
                }
                2..8 => self.dispatch(),
                _ => self.workers.borrow_mut().step(),
            }
            self.raise();
        }
        self.stage.dispatcher.close();
        let mut steps = 0;
        while !self.workers.borrow().all.is_empty() {
            self.workers.borrow_mut().step();
            self.raise();
            steps += 1;
            assert!(steps < 5_000, "a worker that does not end");
        }
        let mut truth = self.truth.lock().expect("no panic");
        if self.spills || !self.stage.shard.control.is_halted() {
            assert!(
                truth.loses || truth.first_unsettled() == self.next,
                "a record is lost"
            );
        }
        if truth.first_unsettled() == self.next {
            assert_eq!(self.mark.get(), self.next, "everything is settled");
        }
    }
}

#[test]
fn the_mark_never_falls_never_passes_an_unsettled_record_and_comes_to_the_end_of_every_orderly_run()
{
    let (clock, hand) = Clock::manual();
    for seed in 0..CASES {
        let run = AssertUnwindSafe(|| Case::new(seed, clock, hand).run());
        let passed = catch_unwind(run).is_ok();
        assert!(passed, "the case with seed {seed} failed");
    }
}
