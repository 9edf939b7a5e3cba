//! Where records go.
//!
//! ```text
//!   Worker --batch--> Sink    null   accepts and forgets       file    a file or stdout, each batch whole
//!                             check  reads and proves          delay   makes another sink slow
//!                             fault  makes another sink fail
//!
//!   write --Err, retryable--> the worker keeps the batch, waits 10 ms to 1 s --> write, behind the accepted bytes
//!         --Err, final------> the run stops in order                            (or on_sink_error = stop)
//! ```
//!
//! Invariants:
//! * Each worker owns one sink; a [`SinkFactory`] makes them before the run starts.
//! * A record that a sink accepted is delivered, exactly once: a failure says how many bytes were accepted before it,
//!   and the next batch begins behind them, inside a record if need be.
//! * Nothing is written behind half a record: sinks that share a file finish what another of them began.
//! * A sink keeps no records back without saying so: what it buffers it must write on [`Sink::flush`].

use std::io;

use crate::engine::batch::Batch;
use crate::engine::sink_error::SinkError;
use crate::metrics::Ledger;

/// Takes batches from one worker, on that worker's thread.
///
/// The call is dynamic: once per batch it costs a nanosecond or two, and the engine stays one piece of code whatever
/// the sink.
pub trait Sink: Send {
    /// Takes a batch. On success every record of it counts as delivered, and its memory is reused.
    ///
    /// May block: a slow sink fills its lane, which is the backpressure.
    ///
    /// # Errors
    ///
    /// A [`SinkError`] says how many of the batch's bytes were accepted before it; whole records among them count as
    /// delivered. After a retryable one the call is made again, unless the run is told otherwise or halts: with a batch
    /// whose [`bytes`](Batch::bytes) begin right behind the accepted ones, and which may have grown at its end.
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError>;

    /// Called once, after the last batch - unless a halt (drain deadline, second signal) or a failure cut that off:
    /// what is buffered must be out, or refused, when this returns.
    ///
    /// # Errors
    ///
    /// A failure here fails the run, although the records count as delivered.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes `bytes` of the batch's bytes and then fails with `error`, as a device does that gives out. For tests: what
    /// [`Fault`](crate::sinks::Fault) does to a sink. The default accepts the whole records among them; a sink that
    /// writes bytes does as its device would, and stops inside a record.
    fn give_out(&mut self, batch: &Batch<'_>, bytes: usize, error: io::Error) -> SinkError {
        let (records, whole) = batch.whole_records_in(bytes);
        if records > 0
            && let Err(failed) = self.write(&batch.first(records, whole))
        {
            return failed;
        }
        SinkError::new(error, whole)
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        (**self).write(batch)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        (**self).flush()
    }

    fn give_out(&mut self, batch: &Batch<'_>, bytes: usize, error: io::Error) -> SinkError {
        (**self).give_out(batch, bytes, error)
    }
}

/// Makes one sink per worker, and has the last word on them all.
///
/// A closure `|worker: usize| -> io::Result<impl Sink>` is a factory.
pub trait SinkFactory: Send {
    /// Makes the sink of a worker (0, 1, ...), on the thread that starts the pipeline.
    ///
    /// # Errors
    ///
    /// The pipeline does not start then.
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>>;

    /// Looks at the whole run after every worker has drained, flushed and ended; not called when a worker failed or
    /// records were abandoned.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong; the run then counts as failed.
    fn verdict(&mut self, _ledger: &Ledger) -> Result<(), String> {
        Ok(())
    }
}

impl<F, S> SinkFactory for F
where
    F: FnMut(usize) -> io::Result<S> + Send,
    S: Sink + 'static,
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
