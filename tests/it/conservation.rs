//! In any configuration every record is accounted for, and every record counted as delivered is there.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngSeed, TestRunner};
use splashdam::{Batch, Pipeline, Sink, SinkError, SinkErrorKind, Wrote};

use crate::support::library::{self, config, generator};
use crate::support::{Folder, seed, wanted};

/// Lanes, batches and records of any size that fits, and the number of workers and records of a run.
#[derive(Debug)]
struct Shape {
    fewest: usize,
    workers: usize,
    channel_size: usize,
    batch_size: usize,
    batch_bytes: usize,
    record_bytes: Option<usize>,
    lane_bytes: usize,
    max_record_bytes: usize,
    count: usize,
}

prop_compose! {
    fn shapes()(
        (fewest, workers) in (1..=5_usize).prop_flat_map(|most| (1..=most, Just(most))),
        channel_size in prop_oneof![1..=8_usize, 9..=512_usize, 513..=5_000_usize],
        batch_share in 0.0..=1.0_f64,
        batch_bytes in prop_oneof![1..=200_usize, 201..=65_536_usize],
        record_bytes in proptest::option::of(76..=3_000_usize),
        slack in prop_oneof![Just(0_usize), 1..=65_536_usize],
        count in 1..=6_000_usize,
    ) -> Shape {
        // Rounding down is what keeps a batch within its lane.
        #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
        let batch_size = ((channel_size as f64 * batch_share) as usize).max(1);
        let max_record_bytes = record_bytes.unwrap_or(95);
        let lane_bytes = batch_bytes + max_record_bytes + slack;
        // A lane for few records is slow, because each needs a wait and a wake-up.
        let fit = channel_size.min(lane_bytes / max_record_bytes).min(batch_size * 20);
        let count = count.min(100 * fit);
        Shape {
 fewest, workers, channel_size, batch_size, batch_bytes, record_bytes, lane_bytes, max_record_bytes, count,
        }
    }
}

impl Shape {
    fn arguments(&self) -> String {
        let Self {
            fewest,
            workers,
            channel_size,
            batch_size,
            batch_bytes,
            record_bytes,
            lane_bytes,
            max_record_bytes,
            count,
        } = self;
        let padding = record_bytes.map_or(String::new(), |n| format!("--record-bytes {n}"));
        format!(
            "--count {count} --min-workers {fewest} --max-workers {workers} --channel-size {channel_size} --lane-bytes {lane_bytes} \
             --batch-size {batch_size} --batch-bytes {batch_bytes} --max-record-bytes {max_record_bytes} {padding}"
        )
    }
}

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(choices)
}

const SINKS: &[&str] = &[
    "null",
    "check",
    "file:out",
    "file:out-{worker}",
    "delay:100us,check",
    "delay:50us,file:out",
    "delay:50us,file:out-{worker}",
];

/// Generates that many cases; the seed makes them repeatable.
fn cases(cases: u32) -> TestRunner {
    TestRunner::new(Cases {
        cases: wanted("SPLASHDAM_CASES", cases.into()) as u32,
        max_shrink_iters: 50,
        rng_seed: RngSeed::Fixed(seed()),
        failure_persistence: None,
        ..Cases::default()
    })
}

#[test]
fn any_configuration_delivers_everything_produced() {
    let policies = (
        one_of(&["0", "50us", "3ms", "1h"]),
        one_of(&["least-occupied", "round-robin"]),
        one_of(&["off", "0.8:500us,0.9:1ms,0.95:2ms", "0.1:100us"]),
        one_of(&["1ms", "10ms", "1s"]),
        one_of(SINKS),
    );
    let outcome = cases(60).run(&(shapes(), policies), |(shape, policies)| {
        let (timeout, route, throttle, interval, sink) = policies;
        let folder = Folder::new();
        let ended = folder.run(&format!(
            "{} --batch-timeout {timeout} --route {route} --throttle {throttle} --autoscale-interval {interval} \
             --sink {sink}",
            shape.arguments()
        ));
        let ended = ended.delivers_everything();
        let produced = ended.figure("/ledger/produced");
        prop_assert_eq!(produced, shape.count as u64);
        let outputs = folder.names().into_iter().filter(|n| n.starts_with("out"));
        let outputs: Vec<_> = outputs.collect();
        prop_assert_eq!(!outputs.is_empty(), sink.contains("file"));
        if !outputs.is_empty() {
            folder.holds_whole(&outputs.join(" "), produced);
            let written: u64 = outputs.iter().map(|name| folder.len(name)).sum();
            prop_assert_eq!(written, ended.of_workers("/bytes").iter().sum::<u64>());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The fault of one worker's sink.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Works,
    /// At this batch, after this share of its bytes.
    Fails(usize, f64),
    ReaderCloses(usize, f64),
    Panics(usize),
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Works),
        (0..20_usize, 0.0..1.0).prop_map(|(at, share)| Fate::Fails(at, share)),
        (0..20_usize, 0.0..1.0).prop_map(|(at, share)| Fate::ReaderCloses(at, share)),
        (0..20_usize).prop_map(Fate::Panics),
    ]
}

/// A sink that fails as planned, and counts what it accepted until then.
struct Fated {
    fate: Fate,
    batches: usize,
    worker: usize,
    accepted: Arc<Mutex<HashMap<usize, u64>>>,
}

impl Fated {
    fn accept(&self, records: usize) {
        *self
            .accepted
            .lock()
            .unwrap()
            .entry(self.worker)
            .or_default() += records as u64;
    }

    fn fail(&self, batch: &Batch<'_>, share: f64, kind: io::ErrorKind) -> SinkError {
        #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
        let records = (batch.len() as f64 * share) as usize;
        self.accept(records);
        SinkError::new(kind.into(), records)
    }
}

impl Sink for Fated {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        self.batches += 1;
        match self.fate {
            Fate::Fails(at, share) if at < self.batches => {
                return Err(self.fail(batch, share, io::ErrorKind::Other));
            }
            Fate::ReaderCloses(at, share) if at < self.batches => {
                let closed = self.fail(batch, share, io::ErrorKind::BrokenPipe);
                return Err(closed.with_kind(SinkErrorKind::ReaderClosed));
            }
            Fate::Panics(at) if at < self.batches => std::panic::resume_unwind(Box::new("fate")),
            _ => self.accept(batch.len()),
        }
        Ok(Wrote::All)
    }
}

#[test]
fn the_ledger_matches_what_faulty_sinks_accepted() {
    let strategy = (shapes(), proptest::collection::vec(fates(), 5));
    let outcome = cases(100).run(&strategy, |(shape, fates)| {
        let accepted = Arc::new(Mutex::new(HashMap::new()));
        let counted = Arc::clone(&accepted);
        let of_worker = fates.clone();
        let sinks = move |worker: usize| {
            Ok(Fated {
                fate: of_worker[worker],
                batches: 0,
                worker,
                accepted: Arc::clone(&counted),
            })
        };
        let config = config(|c| {
            c.scaling.max_workers = shape.workers;
            c.lanes.channel_size = shape.channel_size;
            c.lanes.lane_bytes = shape.lane_bytes;
            c.lanes.max_record_bytes = shape.max_record_bytes;
            c.batch.batch_size = shape.batch_size;
            c.batch.batch_bytes = shape.batch_bytes;
            c.batch.batch_timeout = Duration::from_micros(200);
            c.stop.count = Some(shape.count as u64);
        });
        let outcome =
            library::run(Pipeline::new(generator(shape.record_bytes), sinks).config(config));
        let ledger = outcome.ledger;
        prop_assert!(ledger.balanced(), "{ledger:?}");
        let accepted = accepted.lock().unwrap();
        for worker in &outcome.workers {
            let accepted = accepted.get(&worker.worker).copied().unwrap_or(0);
            prop_assert_eq!(worker.delivered, accepted, "worker {}", worker.worker);
        }
        let failed = !outcome.failures.is_empty();
        prop_assert_eq!(outcome.exit_code(), u8::from(failed), "{:?}", outcome);
        prop_assert!(failed || ledger.abandoned == 0, "{:?}", outcome);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
