//! Assesses a run: what is measured before it and read after it decides what its figures are worth.

use std::time::Duration;

use super::metrics::Metrics;
use super::sampler::Sampler;
use super::source_limit::source_limit;
use crate::engine::shard::ShardHandle;
use crate::engine::source::Source;
use crate::outcome::interference::Interference;
use crate::outcome::saturation::Load;
use crate::outcome::validity::{CutShort, Evidence, assess};
use crate::outcome::{Outcome, ThreadReport, Validity};
use crate::sys::clock::saturating_ns;
use crate::sys::cpu::throttled;
use crate::sys::steal::Steal;
use crate::sys::sync::Arc;

/// What was measured before the start, to judge the run by.
#[derive(Debug)]
pub(super) struct Baseline {
    /// See [`Source::is_scheduled`](crate::Source::is_scheduled).
    pub(super) scheduled: bool,
    /// Records per second that the source makes alone.
    pub(super) source_limit: Option<f64>,
    /// For how long a quota had kept the process from running.
    pub(super) throttled: Duration,
    pub(super) steal: Steal,
    /// The setting of that name.
    batch_timeout: Duration,
    sampler: Option<Sampler>,
}

impl Baseline {
    /// Measures the source's own limit, on the CPU that the producer will have.
    pub(super) fn of(source: &dyn Source, cpu: Option<usize>, batch_timeout: Duration) -> Self {
        Self {
            scheduled: source.is_scheduled(),
            source_limit: source_limit(source.unpaced(), cpu),
            throttled: throttled(),
            steal: Steal::read(),
            batch_timeout,
            sampler: None,
        }
    }

    /// Watches how a source with a schedule keeps it; one without has nothing to be late for.
    pub(super) fn watch(&mut self, shards: &[Arc<ShardHandle>]) {
        if self.scheduled {
            self.sampler = Sampler::spawn(shards.to_vec());
        }
    }

    /// Assesses a run that has ended.
    pub(super) fn assess(&mut self, metrics: &Metrics, outcome: &Outcome) -> Validity {
        let elapsed_ns = saturating_ns(outcome.elapsed);
        let workers = metrics
            .shards
            .iter()
            .flat_map(|shard| &shard.counters.workers);
        let busy_ns = workers.map(|worker| worker.busy.total_ns(elapsed_ns));
        let busy = busy_ns.sum::<u64>() as f64;
        let active = metrics.shards.iter().map(|shard| shard.active()).sum();
        let producers = || metrics.shards.iter().map(|shard| &shard.counters.producer);
        let behind_ns = producers().map(|producer| producer.schedule_lag_ns.get());
        let sink_ns = outcome
            .latency
            .map_or(0, |latency| latency.sink_time.max_ns);
        let load = self.sampler.take().map_or_else(Load::default, Sampler::end);
        assess(Evidence {
            elapsed: outcome.elapsed,
            delivered: outcome.ledger.delivered,
            scheduled: self.scheduled,
            load,
            behind_at_end: Duration::from_nanos(behind_ns.max().unwrap_or(0)),
            batch_time: self.batch_timeout + Duration::from_nanos(sink_ns),
            backpressure: outcome.throttle_time + outcome.full_time,
            idle: (1.0 - busy / active_ns(active, outcome)).max(0.0),
            source_limit: self.source_limit,
            schedule_lag_p99_ns: outcome.latency.map(|latency| latency.schedule_lag.p99_ns),
            throttled: throttled().saturating_sub(self.throttled),
            interference: Interference {
                run_delays: outcome.threads.iter().map(run_delay).collect(),
                stolen: Steal::read().most_since(&self.steal, &outcome.placement.cpus),
            },
            debug_build: cfg!(debug_assertions),
            placement: outcome.placement.warnings.clone(),
            cut_short: cut_short(outcome),
            dropped_full: outcome.ledger.dropped.full,
        })
    }
}

fn run_delay(thread: &ThreadReport) -> (String, Duration) {
    let delay = Duration::try_from_secs_f64(thread.run_delay_s);
    (thread.thread.clone(), delay.unwrap_or_default())
}

fn cut_short(outcome: &Outcome) -> Option<CutShort> {
    if !outcome.failures.is_empty() {
        Some(CutShort::Failed)
    } else if outcome.halted_by.is_some() || outcome.halted {
        Some(CutShort::Halted)
    } else {
        outcome.deadline_passed.then_some(CutShort::Deadline)
    }
}

/// The total time of active workers, given how many were active at the end: goes back through the steps of the
/// autoscaler.
fn active_ns(at_the_end: usize, outcome: &Outcome) -> f64 {
    let (mut active, mut until_ns) = (at_the_end, saturating_ns(outcome.elapsed));
    let mut total_ns = 0.0;
    for step in outcome.scaling.iter().rev() {
        total_ns += active as f64 * until_ns.saturating_sub(step.t_ns) as f64;
        (active, until_ns) = (step.from, step.t_ns);
    }
    (total_ns + active as f64 * until_ns as f64).max(1.0)
}
