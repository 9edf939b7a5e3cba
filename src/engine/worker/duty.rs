//! A worker's duty: everything it owns besides its sink, and the actions of its steps.

use crate::engine::batch::split;
use crate::engine::due::{BatchLimits, FlushReason};
use crate::engine::lane::{LaneReader, PendingBatch, Volume};
use crate::engine::latency::record_delivered;
use crate::engine::retry::Retry;
use crate::engine::shard::ShardHandle;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;
use crate::engine::spill::Spill;
use crate::engine::worker::step::{Step, WorkerEnd};
use crate::metrics::counters::WorkerCounters;
use crate::metrics::exchange::Recorder;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Pending, Waiter, Waker};

/// A record, of any length.
const ONE_RECORD: Volume = Volume {
    records: 1,
    bytes: u64::MAX,
};
/// At this usage a lane has room worth a wake-up of the producer: waking it for each batch of a slow sink would cost
/// more than the queue gains by it.
const ROOMY: f64 = 0.875;
/// The time in which the producer closes the lanes after a halt, unless it hangs in its source: it has at most one
/// burst to dispatch.
const CLOSES_WITHIN_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Delivering,
    /// Waits before it tries a failed write or flush again.
    BackingOff {
        until_ns: u64,
    },
    /// Writes what is in the lane to the spill file. After a halt it ends at this time even if the lane does not close.
    Spilling {
        closes_by_ns: Option<u64>,
    },
}

/// A batch that the sink did not accept whole at its first try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    reason: FlushReason,
    /// When it was first passed to the sink.
    taken_ns: u64,
    /// How many of its records were accepted.
    accepted: u64,
}

/// What a worker owns besides its sink.
pub(super) struct Duty {
    pub(super) index: usize,
    pub(super) shard: Arc<ShardHandle>,
    pub(super) lane: LaneReader,
    pub(super) limits: BatchLimits,
    pub(super) retry: Retry,
    pub(super) spill: Option<Spill>,
    /// `None` if latency is not recorded.
    pub(super) recorder: Option<Recorder>,
    pub(super) state: State,
    pub(super) held: Option<Held>,
    /// The request to open outputs again that was last heeded.
    pub(super) reopened: usize,
    /// The records of the partial batch that was flushed when the lane drained.
    pub(super) last_partial: Option<u64>,
    /// Declared, and so dropped, after the lane.
    pub(super) _leaves: WakesProducer,
}

/// Wakes the producer as it is dropped: it may wait for room in a lane whose worker has gone.
pub(super) struct WakesProducer(pub(super) Waker);

impl Drop for WakesProducer {
    fn drop(&mut self) {
        self.0.wake_now();
    }
}

/// Passes a batch, or the rest of one, to the sink.
#[inline]
pub(super) fn deliver<'a>(
    sink: &'a mut dyn Sink,
    duty: &mut Duty,
    reason: FlushReason,
    now_ns: u64,
) -> Step<'a> {
    let Duty {
        lane,
        recorder,
        shard,
        held,
        retry,
        ..
    } = duty;
    let counters = &shard.counters.workers[duty.index];
    let clock = shard.clock;
    let first = Held {
        reason,
        taken_ns: now_ns,
        accepted: 0,
    };
    let Held {
        reason,
        taken_ns,
        accepted: before,
    } = held.take().unwrap_or(first);
    let mut delivered_ns = now_ns;
    let taken = lane.drain(|batch| {
        let wrote = sink.write(batch);
        let accepted = accepted(&wrote, batch.len());
        delivered_ns = clock.now_ns();
        counters.delivered.add(accepted as u64);
        if let Some(recorder) = recorder {
            let (headers, _) = split(batch.headers(), accepted);
            record_delivered(recorder.current(), headers, taken_ns, delivered_ns);
        }
        (accepted, (wrote, accepted == batch.len()))
    });
    let Some((done, (wrote, all))) = taken else {
        return Step::Worked; // not reached: peek() saw these records, and only this thread takes any
    };
    counters.delivered_bytes.add(done.bytes);
    if done.records > 0 {
        retry.on_progress(delivered_ns);
    }
    let accepted = before + done.records;
    if all {
        match reason {
            FlushReason::Size => counters.batches_by_size.add(1),
            FlushReason::Age => counters.batches_by_age.add(1),
            FlushReason::Drain => {
                counters.batches_by_drain.add(1);
                duty.last_partial = Some(accepted);
            }
        }
    } else {
        counters.oldest_due_ns.set(lane.oldest_due_ns()); // the next look may be a long wait away
        *held = Some(Held {
            reason,
            taken_ns,
            accepted,
        });
    }
    duty.wake_for_room(!all);
    match wrote {
        Ok(Wrote::Part { pending, .. }) if !all => Step::WaitForSink(pending),
        Ok(_) => Step::Worked,
        Err(error) => duty.failed(error, delivered_ns),
    }
}

/// How many of a batch's first records were accepted.
fn accepted(wrote: &Result<Wrote<'_>, SinkError>, records: usize) -> usize {
    let accepted = match wrote {
        Ok(Wrote::All) => records,
        Ok(Wrote::Part { records, .. }) => *records,
        Err(error) => error.accepted(),
    };
    accepted.min(records)
}

/// Flushes the sink after the last batch.
pub(super) fn flush<'a>(sink: &'a mut dyn Sink, duty: &mut Duty) -> Step<'a> {
    match sink.flush() {
        Ok(Wrote::All) => Step::Ended(WorkerEnd::Drained(duty.last_partial)),
        Ok(Wrote::Part { .. }) if duty.shard.control.is_halted() => duty.leave(WorkerEnd::Halted),
        Ok(Wrote::Part { pending, .. }) => Step::WaitForSink(pending),
        Err(error) => duty.failed(error, duty.shard.clock.now_ns()),
    }
}

/// Opens the sink's output and the spill file again.
#[cold]
pub(super) fn reopen(sink: &mut dyn Sink, duty: &mut Duty, requests: usize) {
    duty.reopened = requests;
    // A worker that spills is done with its sink.
    if !matches!(duty.state, State::Spilling { .. })
        && let Err(error) = sink.reopen()
    {
        duty.retry.not_reopened("sink", &error);
    }
    if let Some(Err(error)) = duty.spill.as_mut().map(Spill::reopen) {
        duty.retry.not_reopened("spill", &error);
    }
}

impl Duty {
    pub(super) fn counters(&self) -> &WorkerCounters {
        &self.shard.counters.workers[self.index]
    }

    /// For whoever watches: how long records have waited shows even while none is delivered.
    #[inline]
    pub(super) fn note_oldest(&self) {
        self.counters().oldest_due_ns.set(self.lane.oldest_due_ns());
    }

    #[inline]
    pub(super) fn due(
        &self,
        pending: PendingBatch,
        closed: bool,
        now_ns: u64,
    ) -> Option<FlushReason> {
        let draining = closed || self.index >= self.shard.control.active();
        self.limits.due(pending, draining, now_ns)
    }

    /// Wakes a producer that waits for room, if there is enough of it, or if this worker makes no more because it is
    /// about to wait.
    #[inline]
    pub(super) fn wake_for_room(&self, waits: bool) {
        if self.shard.room.is_awaited() && (waits || self.lane.usage() <= ROOMY) {
            self.shard.producer.wake_now();
        }
    }

    /// Waits for the rest of a batch until its deadline, or for a record.
    pub(super) fn wait_for(&mut self, pending: PendingBatch) -> Step<'static> {
        self.wake_for_room(!mutated(Mutant::NoRoomWakeBeforeWait));
        self.recorder.as_mut().map(Recorder::yield_full);
        if pending.volume.records > 0 {
            Step::Wait {
                volume: self.limits.volume,
                until_ns: Some(self.limits.deadline_ns(pending)),
            }
        } else {
            Step::Wait {
                volume: ONE_RECORD,
                until_ns: None,
            }
        }
    }

    /// Spins or yields, then sleeps.
    pub(super) fn wait(
        &self,
        waiter: &Waiter,
        backoff: &Backoff,
        volume: Volume,
        until_ns: Option<u64>,
    ) {
        let arrived = backoff.spin(until_ns.unwrap_or(u64::MAX), || self.lane.has(volume));
        if !arrived && self.lane.sleep(waiter, volume, until_ns) {
            self.counters().parks.add(1);
        }
    }

    /// The sink failed: its worker tries again later, or leaves.
    #[cold]
    fn failed(&mut self, error: SinkError, now_ns: u64) -> Step<'static> {
        if !self.retry.is_retryable(&error) {
            return self.leave(error.into());
        }
        self.counters().retries.add(1);
        let until_ns = self.retry.on_failure(&error, now_ns);
        self.state = State::BackingOff { until_ns };
        Step::WaitForSink(Pending::until(until_ns))
    }

    /// Ends the worker, or makes it spill what is left in its lane.
    pub(super) fn leave(&mut self, end: WorkerEnd) -> Step<'static> {
        if end.leaves_records() && self.spill.is_some() {
            self.state = State::Spilling { closes_by_ns: None };
            return Step::Spills(end);
        }
        Step::Ended(end)
    }

    /// Writes what is left in the lane to the spill file: whole records, including one that the sink accepted in part.
    /// Ends when the lane is closed; a producer that does not close it after a halt hangs in its source.
    pub(super) fn spill_step(&mut self, closes_by_ns: Option<u64>, now_ns: u64) -> Step<'_> {
        let closed = self.lane.writer_is_gone();
        let pending = self.lane.peek(self.limits.volume);
        self.note_oldest();
        let Some(spill) = &mut self.spill else {
            return Step::Ended(WorkerEnd::Spilled); // not reached: only a worker with a spill enters this state
        };
        if pending.volume.records > 0 {
            let taken = self.lane.drain(|batch| {
                let wrote = spill.write(batch);
                (accepted(&wrote, batch.len()), wrote)
            });
            let counters = &self.shard.counters.workers[self.index];
            return match taken {
                None => Step::Worked, // not reached: peek() saw these records, and only this thread takes any
                Some((done, wrote)) => {
                    counters.spilled.add(done.records);
                    if self.shard.room.is_awaited() {
                        self.shard.producer.wake_now();
                    }
                    match wrote {
                        Ok(Wrote::Part { pending, .. }) => Step::WaitForSink(pending),
                        Ok(Wrote::All) => Step::Worked,
                        Err(error) => Step::Ended(WorkerEnd::SpillFailed(error)),
                    }
                }
            };
        }
        let halted = self.shard.control.is_halted();
        let closes_by_ns = closes_by_ns.or(halted.then(|| now_ns.saturating_add(CLOSES_WITHIN_NS)));
        self.state = State::Spilling { closes_by_ns };
        if closed || closes_by_ns.is_some_and(|by_ns| now_ns >= by_ns) {
            return Step::Ended(WorkerEnd::Spilled);
        }
        Step::Wait {
            volume: ONE_RECORD,
            until_ns: closes_by_ns,
        }
    }
}
