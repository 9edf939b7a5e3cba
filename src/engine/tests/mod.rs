//! The stages on one thread with a manual clock: no time passes but the clock's.
//!
//! A record of these tests identifies itself: its bytes are the letter of its position, repeated to its length, and a
//! newline. [`positions`] checks them.

mod ages;
mod demand;
mod dispatch;
mod leaving;
mod low_water;
mod producer;
mod reopening;
mod throttle;
mod waits;
mod worker;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use rustix::io::Errno;

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::lane::{LaneMemory, LaneReader, LaneWriter, Volume};
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::room::RoomWord;
use crate::engine::route::Route;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::engine::throttle::Throttle;
use crate::metrics::counters::Counters;
use crate::sys::clock::{Clock, ClockHand};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Pending, Waiter};

const MS: u64 = 1_000_000;

/// Lanes, and their shard, waiter and clock.
struct Lanes {
    writers: Vec<LaneWriter>,
    readers: Vec<LaneReader>,
    shard: Arc<ShardHandle>,
    waiter: Waiter,
    hand: ClockHand,
}

fn lanes(lanes: usize, size: Volume) -> Lanes {
    let (clock, hand) = Clock::manual();
    lanes_on(clock, hand, lanes, size)
}

fn lanes_on(clock: Clock, hand: ClockHand, lanes: usize, size: Volume) -> Lanes {
    let waiter = Waiter::new(clock);
    let ends = (0..lanes).map(|_| {
        let worker = Waiter::new(clock);
        LaneMemory::new(size).lane(worker.waker().clone())
    });
    let (writers, readers): (Vec<_>, Vec<_>) = ends.unzip();
    let handles = writers.iter().map(|writer| LaneHandle {
        gauge: Arc::clone(writer.gauge()),
        waker: writer.waker().clone(),
    });
    let shard = Arc::new(ShardHandle {
        id: 0,
        clock,
        control: ControlBlock::new(lanes),
        counters: Counters::new(lanes),
        lanes: handles.collect(),
        producer: waiter.waker().clone(),
        room: RoomWord::new(),
    });
    Lanes {
        writers,
        readers,
        shard,
        waiter,
        hand,
    }
}

/// A dispatcher, the other ends of its lanes, and the clock's hand.
struct Stage {
    dispatcher: Dispatcher,
    readers: Vec<LaneReader>,
    shard: Arc<ShardHandle>,
    waiter: Waiter,
    hand: ClockHand,
}

impl Stage {
    fn new(lanes: Lanes, policy: DispatchPolicy) -> Self {
        let backoff = Backoff::new(lanes.shard.clock, 0);
        let shard = Arc::clone(&lanes.shard);
        Self {
            dispatcher: Dispatcher::new(lanes.writers, policy, shard, backoff),
            readers: lanes.readers,
            shard: lanes.shard,
            waiter: lanes.waiter,
            hand: lanes.hand,
        }
    }
}

fn stage(count: usize, size: Volume, policy: DispatchPolicy) -> Stage {
    Stage::new(lanes(count, size), policy)
}

/// Blocks, takes lanes in turn and never pauses.
fn policy() -> DispatchPolicy {
    DispatchPolicy {
        route: Route::RoundRobin,
        when_full: WhenFull::Block,
        throttle: Throttle::off(),
        batch: size(1, 1),
        max_record_bytes: 16,
    }
}

/// A lane size.
fn size(records: u64, bytes: u64) -> Volume {
    Volume { records, bytes }
}

/// A burst that a test owns.
struct Lines {
    headers: Vec<RecordHeader>,
    bytes: Vec<u8>,
}

impl Lines {
    fn burst(&mut self) -> Burst<'_> {
        Burst {
            headers: &mut self.headers,
            bytes: &self.bytes,
        }
    }
}

fn letter(position: u64) -> u8 {
    b'a' + u8::try_from(position % 26).expect("less than 26")
}

/// Records from a position on, due at a time, with these lengths.
fn lines(from: u64, due_ns: u64, lengths: &[u32]) -> Lines {
    let mut bytes = Vec::new();
    let header = |(position, len): (u64, &u32)| {
        bytes.resize(bytes.len() + *len as usize - 1, letter(position));
        bytes.push(b'\n');
        RecordHeader::new(due_ns, position, *len)
    };
    let headers = (from..).zip(lengths).map(header).collect();
    Lines { headers, bytes }
}

/// The positions of a batch's records, whose bytes are checked.
#[track_caller]
fn positions(batch: &Batch<'_>) -> Vec<u64> {
    let position = |record: crate::engine::batch::Record<'_>| {
        let line = record.parts.concat();
        let (newline, text) = line.split_last().expect("no record is empty");
        assert_eq!(*newline, b'\n');
        assert!(
            text.iter()
                .all(|byte| *byte == letter(record.header.position))
        );
        record.header.position
    };
    batch.records().map(position).collect()
}

/// Takes up to this many records out of a lane.
#[track_caller]
fn take(reader: &mut LaneReader, records: u64) -> Vec<u64> {
    let bytes = u64::MAX;
    reader.peek(Volume { records, bytes });
    let taken = reader.drain(|batch| (batch.len(), positions(batch)));
    taken.map_or_else(Vec::new, |(_, positions)| positions)
}

#[track_caller]
fn take_all(readers: &mut [LaneReader]) -> Vec<Vec<u64>> {
    readers
        .iter_mut()
        .map(|reader| take(reader, 1_000))
        .collect()
}

/// A scripted sink's answer to a batch, or to a flush.
#[derive(Clone, Copy, Debug)]
enum Answer {
    All,
    /// So many were accepted, the rest at this moment.
    Part(usize, u64),
    /// A retryable error, after this many.
    Retry(usize),
    /// One that does not.
    Fail(usize),
    ReaderClosed,
    Panic,
}

impl Answer {
    fn given(self) -> Result<Wrote<'static>, SinkError> {
        let failed =
            |accepted, kind| Err(SinkError::new(Errno::NOSPC.into(), accepted).with_kind(kind));
        match self {
            Self::All => Ok(Wrote::All),
            Self::Part(records, at_ns) => Ok(Wrote::Part {
                records,
                pending: Pending::until(at_ns),
            }),
            Self::Retry(accepted) => failed(accepted, SinkErrorKind::Retryable),
            Self::Fail(accepted) => failed(accepted, SinkErrorKind::Final),
            Self::ReaderClosed => failed(0, SinkErrorKind::ReaderClosed),
            Self::Panic => std::panic::resume_unwind(Box::new("as scripted")),
        }
    }

    fn accepted(self, records: usize) -> usize {
        match self {
            Self::All => records,
            Self::Part(accepted, _) | Self::Retry(accepted) | Self::Fail(accepted) => {
                accepted.min(records)
            }
            Self::ReaderClosed | Self::Panic => 0,
        }
    }
}

/// What a scripted sink answers - [`Answer::All`] after the last answer - and the calls it received.
#[derive(Debug, Default)]
struct Script {
    writes: VecDeque<Answer>,
    flushes: VecDeque<Answer>,
    /// How long each write takes, with the hand that moves the clock.
    takes: Option<(ClockHand, u64)>,
    /// The batches that were offered.
    offered: Vec<Vec<u64>>,
    accepted: Vec<u64>,
    flushed: usize,
    /// How often it was reopened, and whether that fails.
    reopened: usize,
    reopening_fails: bool,
    closed: bool,
}

impl Script {
    /// The batches that were offered since the last call.
    fn take(&mut self) -> Vec<Vec<u64>> {
        std::mem::take(&mut self.offered)
    }
}

/// A sink that follows a script; the test keeps a copy.
#[derive(Clone, Debug, Default)]
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn writing(writes: &[Answer]) -> Self {
        let sink = Self::default();
        sink.script().writes.extend(writes);
        sink
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Sink for Scripted {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let mut script = self.script();
        let positions = positions(batch);
        let answer = script.writes.pop_front().unwrap_or(Answer::All);
        let accepted = answer.accepted(positions.len());
        script.accepted.extend(&positions[..accepted]);
        script.offered.push(positions);
        if let Some((hand, ns)) = script.takes {
            hand.advance(ns);
        }
        drop(script);
        answer.given()
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        let mut script = self.script();
        script.flushed += 1;
        let answer = script.flushes.pop_front().unwrap_or(Answer::All);
        drop(script);
        answer.given()
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        let mut script = self.script();
        script.reopened += 1;
        let failed = script.reopening_fails;
        drop(script);
        if failed {
            Err(SinkError::new(Errno::ACCESS.into(), 0))
        } else {
            Ok(())
        }
    }

    fn close(&mut self) {
        self.script().closed = true;
    }
}
