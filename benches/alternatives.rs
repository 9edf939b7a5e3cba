//! The same work over other designs: one producer, one consumer, 86-byte records, every byte read and summed.
//!
//! The lanes are as they are because of these figures. What was tried and rejected stays here, so that it can be tried
//! again: on another machine, with another version of a crate.
//!
//! All queues hold 8,192 records. The channels carry each record as a boxed slice, as a pipeline does that hands
//! records on; the disruptor and the lanes copy it into memory of their own. Who offers publishing in bulk is used in
//! bulk.

mod support;

use std::time::Duration;

use support::{BURST, PASS, RECORD_BYTES, queues, rings, throughput, unless_trial};

/// A design by its name: so many passes.
type Design = (&'static str, fn(u64) -> Duration);

const DESIGNS: [Design; 12] = [
    ("splashdam_lane", |passes| rings::lane(passes, BURST)),
    ("splashdam_lane_each_record", |passes| {
        rings::lane(passes, 1)
    }),
    ("two_rings_bare", rings::bare),
    ("two_rings_each_record", rings::bare_each_record),
    ("disruptor", queues::disruptor),
    ("rtrb_boxed", queues::rtrb_boxed),
    ("crossbeam_channel", queues::crossbeam_channel),
    ("std_mpsc", queues::std_mpsc),
    ("flume", queues::flume),
    ("kanal", queues::kanal),
    ("mutex_queue", queues::mutex_queue),
    ("memcpy_one_core", rings::memcpy),
];

fn main() {
    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("alternatives");
    group.throughput(throughput(unless_trial(PASS), RECORD_BYTES));
    for (name, design) in DESIGNS {
        group.bench_function(name, |bencher| bencher.iter_custom(design));
    }
    group.finish();
    criterion.final_summary();
}
