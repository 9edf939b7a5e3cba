//! The producer thread's work: ask the source, dispatch what it lends, wait for what it waits for.

use std::io;
use std::time::Duration;

use crate::engine::control_block::ControlWords;
use crate::engine::dispatch::{Dispatcher, Refusal};
use crate::engine::source::{Demand, Lent, Source};
use crate::sys::clock::{Clock, saturating_ns};
use crate::sys::sync::{Arc, CachePadded};
use crate::sys::wait::backoff::Idle;
use crate::sys::wait::bell::Bell;

/// A burst's limits: what amortises the clock reading, the route, the fence and the two pushes, and still lies in L1
/// while it is copied (256 headers are 6 KiB).
const BURST_RECORDS: usize = 256;
const BURST_BYTES: usize = 32 << 10;
/// A wait that nothing limits: the bell ends it.
const LONG_NS: u64 = 3_600_000_000_000;
/// How soon a source without a descriptor is asked again after it had nothing.
const ASK_AGAIN_NS: u64 = 1_000_000;

/// Why the producer ended.
#[derive(Debug)]
pub(crate) enum ProducerEnd {
    /// The source has no more.
    EndOfInput,
    /// As many records were taken as the run was limited to.
    CountReached,
    /// It was told to stop.
    Quiesced,
    /// The source failed, or lent a burst that contradicts itself.
    SourceFailed(io::Error),
    /// Every worker had gone.
    NoLane,
}

/// Everything the producer thread owns.
pub(crate) struct Producer {
    pub(crate) source: Box<dyn Source>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) bell: Bell,
    pub(crate) words: Arc<CachePadded<ControlWords>>,
    pub(crate) clock: Clock,
    pub(crate) idle: Idle,
    /// Records still to be taken.
    pub(crate) left: u64,
    /// A paced producer sleeps at least this long, and then publishes all that fell due meanwhile. See [`linger_ns`].
    pub(crate) linger_ns: u64,
    pub(crate) woke_ns: u64,
}

/// How long a paced producer may let due records gather, when its batches may wait `batch_timeout` in their lane
/// anyway: a twentieth of that, 5 ms at most.
///
/// To wake from a sleep costs about 5 us of CPU on bare metal and 40-60 us on a virtual machine (each sleep halts the
/// virtual CPU), so a wake-up per record would be most of what a slow pipeline costs.
pub(crate) fn linger_ns(batch_timeout: Duration) -> u64 {
    saturating_ns(batch_timeout / 20).min(5_000_000)
}

impl Producer {
    /// Runs until the source ends, the count is reached or a stop comes; then, with the dispatcher, the lanes close.
    pub(crate) fn run(mut self) -> ProducerEnd {
        self.source.start(self.clock);
        let mut end = self.produce();
        if matches!(end, ProducerEnd::Quiesced | ProducerEnd::NoLane) {
            // What was taken from the outside already is delivered too, or where no worker is left, counted: a halt may
            // show first in the workers that have gone.
            if let Err(failed) = self.produce_rest() {
                end = failed;
            }
        }
        end
    }

    fn produce(&mut self) -> ProducerEnd {
        let mut now_ns = self.clock.now_ns();
        loop {
            if self.words.is_quiescing() {
                return ProducerEnd::Quiesced;
            }
            if self.left == 0 {
                return ProducerEnd::CountReached;
            }
            let demand = demand(now_ns, self.left);
            let lent = match self.source.lend(demand) {
                Ok(lent) => lent,
                Err(error) => return ProducerEnd::SourceFailed(error),
            };
            now_ns = match lent {
                Lent::Burst(burst) => {
                    self.left = self.left.saturating_sub(burst.headers.len() as u64);
                    match self.dispatcher.dispatch(burst) {
                        // The moment of publication serves as the next burst's now: one clock reading per burst.
                        Ok(published_ns) => {
                            if self.dispatcher.pause() {
                                self.clock.now_ns()
                            } else {
                                published_ns
                            }
                        }
                        Err(refusal) => return refused(refusal),
                    }
                }
                Lent::Dropped(reason, records) => {
                    self.left = self.left.saturating_sub(records);
                    self.dispatcher.count_dropped(reason, records);
                    now_ns
                }
                Lent::NotBefore(due_ns) => {
                    self.wait_until(due_ns);
                    self.clock.now_ns()
                }
                Lent::NotReadable => {
                    let readable = self.source.readable();
                    let timeout_ns = readable.map_or(ASK_AGAIN_NS, |_| LONG_NS);
                    self.bell.wait(readable, timeout_ns);
                    self.clock.now_ns()
                }
                Lent::End => return ProducerEnd::EndOfInput,
            };
        }
    }

    fn produce_rest(&mut self) -> Result<(), ProducerEnd> {
        while self.left > 0 {
            let demand = demand(self.clock.now_ns(), self.left);
            match self.source.lend_rest(demand) {
                Ok(Lent::Burst(burst)) => {
                    self.left = self.left.saturating_sub(burst.headers.len() as u64);
                    match self.dispatcher.dispatch(burst) {
                        // After a halt the rest is still taken from the source, so that it is counted, or spilled.
                        Ok(_) | Err(Refusal::Halted | Refusal::NoLane) => {}
                        Err(malformed) => return Err(refused(malformed)),
                    }
                }
                Ok(Lent::Dropped(reason, records)) => {
                    self.left = self.left.saturating_sub(records);
                    self.dispatcher.count_dropped(reason, records);
                }
                Ok(_) => break,
                Err(error) => return Err(ProducerEnd::SourceFailed(error)),
            }
        }
        Ok(())
    }

    /// Waits for a due time: sleeps on the bell, and spins the last stretch where the budget allows it. Never wakes
    /// more than once per linger.
    fn wait_until(&mut self, due_ns: u64) {
        let now_ns = self.clock.now_ns();
        let until_ns = due_ns.max(self.woke_ns.saturating_add(self.linger_ns));
        let spin_from_ns = until_ns.saturating_sub(self.idle.spin_ns());
        if now_ns < spin_from_ns {
            self.bell.wait(None, spin_from_ns - now_ns);
            self.woke_ns = self.clock.now_ns();
        } else {
            self.idle.spin(|| self.clock.now_ns() >= until_ns);
        }
    }
}

/// What the producer asks for at a time, if so many records may still be taken.
pub(crate) fn demand(now_ns: u64, left: u64) -> Demand {
    Demand {
        now_ns,
        records: usize::try_from(left).map_or(BURST_RECORDS, |left| left.min(BURST_RECORDS)),
        bytes: BURST_BYTES,
    }
}

fn refused(refusal: Refusal) -> ProducerEnd {
    match refusal {
        Refusal::Halted => ProducerEnd::Quiesced,
        Refusal::NoLane => ProducerEnd::NoLane,
        Refusal::Malformed => ProducerEnd::SourceFailed(io::Error::new(
            io::ErrorKind::InvalidData,
            "the source lent a burst whose headers do not add up to its bytes",
        )),
    }
}
