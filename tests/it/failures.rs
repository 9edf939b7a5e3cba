//! A source or a sink fails: the failure is named, the other workers drain, the ledger is right.

use std::io;
use std::sync::mpsc::TryRecvError;
use std::time::Duration;

use splashdam::sinks::Null;
use splashdam::{
    Batch, Burst, BurstBuffer, Config, Context, Demand, Lent, Outcome, Pending, Pipeline,
    RecordHeader, Sink, SinkError, Source, StopCause, Wrote,
};

use crate::support::library::{self, Order, config, generator, next, telling, told};
use crate::support::{Folder, SMALL, patiently};

/// Fails on one worker, at its third batch; works on the others.
struct Frail {
    failing: bool,
    batches: usize,
    fail: fn(&Batch<'_>) -> SinkError,
}

impl Sink for Frail {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        self.batches += 1;
        if self.failing && self.batches == 3 {
            return Err((self.fail)(batch));
        }
        Ok(Wrote::All)
    }
}

/// Runs without a count, so that only the failure can end it.
fn fails_on_worker_1(workers: usize, fail: fn(&Batch<'_>) -> SinkError) -> Outcome {
    let sinks = move |worker: usize| {
        Ok(Frail {
            failing: worker == 1 || workers == 1,
            batches: 0,
            fail,
        })
    };
    let config = config(|c| c.scaling.max_workers = workers);
    library::run(Pipeline::new(generator(None), sinks).config(config))
}

#[track_caller]
fn failed(outcome: &Outcome, failure: &str) {
    let failures: Vec<_> = outcome.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failures, [failure]);
    assert_eq!(outcome.exit_code(), 1);
    assert_eq!(outcome.cause, StopCause::Failed);
    assert!(outcome.ledger.balanced(), "{:?}", outcome.ledger);
}

#[test]
fn a_sink_that_fails_is_named_and_the_other_workers_drain() {
    let outcome = fails_on_worker_1(3, |_| io::Error::other("the disk is gone").into());
    failed(&outcome, "worker 1: sink: the disk is gone");
    assert_eq!(outcome.workers[1].delivered, 128);
    assert!(outcome.workers[1].abandoned >= 64);
    assert_eq!(outcome.workers[0].abandoned, 0);
    assert_eq!(outcome.workers[2].abandoned, 0);
}

#[test]
fn a_sink_that_panics_is_named_and_the_other_workers_drain() {
    let outcome = fails_on_worker_1(3, |_| std::panic::resume_unwind(Box::new("a broken sink")));
    failed(&outcome, "worker 1: the sink panicked: a broken sink");
    assert_eq!(outcome.workers[1].delivered, 128);
    assert_eq!(outcome.workers[0].abandoned, 0);
}

#[test]
fn the_only_sink_that_fails_ends_the_run() {
    let outcome = fails_on_worker_1(1, |_| io::Error::other("full").into());
    failed(&outcome, "worker 0: sink: full");
    assert_eq!(outcome.ledger.delivered, 128);
}

#[test]
fn accepted_records_of_a_failed_write_count_as_delivered() {
    let outcome = fails_on_worker_1(1, |_| SinkError::new(io::Error::other("cut"), 2));
    failed(&outcome, "worker 0: sink: cut");
    assert_eq!(outcome.ledger.delivered, 128 + 2);
}

/// Fails to flush.
struct Unflushed;

impl Sink for Unflushed {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::All)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        Err(io::Error::other("nothing goes out").into())
    }
}

#[test]
fn a_sink_that_cannot_flush_fails_the_run() {
    let config = config(|c| c.stop.count = Some(100));
    let pipeline = Pipeline::new(generator(None), |_: usize| Ok(Unflushed)).config(config);
    let outcome = library::run(pipeline);
    let failure = outcome.failures[0].to_string();
    assert_eq!(failure, "worker 0: sink: nothing goes out");
    assert_eq!((outcome.exit_code(), outcome.ledger.delivered), (1, 100));
}

/// Lends some records, then obeys the last order.
fn told_to(last: Order, config: Config) -> Outcome {
    let (sinks, heard) = telling();
    let (tell, source) = told();
    let pipeline = Pipeline::new(source, sinks).config(config);
    tell.send(Order::Lend(10)).unwrap();
    tell.send(last).unwrap();
    let outcome = library::run(pipeline);
    assert_eq!(next(&heard).len(), 10, "what came before is delivered");
    drop(tell);
    outcome
}

#[test]
fn a_source_that_fails_is_named_and_its_earlier_records_are_delivered() {
    let outcome = told_to(Order::Fail("no more tape"), config(|_| ()));
    failed(&outcome, "source: no more tape");
    assert_eq!(outcome.ledger.delivered, 10);
}

#[test]
fn a_source_that_panics_is_named_and_its_earlier_records_are_delivered() {
    let outcome = told_to(Order::Panic("off by one"), config(|_| ()));
    failed(&outcome, "the source panicked: off by one");
    assert_eq!(outcome.ledger.delivered, 10);
}

/// Lends ten records and then waits for its waker, or ends; panics in one of its methods.
struct Fragile {
    breaks_in: &'static str,
    waits: bool,
    buffer: BurstBuffer,
}

impl Fragile {
    fn call(&self, method: &str) {
        assert!(method != self.breaks_in, "broken in {method}");
    }
}

impl Source for Fragile {
    fn start(&mut self, _context: Context) {
        self.call("start");
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        if self.buffer.is_empty() {
            (0..10).for_each(|_| self.buffer.push(demand.now_ns, b"fragile"));
            return Ok(Lent::Burst(self.buffer.burst()));
        }
        self.call("lend");
        if self.waits {
            return Ok(Lent::Pending(Pending::woken()));
        }
        Ok(Lent::End)
    }

    fn lend_buffered(&mut self, _demand: Demand) -> io::Result<Lent<'_>> {
        self.call("lend_buffered");
        Ok(Lent::End)
    }

    fn wants_acknowledgements(&self) -> bool {
        true
    }

    fn acknowledge(&mut self, below: u64) {
        assert_eq!(below, 10);
        self.call("acknowledge");
    }

    fn close(&mut self) {
        self.call("close");
    }
}

#[test]
fn a_source_that_panics_in_any_of_its_methods_is_named_and_the_run_ends() {
    for (breaks_in, waits, stops) in [
        ("start", true, false),
        ("lend", true, false),
        ("lend_buffered", true, true),
        ("acknowledge", true, false),  // while it runs
        ("acknowledge", false, false), // for the last time
        ("close", false, false),
        ("close", true, true),
    ] {
        let source = Fragile {
            breaks_in,
            waits,
            buffer: BurstBuffer::default(),
        };
        let (sinks, heard) = telling();
        let config = config(|c| c.batch.batch_timeout = Duration::from_millis(1));
        let running = Pipeline::new(source, sinks).config(config).start().unwrap();
        if stops {
            next(&heard);
            running.stop();
        }
        let outcome = library::join(running);
        let failures: Vec<_> = outcome.failures.iter().map(ToString::to_string).collect();
        assert_eq!(
            failures,
            [format!("the source panicked: broken in {breaks_in}")]
        );
        assert_eq!(outcome.exit_code(), 1);
        let delivered = if breaks_in == "start" { 0 } else { 10 };
        assert_eq!(outcome.ledger.delivered, delivered, "{breaks_in}");
        assert!(outcome.ledger.balanced(), "{:?}", outcome.ledger);
        assert!(!outcome.deadline_passed && !outcome.halted, "{breaks_in}");
    }
}

/// Lends headers that do not fit their bytes.
struct Liar([RecordHeader; 2]);

impl Source for Liar {
    fn lend(&mut self, _demand: Demand) -> io::Result<Lent<'_>> {
        let headers = &mut self.0;
        let bytes = b"one\ntwo\nthree\n";
        Ok(Lent::Burst(Burst { headers, bytes }))
    }
}

#[test]
fn a_burst_that_contradicts_its_headers_fails_the_source() {
    for lengths in [[4, 4], [4, 400], [14, 0]] {
        let headers = lengths.map(|len| RecordHeader::new(0, 0, len));
        let pipeline = Pipeline::new(Liar(headers), |_: usize| Ok(Null)).config(config(|_| ()));
        let outcome = library::run(pipeline);
        let failure = "source: the source lent a burst whose headers do not add up to its bytes";
        failed(&outcome, failure);
        let ledger = outcome.ledger;
        assert_eq!((ledger.produced, ledger.delivered), (2, 0));
    }
}

#[test]
fn a_sink_that_cannot_be_created_fails_the_start() {
    let sinks = |worker: usize| match worker {
        0 => Ok(Null),
        _ => Err(io::Error::other("one is enough")),
    };
    let config = config(|c| c.scaling.max_workers = 2);
    let refused = Pipeline::new(generator(None), sinks).config(config).start();
    assert_eq!(refused.unwrap_err().to_string(), "one is enough");
}

#[test]
fn a_dropped_pipeline_stops_by_itself() {
    let (sinks, heard) = telling();
    let config = config(|c| c.batch.batch_timeout = Duration::from_millis(1));
    let running = Pipeline::new(generator(None), sinks)
        .config(config)
        .start()
        .unwrap();
    next(&heard);
    drop(running);
    // The channel closes when the last worker has dropped its sink; until then there are batches.
    let gone = || {
        heard.try_iter().for_each(drop);
        heard.try_recv() == Err(TryRecvError::Disconnected)
    };
    patiently(|| gone().then_some(())).expect("an end");
}

#[test]
fn a_full_disk_fails_the_run_with_a_reason() {
    let ended = Folder::new().run(&format!(
        "--sink file:/dev/full --on-sink-error stop --workers 2 {SMALL}"
    ));
    let ended = ended
        .exits(1)
        .balances()
        .says("sink: /dev/full: No space left on device");
    assert_eq!(ended.figure("/ledger/delivered"), 0);
    assert!(ended.figure("/ledger/abandoned") > 0);
    assert_eq!(ended.report["stop"]["cause"], "failure");
}
