//! The result of a run.

use std::time::{Duration, SystemTime};

use crate::control::{ScaleEvent, StopCause};
use crate::engine::extent::Extent;
use crate::metrics::latency::Latencies;
use crate::metrics::{Dropped, LatencyReport, Ledger, Percentiles};
use crate::outcome::{Failure, Interval, Sinks, Validity};
use crate::sys::cpu::Placement;

/// What a thread of the data path used from its start to its end.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct ThreadReport {
    /// `producer` or `worker-N`.
    pub thread: String,
    /// CPU time, in seconds.
    pub cpu_s: f64,
    /// How long it could have run and waited for a CPU, in seconds: Linux' run delay. 0 if the system does not say.
    #[serde(default)]
    pub run_delay_s: f64,
    /// Context switches because the thread waited.
    pub voluntary_switches: u64,
    /// Context switches because something else needed its CPU.
    pub involuntary_switches: u64,
}

/// What one worker did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its number, from 0.
    pub worker: usize,
    /// Records its sink accepted.
    pub delivered: u64,
    /// Bytes its sink accepted.
    pub delivered_bytes: u64,
    /// Records it dropped, by reason.
    pub dropped: Dropped,
    /// Records of its lane that went to the spill file.
    pub spilled: u64,
    /// Records left in its lane.
    pub abandoned: u64,
    /// Batches handed over because they were full.
    pub batches_by_size: u64,
    /// Batches handed over because their oldest record had waited for `batch_timeout`.
    pub batches_by_age: u64,
    /// Batches handed over because the lane was closing.
    pub batches_by_drain: u64,
    /// How often it went to sleep.
    pub parks: u64,
    /// Failed writes and flushes that it tried again.
    pub retries: u64,
    /// How often it did not move for 5 s, in its sink or between two tries, while records waited in its lane.
    pub stalls: u64,
    /// How long these stalls took together, until it moved or the run ended.
    pub stalled_time: Duration,
    /// The most records that waited in its lane during a stall.
    pub waited_records: u64,
    /// Records of the partial batch that it flushed at the end, if there was one.
    pub last_partial: Option<u64>,
}

/// The result of a run.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "it says whether records were lost"]
pub struct Outcome {
    /// Where every record went.
    pub ledger: Ledger,
    /// When the run began.
    pub began: SystemTime,
    /// From the start until the last worker ended.
    pub elapsed: Duration,
    /// Bytes that sinks accepted.
    pub delivered_bytes: u64,
    /// Latencies of the delivered records, without those of an abandoned worker; `None` if latency was off or nothing
    /// was recorded.
    pub latency: Option<LatencyReport>,
    /// The same by percentile.
    pub percentiles: Option<Percentiles>,
    /// What happened in each interval, from the start to the end without gaps. All but the last are as long as those of
    /// [`Pipeline::observe`](crate::Pipeline::observe); without an observer there is a single one.
    pub intervals: Vec<Interval>,
    /// Intervals after the first 86,400, which are counted but not kept.
    pub intervals_omitted: u64,
    /// What the figures are worth.
    pub validity: Validity,
    /// What each worker did.
    pub workers: Vec<WorkerReport>,
    /// Where the threads of the data path ran, and why.
    pub placement: Placement,
    /// What each thread of the data path used, if it has ended.
    pub threads: Vec<ThreadReport>,
    /// What the autoscaler decided.
    pub scaling: Vec<ScaleEvent>,
    /// Why the run ended.
    pub cause: StopCause,
    /// The number of the signal that cut the draining short.
    pub halted_by: Option<i32>,
    /// Whether the drain deadline passed before everything was delivered.
    pub deadline_passed: bool,
    /// The program halted it: see [`Running::halt`](crate::Running::halt).
    pub halted: bool,
    /// What failed.
    pub failures: Vec<Failure>,
    /// How far each input that has an end was read; empty if the source hangs, or panicked.
    pub inputs: Vec<Extent>,
    /// The sinks, to read what they gathered.
    pub sinks: Sinks,
    /// How often, and how long, the throttle made the producer pause.
    pub throttle_pauses: u64,
    /// See [`throttle_pauses`](Self::throttle_pauses).
    pub throttle_time: Duration,
    /// How often, and how long, the producer waited for room in a lane.
    pub full_waits: u64,
    /// See [`full_waits`](Self::full_waits).
    pub full_time: Duration,
}

impl Outcome {
    /// Sets the latencies of the whole run; without any record they are `None`, as when a worker was abandoned in its
    /// sink with all that it had recorded.
    pub(crate) fn set_latencies(&mut self, total: &Latencies) {
        let latency = total.report();
        if latency.response.count > 0 {
            self.latency = Some(latency);
            self.percentiles = Some(total.percentiles());
        }
    }

    /// The outcome, if nothing failed.
    ///
    /// # Errors
    ///
    /// The first failure. Records that a policy dropped, or that a deadline cut off, are not failures: see the ledger.
    pub fn into_result(mut self) -> Result<Self, Failure> {
        if self.failures.is_empty() {
            return Ok(self);
        }
        Err(self.failures.swap_remove(0))
    }

    /// The exit code for this outcome:
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 0 | everything was delivered (or the reader of the output closed it) |
    /// | 1 | something failed: a source, a sink, a check, the ledger |
    /// | 3 | drained, but a policy dropped records |
    /// | 4 | the drain deadline passed, or the program halted the run; the rest is spilled or abandoned, and counted |
    /// | 5 | unfinished: a stop - a signal, a duration, a request - came before the end of an input that has one |
    /// | 128 + n | a second signal, number n, cut the draining short |
    ///
    /// If several hold, the first of 1, 4 or 128 + n, 5, 3.
    ///
    /// Spilling changes no code: what was spilled was not delivered. 2 stands for bad usage or configuration, which has
    /// no outcome.
    pub fn exit_code(&self) -> u8 {
        if !self.failures.is_empty() {
            1
        } else if let Some(signal) = self.halted_by {
            128 + u8::try_from(signal).unwrap_or(0)
        } else if self.deadline_passed || self.halted {
            4
        } else if self.is_unfinished() {
            5
        } else if self.ledger.dropped.by_policy() > 0 {
            3
        } else {
            0
        }
    }

    /// Whether the run was stopped before the end of an input that has one. A count that was reached and a reader that
    /// closed the output are no such stops: whoever asks for ten records does not ask for all.
    pub fn is_unfinished(&self) -> bool {
        let to_end_before = matches!(
            self.cause,
            StopCause::CountReached | StopCause::ReaderClosed
        );
        !to_end_before && self.inputs.iter().any(|input| !input.finished)
    }

    /// Batches handed over, by cause: size, age, drain.
    pub fn flushes(&self) -> [u64; 3] {
        self.workers
            .iter()
            .fold([0; 3], |[size, age, drain], worker| {
                [
                    size + worker.batches_by_size,
                    age + worker.batches_by_age,
                    drain + worker.batches_by_drain,
                ]
            })
    }

    /// Delivered records per second of the whole run.
    pub fn records_per_s(&self) -> f64 {
        self.ledger.delivered as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// How many failed writes and flushes workers tried again.
    pub fn retries(&self) -> u64 {
        self.workers.iter().map(|worker| worker.retries).sum()
    }

    /// How often workers [stalled](WorkerReport::stalls).
    pub fn stalls(&self) -> u64 {
        self.workers.iter().map(|worker| worker.stalls).sum()
    }

    /// How often workers went to sleep, and were woken, per million delivered records.
    pub fn wakes_per_million(&self) -> f64 {
        let parks: u64 = self.workers.iter().map(|worker| worker.parks).sum();
        parks as f64 * 1e6 / self.ledger.delivered.max(1) as f64
    }

    /// Delivered bytes per second of the whole run.
    pub fn bytes_per_s(&self) -> f64 {
        self.delivered_bytes as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}
