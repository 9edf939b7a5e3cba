//! Where records go.
//!
//! ```text
//!   Worker --batch--> Sink    null   accepts and forgets       file    a file or stdout, each batch whole
//!                             check  reads and proves          delay   makes another sink slow
//! ```
//!
//! Invariants:
//! * Each worker owns one sink; a [`SinkFactory`] makes them before the run starts.
//! * A record that a sink accepted is delivered, exactly once: a failure says how many bytes were accepted before it.
//! * A sink keeps no records back without saying so: what it buffers it must write on [`Sink::flush`].

pub(crate) mod check;
pub(crate) mod delay;
pub(crate) mod file;

use std::io;

pub use check::Check;
pub use delay::Delay;
pub use file::{FileSink, Fsync};

use crate::measure::Ledger;
use crate::path::batch::Batch;

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
    /// delivered.
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError>;

    /// Called once, after the last batch - unless a halt (drain deadline, second signal) or a failure cut that off: what is buffered must be out, or refused, when this returns.
    ///
    /// # Errors
    ///
    /// A failure here fails the run, although the records count as delivered.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        (**self).write(batch)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        (**self).flush()
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

/// What a failed write means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkErrorKind {
    /// The reader of the output closed it, as `head` does: the run ends in order, the rest counts as dropped.
    ReaderClosed,
    /// The sink is of no more use: the run stops, the other workers drain, and it counts as failed.
    Final,
}

/// A failed write.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct SinkError {
    kind: SinkErrorKind,
    accepted_bytes: usize,
    source: io::Error,
}

impl SinkError {
    /// A failure after `accepted_bytes` of the batch had been accepted.
    ///
    /// `BrokenPipe` makes it [`SinkErrorKind::ReaderClosed`], anything else [`SinkErrorKind::Final`].
    pub fn new(source: io::Error, accepted_bytes: usize) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::BrokenPipe => SinkErrorKind::ReaderClosed,
            _ => SinkErrorKind::Final,
        };
        Self {
            kind,
            accepted_bytes,
            source,
        }
    }

    /// The same, with the name of what failed before the reason.
    fn naming(self, name: &str) -> Self {
        let source = io::Error::new(self.source.kind(), format!("{name}: {}", self.source));
        Self { source, ..self }
    }

    /// What the failure means for the run.
    pub fn kind(&self) -> SinkErrorKind {
        self.kind
    }

    /// How many of the batch's bytes were accepted before it.
    pub fn accepted_bytes(&self) -> usize {
        self.accepted_bytes
    }
}

impl From<io::Error> for SinkError {
    /// A failure before anything was accepted.
    fn from(source: io::Error) -> Self {
        Self::new(source, 0)
    }
}

/// Accepts everything and looks at nothing: what is left is the pipeline's own cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<(), SinkError> {
        Ok(())
    }
}
