//! Where records come from.
//!
//! ```text
//!   Source --lends--> Burst --published by--> Dispatcher      generator  JSON lines, at full speed or paced
//!     ^                                                        lines      files and standard input
//!     '-- asked again only when the burst was published whole  pace       when a paced record is due
//! ```
//!
//! Invariants:
//! * A source lends slices of its own buffers: a record is copied once between source and sink, buffer to lane.
//! * A source never waits: it says what it waits for, and the producer thread waits, so a stop is heard at once.
//! * Positions number the records 0, 1, 2, ... in the order they are lent; a skipped record uses one up too.

use std::io;
use std::os::fd::BorrowedFd;

use crate::engine::record::Burst;
use crate::metrics::DropReason;
use crate::sys::clock::Clock;

/// What the producer asks of a source: the time, and how much it will take.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// Now, in nanoseconds since the run began.
    pub now_ns: u64,
    /// Lend at most this many records; at least 1.
    pub records: usize,
    /// Lend at most about this many bytes; a single record may be longer.
    pub bytes: usize,
}

/// A source's answer to a [`Demand`].
#[derive(Debug)]
pub enum Lent<'a> {
    /// Records, one or more. Asked again, the source goes on behind them.
    Burst(Burst<'a>),
    /// The source met records that it gives up: counted as produced and dropped.
    Dropped(DropReason, u64),
    /// Nothing is due before this moment (nanoseconds since the run began).
    NotBefore(u64),
    /// Nothing to read yet: wait for the descriptor of [`Source::readable`], or ask again after a millisecond where
    /// there is none.
    NotReadable,
    /// Nothing will ever come again.
    End,
}

/// Where records come from. One thread owns it, the producer.
///
/// ```
/// use splashdam::{BurstBuffer, Demand, Lent, Source};
///
/// /// Counts down to zero, one line each.
/// struct Countdown {
///     left: u64,
///     buffer: BurstBuffer,
/// }
///
/// impl Source for Countdown {
///     fn lend(&mut self, demand: Demand) -> std::io::Result<Lent<'_>> {
///         self.buffer.clear();
///         while self.left > 0 && self.buffer.len() < demand.records {
///             self.left -= 1;
///             self.buffer.push(demand.now_ns, self.left.to_string().as_bytes());
///         }
///         Ok(if self.buffer.is_empty() { Lent::End } else { Lent::Burst(self.buffer.burst()) })
///     }
/// }
///
/// let source = Countdown { left: 1_000, buffer: BurstBuffer::default() };
/// let outcome = splashdam::Pipeline::new(source, |_worker: usize| Ok(splashdam::sinks::Null)).start()?.join();
/// assert_eq!(outcome.ledger.delivered, 1_000);
/// # Ok::<(), splashdam::StartError>(())
/// ```
pub trait Source: Send {
    /// Called once on the producer thread before anything else, with the clock of the run. Does nothing by default.
    fn start(&mut self, _clock: Clock) {}

    /// Lends the next burst, or says why there is none now. Must not wait.
    ///
    /// # Errors
    ///
    /// A source that cannot go on says so; the run then drains what was accepted and fails.
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>>;

    /// Called after a stop instead of [`lend`](Self::lend), until it answers [`Lent::End`]: lends what was already
    /// taken from the outside and would be lost otherwise. Takes nothing more in. There is nothing of the kind by
    /// default.
    ///
    /// # Errors
    ///
    /// As for [`lend`](Self::lend).
    fn lend_rest(&mut self, _demand: Demand) -> io::Result<Lent<'_>> {
        Ok(Lent::End)
    }

    /// Whether due times are fixed beforehand, whatever the pipeline does (an open load). A run can then be late, and
    /// its outcome says whether it was. Not so by default.
    fn is_scheduled(&self) -> bool {
        false
    }

    /// A source that makes the same records as fast as it can, to measure what this one could do with no pipeline
    /// behind it. None by default, for sources that take their records from outside.
    fn rehearsal(&self) -> Option<Box<dyn Source>> {
        None
    }

    /// The descriptor to wait for after [`Lent::NotReadable`].
    fn readable(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl Source for Box<dyn Source> {
    fn start(&mut self, clock: Clock) {
        (**self).start(clock);
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        (**self).lend(demand)
    }

    fn lend_rest(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        (**self).lend_rest(demand)
    }

    fn is_scheduled(&self) -> bool {
        (**self).is_scheduled()
    }

    fn rehearsal(&self) -> Option<Box<dyn Source>> {
        (**self).rehearsal()
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        (**self).readable()
    }
}
