//! The dispatcher: publishes bursts into lanes, and waits, drops or spills when no lane has room.

use std::time::Duration;

use crate::engine::batch::Batch;
pub use crate::engine::dispatch_policy::WhenFull;
pub(crate) use crate::engine::dispatch_policy::{DispatchError, DispatchPolicy};
use crate::engine::lane::{LaneWriter, Volume};
use crate::engine::notice::{Notice, Notices};
use crate::engine::record::{Burst, RecordHeader, stamp_and_measure};
use crate::engine::room::Room;
use crate::engine::route::Router;
use crate::engine::shard::ShardHandle;
use crate::engine::spill::Spill;
use crate::engine::throttle::Throttle;
use crate::metrics::DropReason;
use crate::metrics::counters::ProducerCounters;
use crate::sys::clock::saturating_ns;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Waiter};

/// Publishes bursts into lanes; owned by the producer.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    lanes: Vec<LaneWriter>,
    router: Router,
    when_full: WhenFull,
    throttle: Throttle,
    batch: Volume,
    max_record_bytes: usize,
    /// An upper bound of the total fill of the lanes: the last sample plus what was published since. Workers only lower
    /// the fill.
    fill_upper_bound: u64,
    /// How many lanes that sample included, counted from the first.
    lanes_sampled: usize,
    /// The last reading of the clock.
    now_ns: u64,
    shard: Arc<ShardHandle>,
    backoff: Backoff,
    /// The position after the last record that was dispatched or dropped.
    next_position: u64,
    /// The position of the first record that no lane took and that is not settled.
    unsettled_from: Option<u64>,
    /// Until when the producer last let records gather.
    rested_until_ns: u64,
    /// The spill file for records that no lane took before the run was halted.
    spill: Option<Spill>,
    notices: Notices,
}

impl Dispatcher {
    pub(crate) fn new(
        lanes: Vec<LaneWriter>,
        policy: DispatchPolicy,
        shard: Arc<ShardHandle>,
        backoff: Backoff,
    ) -> Self {
        Self {
            lanes,
            router: Router::new(policy.route),
            when_full: policy.when_full,
            throttle: policy.throttle,
            batch: policy.batch,
            max_record_bytes: policy.max_record_bytes,
            fill_upper_bound: 0,
            lanes_sampled: 0,
            now_ns: 0,
            shard,
            backoff,
            next_position: 0,
            unsettled_from: None,
            rested_until_ns: 0,
            spill: None,
            notices: Notices::default(),
        }
    }

    /// Sets where records are written that no lane took before a halt, and where a failure to do so is logged.
    pub(crate) fn spill_to(mut self, spill: Option<Spill>, notices: Notices) -> Self {
        (self.spill, self.notices) = (spill, notices);
        self
    }

    /// Notes until when the producer let records gather: what fell due before then waited for that.
    pub(crate) fn set_rested_until(&mut self, at_ns: u64) {
        self.rested_until_ns = at_ns;
    }

    /// The position after everything that was published, dropped or spilled. Never passes a record that no lane took
    /// and that was abandoned.
    pub(crate) fn dispatched(&self) -> u64 {
        self.unsettled_from.unwrap_or(self.next_position)
    }

    fn counters(&self) -> &ProducerCounters {
        &self.shard.counters.producer
    }

    /// Publishes a burst: whole to the chosen lane where it fits, otherwise in parts, waiting or dropping according to
    /// [`WhenFull`]. Its records are stamped with the time at which it reached the dispatcher: a wait for room comes
    /// after that, and is part of the service time. Returns the time when the last wait for room ended, or that one.
    ///
    /// On an error the records that no lane took are spilled, or counted as unpublished.
    pub(crate) fn dispatch(
        &mut self,
        waiter: &Waiter,
        burst: Burst<'_>,
    ) -> Result<u64, DispatchError> {
        let now_ns = self.shard.clock.now_ns();
        self.now_ns = now_ns;
        let Burst { headers, bytes } = burst;
        let produced = &self.shard.counters.producer;
        produced.bursts.add(1);
        let due_ns = headers.first().map_or(now_ns, |header| header.due_ns);
        produced.set_lag(now_ns.saturating_sub(due_ns));
        produced.produced.add(headers.len() as u64);
        produced.produced_bytes.add(bytes.len() as u64);
        let longest = match stamp_and_measure(headers, now_ns, self.rested_until_ns) {
            Some((total, longest)) if total == bytes.len() => longest,
            _ => {
                self.count_unpublished(headers);
                return Err(DispatchError::Malformed);
            }
        };
        if let Some(last) = headers.last() {
            self.next_position = last.position.saturating_add(1);
        }
        let added = self.lanes[0].fill_of(Volume {
            records: headers.len() as u64,
            bytes: bytes.len() as u64,
        });
        self.fill_upper_bound = self.fill_upper_bound.saturating_add(added);
        let published = if longest <= self.max_record_bytes {
            self.publish_all(waiter, headers, bytes)
        } else {
            self.publish_without_too_long(waiter, headers, bytes)
        };
        published.map(|()| self.now_ns)
    }

    /// Counts records that the source dropped.
    pub(crate) fn count_dropped(&mut self, reason: DropReason, records: u64) {
        self.next_position = self.next_position.saturating_add(records);
        self.counters().produced.add(records);
        self.counters().dropped.add(reason, records);
    }

    /// Pauses for the time in the throttle's table, or until the queue has drained to the lowest step; returns whether
    /// it paused. Never pauses while every batch lacks records: only more of them, or their age, drain the queue then.
    ///
    /// Samples the lanes only when they may be full enough for a pause: a sample costs a cache miss for each lane whose
    /// worker has released something since the last one.
    #[inline]
    pub(crate) fn pause(&mut self, waiter: &Waiter) -> bool {
        let active = self.shard.active();
        let at_most = average(self.fill_upper_bound, active);
        if active <= self.lanes_sampled && at_most <= self.throttle.resume_at() {
            return false;
        }
        (self.fill_upper_bound, self.lanes_sampled) = (self.fill(active), active);
        let usage = average(self.fill_upper_bound, active);
        let pause = self.throttle.pause(usage);
        !pause.is_zero() && self.holds_a_batch(active) && self.pause_for(waiter, pause)
    }

    fn pause_for(&self, waiter: &Waiter, pause: Duration) -> bool {
        let clock = self.shard.clock;
        let began_ns = clock.now_ns();
        let until_ns = began_ns.saturating_add(saturating_ns(pause));
        let resume_at = self.throttle.resume_at();
        self.backoff.wait(waiter, until_ns, || {
            let active = self.shard.active();
            self.shard.control.is_quiescing()
                || average(self.fill(active), active) <= resume_at
                || !self.holds_a_batch(active)
        });
        self.counters().throttle_pauses.add(1);
        self.counters().throttle_ns.add(clock.now_ns() - began_ns);
        true
    }

    fn publish_all(
        &mut self,
        waiter: &Waiter,
        headers: &[RecordHeader],
        bytes: &[u8],
    ) -> Result<(), DispatchError> {
        if self.spill.is_some() && self.shard.control.is_halted() {
            // A worker may leave its lane at any moment, and what is published then is nobody's.
            self.spill(waiter, headers, bytes);
            return Err(DispatchError::Halted);
        }
        let (mut headers, mut bytes) = (headers, bytes);
        let mut next = self.route();
        while let Some(lane) = next {
            let published = self.lanes[lane].publish(headers, bytes);
            if published == headers.len() {
                return Ok(());
            }
            let len: usize = headers[..published].iter().map(|h| h.len as usize).sum();
            (headers, bytes) = (&headers[published..], &bytes[len..]);
            next = if published > 0 {
                self.route()
            } else {
                // Take the lane with room, not the one that route() would choose: it may be the fuller one, yet the
                // only one with room for a record of this length.
                match self.wait_for_room(waiter, &headers[0]) {
                    Room::In(lane) => {
                        self.now_ns = self.shard.clock.now_ns();
                        Some(lane)
                    }
                    Room::NoLane => None,
                    Room::Halted => {
                        self.spill(waiter, headers, bytes);
                        return Err(DispatchError::Halted);
                    }
                    Room::Full => {
                        let dropped = &self.counters().dropped;
                        dropped.add(DropReason::Full, headers.len() as u64);
                        return Ok(());
                    }
                }
            };
        }
        if self.shard.control.is_halted() {
            // The workers have left before this thread looked.
            self.spill(waiter, headers, bytes);
            return Err(DispatchError::Halted);
        }
        // The reader of the output has gone, or the workers' spill file failed.
        self.count_unpublished(headers);
        Err(DispatchError::NoLane)
    }

    /// The rare case: some records of the burst are longer than a lane is sure to carry. They are dropped and counted;
    /// the records between them are published.
    fn publish_without_too_long(
        &mut self,
        waiter: &Waiter,
        headers: &[RecordHeader],
        bytes: &[u8],
    ) -> Result<(), DispatchError> {
        let limit = self.max_record_bytes;
        let mut at = 0;
        let mut published = Ok(());
        for run in headers.chunk_by(|a, b| (a.len as usize > limit) == (b.len as usize > limit)) {
            let len: usize = run.iter().map(|h| h.len as usize).sum();
            let bytes = &bytes[at..at + len];
            at += len;
            if run[0].len as usize > limit {
                let dropped = &self.counters().dropped;
                dropped.add(DropReason::TooLong, run.len() as u64);
                continue;
            }
            match published {
                Ok(()) => published = self.publish_all(waiter, run, bytes),
                // The runs after a refused one share its fate, so that the whole burst is counted.
                Err(DispatchError::Halted) => self.spill(waiter, run, bytes),
                Err(DispatchError::NoLane | DispatchError::Malformed) => {
                    self.count_unpublished(run);
                }
            }
        }
        published
    }

    /// Counts records that no lane took and that are not settled.
    fn count_unpublished(&mut self, headers: &[RecordHeader]) {
        if let Some(first) = headers.first() {
            self.unsettled_from.get_or_insert(first.position);
        }
        self.counters().unpublished.add(headers.len() as u64);
    }

    /// Writes records that no lane took to the spill file.
    fn spill(&mut self, waiter: &Waiter, headers: &[RecordHeader], bytes: &[u8]) {
        let mut spilled = 0;
        if let Some(spill) = &mut self.spill {
            let batch = Batch::new((headers, &[]), (bytes, &[]));
            let (written, failed) = spill.write_all(&batch, self.shard.clock, waiter);
            spilled = written;
            if let Some(error) = failed {
                let error = error.to_string();
                self.notices.send(Notice::SpillFailed { error });
            }
            self.counters().spilled.add(spilled as u64);
        }
        self.count_unpublished(&headers[spilled..]);
    }

    /// The lane for the next records; `None` if every active worker has gone.
    #[inline]
    fn route(&mut self) -> Option<usize> {
        let lanes = &self.lanes;
        self.router.route(
            self.shard.active(),
            |lane| lanes[lane].fill(),
            |lane| lanes[lane].reader_is_gone(),
        )
    }

    /// Waits until an active lane can take a record, or checks once if the policy is to drop.
    ///
    /// A quiesce does not end this wait: the burst in hand is still published. The worker makes room, delivering or
    /// spilling; otherwise the deadline's halt ends it.
    fn wait_for_room(&self, waiter: &Waiter, header: &RecordHeader) -> Room {
        let len = header.len as usize;
        let look = || {
            let active = &self.lanes[..self.shard.active()];
            Room::of(active, self.shard.control.is_halted(), len)
        };
        let mut seen = look();
        if self.when_full == WhenFull::Block && seen == Room::Full {
            let began_ns = self.shard.clock.now_ns();
            let is_over = self.backoff.spin(u64::MAX, || {
                seen = look();
                seen != Room::Full
            });
            if !is_over {
                seen = self.sleep_until_room(waiter, look);
            }
            let producer = self.counters();
            let now_ns = self.shard.clock.now_ns();
            producer.full_waits.add(1);
            producer.full_ns.add(now_ns - began_ns);
            producer.set_lag(now_ns.saturating_sub(header.due_ns));
        }
        seen
    }

    /// Sleeps until `look` sees another thing than full lanes. Workers wake this thread when they make room, or end;
    /// so does whoever stops or halts the run, or activates another lane.
    #[cold]
    fn sleep_until_room(&self, waiter: &Waiter, look: impl Fn() -> Room) -> Room {
        loop {
            self.shard.room.arm();
            let seen = look();
            if seen != Room::Full && !mutated(Mutant::AwaitRoomWithoutRecheck) {
                self.shard.room.disarm();
                return seen;
            }
            waiter.sleep(None);
            #[cfg(loom)]
            if mutated(Mutant::AwaitRoomWithoutRecheck) && look() != Room::Full {
                return look();
            }
        }
    }

    /// Whether a worker has, or may take, a batch that is due whatever its age.
    fn holds_a_batch(&self, active: usize) -> bool {
        self.lanes[..active]
            .iter()
            .any(|lane| lane.holds(self.batch))
    }

    /// The total fill of the active lanes.
    fn fill(&self, active: usize) -> u64 {
        let active = &self.lanes[..active];
        active.iter().map(LaneWriter::fill).sum()
    }
}

/// The average usage of `lanes` lanes whose fills add up to `sum`, 0 to 1.
#[inline]
fn average(sum: u64, lanes: usize) -> f64 {
    sum as f64 / (LaneWriter::FULL as f64 * lanes as f64)
}

impl Dispatcher {
    /// Closes the lanes, then wakes every worker, so that each drains its lane and ends.
    pub(crate) fn close(&mut self) {
        let lanes = std::mem::take(&mut self.lanes);
        let wakers: Vec<_> = lanes.iter().map(|lane| lane.waker().clone()).collect();
        drop(lanes);
        for waker in wakers {
            if !mutated(Mutant::CloseWithoutWake) {
                waker.wake();
            }
        }
        if let Some(mut spill) = self.spill.take() {
            spill.close();
        }
    }
}

impl Drop for Dispatcher {
    /// Also when a source panics.
    fn drop(&mut self) {
        self.close();
    }
}
