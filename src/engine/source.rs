//! The source: where records come from.
//!
//! ```text
//!   Producer --lend--> Source --Burst--> Dispatcher       called again when the whole burst is published
//!                             --Pending-> wait            a time, descriptors, or its waker
//!            --acknowledge(below)-->                      every record below is settled
//! ```
//!
//! Invariants:
//! * A source lends slices of its own buffers: a record is copied once between source and sink, buffer to lane.
//! * A source never waits: it returns what it waits for, and the producer thread waits, so that a stop takes effect at
//!   once.
//! * Positions number the records 0, 1, 2, ... in the order they are lent; a dropped record uses one up too.

use std::io;

use crate::engine::context::Context;
use crate::engine::extent::Extent;
use crate::engine::record::Burst;
use crate::metrics::DropReason;
use crate::sys::wait::Pending;

/// The producer's demand: the time, and how much a source may lend.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// Now, in nanoseconds since the run began; after a stop, when the run stopped.
    pub now_ns: u64,
    /// Lend at most this many records; at least 1. A burst of more ends the run as a failure of the source.
    pub records: usize,
    /// Lend at most about this many bytes; a single record may be longer.
    pub bytes: usize,
}

/// What a source returns for a [`Demand`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Lent<'a> {
    /// One or more records. The next call continues after them.
    Burst(Burst<'a>),
    /// The source dropped records; they count as produced and dropped. More than are left of the run's count end it as
    /// a failure of the source.
    Dropped(DropReason, u64),
    /// Nothing to lend before a time, a descriptor's readiness or a call of the waker.
    Pending(Pending<'a>),
    /// The source has no more records.
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
    /// Called once on the producer thread before anything else. Does nothing by default.
    fn start(&mut self, _context: Context) {}

    /// Lends the next burst, or returns what it waits for. Must not wait.
    ///
    /// # Errors
    ///
    /// If the source cannot go on; the run then drains what was accepted, and fails.
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>>;

    /// Called after a stop instead of [`lend`](Self::lend), until it returns [`Lent::End`] or [`Lent::Pending`]: lends
    /// what was already read from outside and would be lost otherwise, or fell due before the stop. Reads nothing more.
    /// Lends nothing by default.
    ///
    /// # Errors
    ///
    /// As for [`lend`](Self::lend).
    fn lend_buffered(&mut self, _demand: Demand) -> io::Result<Lent<'_>> {
        Ok(Lent::End)
    }

    /// Whether the producer calls [`acknowledge`](Self::acknowledge). `false` by default, which costs nothing.
    fn wants_acknowledgements(&self) -> bool {
        false
    }

    /// Every record at a position below `below` is settled: delivered, dropped by a policy that counts it, or spilled.
    /// How durable a delivered record is depends on the sink.
    ///
    /// Called between bursts, at most every 100 ms and only when there is something new, and a last time when the
    /// workers have ended. `below` never falls, and never passes a record that a halt or a failure cut off.
    fn acknowledge(&mut self, _below: u64) {}

    /// How far each input that has an end was read: behind the last record that was lent. Called once, when the lanes
    /// are closed. An input that is not [`finished`](Extent) is reported, and unless the run was to end before (a
    /// count, a reader that closed) its exit code says so. Empty by default: for generators, pipes and sockets.
    fn extents(&self) -> Vec<Extent> {
        Vec::new()
    }

    /// Called last, after the last [`acknowledge`](Self::acknowledge); not after a panic of the source.
    fn close(&mut self) {}

    /// Whether due times are fixed beforehand, whatever the pipeline does (an open load). A run can then be late, and
    /// its outcome reports whether it was. `false` by default.
    fn is_scheduled(&self) -> bool {
        false
    }

    /// A source that makes the same records at full speed, to measure this one's limit without a pipeline. `None` by
    /// default: for sources that take their records from outside.
    fn unpaced(&self) -> Option<Box<dyn Source>> {
        None
    }
}

impl Source for Box<dyn Source> {
    fn start(&mut self, context: Context) {
        (**self).start(context);
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        (**self).lend(demand)
    }

    fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        (**self).lend_buffered(demand)
    }

    fn wants_acknowledgements(&self) -> bool {
        (**self).wants_acknowledgements()
    }

    fn acknowledge(&mut self, below: u64) {
        (**self).acknowledge(below);
    }

    fn extents(&self) -> Vec<Extent> {
        (**self).extents()
    }

    fn close(&mut self) {
        (**self).close();
    }

    fn is_scheduled(&self) -> bool {
        (**self).is_scheduled()
    }

    fn unpaced(&self) -> Option<Box<dyn Source>> {
        (**self).unpaced()
    }
}
