//! What the machine allows, to stand beside the project's figures: `cargo bench --bench limit [-- memcpy|lane]`.
//!
//! ```text
//!   memcpy: one core copies a burst's worth of bytes over and over; both copies lie in its cache
//!   lane:   writer --a burst's bytes, then its headers--> two rtrb rings --> reader, who counts newlines in every byte
//! ```
//!
//! The lane is the pipeline without all that makes it one: no generator, no dispatch, no gauge, no wake word, no batch,
//! no latency, no ledger; both threads spin and never sleep. Its writer copies lines that lie ready. Nothing
//! that goes through two rings can be faster, which is why the project's figure is told as a share of this one.
//!
//! Each is tried a few times and the best counts: a limit is what the machine can, not what it did in a bad moment. Named
//! alone, it prints the figure alone.
#![allow(clippy::print_stdout, reason = "a bench prints what it found")]

use std::hint::{black_box, spin_loop};
use std::time::Instant;

const RECORD_BYTES: usize = 86;
const BURST_RECORDS: usize = 256;
const READ_RECORDS: usize = 1_024;
/// Small enough for the core's L2 cache, where a ring is fastest.
const RING_RECORDS: usize = 4 << 10;
const RING_BYTES: usize = 512 << 10;
/// As long as a lane's, so that as much of it crosses.
type Header = [u64; 3];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    let short = named("--test");
    let all = !named("memcpy") && !named("lane");
    let tries = if short { 1 } else { 5 };
    let best = |run: &dyn Fn() -> f64| (0..tries).map(|_| run()).fold(0.0, f64::max);
    if all || named("memcpy") {
        let copies = if short { 1_000 } else { 100_000 };
        let figure = best(&|| memcpy(copies));
        let unit = if all { " GB/s: memcpy on one core" } else { "" };
        println!("{figure:.1}{unit}");
    }
    if all || named("lane") {
        let bursts = if short { 1_000 } else { 80_000 };
        let figure = best(&|| lane(bursts));
        let unit = if all {
            " M records/s: a two-ring lane, every byte read"
        } else {
            ""
        };
        println!("{figure:.1}{unit}");
    }
}

/// A burst of lines, each with its newline.
fn lines() -> Vec<u8> {
    let line = |n: usize| (0..RECORD_BYTES - 1).map(move |at| b' ' + ((n + at) % 90) as u8);
    (0..BURST_RECORDS)
        .flat_map(|n| line(n).chain([b'\n']))
        .collect()
}

/// Reads every byte: as fast as it goes, because a limit that dawdles is none.
fn newlines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// GB/s that one core copies, from a burst in its L1 into a ring that fits its L2, as the writer of a lane does.
fn memcpy(bursts: usize) -> f64 {
    let from = lines();
    let mut ring = vec![0; RING_BYTES / from.len() * from.len()];
    let begin = Instant::now();
    for at in 0..bursts {
        let at = at * from.len() % ring.len();
        ring[at..at + from.len()].copy_from_slice(black_box(&from));
        black_box(&mut ring);
    }
    (bursts * from.len()) as f64 / 1e9 / begin.elapsed().as_secs_f64()
}

/// Millions of records a second through two rings.
fn lane(bursts: usize) -> f64 {
    let (mut headers_in, mut headers_out) = rtrb::RingBuffer::<Header>::new(RING_RECORDS);
    let (mut bytes_in, mut bytes_out) = rtrb::RingBuffer::<u8>::new(RING_BYTES);
    let (burst, headers) = (lines(), [[0, 0, RECORD_BYTES as u64]; BURST_RECORDS]);
    let cpus = core_affinity::get_core_ids().unwrap_or_default();
    let pin = |nth: usize| {
        cpus.get(nth)
            .is_none_or(|cpu| core_affinity::set_for_current(*cpu))
    };
    let reader = || {
        pin(1);
        let (mut found, mut left) = (0, bursts * BURST_RECORDS);
        while left > 0 {
            let records = headers_out.slots().min(READ_RECORDS);
            if records == 0 {
                spin_loop();
                continue;
            }
            let chunk = headers_out.read_chunk(records).expect("they are there");
            let (first, second) = chunk.as_slices();
            let len: u64 = first.iter().chain(second).map(|header| header[2]).sum();
            let payload = bytes_out.read_chunk(len as usize).expect("came first");
            let (one, two) = payload.as_slices();
            found += newlines(one) + newlines(two);
            payload.commit_all();
            chunk.commit_all();
            left -= records;
        }
        found
    };
    let writer = || {
        pin(0);
        for _ in 0..bursts {
            while bytes_in.push_entire_slice(black_box(&burst)).is_err() {
                spin_loop();
            }
            while headers_in.push_entire_slice(black_box(&headers)).is_err() {
                spin_loop();
            }
        }
    };
    let begin = Instant::now();
    let found = std::thread::scope(|scope| {
        scope.spawn(writer);
        let reader = scope.spawn(reader);
        reader.join().expect("the reader counts")
    });
    let elapsed = begin.elapsed().as_secs_f64();
    assert_eq!(found, bursts * BURST_RECORDS, "every record arrives");
    found as f64 / 1e6 / elapsed
}
