//! No record is allocated for after the start: a counting allocator watches all threads of a run.
//!
//! A test binary of its own, with one test, because the allocator counts for the whole process.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

use std::alloc::System;
use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use splashdam::sinks::{Check, FileSink, Fsync, Null};
use splashdam::sources::{Generator, Lines, Rate};
use splashdam::{Batch, Config, Pipeline, Sink, SinkError, SinkFactory, Source, Wrote};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Records before the count begins: every buffer has grown to its size by then, and the generator's numbers have the
/// seven digits that they keep. (It lays its lines out anew when they gain one: seven times in ten million records.)
const WARM: u64 = 1_050_000;
/// Records during which allocations are counted.
const WATCHED: u64 = 1_000_000;
/// Records after that, more than the lanes hold: the producer's thread allocates when it ends.
const REST: u64 = 100_000;
const ALL: u64 = WARM + WATCHED + REST;

/// Allocations of the process so far.
fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// How many allocations there were when the first watched batch came, and when the last one did.
struct Moments {
    first: AtomicUsize,
    last: AtomicUsize,
}

/// A sink that reads the count before it passes a batch on.
struct Watched {
    sink: Box<dyn Sink>,
    moments: Arc<Moments>,
}

impl Sink for Watched {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let first = batch.headers().into_iter().flatten().next().unwrap();
        if (WARM..WARM + WATCHED).contains(&first.position) {
            let now = allocations();
            // The lowest and the highest, whichever worker comes first: the count only grows.
            self.moments.first.fetch_min(now, Ordering::Relaxed);
            self.moments.last.fetch_max(now, Ordering::Relaxed);
        }
        self.sink.write(batch)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        self.sink.flush()
    }
}

/// The number of allocations of a run while the watched records pass.
fn allocated(
    workers: usize,
    source: impl Source + 'static,
    mut sinks: impl SinkFactory + 'static,
) -> usize {
    let moments = Arc::new(Moments {
        first: AtomicUsize::new(usize::MAX),
        last: AtomicUsize::new(0),
    });
    let shared = Arc::clone(&moments);
    let watched = move |worker: usize| -> io::Result<Watched> {
        Ok(Watched {
            sink: sinks.open(worker)?,
            moments: Arc::clone(&shared),
        })
    };
    let mut config = Config::default();
    config.stop.count = Some(ALL);
    // The scaler records its decisions, which is not part of the data path.
    config.scaling.autoscale = false;
    (config.scaling.min_workers, config.scaling.max_workers) = (workers, workers);
    let running = Pipeline::new(source, watched).config(config).start();
    let outcome = running.unwrap().join();
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    assert_eq!(outcome.ledger.delivered, ALL);
    let first = moments.first.load(Ordering::Relaxed);
    moments.last.load(Ordering::Relaxed) - first
}

#[test]
fn a_million_records_pass_without_an_allocation() {
    let generator = |rate: &str| Generator::new(rate.parse::<Rate>().unwrap(), None, 0);
    let null = || |_: usize| Ok(Null);
    assert_eq!(allocated(1, generator("max"), Check::default()), 0);
    assert_eq!(allocated(2, generator("max"), null()), 0);
    assert_eq!(allocated(1, generator("2000000/s"), null()), 0);

    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("out"));
    let mut lines = String::new();
    for line in 0..ALL {
        writeln!(lines, "line {line}").unwrap();
    }
    std::fs::write(&input, &lines).unwrap();
    let source = Lines::files([&input], 1 << 16).unwrap();
    let file = FileSink::append(&output, Fsync::Never).unwrap();
    let sinks = move |_: usize| Ok(file.clone());
    assert_eq!(allocated(1, source, sinks), 0);
    assert!(std::fs::read(&output).unwrap() == lines.as_bytes());
}
