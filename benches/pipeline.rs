//! The whole path, generator to sink, by topology: `cargo bench`, or `cargo bench -- --test` for a look that it runs.
//!
//! Each pass is a run of its own that must deliver every record; its time is the run's, from the first burst to the last
//! worker's end, without the making of the lanes.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use splashdam::sink::{Check, Null, SinkFactory};
use splashdam::source::{Generator, Rate};
use splashdam::{Config, Pipeline};

/// Enough for a run to be about its records and not about its start.
const RECORDS: u64 = 2_000_000;

fn run(workers: usize, record_bytes: usize, sinks: impl SinkFactory + 'static) -> Duration {
    let mut config = Config::default();
    config.count = Some(RECORDS);
    (config.min_workers, config.max_workers) = (workers, workers);
    let source = Generator::new(Rate::Max, Some(record_bytes), 0);
    let pipeline = Pipeline::new(source, sinks).config(config);
    let outcome = pipeline.start().map(splashdam::Running::join);
    match outcome {
        Ok(outcome) if outcome.ledger.delivered == RECORDS => outcome.elapsed,
        other => panic!("a run that did not deliver everything: {other:?}"),
    }
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for (topology, workers) in [("one_to_one", 1), ("one_to_four", 4)] {
        let mut group = criterion.benchmark_group(topology);
        for bytes in [86, 256, 1_024] {
            group.throughput(Throughput::ElementsAndBytes {
                elements: RECORDS,
                bytes: RECORDS * bytes as u64,
            });
            group.bench_function(BenchmarkId::new("null", bytes), |bencher| {
                let null = || |_: usize| Ok(Null);
                bencher
                    .iter_custom(|passes| (0..passes).map(|_| run(workers, bytes, null())).sum());
            });
            group.bench_function(BenchmarkId::new("check", bytes), |bencher| {
                let pass = |_| run(workers, bytes, Check::default());
                bencher.iter_custom(|passes| (0..passes).map(pass).sum());
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
