//! Shared by all benches: the records to carry, the two threads that carry them, and the proof that they arrived.
//!
//! A bench panics if what arrived is not what was sent: a rate without the bytes means nothing.
#![allow(dead_code, reason = "each bench uses a part of this")]
#![allow(clippy::expect_used, reason = "a bench that cannot continue panics")]

pub(crate) mod rings;

use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use crossbeam_utils::Backoff;
use splashdam::sources::{Generator, Rate};
use splashdam::{Demand, Lent, RecordHeader, Source};

/// Length of a record, unless a bench varies it.
pub(crate) const RECORD_BYTES: usize = 86;
/// Records of one pass, criterion's unit of iteration: enough to hide the start of two threads.
pub(crate) const PASS: usize = 1 << 16;
/// Capacity of a queue in records: a lane's memory then fits into one core's L2.
pub(crate) const QUEUE_RECORDS: usize = 8_192;
/// Capacity of a lane in bytes.
pub(crate) const QUEUE_BYTES: usize = 1 << 20;
/// The engine's own burst, and the default batch.
pub(crate) const BURST: usize = 256;
pub(crate) const BATCH: usize = 1_024;

/// Criterion with few and short samples, so that the suite takes minutes. It shows factors, not a few per cent.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_200))
        .configure_from_args()
}

/// Whether this is only a smoke test: `cargo test`, or `cargo bench -- --test`.
pub(crate) fn is_trial() -> bool {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    has("--test") || !has("--bench")
}

/// That many records, or a few in a smoke test.
pub(crate) fn unless_trial(records: usize) -> usize {
    if is_trial() {
        records.min(4_096)
    } else {
        records
    }
}

/// Tries of [`best_rate`].
const TRIES: usize = 5;

/// Records per second, the best of a few tries: what it can do, not what it did at a bad moment.
pub(crate) fn best_rate(passes: u64, run: impl Fn(u64) -> Duration) -> f64 {
    let records = (passes * unless_trial(PASS) as u64) as f64;
    let tries = (0..TRIES).map(|_| records / run(passes).as_secs_f64());
    tries.fold(0.0, f64::max)
}

/// What one pass moves, for criterion's report.
pub(crate) fn throughput(records: usize, record_bytes: usize) -> Throughput {
    Throughput::ElementsAndBytes {
        elements: records as u64,
        bytes: (records * record_bytes) as u64,
    }
}

/// What arrived: the number of records and bytes, and the sum of all bytes, which does not depend on where they were
/// split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: usize,
    bytes: usize,
    sum: u64,
}

impl Tally {
    /// Reads every byte.
    #[inline]
    pub(crate) fn add(&mut self, records: usize, bytes: &[u8]) {
        self.records += records;
        self.bytes += bytes.len();
        // 256 bytes add up to less than 2^16, and the compiler vectorises sums of 16 bits best.
        let chunk = |chunk: &[u8]| chunk.iter().map(|byte| u16::from(*byte)).sum::<u16>();
        self.sum += bytes.chunks(256).map(|c| u64::from(chunk(c))).sum::<u64>();
    }

    fn times(self, times: usize) -> Self {
        Self {
            records: self.records * times,
            bytes: self.bytes * times,
            sum: self.sum * times as u64,
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.sum += other.sum;
    }
}

/// A burst of generated records, lent again and again.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) headers: Vec<RecordHeader>,
    pub(crate) bytes: Vec<u8>,
    times: usize,
    pub(crate) expected: Tally,
}

impl Work {
    /// `passes` passes, in bursts of `burst` records.
    pub(crate) fn new(passes: u64, burst: usize) -> Self {
        let demand = Demand {
            now_ns: 0,
            records: burst,
            bytes: usize::MAX,
        };
        let mut generator = Generator::new(Rate::Max, Some(RECORD_BYTES), 0);
        let Ok(Lent::Burst(lent)) = generator.lend(demand) else {
            panic!("a generator at full speed lends a burst");
        };
        let mut once = Tally::default();
        once.add(burst, lent.bytes);
        let times = passes as usize * unless_trial(PASS) / burst;
        Self {
            headers: lent.headers.to_vec(),
            bytes: lent.bytes.to_vec(),
            times,
            expected: once.times(times),
        }
    }

    /// One item per burst to publish.
    pub(crate) fn bursts(&self) -> std::ops::Range<usize> {
        0..self.times
    }

    /// Every record of every burst.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let burst = |_| self.bytes.chunks_exact(RECORD_BYTES);
        self.bursts().flat_map(burst)
    }
}

/// A wait for the other thread: spins, then yields. Panics after ten seconds, because a lost record never arrives.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    backoff: Backoff,
    since: Option<Instant>,
}

impl Wait {
    pub(crate) fn wait(&mut self) {
        self.backoff.snooze();
        if self.backoff.is_completed() {
            let since = self.since.get_or_insert_with(Instant::now);
            assert!(
                since.elapsed().as_secs() < 10,
                "the other thread makes no progress"
            );
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Runs both sides, each on a CPU of its own, and checks what arrived. Returns the time from when both are ready until
/// the last record was read.
pub(crate) fn relay(
    expected: Tally,
    produce: impl FnOnce() + Send,
    consume: impl FnOnce(usize) -> Tally + Send,
) -> Duration {
    let ready = Barrier::new(2);
    let (start, (end, tally)) = std::thread::scope(|scope| {
        let producer = scope.spawn(|| {
            pin(0);
            ready.wait();
            let start = Instant::now();
            produce();
            start
        });
        let consumer = scope.spawn(|| {
            pin(1);
            ready.wait();
            let tally = consume(expected.records);
            (Instant::now(), tally)
        });
        let start = producer.join().expect("a producer that ends");
        (start, consumer.join().expect("a consumer that ends"))
    });
    assert_eq!(tally, expected, "what arrived is not what was sent");
    end - start
}

/// Pins the thread to the nth CPU that the process may use, if there are that many.
pub(crate) fn pin(nth: usize) {
    static CPUS: OnceLock<Vec<core_affinity::CoreId>> = OnceLock::new();
    // Read once, before any thread is pinned: a pinned thread sees only its own CPU.
    let cpus = CPUS.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(cpu) = cpus.get(nth) {
        core_affinity::set_for_current(*cpu);
    }
}
