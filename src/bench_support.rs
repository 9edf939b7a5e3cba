//! The data path's parts, one by one, for the benches: thin handles on what a pipeline consists of.
//!
//! A bench of the lane must run the lane that a pipeline runs, not a copy of it, so this module is part of the library.
//! It is no part of the public interface: undocumented, without any promise of stability, and without logic of its own.

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::lane::{LaneMemory, LaneReader, LaneWriter, Volume};
use crate::engine::latency::record_delivered;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::room::RoomWord;
use crate::engine::route::Route;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::throttle::Throttle;
use crate::metrics::counters::Counters;
use crate::metrics::latency::Latencies;
use crate::sys::clock::Clock;
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Waiter};

/// A lane for this many records and bytes, its memory touched.
pub fn lane(records: usize, bytes: usize) -> (Writer, Reader) {
    let waiter = Waiter::new(Clock::start());
    let memory = LaneMemory::new(Volume {
        records: records as u64,
        bytes: bytes as u64,
    });
    let (writer, reader) = memory.lane(waiter.waker().clone());
    (Writer(writer), Reader(reader, waiter))
}

/// The dispatcher's end of a lane.
#[derive(Debug)]
pub struct Writer(LaneWriter);

impl Writer {
    /// Publishes as many of the first records as fit, wakes the reader if it waits for them, and returns how many.
    /// `bytes` are the records back to back.
    #[inline]
    pub fn publish(&mut self, headers: &[RecordHeader], bytes: &[u8]) -> usize {
        self.0.publish(headers, bytes)
    }
}

/// The worker's end of a lane.
#[derive(Debug)]
pub struct Reader(LaneReader, Waiter);

impl Reader {
    /// Passes up to this many of the records in the lane to `accept`, releases them, and returns how many. Does not
    /// call `accept` if the lane is empty.
    #[inline]
    pub fn take(&mut self, records: usize, accept: impl FnOnce(&Batch<'_>)) -> usize {
        let limit = Volume {
            records: records as u64,
            bytes: u64::MAX,
        };
        let volume = self.0.peek(limit).volume;
        if volume.records > 0 {
            self.0.drain(|batch| (batch.len(), accept(batch)));
        }
        volume.records as usize
    }

    /// Parks until there is a record, as a worker does after spinning. May return early.
    pub fn park(&self) {
        let one = Volume {
            records: 1,
            bytes: u64::MAX,
        };
        self.0.sleep(&self.1, one, None);
    }
}

/// A dispatcher, and the other ends of its lanes.
#[derive(Debug)]
pub struct Dispatch {
    dispatcher: Dispatcher,
    waiter: Waiter,
    readers: Vec<Reader>,
}

impl Dispatch {
    /// A dispatcher over this many lanes, all active. It never waits: records without room are dropped.
    pub fn new(lanes: usize, records: usize, bytes: usize, route: Route) -> Self {
        let pairs = (0..lanes).map(|_| lane(records, bytes));
        let (writers, readers): (Vec<_>, Vec<_>) = pairs.unzip();
        let policy = DispatchPolicy {
            route,
            when_full: WhenFull::DropNewest,
            throttle: Throttle::default(),
            batch: Volume {
                records: 1,
                bytes: 1,
            },
            max_record_bytes: bytes,
        };
        let clock = Clock::start();
        let waiter = Waiter::new(clock);
        let writers: Vec<_> = writers.into_iter().map(|Writer(writer)| writer).collect();
        let shard = Arc::new(ShardHandle {
            id: 0,
            clock,
            control: ControlBlock::new(lanes),
            counters: Counters::new(lanes),
            lanes: writers
                .iter()
                .map(|writer| LaneHandle {
                    gauge: Arc::clone(writer.gauge()),
                    waker: writer.waker().clone(),
                })
                .collect(),
            producer: waiter.waker().clone(),
            room: RoomWord::new(),
        });
        let dispatcher = Dispatcher::new(writers, policy, shard, Backoff::new(clock, 0));
        Self {
            dispatcher,
            waiter,
            readers,
        }
    }

    /// Stamps, routes and publishes a burst; returns whether the burst was well formed.
    #[inline]
    pub fn dispatch(&mut self, burst: Burst<'_>) -> bool {
        self.dispatcher.dispatch(&self.waiter, burst).is_ok()
    }

    /// Does what the producer does after each burst: pauses if the throttle requires it.
    #[inline]
    pub fn pause(&mut self) -> bool {
        self.dispatcher.pause(&self.waiter)
    }

    /// Empties every lane, passes each batch to `accept`, and returns how many records there were.
    pub fn drain(&mut self, mut accept: impl FnMut(&Batch<'_>)) -> usize {
        let take = |reader: &mut Reader| reader.take(usize::MAX, &mut accept);
        self.readers.iter_mut().map(take).sum()
    }
}

/// A worker's latency recorder.
#[derive(Debug, Default)]
pub struct Recorder(Latencies);

impl Recorder {
    /// Records a delivered batch as a worker does: equal timestamps together.
    #[inline]
    pub fn record(&mut self, headers: &[RecordHeader], taken_ns: u64, delivered_ns: u64) {
        record_delivered(&mut self.0, [headers, &[]], taken_ns, delivered_ns);
    }

    /// How many records were recorded, and the mean of their response in nanoseconds.
    pub fn response(&self) -> (u64, f64) {
        let response = self.0.report().response;
        (response.count, response.mean_ns)
    }
}
