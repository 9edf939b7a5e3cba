//! The dispatcher: which lane gets a burst, and what happens when none has room.

use std::time::Duration;

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlWords;
use crate::engine::lane::mutation::planted;
use crate::engine::lane::{Extent, LaneWriter};
use crate::engine::record::{Burst, RecordHeader, stamp};
use crate::engine::spill::Spill;
use crate::engine::throttle::Throttle;
use crate::metrics::DropReason;
use crate::metrics::counters::Counters;
use crate::sys::clock::{Clock, saturating_ns};
use crate::sys::sync::{Arc, CachePadded};
use crate::sys::wait::backoff::Idle;

/// How a lane is chosen among the active ones, once per burst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// The lane with the least in it; equals in turn. Keeps away from a worker whose sink stalls.
    #[default]
    LeastOccupied,
    /// Each lane in turn.
    RoundRobin,
}

/// What happens to records when no active lane has room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The producer waits: backpressure reaches the source, nothing is lost.
    #[default]
    Block,
    /// The records at hand are dropped and counted as `full`; what is queued already stays.
    DropNewest,
}

/// Why a burst was not published whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The run was halted.
    Halted,
    /// Every worker has gone.
    NoLane,
    /// The source's headers do not add up to its bytes: nothing of the burst was published.
    Malformed,
}

/// What came of a wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waited {
    /// This lane has room.
    Room(usize),
    /// None has.
    Full,
    /// Every active worker has gone.
    NoLane,
    Halted,
}

/// What a dispatcher is made of beside its lanes.
#[derive(Debug)]
pub(crate) struct DispatchPolicy {
    pub(crate) route: Route,
    pub(crate) when_full: WhenFull,
    pub(crate) throttle: Throttle,
    pub(crate) max_record_bytes: usize,
}

/// Publishes bursts into lanes; owned by the producer thread.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    lanes: Vec<LaneWriter>,
    policy: DispatchPolicy,
    /// Where the next search for a lane begins, so that equals are served in turn.
    turn: usize,
    /// What the usage of the lanes adds up to at most: as it was when it was last looked at, and what was published
    /// since. The workers only lower it.
    usage_at_most: u64,
    /// How many lanes that look took in, from the first on.
    looked_at: usize,
    words: Arc<CachePadded<ControlWords>>,
    counters: Arc<Counters>,
    clock: Clock,
    idle: Idle,
    /// Where records go that no lane took before the run was halted, if anywhere.
    spill: Option<Spill>,
}

impl Dispatcher {
    pub(crate) fn new(
        lanes: Vec<LaneWriter>,
        policy: DispatchPolicy,
        words: Arc<CachePadded<ControlWords>>,
        counters: Arc<Counters>,
        clock: Clock,
        idle: Idle,
    ) -> Self {
        Self {
            lanes,
            policy,
            turn: 0,
            usage_at_most: 0,
            looked_at: 0,
            words,
            counters,
            clock,
            idle,
            spill: None,
        }
    }

    /// Has what no lane takes before a halt written there.
    pub(crate) fn spill_to(mut self, spill: Option<Spill>) -> Self {
        self.spill = spill;
        self
    }

    /// Publishes a burst: whole to the chosen lane where it fits, otherwise in parts, waiting or dropping as
    /// [`WhenFull`] says. Returns the moment of publication.
    ///
    /// On refusal the records that no lane took are spilled, or counted as unpublished.
    pub(crate) fn dispatch(&mut self, burst: Burst<'_>) -> Result<u64, Refusal> {
        let now_ns = self.clock.now_ns();
        let Burst { headers, bytes } = burst;
        let produced = &self.counters.producer;
        produced.bursts.add(1);
        let due_ns = headers.first().map_or(now_ns, |header| header.due_ns);
        produced.behind_ns.set(now_ns.saturating_sub(due_ns));
        produced.produced.add(headers.len() as u64);
        produced.produced_bytes.add(bytes.len() as u64);
        let longest = match stamp(headers, now_ns) {
            Some((total, longest)) if total == bytes.len() => longest,
            _ => {
                produced.unpublished.add(headers.len() as u64);
                return Err(Refusal::Malformed);
            }
        };
        let added = self.lanes[0].usage_of(Extent {
            records: headers.len() as u64,
            bytes: bytes.len() as u64,
        });
        self.usage_at_most = self.usage_at_most.saturating_add(added);
        let published = if longest <= self.policy.max_record_bytes {
            self.publish_all(headers, bytes)
        } else {
            self.publish_without_too_long(headers, bytes)
        };
        published.map(|()| now_ns)
    }

    /// Counts records that the source gave up.
    pub(crate) fn count_dropped(&self, reason: DropReason, records: u64) {
        self.counters.producer.produced.add(records);
        self.counters.producer.dropped.add(reason, records);
    }

    /// Pauses for as long as the throttle's table says, or until the queue is relieved; says whether it did.
    ///
    /// Looks into the lanes only when they may be full enough for a pause: to look costs a cache miss for each lane
    /// whose worker has released something meanwhile.
    #[inline]
    pub(crate) fn pause(&mut self) -> bool {
        let active = self.active();
        let at_most = average(self.usage_at_most, active);
        if active <= self.looked_at && at_most <= self.policy.throttle.relief() {
            return false;
        }
        (self.usage_at_most, self.looked_at) = (self.usage(active), active);
        let usage = average(self.usage_at_most, active);
        let pause = self.policy.throttle.pause(usage);
        !pause.is_zero() && self.pause_for(pause)
    }

    fn pause_for(&self, pause: Duration) -> bool {
        let began_ns = self.clock.now_ns();
        let until_ns = began_ns.saturating_add(saturating_ns(pause));
        let relief = self.policy.throttle.relief();
        self.idle.wait(until_ns, || {
            let active = self.active();
            self.words.is_quiescing() || average(self.usage(active), active) <= relief
        });
        let producer = &self.counters.producer;
        producer.throttle_pauses.add(1);
        producer.throttle_ns.add(self.clock.now_ns() - began_ns);
        true
    }

    fn publish_all(&mut self, headers: &[RecordHeader], bytes: &[u8]) -> Result<(), Refusal> {
        let (mut headers, mut bytes) = (headers, bytes);
        let mut next = self.choose();
        while let Some(lane) = next {
            let published = self.lanes[lane].publish(headers, bytes);
            if published == headers.len() {
                return Ok(());
            }
            let len: usize = headers[..published].iter().map(|h| h.len as usize).sum();
            (headers, bytes) = (&headers[published..], &bytes[len..]);
            next = if published > 0 {
                self.choose()
            } else {
                // The lane with room, and not the one that choose() would take: it may be the fuller one, and the
                // only one that a record of this length fits into.
                match self.wait_for_room(&headers[0]) {
                    Waited::Room(lane) => Some(lane),
                    Waited::NoLane => None,
                    Waited::Halted => {
                        self.spill(headers, bytes);
                        return Err(Refusal::Halted);
                    }
                    Waited::Full => {
                        let dropped = &self.counters.producer.dropped;
                        dropped.add(DropReason::Full, headers.len() as u64);
                        return Ok(());
                    }
                }
            };
        }
        // Nobody reads any more, or the spill file failed its workers.
        self.leave(headers.len());
        Err(Refusal::NoLane)
    }

    /// The rare case: some records of the burst are longer than a lane is sure to carry. They are dropped and counted;
    /// what lies between them is published.
    fn publish_without_too_long(
        &mut self,
        headers: &[RecordHeader],
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        let limit = self.policy.max_record_bytes;
        let mut at = 0;
        let mut published = Ok(());
        for run in headers.chunk_by(|a, b| (a.len as usize > limit) == (b.len as usize > limit)) {
            let len: usize = run.iter().map(|h| h.len as usize).sum();
            let bytes = &bytes[at..at + len];
            at += len;
            if run[0].len as usize > limit {
                let dropped = &self.counters.producer.dropped;
                dropped.add(DropReason::TooLong, run.len() as u64);
                continue;
            }
            match published {
                Ok(()) => published = self.publish_all(run, bytes),
                // What is behind a refused run goes where that went, so that all of the burst is counted.
                Err(Refusal::Halted) => self.spill(run, bytes),
                Err(Refusal::NoLane | Refusal::Malformed) => self.leave(run.len()),
            }
        }
        published
    }

    fn leave(&self, records: usize) {
        self.counters.producer.unpublished.add(records as u64);
    }

    /// Writes records to the spill file that no lane took.
    fn spill(&mut self, headers: &[RecordHeader], bytes: &[u8]) {
        let mut spilled = 0;
        if let Some(spill) = &mut self.spill {
            let batch = Batch::new((headers, &[]), (bytes, &[]));
            spilled = match spill.write(&batch) {
                Ok(()) => headers.len(),
                Err(error) => {
                    tracing::warn!("spill: {error}");
                    batch.whole_records_in(error.accepted_bytes()).0
                }
            };
            self.counters.producer.spilled.add(spilled as u64);
        }
        self.leave(headers.len() - spilled);
    }

    /// The lane for the next records, or none when every active worker has gone.
    #[inline]
    fn choose(&mut self) -> Option<usize> {
        let active = self.active();
        self.turn = if self.turn + 1 < active {
            self.turn + 1
        } else {
            0
        };
        let lane = match self.policy.route {
            Route::LeastOccupied if active > 1 => self.least_occupied(active, |_| true)?,
            _ => self.turn,
        };
        if !self.lanes[lane].is_closed() {
            return Some(lane);
        }
        // Its worker has gone: the others are looked at more closely.
        let is_open = |lane: &LaneWriter| !lane.is_closed();
        match self.policy.route {
            Route::LeastOccupied => self.least_occupied(active, is_open),
            Route::RoundRobin => {
                let mut in_turn = (self.turn..active).chain(0..self.turn);
                in_turn.find(|lane| is_open(&self.lanes[*lane]))
            }
        }
    }

    /// The first of the least occupied lanes that may be taken, beginning with the one whose turn it is.
    #[inline]
    fn least_occupied(
        &self,
        active: usize,
        may_be_taken: impl Fn(&LaneWriter) -> bool,
    ) -> Option<usize> {
        let (before, from) = self.lanes[..active].split_at(self.turn);
        let mut least = (u64::MAX, None);
        for (lanes, first) in [(from, self.turn), (before, 0)] {
            for (lane, at) in lanes.iter().zip(first..) {
                let usage = lane.usage();
                if usage < least.0 && may_be_taken(lane) {
                    least = (usage, Some(at));
                    if usage == 0 {
                        return least.1; // none has less
                    }
                }
            }
        }
        least.1
    }

    /// How many lanes are routed to.
    #[inline]
    fn active(&self) -> usize {
        self.words.active().min(self.lanes.len())
    }

    /// Waits until an active lane can take a record, or looks once where the policy is to drop.
    fn wait_for_room(&self, header: &RecordHeader) -> Waited {
        let len = header.len as usize;
        let look = || {
            let active = &self.lanes[..self.active()];
            let mut open = active
                .iter()
                .enumerate()
                .filter(|(_, lane)| !lane.is_closed())
                .peekable();
            if open.peek().is_none() {
                return Waited::NoLane;
            }
            if self.words.is_halted() {
                return Waited::Halted;
            }
            let room = open.find(|(_, lane)| lane.has_room(len));
            room.map_or(Waited::Full, |(lane, _)| Waited::Room(lane))
        };
        let mut seen = look();
        if self.policy.when_full == WhenFull::Block && seen == Waited::Full {
            let began_ns = self.clock.now_ns();
            self.idle.wait(u64::MAX, || {
                seen = look();
                seen != Waited::Full
            });
            let producer = &self.counters.producer;
            let now_ns = self.clock.now_ns();
            producer.full_waits.add(1);
            producer.full_ns.add(now_ns - began_ns);
            producer.behind_ns.set(now_ns.saturating_sub(header.due_ns));
        }
        seen
    }

    /// Usage of the active lanes, added up.
    fn usage(&self, active: usize) -> u64 {
        let active = &self.lanes[..active];
        active.iter().map(LaneWriter::usage).sum()
    }
}

/// The average usage of so many lanes, 0 to 1.
#[inline]
fn average(sum: u64, lanes: usize) -> f64 {
    sum as f64 / (LaneWriter::FULL as f64 * lanes as f64)
}

impl Drop for Dispatcher {
    /// Closes the lanes, then wakes every worker, so that each drains its lane and ends: also when a source panics.
    fn drop(&mut self) {
        let lanes = std::mem::take(&mut self.lanes);
        let unparkers: Vec<_> = lanes.iter().map(|lane| lane.unparker().clone()).collect();
        drop(lanes);
        for unparker in unparkers {
            if !planted("closed without unpark") {
                unparker.unpark();
            }
        }
    }
}
