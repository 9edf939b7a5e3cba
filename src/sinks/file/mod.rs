//! The file sink: appends batches, each whole, to a file or to standard output.
//!
//! * A write that stops inside a record leaves half of it in the file. The rest is kept, and the next writer (this
//!   worker or another that shares the file) writes it first. So no record is ever glued to half of another; and if the
//!   worker that began it is cut off, the record is whole in the file although it does not count as delivered. If even
//!   that fails - the disk stays full, the process is killed - the next run that appends to the file ends the half line
//!   first, so that it is the only torn one.
//! * A file that is moved away or deleted while it is written - log rotation - is left at the next border between
//!   batches, or at once on [`Sink::reopen`]: `path` is opened again, and made if it does not exist. Batches before
//!   that border are in the moved file; if the file was deleted, they are deleted with it.
//! * A descriptor that accepts nothing for a while - a full pipe, a FIFO without a reader - is no failure: the worker
//!   waits for it.
//! * A reader that leaves a FIFO is a failure that is retried: the next reader goes on at the byte where the one before
//!   stopped. Only the reader of standard output may close it.

mod device;
mod fsync;
mod output;
#[cfg(feature = "cli")]
pub(crate) mod spec;
mod tears;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use device::{FaultyDevice, for_now};
pub use fsync::Fsync;
use output::{Output, Stopped};
use tears::Tear;

use crate::engine::batch::Batch;
use crate::engine::context::Context;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;
use crate::sys::wait::Pending;

/// Appends batches to a file. Clones share the file: a lock taken once per batch keeps each batch whole.
#[derive(Debug)]
pub struct FileSink {
    output: Arc<Mutex<Output>>,
    /// The descriptor to wait for when it accepts nothing; `None` for a regular file.
    polled: Option<Arc<File>>,
    fsync: Fsync,
    /// The first record of the next batch, if a write stopped in it: it is in the file already, or is kept in
    /// [`Output`] to be finished, unless its file was deleted.
    torn: Option<Tear>,
    device: Option<FaultyDevice>,
    /// Set when the run starts.
    context: Option<Context>,
}

/// How often to look whether a FIFO has a reader: the system tells nobody.
const LOOK_AGAIN_NS: u64 = 20_000_000;

impl Clone for FileSink {
    fn clone(&self) -> Self {
        Self {
            output: Arc::clone(&self.output),
            polled: self.polled.clone(),
            fsync: self.fsync,
            torn: None,
            device: None,
            context: None,
        }
    }
}

impl FileSink {
    /// Appends to the file at `path`, which is made if it does not exist. A relative path stays where it leads now.
    ///
    /// A FIFO without a reader is opened when it has one; its worker waits meanwhile, and says so once.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing, or nothing can be forced to it (a FIFO, a terminal) with
    /// [`Fsync::Batch`]; the error names it.
    pub fn append(path: &Path, fsync: Fsync) -> io::Result<Self> {
        Ok(Self::over(Output::append(path, fsync)?, fsync))
    }

    /// Writes to standard output, unbuffered: a batch is one system call. Its reader may close it, as `head` does: that
    /// is [`SinkErrorKind::ReaderClosed`](crate::SinkErrorKind::ReaderClosed). A file that ends in half a line, as
    /// after `>>`, gets its newline first.
    ///
    /// # Errors
    ///
    /// When standard output was closed when the process began, or is open for reading only. A `/dev/null` that is open
    /// for reading and writing counts as closed: Rust puts one in the place of a closed stream.
    pub fn stdout() -> io::Result<Self> {
        Ok(Self::over(Output::stdout()?, Fsync::Never))
    }

    fn over(output: Output, fsync: Fsync) -> Self {
        Self {
            polled: output.polled(),
            output: Arc::new(Mutex::new(output)),
            fsync,
            torn: None,
            device: None,
            context: None,
        }
    }

    /// Makes this sink's writes fail as the device plans.
    pub(crate) fn with_device(mut self, device: FaultyDevice) -> Self {
        self.device = Some(device);
        self
    }

    /// Appends the records that are not in the file yet.
    fn append_batch(&mut self, batch: &Batch<'_>) -> Result<(), Stopped> {
        let device = self.device.as_mut();
        let mut output = lock(&self.output);
        let device = output.finish_torn(self.fsync, device)?;
        output.reopen_if_rotated()?;
        let device = output.end_last_line(device)?;
        // Whatever record this sink began is finished now, by it or by another that shares the file.
        let finished = match self.torn.take() {
            Some(tear) => output.tears.is_written(tear)?,
            None => false,
        };
        let (finished, left) = batch.split_at(usize::from(finished).min(batch.len()));
        output
            .append_records(&left, self.fsync, device)
            .map_err(|(stopped, tear)| {
                self.torn = tear;
                stopped.after(finished.len())
            })
    }

    fn answer(&mut self, written: Result<(), Stopped>) -> Result<Wrote<'_>, SinkError> {
        match written {
            Ok(()) => Ok(Wrote::All),
            Err(Stopped::NotReady { records }) => {
                // A FIFO is opened late.
                self.polled = lock(&self.output).polled();
                Ok(Wrote::Part {
                    records,
                    pending: match &self.polled {
                        Some(file) => Pending::writable(file),
                        None => Pending::until(0), // a regular file is always ready
                    },
                })
            }
            Err(Stopped::NoReader { first }) => Ok(Wrote::Part {
                records: 0,
                pending: self.wait_for_reader(first),
            }),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }

    /// When to look for the reader of a FIFO again; said the first time.
    fn wait_for_reader(&self, first: bool) -> Pending<'static> {
        let Some(context) = &self.context else {
            return Pending::until(0); // no run, no clock
        };
        if first {
            let name = lock(&self.output).name().to_owned();
            context.warn(format!("waiting for a reader of FIFO {name}"));
        }
        Pending::until(context.clock().now_ns().saturating_add(LOOK_AGAIN_NS))
    }
}

impl Sink for FileSink {
    fn start(&mut self, context: Context) {
        self.context = Some(context);
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let written = self.append_batch(batch);
        self.answer(written)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        let finished = lock(&self.output).finish_torn(self.fsync, self.device.as_mut());
        let finished = finished.map(drop);
        self.answer(finished)
    }

    /// A file that was moved away or deleted is left now, not at the next batch.
    fn reopen(&mut self) -> Result<(), SinkError> {
        let mut output = lock(&self.output);
        match output.finish_torn(self.fsync, self.device.as_mut()) {
            Ok(_) => output.reopen_if_rotated(),
            // The next write finishes the record, and opens the path again then.
            Err(Stopped::NotReady { .. } | Stopped::NoReader { .. }) => Ok(()),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }

    /// A last attempt to finish the torn record; it changes no count.
    fn close(&mut self) {
        let _ = lock(&self.output).finish_torn(Fsync::Never, None);
    }
}

/// No code panics while it holds this lock; even if it did, the torn record would be unchanged.
fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
