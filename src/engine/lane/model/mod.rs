//! Models: each runs a lane, its writer and a real [`Worker`] through the interleavings and the stale reads that loom
//! knows of, and proves one claim. `planted` proves that they would find a bug.
//!
//! A model ends by consumption: its sink ends the worker when it has seen the records that were promised. There is no
//! timeout, no closing lane and no last unpark, because anything of that kind rescues a worker that slept through its
//! wake-up, and hides it. (Stop and halt have models of their own, without a promise.) No batch is ever due by age
//! here: in loom a park with a deadline is a park.
//!
//! What loom does not show: anything beyond the bound on preemptions; a load that takes place after a later store of
//! its thread; what rtrb itself does, which a stand-in plays here; and how long something takes. An access with
//! `SeqCst` is less to loom than it is (`AcqRel`), but a fence is what it is, and the protocol rests on fences.

mod mutants;

use std::io;
use std::time::Duration;

use loom::model::Builder;
use loom::thread::{self, JoinHandle};

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlWords;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, Route, WhenFull};
use crate::engine::lane::mutation::planted;
use crate::engine::lane::{Extent, Gauge, LaneSize, LaneWriter, lane};
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::retry::Retry;
use crate::engine::sink::Sink;
use crate::engine::sink_error::{OnSinkError, SinkError};
use crate::engine::throttle::Throttle;
use crate::engine::worker::{BatchLimits, Worker, WorkerEnd};
use crate::metrics::counters::Counters;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded, Unparker};
use crate::sys::wait::backoff::Idle;

/// Tries everything that takes at most so many preemptions; `LOOM_MAX_PREEMPTIONS` overrules.
fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(model);
}

/// What a model is made of.
struct Setup {
    lane: LaneSize,
    batch: Extent,
    promised: u64,
    gauged: bool,
}

const ONE_RECORD: (u64, u64) = (1, 4);
const TWO_RECORDS: (u64, u64) = (2, 4);
const TWO_BYTES: (u64, u64) = (4, 2);

/// A worker that takes batches of so much, in records or bytes, out of a lane of 4 records and 4 bytes.
fn batches_of((records, bytes): (u64, u64)) -> Setup {
    Setup {
        lane: LaneSize {
            records: 4,
            bytes: 4,
        },
        batch: Extent { records, bytes },
        promised: u64::MAX,
        gauged: false,
    }
}

impl Setup {
    fn lane(mut self, records: usize, bytes: usize) -> Self {
        self.lane = LaneSize { records, bytes };
        self
    }

    /// The worker ends with the last of so many records; without a promise it does not end by itself.
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
        let (writer, reader) = lane(self.lane);
        let words = Arc::new(ControlWords::new(1));
        let counters = Arc::new(Counters::new(1));
        let clock = Clock::start();
        let mut worker = Worker {
            index: 0,
            lane: reader,
            sink: Box::new(Expect {
                next: 0,
                promised: self.promised,
                gauge: self.gauged.then(|| Arc::clone(writer.gauge())),
            }),
            limits: BatchLimits {
                extent: self.batch,
                timeout: Duration::MAX,
            },
            words: Arc::clone(&words),
            counters: Arc::clone(&counters),
            clock,
            idle: Idle::new(clock, 0),
            recorder: None,
            last_partial: None,
            retry: Retry::new(OnSinkError::Stop, 0, None),
            spill: None,
        };
        Run {
            writer,
            worker: thread::spawn(move || worker.run()),
            words,
            counters,
        }
    }
}

/// A worker at work, and all that reaches it.
struct Run {
    writer: LaneWriter,
    worker: JoinHandle<WorkerEnd>,
    words: Arc<CachePadded<ControlWords>>,
    counters: Arc<Counters>,
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

/// A sink that knows what is to come: records in order, each filled with its position.
struct Expect {
    next: u64,
    promised: u64,
    gauge: Option<Arc<Gauge>>,
}

impl Sink for Expect {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
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
            let enough = io::ErrorKind::BrokenPipe.into();
            return Err(SinkError::new(enough, batch.byte_len()));
        }
        Ok(())
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
fn one_unpark_for_each_wake_word_is_enough() {
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
            // A difference below zero panics where overflows are checked, and is a huge number where not.
            let held = gauge.occupancy();
            assert!(held.records <= 1 && held.bytes <= 1, "{held:?}");
        });
        run.publish(0, 1);
        run.ends_by_consumption();
        assert!(onlooker.join().is_ok());
    });
}

/// What whoever retires a worker does.
fn retire(words: &ControlWords, unparker: &Unparker) {
    if planted("unparked before it is retired") {
        unparker.unpark();
        words.set_active(0);
        return;
    }
    words.set_active(0);
    if !planted("retired without unpark") {
        unparker.unpark();
    }
}

#[test]
fn a_retired_worker_hands_over_its_partial_batch() {
    check(3, || {
        let mut run = batches_of(TWO_RECORDS).promise(1).run();
        let (words, unparker) = (Arc::clone(&run.words), run.writer.unparker().clone());
        let control = thread::spawn(move || retire(&words, &unparker));
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
        let (words, unparker) = (Arc::clone(&run.words), run.writer.unparker().clone());
        let control = thread::spawn(move || retire(&words, &unparker));
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
        let (words, unparker) = (Arc::clone(&run.words), run.writer.unparker().clone());
        let control = thread::spawn(move || {
            retire(&words, &unparker);
            words.set_active(1); // without unpark: a burst brings its own
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
            max_record_bytes: 1,
        };
        let (clock, counters) = (Clock::start(), Arc::clone(&run.counters));
        let idle = Idle::new(clock, 0);
        let lanes = vec![run.writer];
        let mut dispatcher = Dispatcher::new(lanes, policy, run.words, run.counters, clock, idle);
        let burst = Burst {
            headers: &mut [RecordHeader::new(0, 0, 1)],
            bytes: &[0],
        };
        assert!(dispatcher.dispatch(burst).is_ok());
        drop(dispatcher);
        let end = run.worker.join();
        assert!(matches!(end, Ok(WorkerEnd::Drained(Some(1)))), "{end:?}");
        assert_eq!(counters.workers[0].delivered.get(), 1);
    });
}

#[test]
fn a_halt_reaches_a_worker_wherever_it_is() {
    check(4, || {
        let mut run = batches_of(TWO_RECORDS).run();
        run.publish(0, 1);
        run.words.halt();
        run.writer.unparker().unpark();
        let end = run.worker.join();
        assert!(matches!(end, Ok(WorkerEnd::Halted)), "{end:?}");
    });
}
