//! The worker: takes batches out of its lane and passes them to its sink.
//!
//! ```text
//!            .--- peek: batch full, old, draining? -----> sink.write --All--> released
//!   Delivering     |  not due                              |  Part --> wait for the sink -.
//!            '---- wait for the lane                       |  Err, retryable              |
//!                                                      BackingOff, 10 ms to 1 s ----------+--> the rest again
//!                                                          |  Err, final; halt; panic
//!   Ended <-- lane closed and empty -- Spilling <----------'  if there is a spill file
//! ```
//!
//! A state machine: [`Worker::step`] does one thing and returns what to wait for; [`Worker::run`] is the loop around
//! it. What a sink did not accept stays in the lane as the next batch, and the lane fills meanwhile. A halt ends every
//! wait; after an orderly stop the worker goes on trying until the deadline.

mod duty;
mod step;

use duty::{Duty, State, WakesProducer, deliver, flush, reopen};
pub(crate) use step::{Ran, Step, WorkerEnd};

use crate::engine::due::BatchLimits;
use crate::engine::lane::LaneReader;
use crate::engine::retry::Retry;
use crate::engine::shard::ShardHandle;
use crate::engine::sink::Sink;
use crate::engine::spill::Spill;
use crate::metrics::exchange::Recorder;
#[cfg(loom)]
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::{Backoff, Pending, Waiter};

/// Everything a worker owns except its thread's waiter.
pub(crate) struct Worker {
    sink: Box<dyn Sink>,
    duty: Duty,
}

impl Worker {
    pub(crate) fn new(
        index: usize,
        shard: Arc<ShardHandle>,
        lane: LaneReader,
        sink: Box<dyn Sink>,
        limits: BatchLimits,
        retry: Retry,
    ) -> Self {
        let leaves = WakesProducer(shard.producer.clone());
        Self {
            sink,
            duty: Duty {
                index,
                shard,
                lane,
                limits,
                retry,
                spill: None,
                recorder: None,
                state: State::Delivering,
                held: None,
                reopened: 0,
                last_partial: None,
                _leaves: leaves,
            },
        }
    }

    /// Sets where records are written that the sink does not accept.
    pub(crate) fn spill_to(mut self, spill: Option<Spill>) -> Self {
        self.duty.spill = spill;
        self
    }

    /// Sets the recorder of latencies.
    pub(crate) fn record_to(mut self, recorder: Option<Recorder>) -> Self {
        self.duty.recorder = recorder;
        self
    }

    pub(crate) fn index(&self) -> usize {
        self.duty.index
    }

    pub(crate) fn sink(&mut self) -> &mut dyn Sink {
        &mut *self.sink
    }

    /// Runs until the worker ends, or its work with the sink is over and it spills: called a second time, it does that.
    pub(crate) fn run(&mut self, waiter: &mut Waiter, backoff: &Backoff) -> Ran {
        let shard = Arc::clone(&self.duty.shard);
        let (clock, counters) = (shard.clock, &shard.counters.workers[self.duty.index]);
        counters.busy.start(clock.now_ns());
        loop {
            match self.step(clock.now_ns()) {
                Step::Worked => {}
                Step::Wait { volume, until_ns } => {
                    counters.busy.stop(clock.now_ns());
                    self.duty.wait(waiter, backoff, volume, until_ns);
                    counters.busy.start(clock.now_ns());
                }
                // Counts as busy: a sink that is not ready stalls its worker.
                Step::WaitForSink(pending) => waiter.wait(&pending),
                Step::Spills(end) => return Ran::Spills(end),
                Step::Ended(end) => {
                    counters.busy.stop(clock.now_ns());
                    return Ran::Ended(end);
                }
            }
        }
    }

    /// Does one thing: delivers or spills a batch, flushes the sink, or finds out what to wait for.
    #[inline]
    pub(crate) fn step(&mut self, now_ns: u64) -> Step<'_> {
        let Self { sink, duty } = self;
        let reopenings = duty.shard.control.reopenings();
        if reopenings != duty.reopened {
            reopen(&mut **sink, duty, reopenings);
        }
        match duty.state {
            State::Delivering => {}
            State::BackingOff { until_ns } => {
                if duty.shard.control.is_halted() {
                    return duty.leave(WorkerEnd::Halted);
                }
                if now_ns < until_ns {
                    return Step::WaitForSink(Pending::until(until_ns));
                }
                duty.state = State::Delivering;
            }
            State::Spilling { closes_by_ns } => return duty.spill_step(closes_by_ns, now_ns),
        }
        #[cfg(loom)]
        if mutated(Mutant::ClosedReadLast) {
            return wrong::step(sink, duty, now_ns);
        }
        // Read before the peek, which then sees everything that was published before the lane closed.
        let closed = duty.lane.writer_is_gone();
        let pending = duty.lane.peek(duty.limits.volume);
        duty.note_oldest();
        if duty.shard.control.is_halted() && !(closed && pending.volume.records == 0) {
            return duty.leave(WorkerEnd::Halted);
        }
        match duty.due(pending, closed, now_ns) {
            Some(reason) => deliver(&mut **sink, duty, reason, now_ns),
            None if closed => flush(&mut **sink, duty),
            None => duty.wait_for(pending),
        }
    }

    /// After a panic of the sink: the next steps spill what is in the lane. Returns `false` if there is no spill file.
    pub(crate) fn spill_after_panic(&mut self) -> bool {
        let spills = self.duty.spill.is_some();
        if spills {
            self.duty.state = State::Spilling { closes_by_ns: None };
        }
        spills
    }

    /// Stops the clock of its busy time, however its work ended.
    pub(crate) fn stop_busy_time(&self) {
        let shard = &self.duty.shard;
        self.duty.counters().busy.stop(shard.clock.now_ns());
    }

    /// Takes the recorder, with the latencies that were not handed over.
    pub(crate) fn take_recorder(&mut self) -> Option<Recorder> {
        self.duty.recorder.take()
    }

    /// Closes the spill file and, by dropping its end, the lane: nothing more is published to it. Returns the sink.
    pub(crate) fn close(mut self) -> Box<dyn Sink> {
        if let Some(spill) = &mut self.duty.spill {
            spill.close();
        }
        self.sink
    }
}

/// Wrong on purpose: see [`Mutant`].
#[cfg(loom)]
mod wrong {
    use super::duty::{Duty, deliver, flush};
    use super::step::Step;
    use crate::engine::sink::Sink;

    pub(super) fn step<'a>(sink: &'a mut Box<dyn Sink>, duty: &mut Duty, now_ns: u64) -> Step<'a> {
        let pending = duty.lane.peek(duty.limits.volume);
        match duty.due(pending, false, now_ns) {
            Some(reason) => deliver(&mut **sink, duty, reason, now_ns),
            None if duty.lane.writer_is_gone() => flush(&mut **sink, duty),
            None => duty.wait_for(pending),
        }
    }
}
