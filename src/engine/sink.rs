//! The sink: where records go.
//!
//! ```text
//!   Worker --batch--> Sink::write --All--------------> released
//!                                 --Part{n, pending}--> n released; the rest again when ready        (no failure)
//!                                 --Err, retryable----> accepted ones released; the rest again in 10 ms to 1 s
//!                                 --Err, final--------> the run stops in order     (or on_sink_error = stop)
//! ```
//!
//! Invariants:
//! * Each worker owns one sink; a [`SinkFactory`] makes them before the run starts.
//! * Progress is in whole records: a record that a sink accepted is delivered, exactly once.
//! * If a batch was not accepted whole, the next call gets its rest, and no record after it.
//! * A sink may buffer records that it accepted, but must write them on [`Sink::flush`].

use std::any::Any;
use std::io;

use crate::engine::batch::Batch;
use crate::engine::context::Context;
use crate::engine::sink_error::SinkError;
use crate::metrics::Ledger;
use crate::sys::wait::Pending;

/// What a sink returns for a batch.
#[derive(Debug)]
#[must_use = "an answer: return it"]
pub enum Wrote<'a> {
    /// Every record was accepted.
    All,
    /// The first `records` were accepted. The sink accepts more when `pending` has happened; this is no failure.
    Part {
        /// The number of accepted records, counted from the first; may be 0.
        records: usize,
        /// When to call again.
        pending: Pending<'a>,
    },
}

/// Takes batches from one worker, on that worker's thread.
///
/// The call is dynamic: at one or two nanoseconds per batch it saves the engine from being generic over the sink.
///
/// ```
/// use splashdam::{Batch, Sink, SinkError, Wrote};
///
/// /// Counts the bytes that arrive.
/// #[derive(Default)]
/// struct Meter {
///     bytes: usize,
/// }
///
/// impl Sink for Meter {
///     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
///         self.bytes += batch.byte_len();
///         Ok(Wrote::All)
///     }
/// }
/// ```
pub trait Sink: Any + Send {
    /// Called once on the worker's thread before the first batch. Does nothing by default.
    fn start(&mut self, _context: Context) {}

    /// Takes a batch. Accepted records count as delivered, and their memory is reused.
    ///
    /// May block for a while: a slow sink fills its lane, which is the backpressure. A sink that may block for longer
    /// than 200 ms returns [`Wrote::Part`] instead, so that its worker notices stops, deadlines and halts.
    ///
    /// # Errors
    ///
    /// A [`SinkError`] carries the number of the batch's records that were accepted before it. After a retryable one
    /// the worker calls again with the rest of the batch, unless the run is configured otherwise or halts.
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError>;

    /// Called after the last batch, unless a halt or a failure came first: everything buffered must be written when
    /// this returns [`Wrote::All`]. After [`Wrote::Part`] it is called again; `records` is ignored.
    ///
    /// # Errors
    ///
    /// A failure fails the run, although the records count as delivered.
    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::All)
    }

    /// Called when the program wants outputs opened again, as after a log rotation: between two batches, or between two
    /// parts of one, also while there is nothing to write. Does nothing by default, which is right for an output
    /// without a name.
    ///
    /// # Errors
    ///
    /// If the output cannot be opened again. That is logged, and is no failure of the run: the sink must go on with
    /// what it has.
    fn reopen(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Called last, on the worker's thread, whatever ended its work but a panic: also after a halt or a failure. Must
    /// not wait.
    fn close(&mut self) {}
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn start(&mut self, context: Context) {
        (**self).start(context);
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        (**self).write(batch)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        (**self).flush()
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        (**self).reopen()
    }

    fn close(&mut self) {
        (**self).close();
    }
}

/// Makes one sink per worker, and checks the run at its end.
///
/// A closure `|worker: usize| -> io::Result<impl Sink>` is a factory.
pub trait SinkFactory: Send {
    /// Makes the sink of a worker (0, 1, ...), on the thread that starts the pipeline.
    ///
    /// # Errors
    ///
    /// If the sink cannot be made; the pipeline then does not start.
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>>;

    /// Judges the whole run after every worker has drained, flushed and ended; not called when a worker failed or
    /// records were abandoned.
    ///
    /// # Errors
    ///
    /// What is wrong, as a sentence; the run then counts as failed.
    fn verdict(&mut self, _ledger: &Ledger) -> Result<(), String> {
        Ok(())
    }
}

impl<F, S> SinkFactory for F
where
    F: FnMut(usize) -> io::Result<S> + Send,
    S: Sink,
{
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(self(worker)?))
    }
}

impl SinkFactory for Box<dyn SinkFactory> {
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        (**self).open(worker)
    }

    fn verdict(&mut self, ledger: &Ledger) -> Result<(), String> {
        (**self).verdict(ledger)
    }
}
