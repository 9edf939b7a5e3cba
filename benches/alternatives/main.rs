//! The same work over other designs: one producer, one consumer, 86-byte records, every byte read and summed.
//!
//! The lanes are as they are because of these figures. What was tried and rejected stays here, so that it can be tried
//! again on another machine, or with another version of a crate. With `-- rate DESIGN` it prints only the rate of that
//! design, in M records/s, for scripts.
//!
//! All queues hold 8,192 records. The channels carry each record as a boxed slice, as a pipeline does that passes owned
//! records on; the disruptor and the lanes copy it into memory of their own. A queue that can publish in bulk does so.
#![expect(clippy::print_stdout, reason = "scripts read the rate")]

mod queues;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use support::{BURST, PASS, RECORD_BYTES, best_rate, rings, throughput, unless_trial};

/// A design's name, and what runs so many passes over it.
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
/// Passes of one try of a rate: a million records, a fifth of a second for a channel.
const PASSES: u64 = 16;

/// The design that `rate DESIGN` among the arguments names.
fn design_of_rate() -> Option<Design> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "rate");
    arguments.next()?;
    let name = arguments.next().unwrap_or_default();
    let design = DESIGNS.into_iter().find(|(known, _)| *known == name);
    Some(design.unwrap_or_else(|| {
        panic!(
            "no design {name:?} among {:?}",
            DESIGNS.map(|(known, _)| known)
        )
    }))
}

fn main() {
    if let Some((_, design)) = design_of_rate() {
        println!("{:.1}", best_rate(PASSES, design) / 1e6);
        return;
    }
    let mut criterion = support::criterion();
    let mut group = criterion.benchmark_group("alternatives");
    group.throughput(throughput(unless_trial(PASS), RECORD_BYTES));
    for (name, design) in DESIGNS {
        group.bench_function(name, |bencher| bencher.iter_custom(design));
    }
    group.finish();
    criterion.final_summary();
}
