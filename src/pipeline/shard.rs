//! Wiring a shard: from a source, sinks and the configuration to a producer, its lanes and its workers.

use crate::config::Config;
use crate::control::scaler::Scaler;
use crate::engine::context::Context;
use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher};
use crate::engine::due::BatchLimits;
use crate::engine::lane::{LaneMemory, LaneWriter, Volume};
use crate::engine::notice::Notices;
use crate::engine::producer::Producer;
use crate::engine::retry::Retry;
use crate::engine::room::RoomWord;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::sink::Sink;
use crate::engine::source::Source;
use crate::engine::spill::Spill;
use crate::engine::waits::Waits;
use crate::engine::worker::Worker;
use crate::metrics::counters::Counters;
use crate::metrics::exchange::Recorder;
use crate::sinks::FileSink;
use crate::sys::clock::{Clock, ClockStart, saturating_ns};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Waiter};

/// What a shard is made from.
pub(super) struct Ingredients {
    pub(super) id: usize,
    pub(super) source: Box<dyn Source>,
    /// One per worker.
    pub(super) sinks: Vec<Box<dyn Sink>>,
    pub(super) memory: Vec<LaneMemory>,
    /// One per worker; empty if latency is not recorded.
    pub(super) recorders: Vec<Recorder>,
    pub(super) spill: Option<FileSink>,
    pub(super) notices: Notices,
    pub(super) clock: Clock,
    pub(super) start: ClockStart,
    pub(super) spin_ns: u64,
}

/// What a producer's thread owns.
pub(super) struct ProducerThread {
    pub(super) shard: usize,
    pub(super) producer: Producer,
    pub(super) waits: Waits,
    pub(super) context: Context,
    /// Begins the run: this thread's first act.
    pub(super) start: ClockStart,
}

/// What a worker's thread owns.
pub(super) struct WorkerThread {
    pub(super) shard: usize,
    pub(super) worker: Worker,
    pub(super) waiter: Waiter,
    pub(super) backoff: Backoff,
    pub(super) context: Context,
}

/// A shard that has not started.
pub(super) struct Shard {
    pub(super) handle: Arc<ShardHandle>,
    pub(super) producer: ProducerThread,
    pub(super) workers: Vec<WorkerThread>,
    /// `None` if all workers are always active.
    pub(super) scaler: Option<Scaler>,
}

/// The memory of a shard's lanes, touched, which takes time.
pub(super) fn lane_memory(config: &Config) -> Vec<LaneMemory> {
    let size = Volume {
        records: config.lanes.channel_size as u64,
        bytes: config.lanes.lane_bytes as u64,
    };
    (0..config.scaling.max_workers)
        .map(|_| LaneMemory::new(size))
        .collect()
}

impl Shard {
    pub(super) fn new(config: &Config, from: Ingredients) -> Self {
        let Ingredients {
            id,
            source,
            sinks,
            memory,
            recorders,
            spill,
            notices,
            clock,
            start,
            spin_ns,
        } = from;
        let policy = config.scaling.policy();
        let active = policy.map_or(sinks.len(), |policy| policy.min_workers);
        let waiter = Waiter::new(clock);
        let of_workers: Vec<_> = sinks.iter().map(|_| Waiter::new(clock)).collect();
        let ends = memory.into_iter().zip(&of_workers);
        let ends = ends.map(|(memory, waiter)| memory.lane(waiter.waker().clone()));
        let (writers, readers): (Vec<_>, Vec<_>) = ends.unzip();
        let handle = handle(id, clock, active, &waiter, &writers);
        let backoff = || Backoff::new(clock, spin_ns);
        let context = |waiter: &Waiter, worker| {
            let waker = waiter.waker().clone();
            Context::new(clock, waker, handle.id, worker, notices.clone())
        };
        let (dispatching, shard) = (dispatch_policy(config), Arc::clone(&handle));
        let spill_of_producer = spill_of(spill.as_ref(), context(&waiter, None));
        let dispatcher = Dispatcher::new(writers, dispatching, shard, backoff())
            .spill_to(spill_of_producer, notices.clone());
        let count = config.stop.count.unwrap_or(u64::MAX);
        let over_ns = config.stop.duration.map_or(u64::MAX, saturating_ns);
        let rest_ns = saturating_ns(config.batch.pacing_rest());
        let producer = ProducerThread {
            shard: id,
            context: context(&waiter, None),
            producer: Producer::new(source, dispatcher, Arc::clone(&handle), count, over_ns),
            waits: Waits::new(waiter, backoff(), rest_ns),
            start,
        };
        let mut recorders = recorders.into_iter();
        let parts = readers.into_iter().zip(sinks).zip(of_workers).enumerate();
        let workers = parts.map(|(index, ((lane, sink), waiter))| {
            let retry = Retry::new(config.stop.on_sink_error, index, notices.clone());
            let limits = batch_limits(config);
            let worker = Worker::new(index, Arc::clone(&handle), lane, sink, limits, retry);
            WorkerThread {
                shard: id,
                worker: worker
                    .spill_to(spill_of(spill.as_ref(), context(&waiter, Some(index))))
                    .record_to(recorders.next()),
                context: context(&waiter, Some(index)),
                waiter,
                backoff: backoff(),
            }
        });
        let workers = workers.collect();
        Self {
            scaler: policy.map(|policy| Scaler::new(policy, Arc::clone(&handle))),
            handle,
            producer,
            workers,
        }
    }
}

/// One thread's way to the spill file, if there is one.
fn spill_of(spill: Option<&FileSink>, context: Context) -> Option<Spill> {
    spill.map(|spill| Spill::new(spill.clone()).started(context))
}

/// A shard's handle.
fn handle(
    id: usize,
    clock: Clock,
    active: usize,
    producer: &Waiter,
    writers: &[LaneWriter],
) -> Arc<ShardHandle> {
    let lanes = writers.iter().map(|writer| LaneHandle {
        gauge: Arc::clone(writer.gauge()),
        waker: writer.waker().clone(),
    });
    Arc::new(ShardHandle {
        id,
        clock,
        control: ControlBlock::new(active),
        counters: Counters::new(writers.len()),
        lanes: lanes.collect(),
        producer: producer.waker().clone(),
        room: RoomWord::new(),
    })
}

fn batch_limits(config: &Config) -> BatchLimits {
    BatchLimits {
        volume: Volume {
            records: config.batch.batch_size as u64,
            bytes: config.batch.batch_bytes as u64,
        },
        timeout_ns: saturating_ns(config.batch.batch_timeout),
    }
}

fn dispatch_policy(config: &Config) -> DispatchPolicy {
    DispatchPolicy {
        route: config.lanes.route,
        when_full: config.lanes.when_full,
        throttle: config.lanes.throttle(),
        batch: batch_limits(config).volume,
        max_record_bytes: config.lanes.max_record_bytes,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{batch_limits, dispatch_policy};
    use crate::config::Config;
    use crate::engine::dispatch::WhenFull;
    use crate::engine::lane::Volume;
    use crate::engine::route::Route;

    #[test]
    fn what_is_configured_is_what_the_data_path_does() {
        for route in [Route::LeastOccupied, Route::RoundRobin] {
            for when_full in [WhenFull::Block, WhenFull::DropNewest] {
                let mut config = Config::default();
                (config.lanes.route, config.lanes.when_full) = (route, when_full);
                config.lanes.throttle = Some("0.3:7ms".parse().expect("a table"));
                config.lanes.max_record_bytes = 77;
                (config.batch.batch_size, config.batch.batch_bytes) = (11, 2_222);
                config.batch.batch_timeout = Duration::from_millis(3);
                let policy = dispatch_policy(&config);
                assert_eq!((policy.route, policy.when_full), (route, when_full));
                assert_eq!(Some(policy.throttle), config.lanes.throttle);
                assert_eq!(policy.max_record_bytes, 77);
                let (records, bytes) = (11, 2_222);
                assert_eq!(policy.batch, Volume { records, bytes });
                let limits = batch_limits(&config);
                assert_eq!(
                    (limits.volume, limits.timeout_ns),
                    (policy.batch, 3_000_000)
                );
            }
        }
    }
}
