//! How the threads ended, and the outcome that follows from that and from the counters.

use super::metrics::Metrics;
use super::stopping::Stopping;
use crate::control::{ScaleEvent, StopCause};
use crate::engine::extent::Extent;
use crate::metrics::{DropReason, Ledger};
use crate::outcome::{Failure, Outcome, Sinks, ThreadReport, Validity, WorkerReport};
use crate::sys::cpu::Placement;
use crate::sys::usage::ThreadUsage;

/// What the events of the data path's threads have reported.
#[derive(Debug)]
pub(super) struct ThreadStates {
    pub(super) placement: Placement,
    pub(super) failures: Vec<Failure>,
    pub(super) sinks: Sinks,
    pub(super) inputs: Vec<Extent>,
    shards: Vec<ShardStates>,
}

#[derive(Debug)]
struct ShardStates {
    /// What the producer's thread used; `None` while it runs.
    producer: Option<ThreadUsage>,
    workers: Vec<WorkerState>,
}

/// How one worker ended, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerState {
    /// What its thread used; `None` while it runs.
    pub(super) usage: Option<ThreadUsage>,
    /// It delivered everything in its lane and flushed its sink.
    pub(super) drained: bool,
    pub(super) last_partial: Option<u64>,
    /// It writes what is left in its lane to the spill file, or has done so.
    pub(super) spills: bool,
    /// The reader of its output has gone.
    pub(super) reader_closed: bool,
}

impl ThreadStates {
    /// The states of shards with these numbers of workers.
    pub(super) fn of(shards: impl Iterator<Item = usize>) -> Self {
        let shards = shards.map(|workers| ShardStates {
            producer: None,
            workers: vec![WorkerState::default(); workers],
        });
        Self {
            placement: Placement::default(),
            failures: Vec::new(),
            sinks: Sinks::default(),
            inputs: Vec::new(),
            shards: shards.collect(),
        }
    }

    pub(super) fn producer_ended(&mut self, shard: usize, usage: ThreadUsage) {
        self.shards[shard].producer = Some(usage);
    }

    pub(super) fn worker(&mut self, shard: usize, worker: usize) -> &mut WorkerState {
        &mut self.shards[shard].workers[worker]
    }

    /// The number of a worker over all shards.
    pub(super) fn number(&self, shard: usize, worker: usize) -> usize {
        let before = self.shards[..shard].iter();
        before.map(|shard| shard.workers.len()).sum::<usize>() + worker
    }

    fn workers(&self) -> impl Iterator<Item = &WorkerState> {
        self.shards.iter().flat_map(|shard| &shard.workers)
    }

    /// Draws up the outcome.
    pub(super) fn outcome(
        &mut self,
        metrics: &Metrics,
        stopping: &Stopping,
        scaling: Vec<ScaleEvent>,
    ) -> Outcome {
        let workers: Vec<_> = metrics
            .workers()
            .into_iter()
            .zip(self.workers())
            .map(|(report, state)| with_end(report, state))
            .collect();
        let snapshot = metrics.snapshot();
        let ledger = self.ledger(metrics, &workers);
        // A halt or a deadline that came when nothing was left to deliver cut nothing off.
        let is_cut_off = !(self.all_drained() && ledger.is_delivered());
        Outcome {
            ledger,
            began: metrics.shards[0].clock.began(),
            elapsed: snapshot.elapsed,
            delivered_bytes: workers.iter().map(|w| w.delivered_bytes).sum(),
            latency: None,
            percentiles: None,
            intervals: Vec::new(),
            intervals_omitted: 0,
            validity: Validity::default(),
            workers,
            placement: std::mem::take(&mut self.placement),
            threads: self.threads(),
            scaling,
            cause: stopping.cause.unwrap_or(StopCause::Requested),
            halted_by: stopping.halted_by.filter(|_| is_cut_off),
            halted: stopping.halted && is_cut_off,
            deadline_passed: stopping.deadline_passed && is_cut_off,
            failures: std::mem::take(&mut self.failures),
            sinks: std::mem::take(&mut self.sinks),
            inputs: std::mem::take(&mut self.inputs),
            throttle_pauses: snapshot.throttle_pauses,
            throttle_time: snapshot.throttle_time,
            full_waits: snapshot.full_waits,
            full_time: snapshot.full_time,
        }
    }

    /// Whether records were not delivered because the reader of the output has gone. A worker with nothing to deliver
    /// does not notice that.
    fn reader_left(&self) -> bool {
        self.failures.is_empty() && self.workers().any(|worker| worker.reader_closed)
    }

    /// Whether every worker has drained its lane and flushed its sink, or its reader has gone.
    pub(super) fn all_drained(&self) -> bool {
        self.workers()
            .all(|worker| worker.drained || worker.reader_closed)
    }

    fn ledger(&self, metrics: &Metrics, workers: &[WorkerReport]) -> Ledger {
        let mut ledger = Ledger::default();
        for worker in workers {
            ledger.delivered += worker.delivered;
            ledger.dropped.merge(worker.dropped);
            ledger.spilled += worker.spilled;
            ledger.abandoned += worker.abandoned;
        }
        for shard in &metrics.shards {
            let producer = &shard.counters.producer;
            ledger.produced += producer.produced.get();
            ledger.dropped.merge(producer.dropped.get());
            ledger.spilled += producer.spilled.get();
            // Records that no lane took: dropped if the reader has gone, otherwise cut off.
            let unpublished = producer.unpublished.get();
            if self.reader_left() {
                ledger.dropped.add(DropReason::ReaderClosed, unpublished);
            } else {
                ledger.abandoned += unpublished;
            }
        }
        ledger
    }

    fn threads(&self) -> Vec<ThreadReport> {
        let ended = self.shards.iter().flat_map(|shard| {
            let workers = shard.workers.iter().enumerate();
            let workers = workers.map(|(n, worker)| (format!("worker-{n}"), worker.usage));
            std::iter::once(("producer".to_owned(), shard.producer)).chain(workers)
        });
        ended
            .filter_map(|(thread, usage)| usage.map(|usage| (thread, usage)))
            .map(|(thread, usage)| ThreadReport {
                thread,
                cpu_s: usage.cpu.as_secs_f64(),
                run_delay_s: usage.run_delay.as_secs_f64(),
                voluntary_switches: usage.voluntary_switches,
                involuntary_switches: usage.involuntary_switches,
            })
            .collect()
    }
}

/// A worker's report at the end: what is left in the lane of a worker whose reader has gone was dropped.
fn with_end(mut report: WorkerReport, end: &WorkerState) -> WorkerReport {
    if end.reader_closed {
        let left = std::mem::take(&mut report.abandoned);
        report.dropped.add(DropReason::ReaderClosed, left);
    }
    report.last_partial = end.last_partial;
    report
}
