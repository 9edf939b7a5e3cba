//! What makes a batch due: its size, its bytes, its age, the end.

use std::io;
use std::time::Duration;

use splashdam::{BurstBuffer, Demand, Lent, Pending, Pipeline, Source};

use crate::support::library::{self, Order, config, generator, next, telling, told};
use crate::support::{Folder, SMALL};

#[test]
fn batches_of_the_size_asked_for_and_a_partial_one_at_the_end() {
    let (sinks, heard) = telling();
    let config = config(|c| c.stop.count = Some(1_000));
    let outcome = library::run(Pipeline::new(generator(None), sinks).config(config));
    let mut expected = vec![64; 15];
    expected.push(40);
    assert_eq!(
        heard.try_iter().map(|b| b.len()).collect::<Vec<_>>(),
        expected
    );
    let worker = &outcome.workers[0];
    assert_eq!((worker.batches_by_size, worker.batches_by_age), (15, 0));
    assert_eq!(
        (worker.batches_by_drain, worker.last_partial),
        (1, Some(40))
    );
}

#[test]
fn a_batch_is_due_when_one_more_record_would_take_it_beyond_its_bytes() {
    for batch_bytes in [1_000, 1_050, 1_099] {
        let (sinks, heard) = telling();
        let config = config(|c| {
            c.stop.count = Some(100);
            c.batch.batch_bytes = batch_bytes;
        });
        let _ = library::run(Pipeline::new(generator(Some(100)), sinks).config(config));
        let bytes: Vec<_> = heard.try_iter().map(|b| b.bytes).collect();
        assert_eq!(bytes, [1_000; 10], "batch_bytes {batch_bytes}");
    }
}

#[test]
fn a_record_longer_than_a_batch_is_delivered_as_a_batch_of_its_own() {
    let (sinks, heard) = telling();
    let config = config(|c| {
        c.stop.count = Some(100);
        c.batch.batch_bytes = 1_000;
    });
    let outcome = library::run(Pipeline::new(generator(Some(5_000)), sinks).config(config));
    assert_eq!(outcome.ledger.delivered, 100);
    assert!(heard.try_iter().all(|b| b.bytes == 5_000 && b.len() == 1));
}

#[test]
fn a_batch_that_does_not_fill_is_delivered_when_it_is_old_enough() {
    let (sinks, heard) = telling();
    let (tell, source) = told();
    let config = config(|c| c.batch.batch_timeout = Duration::from_millis(20));
    let running = Pipeline::new(source, sinks).config(config).start().unwrap();
    tell.send(Order::Lend(3)).unwrap();
    // The source is still open: nothing but age can have made this batch due.
    assert_eq!(next(&heard).positions, [0, 1, 2]);
    drop(tell);
    let outcome = library::join(running);
    assert_eq!(outcome.ledger.delivered, 3);
    assert_eq!(outcome.workers[0].batches_by_age, 1);
}

#[test]
fn a_batch_is_not_delivered_before_it_is_old_enough() {
    let (sinks, heard) = telling();
    let (tell, source) = told();
    let running = Pipeline::new(source, sinks)
        .config(config(|_| ()))
        .start()
        .unwrap();
    for _ in 0..3 {
        tell.send(Order::Lend(21)).unwrap();
    }
    drop(tell);
    let outcome = library::join(running);
    // 63 of 64 came in three bursts; with an hour to wait they are one batch, and the end made it due.
    assert_eq!(next(&heard).len(), 63);
    assert_eq!(outcome.workers[0].batches_by_drain, 1);
}

#[test]
fn with_a_zero_timeout_a_batch_is_delivered_at_once() {
    let (sinks, heard) = telling();
    let (tell, source) = told();
    let config = config(|c| c.batch.batch_timeout = Duration::ZERO);
    let running = Pipeline::new(source, sinks).config(config).start().unwrap();
    for position in 0..5 {
        tell.send(Order::Lend(1)).unwrap();
        assert_eq!(next(&heard).positions, [position]);
    }
    drop(tell);
    assert_eq!(library::join(running).workers[0].batches_by_age, 5);
}

/// An endless source that lends one record each time, so that there is always a new arrival.
#[derive(Default)]
struct Trickle {
    buffer: BurstBuffer,
    rest: bool,
}

impl Source for Trickle {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        self.rest = !self.rest;
        if self.rest {
            return Ok(Lent::Pending(Pending::until(demand.now_ns + 1_000_000)));
        }
        self.buffer.clear();
        self.buffer.push(demand.now_ns, b"drip");
        Ok(Lent::Burst(self.buffer.burst()))
    }
}

#[test]
fn new_arrivals_do_not_postpone_a_batch_deadline() {
    let (sinks, heard) = telling();
    let config = config(|c| {
        // Far longer than a busy machine keeps the source from its next record.
        c.batch.batch_timeout = Duration::from_millis(300);
        c.lanes.channel_size = 1 << 20; // never full, so that size makes no batch due
        c.batch.batch_size = 1 << 20;
        c.lanes.lane_bytes = 16 << 20;
        c.batch.batch_bytes = 8 << 20;
    });
    let pipeline = Pipeline::new(Trickle::default(), sinks).config(config);
    let running = pipeline.start().unwrap();
    for _ in 0..2 {
        next(&heard);
    }
    running.stopper().request(splashdam::StopCause::Requested);
    let outcome = library::join(running);
    assert!(outcome.workers[0].batches_by_age >= 2);
    assert_eq!(outcome.workers[0].batches_by_size, 0);
    assert_eq!(outcome.ledger.delivered, outcome.ledger.produced);
}

#[test]
fn the_partial_batch_at_the_end_is_flushed_and_counted() {
    let folder = Folder::new();
    let ended = folder.run(
        "--count 10 --workers 1 --channel-size 8 --batch-size 4 --batch-timeout 1h \
         --lane-bytes 64KiB --sink file:out",
    );
    let ended = ended
        .delivers_everything()
        .says("Worker 0 flushed batch of 2 logs\n");
    assert_eq!(ended.of_workers("/batches/size"), [2]);
    assert_eq!(ended.of_workers("/batches/age"), [0]);
    assert_eq!(ended.of_workers("/batches/drain"), [1]);
    assert_eq!(ended.of_workers("/last_partial"), [2]);
    folder.holds_whole("out", 10);
}

#[test]
fn a_run_that_ends_on_a_full_batch_counts_no_flush() {
    let ended = Folder::new().run(
        "--count 12 --workers 1 --channel-size 8 --batch-size 4 --batch-timeout 1h \
         --lane-bytes 64KiB",
    );
    let ended = ended.delivers_everything();
    assert!(!ended.stderr.contains("flushed batch"), "{}", ended.stderr);
    assert_eq!(ended.of_workers("/batches/size"), [3]);
    assert!(ended.report["workers"][0]["last_partial"].is_null());
}

#[test]
fn the_batches_of_each_worker_add_up_to_its_records() {
    let ended = Folder::new().run(&format!(
        "--count 10_000 --workers 3 --batch-timeout 1h {SMALL}"
    ));
    let ended = ended.delivers_everything();
    let workers = ended.report["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 3);
    for worker in workers {
        let figure = |path: &str| worker.pointer(path).unwrap().as_u64().unwrap();
        let partial = worker["last_partial"].as_u64();
        assert_eq!(
            figure("/records"),
            64 * figure("/batches/size") + partial.unwrap_or(0),
            "{worker}"
        );
        assert_eq!(figure("/batches/age"), 0);
        assert_eq!(figure("/batches/drain"), u64::from(partial.is_some()));
    }
}
