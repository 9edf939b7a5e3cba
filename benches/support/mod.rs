//! What the benches stand on: the work that is carried, the two threads that carry it, and the proof that it arrived.
//!
//! A bench that carries something else than it should panics: speed without the bytes is not worth a figure.
#![allow(dead_code, reason = "each bench takes its part of this")]
#![allow(clippy::expect_used, reason = "a bench that cannot go on stops")]

pub(crate) mod queues;
pub(crate) mod rings;

use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use crossbeam_utils::Backoff;
use splashdam::sources::{Generator, Rate};
use splashdam::{Demand, Lent, RecordHeader, Source};

/// Length of a record where nothing else is said.
pub(crate) const RECORD_BYTES: usize = 86;
/// Records of one pass, criterion's unit of iteration: enough that starting two threads does not show.
pub(crate) const PASS: usize = 1 << 16;
/// What a queue holds: the lanes' memory then stays within one core's L2.
pub(crate) const QUEUE_RECORDS: usize = 8_192;
/// The same in bytes, for the lanes.
pub(crate) const QUEUE_BYTES: usize = 1 << 20;
/// The engine's own burst, and the default batch.
pub(crate) const BURST: usize = 256;
pub(crate) const BATCH: usize = 1_024;

/// Criterion as all of the suite uses it: short passes, because ten minutes are for everything.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_200))
        .configure_from_args()
}

/// Whether this is only a look that everything runs: `cargo test`, or `cargo bench -- --test`.
pub(crate) fn is_trial() -> bool {
    let told = |what: &str| std::env::args().any(|arg| arg == what);
    told("--test") || !told("--bench")
}

/// So many records - or a few, where it is only about whether it runs.
pub(crate) fn unless_trial(records: usize) -> usize {
    if is_trial() {
        records.min(4_096)
    } else {
        records
    }
}

/// How much a pass moves, for criterion's report.
pub(crate) fn throughput(records: usize, record_bytes: usize) -> Throughput {
    Throughput::ElementsAndBytes {
        elements: records as u64,
        bytes: (records * record_bytes) as u64,
    }
}

/// What arrived: so many records and bytes, and the sum of all bytes, which does not depend on how they were cut.
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
        // 256 bytes add up to less than 2^16, and sums of 16 bits are the ones that the compiler makes fast.
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
    /// So many passes in bursts of so many records.
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

    /// How often the burst is to be lent.
    pub(crate) fn bursts(&self) -> std::ops::Range<usize> {
        0..self.times
    }

    /// Each record of it all.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let burst = |_| self.bytes.chunks_exact(RECORD_BYTES);
        self.bursts().flat_map(burst)
    }
}

/// A wait for the other thread: spins, then yields; gives up after ten seconds, because what was lost never comes.
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
            assert!(since.elapsed().as_secs() < 10, "nothing moves any more");
        }
    }

    pub(crate) fn over(&mut self) {
        *self = Self::default();
    }
}

/// Runs both sides, each on a CPU of its own; checks what arrived. From the moment both are ready until the last
/// record was read.
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

/// Pins the thread to the so-manieth CPU that the process may use, where there are as many.
pub(crate) fn pin(nth: usize) {
    static CPUS: OnceLock<Vec<core_affinity::CoreId>> = OnceLock::new();
    // Asked once, by whoever comes first: a pinned thread would see its own CPU only.
    let cpus = CPUS.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(cpu) = cpus.get(nth) {
        core_affinity::set_for_current(*cpu);
    }
}
