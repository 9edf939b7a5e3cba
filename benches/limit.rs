//! The machine's limits, and how much of them is used: `cargo bench --bench limit`. With `-- memcpy` (GB/s, one core)
//! or `-- lane` (M records/s) it prints that limit alone, for scripts.
//!
//! The limit is a bare two-ring lane: bursts of 256 records of 86 bytes, two copies per burst, and a reader that reads
//! every byte. The subjects take turns, and each figure is divided by the limit of its own round: the speed of a shared
//! machine changes from second to second, so only neighbours in time compare.
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod support;

use std::time::Duration;

use splashdam::sinks::Check;
use splashdam::sources::{Generator, Rate};
use splashdam::{Config, Pipeline};
use support::{BURST, PASS, RECORD_BYTES, best_rate, is_trial, rings, unless_trial};

/// Rounds; the median counts.
const ROUNDS: usize = 15;
/// Passes of one measurement: 10 M records, a tenth of a second at 100 M/s.
const PASSES: u64 = 160;

/// A subject's name, and what runs that many passes over it.
type Subject = (&'static str, fn(u64) -> Duration);

const SUBJECTS: [Subject; 4] = [
    ("two bare rings: the limit", rings::bare),
    ("memcpy, one core, unread", rings::memcpy),
    ("the lane", |passes| rings::lane(passes, BURST)),
    ("generator -> check sink, latency", pipeline),
];

/// The whole path: generated, dispatched, batched, every byte read and verified, latency recorded.
fn pipeline(passes: u64) -> Duration {
    let records = passes * unless_trial(PASS) as u64;
    let mut config = Config::default();
    config.stop.count = Some(records);
    let source = Generator::new(Rate::Max, Some(RECORD_BYTES), 0);
    let pipeline = Pipeline::new(source, Check::default()).config(config);
    let outcome = pipeline.start().map(splashdam::Running::join);
    match outcome {
        Ok(outcome) if outcome.exit_code() == 0 && outcome.ledger.delivered == records => {
            outcome.elapsed
        }
        other => panic!("not every record was delivered: {other:?}"),
    }
}

/// The limit that an argument names, in its unit.
fn limit(word: &str) -> Option<f64> {
    match word {
        "memcpy" => Some(best_rate(PASSES, rings::memcpy) * RECORD_BYTES as f64 / 1e9),
        "lane" => Some(best_rate(PASSES, rings::bare) / 1e6),
        _ => None,
    }
}

/// Whether the filters of `cargo bench -- FILTER` include this bench.
fn is_selected() -> bool {
    let mut filters = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    filters.all(|filter| "limit".contains(&filter))
}

/// The median, the lowest and the highest.
fn spread(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_unstable_by(f64::total_cmp);
    [
        figures[figures.len() / 2],
        figures[0],
        figures[figures.len() - 1],
    ]
}

fn main() {
    // `cargo test lane` passes its filter on to every target: only a bench prints figures.
    let words: Vec<_> = std::env::args().skip(1).filter(|_| !is_trial()).collect();
    if let Some(figure) = words.iter().find_map(|word| limit(word)) {
        println!("{figure:.1}");
        return;
    }
    if !is_selected() {
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
    if is_trial() {
        return; // every subject ran, and nothing was measured
    }
    println!(
        "{RECORD_BYTES}-byte records, {} rounds: median (lowest to highest)",
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
