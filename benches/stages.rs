//! The stages one by one: what each adds to the cost of a record.

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use splashdam::bench_support::{self, Dispatch, Recorder};
use splashdam::sources::{Generator, Rate};
use splashdam::{Burst, Demand, Lent, RecordHeader, Route, Source, Throttle};
use support::{
    BATCH, BURST, QUEUE_BYTES, QUEUE_RECORDS, RECORD_BYTES, Tally, Work, rings, throughput,
};

/// Bursts between two readings of the clock, and between two drains of the lanes. They fit into one lane.
const BURSTS: usize = 16;
/// Time between two bursts at full speed.
const BURST_NS: u64 = 4_000;

fn generator(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generator");
    let sizes = [None, Some(RECORD_BYTES), Some(256), Some(1_024)];
    for record_bytes in sizes {
        let name = record_bytes.map_or("natural".into(), |bytes| bytes.to_string());
        group.throughput(throughput(BURST, record_bytes.unwrap_or(82)));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|bursts| generate(record_bytes, bursts));
        });
    }
    group.finish();
}

/// Lends `bursts` bursts; the last one must end with the last record.
fn generate(record_bytes: Option<usize>, bursts: u64) -> Duration {
    let mut generator = Generator::new(Rate::Max, record_bytes, 0);
    let mut last = Vec::new();
    let start = Instant::now();
    for burst in 0..bursts {
        let demand = Demand {
            now_ns: burst * BURST_NS,
            records: BURST,
            bytes: usize::MAX,
        };
        let Ok(Lent::Burst(lent)) = generator.lend(demand) else {
            panic!("a generator at full speed lends a burst");
        };
        black_box(lent.bytes);
        if burst + 1 == bursts {
            last = lent.bytes.to_vec();
        }
    }
    let took = start.elapsed();
    let end = format!("\"seq\":{}}}\n", bursts * BURST as u64 - 1);
    assert!(last.ends_with(end.as_bytes()));
    took
}

fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatch");
    group.throughput(throughput(BURST, RECORD_BYTES));
    let routes = [
        ("least_occupied", Route::LeastOccupied),
        ("round_robin", Route::RoundRobin),
    ];
    for (name, route) in routes {
        for lanes in [1, 4, 16, 64] {
            group.bench_function(BenchmarkId::new(name, lanes), |bencher| {
                bencher.iter_custom(|bursts| dispatched(lanes, route, bursts));
            });
        }
    }
    group.finish();
}

/// Dispatches `bursts` bursts and asks the throttle after each. The lanes are drained outside the measured time.
fn dispatched(lanes: usize, route: Route, bursts: u64) -> Duration {
    let mut work = Work::new(1, BURST);
    let mut dispatch = Dispatch::new(lanes, QUEUE_RECORDS, QUEUE_BYTES, route);
    let mut tally = Tally::default();
    let mut expected = Tally::default();
    let mut took = Duration::ZERO;
    for first in (0..bursts).step_by(BURSTS) {
        let start = Instant::now();
        for _ in first..bursts.min(first + BURSTS as u64) {
            let burst = Burst {
                headers: &mut work.headers,
                bytes: &work.bytes,
            };
            assert!(dispatch.dispatch(burst));
            dispatch.pause();
        }
        took += start.elapsed();
        for _ in first..bursts.min(first + BURSTS as u64) {
            expected.add(BURST, &work.bytes);
        }
        dispatch.drain(|batch| {
            let [first, second] = batch.bytes();
            tally.add(batch.len(), first);
            tally.add(0, second);
        });
    }
    assert_eq!(tally, expected);
    took
}

fn throttle(criterion: &mut Criterion) {
    let table = Throttle::default();
    let mut group = criterion.benchmark_group("throttle");
    for (name, usage, pauses) in [("free", 0.5, false), ("pausing", 0.99, true)] {
        assert_eq!(!table.pause(usage).is_zero(), pauses);
        group.bench_function(name, |bencher| {
            bencher.iter(|| table.pause(black_box(usage)));
        });
    }
    group.finish();
}

fn latency(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("latency");
    group.throughput(throughput(BATCH, RECORD_BYTES));
    // At full speed all records of a burst share their stamps; a paced source gives each record its own.
    for (name, sharing) in [("by_burst", BURST), ("by_record", 1)] {
        let header = |at| RecordHeader::new((at / sharing) as u64 * BURST_NS, at as u64, 86);
        let headers: Vec<_> = (0..BATCH).map(header).collect();
        record(&mut group, name, &headers);
    }
    group.finish();
}

fn record(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, headers: &[RecordHeader]) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|batches| {
            let mut recorder = Recorder::default();
            let start = Instant::now();
            for batch in 0..batches {
                let taken_ns = 5_000_000 + batch;
                recorder.record(black_box(headers), taken_ns, taken_ns + 20_000);
            }
            let took = start.elapsed();
            let (records, mean) = recorder.response();
            assert_eq!(records, batches * BATCH as u64);
            assert!(mean > 0.0);
            took
        });
    });
}

/// One record there and back between two threads that park whenever they have nothing to do: two wake-ups.
fn wake(criterion: &mut Criterion) {
    criterion.bench_function("wake/there_and_back", |bencher| {
        bencher.iter_custom(|rounds| {
            let work = Work::new(1, 1);
            let (mut there, mut at_far) = bench_support::lane(BATCH, QUEUE_BYTES);
            let (mut back, mut at_near) = bench_support::lane(BATCH, QUEUE_BYTES);
            let mut expected = Tally::default();
            (0..rounds).for_each(|_| expected.add(1, &work.bytes));
            let (headers, bytes) = (&work.headers, &work.bytes);
            let ask = move || {
                for _ in 0..rounds {
                    there.publish(headers, bytes);
                    while at_near.take(1, |_| ()) == 0 {
                        at_near.park();
                    }
                }
            };
            support::relay(expected, ask, move |records| {
                let mut tally = Tally::default();
                while tally.records < records {
                    at_far.park();
                    let taken = at_far.take(1, |batch| {
                        let [first, second] = batch.bytes();
                        tally.add(1, first);
                        tally.add(0, second);
                    });
                    if taken == 1 {
                        rings::publish(&mut back, headers, bytes);
                    }
                }
                tally
            })
        });
    });
}

fn main() {
    let mut criterion = support::criterion();
    generator(&mut criterion);
    dispatch(&mut criterion);
    throttle(&mut criterion);
    latency(&mut criterion);
    wake(&mut criterion);
    criterion.final_summary();
}
