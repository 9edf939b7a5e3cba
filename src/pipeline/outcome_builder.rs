//! How the threads ended, and the outcome that is drawn up from that and from the counters.

use std::time::Duration;

use crate::control::{ScaleEvent, StopCause};
use crate::metrics::{DropReason, Dropped, Ledger};
use crate::outcome::{Outcome, ThreadReport, Validity, WorkerReport};
use crate::pipeline::sampler::Probe;
use crate::sys::cpu::Placement;
use crate::sys::usage::ThreadUsage;

/// What the joining thread has learnt so far.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) placement: Placement,
    pub(super) cause: Option<StopCause>,
    pub(super) halted_by: Option<i32>,
    pub(super) deadline_passed: bool,
    pub(super) failures: Vec<String>,
    /// What the producer's thread used; none while it runs.
    pub(super) producer: Option<ThreadUsage>,
    pub(super) workers: Vec<WorkerEnded>,
}

/// What is known of one worker's end.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerEnded {
    /// What its thread used; none while it runs.
    pub(super) usage: Option<ThreadUsage>,
    /// It delivered all of its lane and flushed its sink.
    pub(super) drained: bool,
    pub(super) last_partial: Option<u64>,
    /// It writes what is left in its lane to the spill file, or has done so.
    pub(super) spills: bool,
    /// Nobody reads its output any more.
    pub(super) reader_closed: bool,
}

impl Ends {
    pub(super) fn of(workers: usize) -> Self {
        Self {
            placement: Placement::default(),
            cause: None,
            halted_by: None,
            deadline_passed: false,
            failures: Vec::new(),
            producer: None,
            workers: vec![WorkerEnded::default(); workers],
        }
    }

    /// Whether a thread of the path has not ended.
    pub(super) fn any_runs(&self) -> bool {
        self.producer.is_none() || self.workers.iter().any(|worker| worker.usage.is_none())
    }

    /// Whether a worker writes to the spill file.
    pub(super) fn any_spills(&self) -> bool {
        let mut workers = self.workers.iter();
        workers.any(|worker| worker.spills && worker.usage.is_none())
    }

    /// Draws up the outcome.
    pub(super) fn outcome(&mut self, probe: &Probe, scaling: Vec<ScaleEvent>) -> Outcome {
        let producer = &probe.counters.producer;
        let workers: Vec<_> = (0..self.workers.len())
            .map(|n| self.worker(probe, n))
            .collect();
        let ledger = self.ledger(probe, &workers);
        Outcome {
            ledger,
            began: probe.clock.began(),
            elapsed: Duration::from_nanos(probe.clock.now_ns()),
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
            cause: self.cause.unwrap_or(StopCause::Requested),
            halted_by: self.halted_by,
            // One that passed when there was nothing left to deliver cut nothing off.
            deadline_passed: self.deadline_passed && !(self.all_drained() && ledger.is_delivered()),
            failures: std::mem::take(&mut self.failures),
            throttle_pauses: producer.throttle_pauses.get(),
            throttle_time: Duration::from_nanos(producer.throttle_ns.get()),
            full_waits: producer.full_waits.get(),
            full_time: Duration::from_nanos(producer.full_ns.get()),
        }
    }

    /// Whether what was not delivered is so because nobody reads the output any more. A worker that had nothing to
    /// deliver did not notice.
    fn reader_left(&self) -> bool {
        self.failures.is_empty() && self.workers.iter().any(|worker| worker.reader_closed)
    }

    /// Whether every worker has come to its proper end, with its sink flushed or its reader gone.
    pub(super) fn all_drained(&self) -> bool {
        self.workers
            .iter()
            .all(|worker| worker.drained || worker.reader_closed)
    }

    fn worker(&self, probe: &Probe, worker: usize) -> WorkerReport {
        let counters = &probe.counters.workers[worker];
        let stalls = &probe.counters.stalls[worker];
        let end = &self.workers[worker];
        let left = probe.gauges[worker].occupancy().records;
        let mut dropped = Dropped::default();
        if end.reader_closed {
            dropped.add(DropReason::ReaderClosed, left);
        }
        WorkerReport {
            worker,
            delivered: counters.delivered.get(),
            delivered_bytes: counters.delivered_bytes.get(),
            dropped,
            spilled: counters.spilled.get(),
            abandoned: if end.reader_closed { 0 } else { left },
            batches_by_size: counters.batches_by_size.get(),
            batches_by_age: counters.batches_by_age.get(),
            batches_by_drain: counters.batches_by_drain.get(),
            parks: counters.parks.get(),
            retries: counters.retries.get(),
            stalls: stalls.stalls.get(),
            stalled_time: Duration::from_nanos(stalls.stalled_ns.get()),
            waited_records: stalls.waited_records.get(),
            last_partial: end.last_partial,
        }
    }

    fn ledger(&self, probe: &Probe, workers: &[WorkerReport]) -> Ledger {
        let producer = &probe.counters.producer;
        let mut ledger = Ledger {
            produced: producer.produced.get(),
            dropped: producer.dropped.get(),
            spilled: producer.spilled.get(),
            ..Ledger::default()
        };
        for worker in workers {
            ledger.delivered += worker.delivered;
            ledger.dropped.merge(worker.dropped);
            ledger.spilled += worker.spilled;
            ledger.abandoned += worker.abandoned;
        }
        // What no lane took: nobody reads any more, or it was cut off.
        let unpublished = producer.unpublished.get();
        if self.reader_left() {
            ledger.dropped.add(DropReason::ReaderClosed, unpublished);
        } else {
            ledger.abandoned += unpublished;
        }
        ledger
    }

    fn threads(&self) -> Vec<ThreadReport> {
        let workers = self.workers.iter().enumerate();
        let workers = workers.map(|(n, worker)| (format!("worker-{n}"), worker.usage));
        let all = std::iter::once(("producer".to_owned(), self.producer)).chain(workers);
        let ended = all.filter_map(|(thread, usage)| usage.map(|usage| (thread, usage)));
        ended
            .map(|(thread, usage)| ThreadReport {
                thread,
                cpu_s: usage.cpu.as_secs_f64(),
                voluntary_switches: usage.voluntary_switches,
                involuntary_switches: usage.involuntary_switches,
            })
            .collect()
    }
}
