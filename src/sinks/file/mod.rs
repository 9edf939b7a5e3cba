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
//! * A descriptor that accepts nothing for a while - a full pipe - is no failure: the worker waits for it.

mod device;
mod fsync;
mod output;
#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use device::{FaultyDevice, for_now};
pub use fsync::Fsync;
use output::{Output, Stopped};

use crate::engine::batch::Batch;
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
    /// Whether the first record of the next batch is in the file already, or is kept in [`Output`] to be finished.
    first_is_written: bool,
    device: Option<FaultyDevice>,
}

impl Clone for FileSink {
    fn clone(&self) -> Self {
        Self {
            output: Arc::clone(&self.output),
            polled: self.polled.clone(),
            fsync: self.fsync,
            first_is_written: false,
            device: None,
        }
    }
}

impl FileSink {
    /// Appends to the file at `path`, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing; the error names it.
    pub fn append(path: &Path, fsync: Fsync) -> io::Result<Self> {
        Ok(Self::over(Output::append(path)?, fsync))
    }

    /// Writes to standard output, unbuffered: a batch is one system call.
    ///
    /// # Errors
    ///
    /// When standard output is closed.
    pub fn stdout() -> io::Result<Self> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        let output = Output::over(File::from(stdout), "standard output".to_owned());
        Ok(Self::over(output, Fsync::Never))
    }

    fn over(output: Output, fsync: Fsync) -> Self {
        Self {
            polled: output.polled(),
            output: Arc::new(Mutex::new(output)),
            fsync,
            first_is_written: false,
            device: None,
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
        let finished = std::mem::take(&mut self.first_is_written);
        let (finished, left) = batch.split_at(usize::from(finished).min(batch.len()));
        output
            .append_records(&left, self.fsync, device)
            .map_err(|(stopped, is_torn)| {
                self.first_is_written = is_torn;
                stopped.after(finished.len())
            })
    }

    fn answer(&self, written: Result<(), Stopped>) -> Result<Wrote<'_>, SinkError> {
        match written {
            Ok(()) => Ok(Wrote::All),
            Err(Stopped::NotReady { records }) => Ok(Wrote::Part {
                records,
                pending: match &self.polled {
                    Some(file) => Pending::writable(file),
                    None => Pending::until(0), // a regular file is always ready
                },
            }),
            Err(Stopped::Failed(error)) => Err(error),
        }
    }
}

impl Sink for FileSink {
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
            Err(Stopped::NotReady { .. }) => Ok(()),
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
