//! The report of a run: one struct that the JSON file, the page, the summary and `compare` share.
//!
//! ```text
//!   Outcome, settings --Report::new--> Report --serde--> JSON file --Report::from_json--> Report
//!                                        '--> summary, page, compare: the same figures, whoever wrote it
//! ```
//!
//! The field names are the keys of the JSON file; `reference/report.md` documents them one by one. Units are suffixes:
//! `_s` are seconds, `_ns` nanoseconds, `_bytes` bytes. Every count is a whole number of records, batches or times.

mod located;
mod parts;
mod read;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use parts::{
    Backpressure, BatchCounts, Interval, LatencyPercentiles, Ledger, Origin, Setting, SinkTotals,
    Stop, Throughput, Worker,
};
pub use read::ReportError;
use serde::{Deserialize, Serialize};

use crate::control::ScaleEvent;
use crate::engine::extent::Extent;
use crate::metrics::LatencyReport;
use crate::outcome::{Outcome, ThreadReport, Validity};
use crate::sys::cpu::Placement;
use crate::sys::provenance::{Provenance, nullable};

/// Everything a run reports, in the shape of the JSON file that `splashdam run --report` writes.
///
/// A newer program may write more keys under the same [`schema_version`](Self::schema_version); reading ignores those
/// it does not know. A key that the first program of this version did not write yet, and a list that was cut out, have
/// a default.
///
/// ```no_run
/// let report = splashdam::Report::from_json(&std::fs::read("run.json")?)?;
/// println!("{} records/s", report.throughput.records_per_s);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// [`Report::SCHEMA_VERSION`].
    pub schema_version: u64,
    /// The version of the program that made the report.
    pub splashdam: String,
    /// Where and when the run was made.
    pub machine: Provenance,
    /// What the figures are worth.
    pub validity: Validity,
    /// Where every record went.
    pub ledger: Ledger,
    /// Rates over the whole run.
    pub throughput: Throughput,
    /// Latencies of the delivered records; `None` if latency was off or nothing was recorded.
    #[serde(deserialize_with = "nullable")]
    pub latency: Option<LatencyReport>,
    /// The same by percentile.
    #[serde(default)]
    pub latency_percentiles: Option<LatencyPercentiles>,
    /// What held the producer back.
    pub backpressure: Backpressure,
    /// Batches over all workers, by what made them due.
    pub flushes: BatchCounts,
    /// How far each input that has an end was read.
    #[serde(default)]
    pub inputs: Vec<Extent>,
    /// Retries and stalls over all workers.
    #[serde(default)]
    pub sinks: SinkTotals,
    /// What each worker did.
    #[serde(default)]
    pub workers: Vec<Worker>,
    /// The time series: what happened in each interval, without gaps.
    #[serde(default)]
    pub intervals: Vec<Interval>,
    /// Intervals after the first 86,400, which are counted but not kept.
    #[serde(default)]
    pub intervals_omitted: u64,
    /// What the autoscaler decided.
    #[serde(default)]
    pub scaling: Vec<ScaleEvent>,
    /// What each thread of the data path used, if it has ended.
    #[serde(default)]
    pub threads: Vec<ThreadReport>,
    /// Where the threads of the data path ran, and why.
    #[serde(default)]
    pub placement: Placement,
    /// How often workers went to sleep, and were woken, per million delivered records.
    pub wakes_per_million_records: f64,
    /// Why and how the run ended.
    pub stop: Stop,
    /// Every setting by name, with the value in force and where it came from.
    pub config: BTreeMap<String, Setting>,
}

impl Report {
    /// The version of the report's shape. It rises when a key goes away or changes its meaning; a new key does not
    /// raise it.
    pub const SCHEMA_VERSION: u64 = 2;

    /// Makes the report of a run and the settings it ran with.
    ///
    /// Reads the description of the machine from the system, so call it on a thread that is not pinned.
    pub fn new(outcome: &Outcome, config: BTreeMap<String, Setting>) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION,
            splashdam: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Provenance::read(outcome.began),
            validity: outcome.validity.clone(),
            ledger: Ledger::from(&outcome.ledger),
            throughput: Throughput {
                records_per_s: outcome.records_per_s(),
                bytes_per_s: outcome.bytes_per_s(),
                elapsed_s: outcome.elapsed.as_secs_f64(),
            },
            latency: outcome.latency,
            latency_percentiles: outcome.percentiles.as_ref().map(LatencyPercentiles::from),
            backpressure: Backpressure {
                throttle_pauses: outcome.throttle_pauses,
                throttle_s: outcome.throttle_time.as_secs_f64(),
                full_waits: outcome.full_waits,
                full_s: outcome.full_time.as_secs_f64(),
            },
            flushes: BatchCounts::from(outcome.flushes()),
            inputs: outcome.inputs.clone(),
            sinks: SinkTotals {
                retries: outcome.retries(),
                stalls: outcome.stalls(),
            },
            workers: outcome.workers.iter().map(Worker::from).collect(),
            intervals: outcome.intervals.iter().map(Interval::from).collect(),
            intervals_omitted: outcome.intervals_omitted,
            scaling: outcome.scaling.clone(),
            threads: outcome.threads.clone(),
            placement: outcome.placement.clone(),
            wakes_per_million_records: outcome.wakes_per_million(),
            stop: Stop {
                cause: outcome.cause.to_string(),
                halted_by: outcome.halted_by,
                deadline_passed: outcome.deadline_passed,
                halted: outcome.halted,
                exit_code: outcome.exit_code(),
                failures: outcome.failures.iter().map(ToString::to_string).collect(),
            },
            config,
        }
    }

    /// The steps of the autoscaler: its decisions that changed the number of workers.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &ScaleEvent> {
        self.scaling.iter().filter(|event| event.is_step())
    }

    /// Whether the run was cut short, so that records may have been moving when the ledger was drawn up.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.stop.halted_by.is_some() || self.stop.deadline_passed || self.stop.halted
    }
}
