//! The handle that reads a run's counters and latencies.

use std::time::Duration;

use super::collector::{SharedCollector, lock};
use crate::engine::shard::ShardHandle;
use crate::metrics::{Dropped, LatencyReport};
#[cfg(feature = "cli")]
use crate::outcome::status::{LaneStatus, Status};
use crate::outcome::{Interval, Snapshot, WorkerReport};
use crate::sys::sync::Arc;

/// Reads the counters and latencies of a run at any time, from any thread, also while another one joins it and after it
/// has ended. Clones read the same run.
///
/// Reading takes no lock that a thread of the data path takes.
#[derive(Clone)]
pub struct Metrics {
    pub(super) shards: Vec<Arc<ShardHandle>>,
    /// `None` if latency is not recorded.
    pub(super) collector: Option<SharedCollector>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// The totals now. Costs a few loads per worker.
    pub fn snapshot(&self) -> Snapshot {
        let all = || self.shards.iter();
        let active = || all().flat_map(|shard| &shard.lanes[..shard.active()]);
        // Delivered is read first, so that it hardly ever shows more than was produced.
        let workers = all().flat_map(|shard| &shard.counters.workers);
        let delivered = workers.map(|worker| worker.delivered.get()).sum();
        let producers = || all().map(|shard| &shard.counters.producer);
        let mut dropped = Dropped::default();
        producers().for_each(|producer| dropped.merge(producer.dropped.get()));
        let sum = |count: fn(&crate::metrics::counters::ProducerCounters) -> u64| {
            producers().map(|producer| count(producer)).sum::<u64>()
        };
        Snapshot {
            elapsed: Duration::from_nanos(self.shards[0].clock.now_ns()),
            delivered,
            produced: sum(|producer| producer.produced.get()),
            produced_bytes: sum(|producer| producer.produced_bytes.get()),
            dropped,
            queue: active().map(|lane| lane.gauge.occupancy().records).sum(),
            queue_capacity: active().map(|lane| lane.gauge.size().records).sum(),
            oldest: all()
                .filter_map(|shard| shard.oldest_ns())
                .max()
                .map(Duration::from_nanos),
            workers: active().count(),
            throttle_pauses: sum(|producer| producer.throttle_pauses.get()),
            throttle_time: Duration::from_nanos(sum(|producer| producer.throttle_ns.get())),
            full_waits: sum(|producer| producer.full_waits.get()),
            full_time: Duration::from_nanos(sum(|producer| producer.full_ns.get())),
            latency: None,
            interval: Interval::default(),
        }
    }

    /// What each worker has done so far, by its counters.
    pub fn workers(&self) -> Vec<WorkerReport> {
        let all = self.shards.iter();
        let workers = all.flat_map(|shard| (0..shard.lanes.len()).map(move |n| (shard, n)));
        workers
            .enumerate()
            .map(|(number, (shard, n))| worker_report(number, shard, n))
            .collect()
    }

    /// The state now, lane by lane. Costs a few loads per worker.
    #[cfg(feature = "cli")]
    pub(crate) fn status(&self) -> Status {
        let all = self.shards.iter();
        let lanes = all.flat_map(|shard| (0..shard.lanes.len()).map(move |n| (shard, n)));
        let lanes = lanes
            .enumerate()
            .map(|(worker, (shard, n))| lane_status(worker, shard, n));
        let (shards, lanes) = (self.shards.iter(), lanes.collect());
        let spilled = shards.map(|shard| {
            let workers = shard.counters.workers.iter();
            let by_workers: u64 = workers.map(|worker| worker.spilled.get()).sum();
            by_workers + shard.counters.producer.spilled.get()
        });
        Status {
            spilled: spilled.sum(),
            lanes,
            totals: self.snapshot(),
        }
    }

    /// The latencies of the records delivered so far; `None` if latency is not recorded.
    ///
    /// Wakes the workers that have delivered something since the last call and waits up to 8 ms for their latencies;
    /// those of a worker inside its sink are part of a later call.
    pub fn latency(&self) -> Option<LatencyReport> {
        let mut collector = lock(self.collector.as_ref()?);
        collector.collect();
        Some(collector.total().report())
    }
}

/// The state of a lane and its worker; `worker` counts over all shards.
#[cfg(feature = "cli")]
fn lane_status(worker: usize, shard: &ShardHandle, n: usize) -> LaneStatus {
    let (counters, gauge) = (&shard.counters.workers[n], &shard.lanes[n].gauge);
    let since_ns = shard.counters.stalls[n].still_since_ns.get();
    let still_ns = shard.clock.now_ns().saturating_sub(since_ns);
    LaneStatus {
        worker,
        is_active: n < shard.active(),
        queue: gauge.occupancy().records,
        capacity: gauge.size().records,
        delivered: counters.delivered.get(),
        retries: counters.retries.get(),
        still: (since_ns > 0).then(|| Duration::from_nanos(still_ns)),
    }
}

/// What a worker has done so far, by its counters; `number` counts over all shards. What is in its lane counts as
/// abandoned.
fn worker_report(number: usize, shard: &ShardHandle, worker: usize) -> WorkerReport {
    let counters = &shard.counters.workers[worker];
    let stalls = &shard.counters.stalls[worker];
    WorkerReport {
        worker: number,
        delivered: counters.delivered.get(),
        delivered_bytes: counters.delivered_bytes.get(),
        dropped: Dropped::default(),
        spilled: counters.spilled.get(),
        abandoned: shard.lanes[worker].gauge.occupancy().records,
        batches_by_size: counters.batches_by_size.get(),
        batches_by_age: counters.batches_by_age.get(),
        batches_by_drain: counters.batches_by_drain.get(),
        parks: counters.parks.get(),
        retries: counters.retries.get(),
        stalls: stalls.stalls.get(),
        stalled_time: Duration::from_nanos(stalls.stalled_ns.get()),
        waited_records: stalls.waited_records.get(),
        last_partial: None,
    }
}
