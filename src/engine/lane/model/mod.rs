//! Models: each runs a lane, its writer and a real [`Worker`] through the interleavings and the stale reads that loom
//! knows of, and proves one claim. `mutants` proves that they would find a bug.
//!
//! A model ends by consumption: its sink ends the worker once it has seen the promised records. There is no timeout, no
//! closing lane and no last wake-up, because anything of that kind rescues a worker that slept through its wake-up, and
//! hides it. (Stop and halt have models of their own, without a promise.) No batch is ever due by age here: in loom a
//! park with a deadline is a park.
//!
//! What loom does not show: anything beyond the bound on preemptions; a load that takes place after a later store of
//! its thread; what rtrb itself does, because a mock replaces it here; and how long something takes. Loom weakens a
//! `SeqCst` access to `AcqRel`, but not a `SeqCst` fence, and the protocol relies on fences.

mod mutants;
mod room;
mod waiting;

use std::io;

use loom::model::Builder;
use loom::thread::{self, JoinHandle};

use super::{Gauge, LaneMemory, LaneWriter, Volume};
use crate::engine::batch::Batch;
use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::due::BatchLimits;
use crate::engine::notice::Notices;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::retry::Retry;
use crate::engine::room::RoomWord;
use crate::engine::route::Route;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::{OnSinkError, SinkError, SinkErrorKind};
use crate::engine::throttle::Throttle;
use crate::engine::worker::{Worker, WorkerEnd};
use crate::metrics::counters::Counters;
use crate::sys::clock::Clock;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Waiter, Waker};

/// Explores every execution with at most this many preemptions; `LOOM_MAX_PREEMPTIONS` overrides it.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(model);
}

/// The parameters of a model.
struct Setup {
    lane: Volume,
    batch: Volume,
    promised: u64,
    gauged: bool,
}

const ONE_RECORD: (u64, u64) = (1, 4);
const TWO_RECORDS: (u64, u64) = (2, 4);
const TWO_BYTES: (u64, u64) = (4, 2);

/// A worker that takes batches of this volume out of a lane of 4 records and 4 bytes.
fn batches_of((records, bytes): (u64, u64)) -> Setup {
    Setup {
        lane: Volume {
            records: 4,
            bytes: 4,
        },
        batch: Volume { records, bytes },
        promised: u64::MAX,
        gauged: false,
    }
}

impl Setup {
    fn lane(mut self, records: u64, bytes: u64) -> Self {
        self.lane = Volume { records, bytes };
        self
    }

    /// The worker ends with the last of this many records; without a promise it does not end by itself.
    fn promise(mut self, records: u64) -> Self {
        self.promised = records;
        self
    }

    /// The sink compares each batch with the gauge.
    fn gauged(mut self) -> Self {
        self.gauged = true;
        self
    }

    fn run(self) -> Run {
        let clock = Clock::start();
        let (mut waiter, producer) = (Waiter::new(clock), Waiter::new(clock));
        let (writer, reader) = LaneMemory::new(self.lane).lane(waiter.waker().clone());
        let shard = Arc::new(ShardHandle {
            id: 0,
            clock,
            control: ControlBlock::new(1),
            counters: Counters::new(1),
            lanes: vec![LaneHandle {
                gauge: Arc::clone(writer.gauge()),
                waker: writer.waker().clone(),
            }],
            producer: producer.waker().clone(),
            room: RoomWord::new(),
        });
        let sink = Box::new(Expect {
            next: 0,
            promised: self.promised,
            gauge: self.gauged.then(|| Arc::clone(writer.gauge())),
        });
        let limits = BatchLimits {
            volume: self.batch,
            timeout_ns: u64::MAX,
        };
        let retry = Retry::new(OnSinkError::Stop, 0, Notices::default());
        let mut worker = Worker::new(0, Arc::clone(&shard), reader, sink, limits, retry);
        let backoff = Backoff::new(clock, 0);
        let body = move || worker.run(&mut waiter, &backoff).into_end();
        Run {
            writer,
            worker: thread::spawn(body),
            shard,
            producer,
        }
    }
}

/// A running worker, and the ends that reach it.
struct Run {
    writer: LaneWriter,
    worker: JoinHandle<WorkerEnd>,
    shard: Arc<ShardHandle>,
    /// The thread of the model waits with it, if it dispatches.
    producer: Waiter,
}

impl Run {
    /// Publishes a record of `len` bytes, all of them its position; waits for room.
    fn publish(&mut self, position: u8, len: u8) {
        let header = RecordHeader::new(0, position.into(), len.into());
        let bytes = vec![position; len.into()];
        while self.writer.publish(&[header], &bytes) == 0 {
            thread::yield_now();
        }
    }

    /// Waits for the worker to see the promised records. The lane stays open until then: a worker that is awake hands
    /// over its partial batch when it closes.
    fn ends_by_consumption(self) {
        let end = self.worker.join();
        assert!(matches!(end, Ok(WorkerEnd::ReaderClosed)), "{end:?}");
        drop(self.writer);
    }
}

/// A sink that expects records in order, each filled with its position.
struct Expect {
    next: u64,
    promised: u64,
    gauge: Option<Arc<Gauge>>,
}

impl Sink for Expect {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        for record in batch.records() {
            assert_eq!(record.header.position, self.next, "a record out of order");
            for byte in record.parts.concat() {
                assert_eq!(u64::from(byte), self.next, "a record with other bytes");
            }
            self.next += 1;
        }
        if let Some(gauge) = &self.gauge {
            let held = gauge.occupancy();
            let counted =
                held.records >= batch.len() as u64 && held.bytes >= batch.byte_len() as u64;
            assert!(counted, "a batch that is not counted: {held:?}");
        }
        if self.next == self.promised {
            let enough = SinkError::new(io::ErrorKind::BrokenPipe.into(), batch.len());
            return Err(enough.with_kind(SinkErrorKind::ReaderClosed));
        }
        Ok(Wrote::All)
    }
}

#[test]
fn a_record_wakes_an_idle_worker() {
    check(4, || {
        let mut run = batches_of(ONE_RECORD).promise(1).run();
        run.publish(0, 1);
        run.ends_by_consumption();
    });
}

#[test]
fn the_last_record_of_a_batch_wakes_its_worker() {
    check(3, || {
        let mut run = batches_of(TWO_RECORDS).promise(2).run();
        run.publish(0, 1);
        run.publish(1, 1);
        run.ends_by_consumption();
    });
}

#[test]
fn the_last_byte_of_a_batch_wakes_its_worker() {
    check(3, || {
        let mut run = batches_of(TWO_BYTES).promise(2).run();
        run.publish(0, 1);
        run.publish(1, 1);
        run.ends_by_consumption();
    });
}

#[test]
fn one_wake_up_for_each_wake_word_is_enough() {
    check(2, || {
        let mut run = batches_of(ONE_RECORD).promise(3).run();
        run.publish(0, 1);
        run.publish(1, 1);
        run.publish(2, 1);
        run.ends_by_consumption();
    });
}

#[test]
fn records_come_whole_and_in_order_around_the_end_of_the_lane() {
    check(2, || {
        let mut run = batches_of(ONE_RECORD).lane(2, 3).promise(3).run();
        for position in 0..3 {
            run.publish(position, 2);
        }
        run.ends_by_consumption();
    });
}

#[test]
fn a_writer_without_room_never_waits_for_a_sleeping_worker() {
    check(2, || {
        let mut run = batches_of(TWO_RECORDS).lane(2, 4).promise(4).run();
        for position in 0..4 {
            run.publish(position, 1);
        }
        run.ends_by_consumption();
    });
}

#[test]
fn a_writer_without_room_for_bytes_does_not_either() {
    check(2, || {
        let mut run = batches_of(TWO_BYTES).promise(3).run();
        run.publish(0, 1);
        run.publish(1, 2);
        run.publish(2, 2);
        run.ends_by_consumption();
    });
}

#[test]
fn what_a_worker_holds_is_counted() {
    check(2, || {
        let mut run = batches_of(ONE_RECORD).promise(2).gauged().run();
        run.publish(0, 1);
        run.publish(1, 1);
        run.ends_by_consumption();
    });
}

#[test]
fn occupancy_is_never_negative() {
    check(3, || {
        let mut run = batches_of(ONE_RECORD).promise(1).run();
        let gauge = Arc::clone(run.writer.gauge());
        let onlooker = thread::spawn(move || {
            // A difference below zero panics with overflow checks, and is a huge number without.
            let held = gauge.occupancy();
            assert!(held.records <= 1 && held.bytes <= 1, "{held:?}");
        });
        run.publish(0, 1);
        run.ends_by_consumption();
        assert!(onlooker.join().is_ok());
    });
}

/// Retires a worker, as the scaler does.
fn retire(shard: &ShardHandle) {
    let waker: &Waker = &shard.lanes[0].waker;
    if mutated(Mutant::WakeBeforeRetire) {
        waker.wake();
        shard.control.set_active(0);
        return;
    }
    shard.control.set_active(0);
    if !mutated(Mutant::RetireWithoutWake) {
        waker.wake();
    }
}

#[test]
fn a_retired_worker_hands_over_its_partial_batch() {
    check(3, || {
        let mut run = batches_of(TWO_RECORDS).promise(1).run();
        let shard = Arc::clone(&run.shard);
        let control = thread::spawn(move || retire(&shard));
        run.publish(0, 1);
        run.ends_by_consumption();
        assert!(control.join().is_ok());
    });
}

/// Two wake words agree in one half here - 2 records or 4 bytes, while a record is held; 2 records and nothing else,
/// once it was handed over - and the writer may read one half of each.
#[test]
fn bursts_that_race_with_a_retirement_arrive() {
    check(2, || {
        let mut run = batches_of(TWO_RECORDS).promise(2).run();
        let shard = Arc::clone(&run.shard);
        let control = thread::spawn(move || retire(&shard));
        run.publish(0, 1);
        run.publish(1, 1);
        run.ends_by_consumption();
        assert!(control.join().is_ok());
    });
}

#[test]
fn a_worker_that_is_retired_and_brought_back_wakes_as_before() {
    check(3, || {
        let mut run = batches_of(ONE_RECORD).promise(1).run();
        let shard = Arc::clone(&run.shard);
        let control = thread::spawn(move || {
            retire(&shard);
            shard.control.set_active(1); // without a wake-up: a burst brings its own
        });
        run.publish(0, 1);
        run.ends_by_consumption();
        assert!(control.join().is_ok());
    });
}

#[test]
fn a_stop_delivers_the_last_burst_and_ends_the_worker() {
    check(3, || {
        let run = batches_of(TWO_RECORDS).run();
        let policy = DispatchPolicy {
            route: Route::RoundRobin,
            when_full: WhenFull::Block,
            throttle: Throttle::default(),
            batch: Volume {
                records: TWO_RECORDS.0,
                bytes: TWO_RECORDS.1,
            },
            max_record_bytes: 1,
        };
        let clock = Clock::start();
        let (shard, waiter) = (Arc::clone(&run.shard), Waiter::new(clock));
        let lanes = vec![run.writer];
        let mut dispatcher = Dispatcher::new(lanes, policy, run.shard, Backoff::new(clock, 0));
        let burst = Burst {
            headers: &mut [RecordHeader::new(0, 0, 1)],
            bytes: &[0],
        };
        assert!(dispatcher.dispatch(&waiter, burst).is_ok());
        drop(dispatcher);
        let end = run.worker.join();
        assert!(matches!(end, Ok(WorkerEnd::Drained(Some(1)))), "{end:?}");
        assert_eq!(shard.counters.workers[0].delivered.get(), 1);
    });
}

#[test]
fn a_halt_reaches_a_worker_wherever_it_is() {
    check(4, || {
        let mut run = batches_of(TWO_RECORDS).run();
        run.publish(0, 1);
        run.shard.halt();
        let end = run.worker.join();
        assert!(matches!(end, Ok(WorkerEnd::Halted)), "{end:?}");
    });
}
