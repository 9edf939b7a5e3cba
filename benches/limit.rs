//! What the machine allows, and how much of it is used: `cargo bench --bench limit`. With `-- memcpy` (GB/s, one core)
//! or `-- lane` (M records/s) it prints that limit alone, for scripts; with `-- crossbeam` what a channel of boxed
//! slices does.
//!
//! The limit is a bare two-ring lane: bursts of 256 records of 86 bytes, two copies each, and a reader that reads every
//! byte. Everything is run in turn, round after round, and each round's figure is divided by the same round's limit: a
//! shared machine's speed changes from second to second, and only what ran beside each other compares.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

mod support;

use std::time::Duration;

use splashdam::sinks::Check;
use splashdam::sources::{Generator, Rate};
use splashdam::{Config, Pipeline};
use support::{BURST, PASS, RECORD_BYTES, is_trial, queues, rings, unless_trial};

/// Rounds, of which the median counts.
const ROUNDS: usize = 15;
/// Tries of a limit that is asked for alone.
const TRIES: usize = 5;
/// Passes of one measurement: 10 M records, a tenth of a second at 100 M/s.
const PASSES: u64 = 160;

/// What is measured, and how many records one of its measurements moves for each that the limit moves.
type Subject = (&'static str, fn(u64) -> Duration);

const SUBJECTS: [Subject; 5] = [
    ("two bare rings: the limit", rings::bare),
    ("memcpy, one core, unread", rings::memcpy),
    ("the lane", |passes| rings::lane(passes, BURST)),
    ("generator -> check sink, latency", pipeline),
    ("crossbeam-channel, boxed", |passes| {
        queues::crossbeam_channel(passes / 10) * 10
    }),
];

/// The whole path: generated, dispatched, batched, each byte read and proved, latency recorded.
fn pipeline(passes: u64) -> Duration {
    let records = passes * unless_trial(PASS) as u64;
    let mut config = Config::default();
    config.count = Some(records);
    let source = Generator::new(Rate::Max, Some(RECORD_BYTES), 0);
    let pipeline = Pipeline::new(source, Check::default()).config(config);
    let outcome = pipeline.start().map(splashdam::Running::join);
    match outcome {
        Ok(outcome) if outcome.exit_code() == 0 && outcome.ledger.delivered == records => {
            outcome.elapsed
        }
        other => panic!("a run that did not deliver everything: {other:?}"),
    }
}

/// A limit by its word, best of a few tries: it is what the machine can, not what it did in a bad moment.
fn alone(word: &str, passes: u64) -> Option<f64> {
    let (subject, passes, unit): (fn(u64) -> Duration, u64, f64) = match word {
        "memcpy" => (rings::memcpy, passes, RECORD_BYTES as f64 / 1e9),
        "lane" => (rings::bare, passes, 1e-6),
        "crossbeam" => (queues::crossbeam_channel, passes / 10, 1e-6),
        _ => return None,
    };
    let records = (passes * unless_trial(PASS) as u64) as f64;
    let tries = (0..TRIES).map(|_| unit * records / subject(passes).as_secs_f64());
    tries.max_by(f64::total_cmp)
}

/// A filter that names something else means the other benches.
fn is_asked_for() -> bool {
    let mut filters = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    filters.all(|filter| "limit".contains(&filter))
}

/// The middle, the least and the most.
fn spread(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_unstable_by(f64::total_cmp);
    [
        figures[figures.len() / 2],
        figures[0],
        figures[figures.len() - 1],
    ]
}

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    if let Some(figure) = words.iter().find_map(|word| alone(word, PASSES)) {
        println!("{figure:.1}");
        return;
    }
    if !is_asked_for() {
        return;
    }
    let (rounds, passes) = if is_trial() {
        (1, 10)
    } else {
        (ROUNDS, PASSES)
    };
    let records = (passes * unless_trial(PASS) as u64) as f64;
    let round = |_| SUBJECTS.map(|(_, subject)| records / subject(passes).as_secs_f64() / 1e6);
    let rounds: Vec<[f64; SUBJECTS.len()]> = (0..rounds).map(round).collect();
    println!(
        "{RECORD_BYTES}-byte records, {} rounds: median (least to most)",
        rounds.len()
    );
    println!(
        "{:34} {:>26} {:>26}",
        "", "M records/s", "share of the limit"
    );
    for (at, (name, _)) in SUBJECTS.iter().enumerate() {
        let [speed, slowest, fastest] = spread(rounds.iter().map(|round| round[at]).collect());
        let share = rounds.iter().map(|round| round[at] / round[0]).collect();
        let [share, least, most] = spread(share);
        let speed = format!("{speed:.1} ({slowest:.1} to {fastest:.1})");
        let share = format!("{share:.2} ({least:.2} to {most:.2})");
        println!("{name:34} {speed:>26} {share:>26}");
    }
}
