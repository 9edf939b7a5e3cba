//! The producer: lets the source lend, dispatches its bursts, waits on its behalf, and acknowledges what is settled.
//!
//! ```text
//!   Producing --stop, end, count--> Emptying --source has nothing buffered--> Closed --workers ended--> Ended
//!   lend, dispatch, acknowledge      lend_buffered, dispatch                   lanes closed; acknowledge,  last
//!                                                                              now and for the last time   close
//! ```
//!
//! A state machine: [`Producer::step`] does one thing and returns what to wait for; [`Producer::run`] is the loop
//! around it.

use crate::engine::dispatch::{DispatchError, Dispatcher};
use crate::engine::producer_step::lent_too_much;
pub(crate) use crate::engine::producer_step::{ProducerEnd, Step};
use crate::engine::shard::ShardHandle;
use crate::engine::source::{Demand, Lent, Source};
use crate::engine::waits::Waits;
use crate::engine::watermark::LowWaterMark;
use crate::sys::sync::Arc;
use crate::sys::wait::{Pending, Waiter};

/// A burst's limits: large enough to amortise the clock reading, the route, the fence and the two pushes, small enough
/// to stay in L1 while it is copied (256 headers are 6 KiB).
const BURST_RECORDS: usize = 256;
const BURST_BYTES: usize = 32 << 10;
/// The shortest time between two acknowledgements.
const ACKNOWLEDGE_EACH_NS: u64 = 100_000_000;

#[derive(Debug)]
enum State {
    Producing,
    /// After a stop: what the source has already read from outside is delivered too, or counted.
    Emptying(ProducerEnd),
    Closed,
}

/// Everything that a producer owns except its thread's waiter.
pub(crate) struct Producer {
    source: Box<dyn Source>,
    dispatcher: Dispatcher,
    shard: Arc<ShardHandle>,
    state: State,
    /// Records still to be taken.
    left: u64,
    /// The last moment of the run's duration; from the stop on the moment of that, if it comes first.
    last_ns: u64,
    acknowledgements: Acknowledgements,
}

/// The low-water mark that was acknowledged last.
#[derive(Debug, Default)]
struct Acknowledgements {
    /// Whether the source wants acknowledgements.
    wanted: bool,
    mark: LowWaterMark,
    /// When the next acknowledgement is due.
    next_ns: u64,
}

impl Producer {
    /// A producer that takes at most `count` records, and none that falls due at `over_ns` or later.
    pub(crate) fn new(
        source: Box<dyn Source>,
        dispatcher: Dispatcher,
        shard: Arc<ShardHandle>,
        count: u64,
        over_ns: u64,
    ) -> Self {
        let wanted = source.wants_acknowledgements();
        Self {
            source,
            dispatcher,
            shard,
            state: State::Producing,
            left: count,
            last_ns: over_ns.saturating_sub(1),
            acknowledgements: Acknowledgements {
                wanted,
                ..Acknowledgements::default()
            },
        }
    }

    pub(crate) fn source(&mut self) -> &mut dyn Source {
        &mut *self.source
    }

    /// Runs until the lanes are closed; called again, until the workers have ended and the source is closed, which
    /// returns `None`.
    pub(crate) fn run(&mut self, waits: &mut Waits) -> Option<ProducerEnd> {
        let shard = Arc::clone(&self.shard);
        let mut now_ns = shard.clock.now_ns();
        loop {
            now_ns = match self.step(&waits.waiter, now_ns) {
                Step::Worked { now_ns } => now_ns,
                Step::Wait {
                    pending,
                    acknowledge_ns,
                } => {
                    let rested_until_ns = waits.wait(&shard, &pending, acknowledge_ns);
                    self.dispatcher.set_rested_until(rested_until_ns);
                    shard.clock.now_ns()
                }
                Step::Closed(end) => return Some(end),
                Step::Ended => return None,
            };
        }
    }

    /// Does one thing: dispatches a burst, acknowledges, closes, or finds out what to wait for. Waits itself only for
    /// room in a lane and for the throttle.
    #[inline]
    pub(crate) fn step(&mut self, waiter: &Waiter, now_ns: u64) -> Step<'_> {
        if matches!(self.state, State::Producing) {
            self.produce(waiter, now_ns)
        } else {
            self.end(waiter, now_ns)
        }
    }

    #[inline]
    fn produce(&mut self, waiter: &Waiter, now_ns: u64) -> Step<'_> {
        if self.acknowledgements.wanted && now_ns >= self.acknowledgements.next_ns {
            self.acknowledge(now_ns);
        }
        // Field by field, because the source's answer borrows it.
        let Self {
            source,
            dispatcher,
            shard,
            state,
            left,
            last_ns,
            acknowledgements,
        } = self;
        let demand = demand(now_ns, *left);
        let produced = if shard.control.is_quiescing() {
            Err(ProducerEnd::Quiesced)
        } else if *left == 0 {
            Err(ProducerEnd::CountReached)
        } else if now_ns > *last_ns {
            Err(ProducerEnd::DurationOver)
        } else {
            match source.lend(demand) {
                // Refused before anything is counted: the run's count must never be exceeded.
                Ok(Lent::Burst(burst)) if burst.headers.len() > demand.records => Err(
                    lent_too_much(burst.headers.len() as u64, demand.records as u64),
                ),
                Ok(Lent::Dropped(_, records)) if records > *left => {
                    Err(lent_too_much(records, *left))
                }
                Ok(Lent::Burst(burst)) => {
                    *left -= burst.headers.len() as u64;
                    match dispatcher.dispatch(waiter, burst) {
                        // The dispatcher's last time is the next burst's now: one clock reading per burst.
                        Ok(published_ns) if !dispatcher.pause(waiter) => Ok(published_ns),
                        Ok(_) => Ok(shard.clock.now_ns()),
                        Err(error) => Err(error.into()),
                    }
                }
                Ok(Lent::Dropped(reason, records)) => {
                    *left -= records;
                    dispatcher.count_dropped(reason, records);
                    Ok(shard.clock.now_ns())
                }
                Ok(Lent::Pending(pending)) => {
                    let tells = acknowledgements.wanted
                        && acknowledgements.mark.get() < dispatcher.dispatched();
                    return Step::Wait {
                        pending,
                        acknowledge_ns: tells.then_some(acknowledgements.next_ns),
                    };
                }
                Ok(Lent::End) => Err(ProducerEnd::EndOfInput),
                Err(error) => Err(ProducerEnd::SourceFailed(error)),
            }
        };
        match produced {
            Ok(now_ns) => return Step::Worked { now_ns },
            // What was read from outside, or fell due, before the stop is delivered too, or counted if no worker is
            // left: a halt may show first in workers that have ended.
            Err(
                end @ (ProducerEnd::Quiesced | ProducerEnd::NoLane | ProducerEnd::DurationOver),
            ) => {
                *last_ns = now_ns.min(*last_ns);
                *state = State::Emptying(end);
            }
            Err(end) => return close(state, dispatcher, end),
        }
        Step::Worked { now_ns }
    }

    fn end(&mut self, waiter: &Waiter, now_ns: u64) -> Step<'_> {
        let State::Emptying(end) = &mut self.state else {
            return self.await_workers(now_ns);
        };
        let end = std::mem::replace(end, ProducerEnd::Quiesced);
        match self.empty_source(waiter) {
            Ok(true) => {
                self.state = State::Emptying(end);
                let now_ns = self.shard.clock.now_ns();
                Step::Worked { now_ns }
            }
            Ok(false) => close(&mut self.state, &mut self.dispatcher, end),
            Err(failed) => close(&mut self.state, &mut self.dispatcher, failed),
        }
    }

    /// Dispatches what the source had buffered when the run stopped; returns `false` if it has nothing.
    fn empty_source(&mut self, waiter: &Waiter) -> Result<bool, ProducerEnd> {
        if self.left == 0 {
            return Ok(false);
        }
        let demand = demand(self.last_ns, self.left);
        match self.source.lend_buffered(demand) {
            Ok(Lent::Burst(burst)) if burst.headers.len() > demand.records => Err(lent_too_much(
                burst.headers.len() as u64,
                demand.records as u64,
            )),
            Ok(Lent::Dropped(_, records)) if records > self.left => {
                Err(lent_too_much(records, self.left))
            }
            Ok(Lent::Burst(burst)) => {
                self.left -= burst.headers.len() as u64;
                match self.dispatcher.dispatch(waiter, burst) {
                    // After a halt the rest is still taken from the source, so that it is counted, or spilled.
                    Ok(_) | Err(DispatchError::Halted | DispatchError::NoLane) => Ok(true),
                    Err(malformed) => Err(malformed.into()),
                }
            }
            Ok(Lent::Dropped(reason, records)) => {
                self.left -= records;
                self.dispatcher.count_dropped(reason, records);
                Ok(true)
            }
            Ok(Lent::Pending(_) | Lent::End) => Ok(false),
            Err(error) => Err(ProducerEnd::SourceFailed(error)),
        }
    }

    /// The lanes are closed: acknowledges while the workers drain, and a last time when they have ended.
    fn await_workers(&mut self, now_ns: u64) -> Step<'_> {
        let workers_ended = self.shard.control.workers_ended();
        if self.acknowledgements.wanted
            && (workers_ended || now_ns >= self.acknowledgements.next_ns)
        {
            self.acknowledge(now_ns);
        }
        if workers_ended {
            self.source.close();
            return Step::Ended;
        }
        Step::Wait {
            pending: Pending::woken(),
            acknowledge_ns: self
                .acknowledgements
                .wanted
                .then_some(self.acknowledgements.next_ns),
        }
    }

    fn acknowledge(&mut self, now_ns: u64) {
        self.acknowledgements.next_ns = now_ns.saturating_add(ACKNOWLEDGE_EACH_NS);
        let mark = &mut self.acknowledgements.mark;
        if mark.raise(self.shard.progress(), self.dispatcher.dispatched()) {
            self.source.acknowledge(mark.get());
        }
    }
}

/// Closes the lanes.
fn close(state: &mut State, dispatcher: &mut Dispatcher, end: ProducerEnd) -> Step<'static> {
    *state = State::Closed;
    dispatcher.close();
    Step::Closed(end)
}

/// The demand of one call, if this many records may still be taken.
pub(crate) fn demand(now_ns: u64, left: u64) -> Demand {
    Demand {
        now_ns,
        records: usize::try_from(left).map_or(BURST_RECORDS, |left| left.min(BURST_RECORDS)),
        bytes: BURST_BYTES,
    }
}
