//! The data path's parts, each by itself, for the benches: thin handles on what a pipeline is made of.
//!
//! A bench of the lane must run the lane that a pipeline runs, and not a copy of it. So this door is in the library,
//! but not of it: it is left out of the documentation, no version promises anything about it, and programs have no use
//! for it. Nothing here does any work of its own.

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::lane::{LaneMemory, LaneReader, LaneWriter, Volume};
use crate::engine::latency::record_delivered;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::route::Route;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::throttle::Throttle;
use crate::metrics::counters::Counters;
use crate::metrics::latency::Latencies;
use crate::sys::clock::Clock;
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Waiter};

/// A lane that holds so many records and so many bytes, its memory touched.
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
    /// Publishes as many of the records as fit, from the first on, wakes the reader if it waits for them, and says how
    /// many they were. `bytes` are the records back to back.
    #[inline]
    pub fn publish(&mut self, headers: &[RecordHeader], bytes: &[u8]) -> usize {
        self.0.publish(headers, bytes)
    }
}

/// The worker's end of a lane.
#[derive(Debug)]
pub struct Reader(LaneReader, Waiter);

impl Reader {
    /// Hands what is there, up to so many records, to `accept`, releases it, and says how many records it was. None are
    /// not handed over.
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

    /// Parks until a record is there, as a worker does that has spun long enough. May return early.
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
    /// A dispatcher over so many lanes, all active, that never waits: what no lane has room for is dropped.
    pub fn new(lanes: usize, records: usize, bytes: usize, route: Route) -> Self {
        let pairs = (0..lanes).map(|_| lane(records, bytes));
        let (writers, readers): (Vec<_>, Vec<_>) = pairs.unzip();
        let policy = DispatchPolicy {
            route,
            when_full: WhenFull::DropNewest,
            throttle: Throttle::default(),
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
        });
        let dispatcher = Dispatcher::new(writers, policy, shard, Backoff::new(clock, 0));
        Self {
            dispatcher,
            waiter,
            readers,
        }
    }

    /// Stamps, routes and publishes a burst; says whether the burst was well formed.
    #[inline]
    pub fn dispatch(&mut self, burst: Burst<'_>) -> bool {
        self.dispatcher.dispatch(&self.waiter, burst).is_ok()
    }

    /// What the producer does after each burst: looks whether the throttle asks for a pause, and pauses.
    #[inline]
    pub fn pause(&mut self) -> bool {
        self.dispatcher.pause(&self.waiter)
    }

    /// Empties every lane, each batch handed to `accept`; says how many records there were.
    pub fn drain(&mut self, mut accept: impl FnMut(&Batch<'_>)) -> usize {
        let take = |reader: &mut Reader| reader.take(usize::MAX, &mut accept);
        self.readers.iter_mut().map(take).sum()
    }
}

/// What a worker records latencies to.
#[derive(Debug, Default)]
pub struct Recorder(Latencies);

impl Recorder {
    /// Records a delivered batch as a worker does: the same stamps together.
    #[inline]
    pub fn record(&mut self, headers: &[RecordHeader], taken_ns: u64, delivered_ns: u64) {
        record_delivered(&mut self.0, [headers, &[]], taken_ns, delivered_ns);
    }

    /// How many records it has, and the mean of their response in nanoseconds.
    pub fn response(&self) -> (u64, f64) {
        let response = self.0.report().response;
        (response.count, response.mean_ns)
    }
}
