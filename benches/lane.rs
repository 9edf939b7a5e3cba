//! One lane: its cost on one thread, and its throughput between two threads, by burst size.
//!
//! `cargo bench --bench limit` compares the same lane with the machine's limit.

mod support;

use std::time::{Duration, Instant};

use criterion::BenchmarkId;
use splashdam::bench_support;
use support::{
    BURST, PASS, QUEUE_BYTES, QUEUE_RECORDS, RECORD_BYTES, Tally, Wait, Work, relay, rings,
    throughput, unless_trial,
};

/// Publishes and takes on one thread: no other core's cache, no waiting.
fn base(passes: u64, burst: usize) -> Duration {
    let work = Work::new(passes, burst);
    let (mut writer, mut reader) = bench_support::lane(QUEUE_RECORDS, QUEUE_BYTES);
    let mut tally = Tally::default();
    let start = Instant::now();
    for _ in work.bursts() {
        writer.publish(&work.headers, &work.bytes);
        reader.take(burst, |batch| {
            let [first, second] = batch.bytes();
            tally.add(batch.len(), first);
            tally.add(0, second);
        });
    }
    let took = start.elapsed();
    assert_eq!(tally, work.expected);
    took
}

/// One record there and back over two lanes, with both threads spinning.
fn ping_pong(rounds: u64) -> Duration {
    let work = Work::new(1, 1);
    let mut expected = Tally::default();
    for _ in 0..rounds {
        expected.add(1, &work.bytes);
    }
    let (mut there, mut at_far) = bench_support::lane(QUEUE_RECORDS, QUEUE_BYTES);
    let (mut back, mut at_near) = bench_support::lane(QUEUE_RECORDS, QUEUE_BYTES);
    let (headers, bytes) = (&work.headers, &work.bytes);
    let ask = move || {
        for _ in 0..rounds {
            there.publish(headers, bytes);
            let mut wait = Wait::default();
            while at_near.take(1, |_| ()) == 0 {
                wait.wait();
            }
        }
    };
    relay(expected, ask, move |records| {
        let mut tally = Tally::default();
        for _ in 0..records {
            let record = rings::take(&mut at_far, 1);
            back.publish(headers, bytes);
            tally += record;
        }
        tally
    })
}

fn main() {
    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("lane");
    group.throughput(throughput(unless_trial(PASS), RECORD_BYTES));
    for burst in [1, BURST] {
        let id = BenchmarkId::new("base", burst);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|passes| base(passes, burst));
        });
    }
    for burst in [1, 8, 64, 256, 1_024] {
        let id = BenchmarkId::new("one_to_one", burst);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|passes| rings::lane(passes, burst));
        });
    }
    group.throughput(throughput(1, RECORD_BYTES));
    group.bench_function("ping_pong", |bencher| bencher.iter_custom(ping_pong));
    group.finish();
    criterion.final_summary();
}
