//! The parts of a report.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::metrics::{self, Dropped, Percentile, Percentiles};
use crate::outcome::{self, WorkerReport};
use crate::sys::clock::saturating_ns;

/// Where every record went: `produced = delivered + dropped + spilled + abandoned`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ledger {
    /// Records taken from the source.
    pub produced: u64,
    /// Records that sinks accepted.
    pub delivered: u64,
    /// Records dropped on purpose, whatever the reason.
    pub dropped: u64,
    /// The same by reason.
    pub dropped_by_reason: Dropped,
    /// Records written to the spill file because they could not be delivered.
    #[serde(default)]
    pub spilled: u64,
    /// Records that were neither delivered, dropped nor spilled.
    pub abandoned: u64,
    /// Whether the equation holds.
    pub balanced: bool,
}

impl From<&metrics::Ledger> for Ledger {
    fn from(ledger: &metrics::Ledger) -> Self {
        Self {
            produced: ledger.produced,
            delivered: ledger.delivered,
            dropped: ledger.dropped.total(),
            dropped_by_reason: ledger.dropped,
            spilled: ledger.spilled,
            abandoned: ledger.abandoned,
            balanced: ledger.balanced(),
        }
    }
}

/// Rates over the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Throughput {
    /// Delivered records per second.
    pub records_per_s: f64,
    /// Delivered bytes per second.
    pub bytes_per_s: f64,
    /// How long the run took, in seconds: from the start until the last worker ended.
    pub elapsed_s: f64,
}

/// Response and service by percentile.
///
/// Each entry is a pair: a quantile (the share of records, 0 to 1) and the latency in nanoseconds that this share did
/// not exceed. The steps halve with each half of the way to quantile 1, which is the exact maximum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LatencyPercentiles {
    /// From due to delivered.
    pub response: Vec<(f64, u64)>,
    /// From published to delivered.
    pub service: Vec<(f64, u64)>,
}

impl From<&Percentiles> for LatencyPercentiles {
    fn from(percentiles: &Percentiles) -> Self {
        let pairs = |rows: &[Percentile]| rows.iter().map(|row| (row.quantile, row.ns)).collect();
        Self {
            response: pairs(&percentiles.response),
            service: pairs(&percentiles.service),
        }
    }
}

/// What held the producer back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Backpressure {
    /// How often the throttle paused the producer.
    pub throttle_pauses: u64,
    /// How long these pauses took together, in seconds.
    pub throttle_s: f64,
    /// How often the producer waited for room in a lane.
    pub full_waits: u64,
    /// How long these waits took together, in seconds.
    pub full_s: f64,
}

/// Batches by what made them due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchCounts {
    /// The batch was full.
    pub size: u64,
    /// Its oldest record had waited for `batch_timeout`.
    pub age: u64,
    /// The lane was closing.
    pub drain: u64,
}

impl From<[u64; 3]> for BatchCounts {
    fn from([size, age, drain]: [u64; 3]) -> Self {
        Self { size, age, drain }
    }
}

/// Retries and stalls over all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SinkTotals {
    /// Failed writes and flushes that were tried again.
    pub retries: u64,
    /// How often a worker did not move for 5 s while records waited.
    pub stalls: u64,
}

/// What one worker did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Worker {
    /// Its number, from 0.
    pub worker: usize,
    /// Records its sink accepted.
    pub records: u64,
    /// Bytes its sink accepted.
    pub bytes: u64,
    /// Records it dropped.
    pub dropped: u64,
    /// Records of its lane that were written to the spill file.
    #[serde(default)]
    pub spilled: u64,
    /// Records left in its lane.
    pub abandoned: u64,
    /// Its batches, by what made them due.
    pub batches: BatchCounts,
    /// How often it went to sleep.
    pub parks: u64,
    /// Failed writes and flushes that it tried again.
    #[serde(default)]
    pub retries: u64,
    /// How often it did not move for 5 s while records waited.
    #[serde(default)]
    pub stalls: u64,
    /// How long these stalls took together, in seconds.
    #[serde(default)]
    pub stalled_s: f64,
    /// The most records that waited in its lane during a stall.
    #[serde(default)]
    pub waited_records: u64,
    /// Records of the partial batch that it flushed at the end, if there was one.
    pub last_partial: Option<u64>,
}

impl From<&WorkerReport> for Worker {
    fn from(worker: &WorkerReport) -> Self {
        Self {
            worker: worker.worker,
            records: worker.delivered,
            bytes: worker.delivered_bytes,
            dropped: worker.dropped.total(),
            spilled: worker.spilled,
            abandoned: worker.abandoned,
            batches: BatchCounts {
                size: worker.batches_by_size,
                age: worker.batches_by_age,
                drain: worker.batches_by_drain,
            },
            parks: worker.parks,
            retries: worker.retries,
            stalls: worker.stalls,
            stalled_s: worker.stalled_time.as_secs_f64(),
            waited_records: worker.waited_records,
            last_partial: worker.last_partial,
        }
    }
}

/// An entry of the time series. Records are those of this interval; the queue and the workers are as they were at its
/// end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// When it ended, in seconds since the run began.
    pub t_s: f64,
    /// How long it was, in seconds.
    pub duration_s: f64,
    /// Records taken from the source.
    pub produced: u64,
    /// Records that sinks accepted.
    pub processed: u64,
    /// Records in the lanes of active workers.
    pub queue: u64,
    /// Records that these lanes hold when full.
    pub queue_capacity: u64,
    /// Active workers.
    pub workers: usize,
    /// The median response time, in nanoseconds; `None`, as the next two, if no latency was recorded in the interval.
    pub p50_ns: Option<u64>,
    /// The 99th percentile of the response time, in nanoseconds.
    pub p99_ns: Option<u64>,
    /// The longest response time, in nanoseconds.
    pub max_ns: Option<u64>,
    /// CPU time of the whole process, in seconds.
    pub cpu_s: f64,
    /// How long ago the oldest record in any lane was due, in nanoseconds; `None` if the lanes were empty, and in
    /// reports from before there was this key.
    #[serde(default)]
    pub oldest_ns: Option<u64>,
}

impl From<&outcome::Interval> for Interval {
    fn from(interval: &outcome::Interval) -> Self {
        let response = interval.response;
        Self {
            t_s: interval.end.as_secs_f64(),
            duration_s: interval.duration.as_secs_f64(),
            produced: interval.produced,
            processed: interval.delivered,
            queue: interval.queue,
            queue_capacity: interval.queue_capacity,
            workers: interval.workers,
            p50_ns: response.map(|response| response.p50_ns),
            p99_ns: response.map(|response| response.p99_ns),
            max_ns: response.map(|response| response.max_ns),
            cpu_s: interval.cpu.as_secs_f64(),
            oldest_ns: interval.oldest.map(saturating_ns),
        }
    }
}

/// Why and how a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stop {
    /// Why, in words: the text of [`StopCause`](crate::StopCause).
    pub cause: String,
    /// The number of the signal that cut the draining short.
    pub halted_by: Option<i32>,
    /// Whether the drain deadline passed before everything was delivered.
    pub deadline_passed: bool,
    /// Whether the program that embeds the pipeline halted it; `false` in reports from before there was this key.
    #[serde(default)]
    pub halted: bool,
    /// See [`Outcome::exit_code`](crate::Outcome::exit_code). Failures that come after the report, such as a file that
    /// could not be written, are not part of it.
    pub exit_code: u8,
    /// What failed, one sentence each.
    pub failures: Vec<String>,
}

/// A setting as it was in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Setting {
    /// Its value; null if it was not set.
    pub value: Value,
    /// Where the value came from.
    pub origin: Origin,
}

impl Setting {
    /// A setting with this value, null if it was not set.
    pub fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Origin {
    /// The program's default.
    Default,
    /// A default that was fitted to the settings that were given.
    Derived,
    /// The configuration file.
    File,
    /// A flag of the command line.
    Flag,
    /// An origin that this version does not know, in the report of a newer one.
    #[serde(other)]
    Unknown,
}

impl Origin {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Derived => "derived",
            Self::File => "file",
            Self::Flag => "flag",
            Self::Unknown => "unknown",
        }
    }
}
