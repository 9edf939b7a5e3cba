//! The whole path, source to sink: by topology, record size, batch size, sink and load.
//!
//! Each pass is a run of its own that must deliver every record. Its time is the run's, from the first burst to the end
//! of the last worker; creating the lanes is not included. The `check` sink reads and verifies every byte; of a file
//! the length is checked.

mod support;

use std::io;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use splashdam::sinks::{Check, Delay, FileSink, Fsync, Null};
use splashdam::sources::{Generator, Rate};
use splashdam::{
    BurstBuffer, Config, Context, Demand, Lent, Outcome, Pending, Pipeline, Route, Sink,
    SinkFactory, Source,
};
use support::{BATCH, RECORD_BYTES, throughput, unless_trial};

/// A run's payload: enough to hide the cost of starting it.
const RUN_BYTES: usize = 128 << 20;

/// A run's records at this length.
fn records(record_bytes: usize) -> usize {
    unless_trial(RUN_BYTES / record_bytes)
}

fn config(workers: usize, records: usize) -> Config {
    let mut config = Config::default();
    config.stop.count = Some(records as u64);
    (config.scaling.min_workers, config.scaling.max_workers) = (workers, workers);
    config
}

fn generator(record_bytes: usize) -> Generator {
    Generator::new(Rate::Max, Some(record_bytes), 0)
}

fn run(
    config: Config,
    source: impl Source + 'static,
    sinks: impl SinkFactory + 'static,
) -> Duration {
    let expected = config.stop.count;
    let pipeline = Pipeline::new(source, sinks).config(config);
    let outcome = pipeline.start().map(splashdam::Running::join);
    let is_whole =
        |outcome: &Outcome| outcome.exit_code() == 0 && Some(outcome.ledger.delivered) == expected;
    match outcome {
        Ok(outcome) if is_whole(&outcome) => outcome.elapsed,
        other => panic!("not every record was delivered: {other:?}"),
    }
}

/// The total time of `passes` runs.
fn runs(passes: u64, run: impl Fn() -> Duration) -> Duration {
    (0..passes).map(|_| run()).sum()
}

fn topologies(criterion: &mut Criterion) {
    for (topology, workers) in [("one_to_one", 1), ("one_to_four", 4)] {
        let mut group = criterion.benchmark_group(topology);
        for bytes in [Generator::RECORD_BYTES_MIN, RECORD_BYTES, 256, 1_024, 4_096] {
            let records = records(bytes);
            group.throughput(throughput(records, bytes));
            group.bench_function(BenchmarkId::new("null", bytes), |bencher| {
                let null = || |_: usize| Ok(Null);
                let run = || run(config(workers, records), generator(bytes), null());
                bencher.iter_custom(|passes| runs(passes, run));
            });
            group.bench_function(BenchmarkId::new("check", bytes), |bencher| {
                let check = Check::default;
                let run = || run(config(workers, records), generator(bytes), check());
                bencher.iter_custom(|passes| runs(passes, run));
            });
        }
        group.finish();
    }
}

fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch_size");
    let records = records(RECORD_BYTES);
    group.throughput(throughput(records, RECORD_BYTES));
    for batch_size in [1, 16, 256, BATCH, 8_192] {
        group.bench_function(BenchmarkId::from_parameter(batch_size), |bencher| {
            let run = || {
                let mut config = config(1, records);
                config.batch.batch_size = batch_size;
                config.batch.batch_bytes = 1 << 20;
                run(config, generator(RECORD_BYTES), Check::default())
            };
            bencher.iter_custom(|passes| runs(passes, run));
        });
    }
    group.finish();
}

fn files(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("file_sink");
    let records = records(RECORD_BYTES) / 4;
    group.throughput(throughput(records, RECORD_BYTES));
    for workers in [1, 2] {
        group.bench_function(BenchmarkId::new("workers", workers), |bencher| {
            bencher.iter_custom(|passes| runs(passes, || to_file(workers, records)));
        });
    }
    group.finish();
}

/// Writes to one temporary file that all workers share.
fn to_file(workers: usize, records: usize) -> Duration {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("out.ndjson");
    let file = FileSink::append(&path, Fsync::Never).expect("a new file");
    let sinks = move |_: usize| Ok(file.clone());
    let took = run(config(workers, records), generator(RECORD_BYTES), sinks);
    let written = path.metadata().expect("the file").len();
    assert_eq!(written, (records * RECORD_BYTES) as u64);
    took
}

/// A source of lines of two lengths: one in [`Skewed::LONG_ONE_IN`] is long.
struct Skewed {
    line: Vec<u8>,
    buffer: BurstBuffer,
    lent: usize,
}

impl Skewed {
    const SHORT: usize = 64;
    const LONG: usize = 4_096;
    const LONG_ONE_IN: usize = 64;

    fn new() -> Self {
        Self {
            line: vec![b'.'; Self::LONG - 1],
            buffer: BurstBuffer::default(),
            lent: 0,
        }
    }

    fn mean() -> usize {
        Self::SHORT + (Self::LONG - Self::SHORT) / Self::LONG_ONE_IN
    }
}

impl Source for Skewed {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        self.buffer.clear();
        for _ in 0..demand.records {
            let long = self.lent.is_multiple_of(Self::LONG_ONE_IN);
            let bytes = if long { Self::LONG } else { Self::SHORT };
            self.buffer.push(demand.now_ns, &self.line[..bytes - 1]);
            self.lent += 1;
        }
        Ok(Lent::Burst(self.buffer.burst()))
    }
}

/// A source that alternates between bursts at full speed and pauses in which the workers go to sleep.
struct Bursty {
    generator: Generator,
    in_burst: usize,
    next_ns: u64,
}

impl Bursty {
    const BURST: usize = 65_536;
    const GAP_NS: u64 = 500_000;
}

impl Source for Bursty {
    fn start(&mut self, context: Context) {
        self.generator.start(context);
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        if self.in_burst == Self::BURST {
            (self.in_burst, self.next_ns) = (0, demand.now_ns + Self::GAP_NS);
        }
        if demand.now_ns < self.next_ns {
            return Ok(Lent::Pending(Pending::until(self.next_ns)));
        }
        let records = demand.records.min(Self::BURST - self.in_burst);
        self.in_burst += records;
        self.generator.lend(Demand { records, ..demand })
    }
}

fn loads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    let skewed = records(Skewed::mean());
    group.throughput(throughput(skewed, Skewed::mean()));
    group.bench_function("skewed_lengths", |bencher| {
        let run = || run(config(1, skewed), Skewed::new(), Check::default());
        bencher.iter_custom(|passes| runs(passes, run));
    });
    let bursty = records(RECORD_BYTES);
    group.throughput(throughput(bursty, RECORD_BYTES));
    group.bench_function("bursts_with_gaps", |bencher| {
        let source = || Bursty {
            generator: generator(RECORD_BYTES),
            in_burst: 0,
            next_ns: 0,
        };
        let run = || run(config(1, bursty), source(), Check::default());
        bencher.iter_custom(|passes| runs(passes, run));
    });
    let uneven = records(RECORD_BYTES) / 4;
    group.throughput(throughput(uneven, RECORD_BYTES));
    let routes = [
        ("least_occupied", Route::LeastOccupied),
        ("round_robin", Route::RoundRobin),
    ];
    for (name, route) in routes {
        group.bench_function(BenchmarkId::new("one_sink_in_four_slow", name), |bencher| {
            let run = || {
                let mut config = config(4, uneven);
                config.lanes.route = route;
                let sinks = |worker: usize| Ok(one_slow(worker));
                run(config, generator(RECORD_BYTES), sinks)
            };
            bencher.iter_custom(|passes| runs(passes, run));
        });
    }
    group.finish();
}

/// Worker 0 needs a millisecond per batch; the others are as fast as they can be.
fn one_slow(worker: usize) -> Box<dyn Sink> {
    let slow = Duration::from_millis(1);
    if worker == 0 {
        Box::new(Delay::new(slow, Null))
    } else {
        Box::new(Null)
    }
}

fn main() {
    let mut criterion = support::criterion();
    topologies(&mut criterion);
    batches(&mut criterion);
    files(&mut criterion);
    loads(&mut criterion);
    criterion.final_summary();
}
