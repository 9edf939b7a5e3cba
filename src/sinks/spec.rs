//! A sink as configured, before it is opened.

use std::fmt::{Debug, Display};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::sink::SinkFactory;
use crate::sinks::{FileSink, Fsync};
use crate::sys::os_text;

/// The placeholder of the worker's number in the path of a file sink.
pub(super) const WORKER: &str = "{worker}";

/// Makes the file sink of each worker.
pub(super) type Files = Box<dyn FnMut(usize) -> io::Result<FileSink> + Send>;

/// A sink as configured. Its text is the short form, as it is written after `--sink`.
pub(crate) trait SinkSpec: Debug + Display + Send + Sync {
    /// Makes the factory. A file or standard output that all workers share is opened here, once.
    ///
    /// # Errors
    ///
    /// If it cannot be opened; the error names what failed.
    fn open(&self, fsync: Fsync) -> io::Result<Box<dyn SinkFactory>>;

    /// Opens the file sinks, for a decorator that needs their file; `None` if this is another sink.
    fn open_files(&self, _fsync: Fsync) -> Option<io::Result<Files>> {
        None
    }

    /// The sink that this one wraps.
    fn inner(&self) -> Option<&dyn SinkSpec> {
        None
    }

    /// Whether it ends in standard output.
    fn is_stdout(&self) -> bool {
        self.inner().is_some_and(SinkSpec::is_stdout)
    }

    /// The file in which it ends, if it does.
    fn file(&self) -> Option<&Path> {
        self.inner()?.file()
    }

    /// The files in which it ends, with so many workers.
    fn files(&self, workers: usize) -> Vec<PathBuf> {
        let Some(path) = self.file() else {
            return Vec::new();
        };
        if !self.is_per_worker() {
            return vec![path.to_owned()];
        }
        let file = |worker: usize| os_text::replace(path.as_os_str(), WORKER, &worker.to_string());
        (0..workers).map(|worker| file(worker).into()).collect()
    }

    /// Whether each worker has a file of its own.
    fn is_per_worker(&self) -> bool {
        let path = self.file();
        path.is_some_and(|path| os_text::contains(path.as_os_str(), WORKER))
    }
}
