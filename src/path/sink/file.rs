//! The file sink: appends batches, each whole, to a file or to standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};

use super::{Sink, SinkError, SinkErrorKind};
use crate::path::batch::Batch;

/// When a file's contents are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Never: the system writes them when it likes, and a crash of the machine may lose what was delivered.
    #[default]
    Never,
    /// After each batch, before its records count as delivered.
    Batch,
}

/// Appends batches to a file. Clones share the file: a lock taken once per batch keeps each batch whole.
#[derive(Clone, Debug)]
pub struct FileSink {
    output: Arc<Mutex<Output>>,
    fsync: Fsync,
}

#[derive(Debug)]
struct Output {
    file: File,
    name: String,
    /// A write ended inside a record: whatever came behind it would be glued to the torn half.
    torn: bool,
}

impl FileSink {
    /// Appends to the file at `path`, which is made where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing; the error names it.
    pub fn append(path: &Path, fsync: Fsync) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file =
            file.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
        Ok(Self::over(file, path.display().to_string(), fsync))
    }

    /// Writes to standard output, unbuffered: a batch is one system call.
    ///
    /// # Errors
    ///
    /// When standard output is closed.
    pub fn stdout() -> io::Result<Self> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        let name = "standard output".to_owned();
        Ok(Self::over(File::from(stdout), name, Fsync::Never))
    }

    fn over(file: File, name: String, fsync: Fsync) -> Self {
        let output = Output {
            file,
            name,
            torn: false,
        };
        Self {
            output: Arc::new(Mutex::new(output)),
            fsync,
        }
    }
}

impl Sink for FileSink {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        // Nothing panics while it holds this lock; if something did, `torn` would still be as it was left.
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.torn {
            let torn = io::Error::other("an earlier write to the same file failed inside a record");
            return Err(torn.into());
        }
        if let Err(error) = write_all(&mut output.file, batch.bytes()) {
            let (_, whole) = batch.whole_records_in(error.accepted_bytes());
            // Where the reader has gone nothing comes behind it any more.
            output.torn = error.kind() == SinkErrorKind::Final && whole != error.accepted_bytes();
            return Err(error.naming(&output.name));
        }
        if self.fsync == Fsync::Batch {
            let synced = output.file.sync_data();
            synced.map_err(|e| SinkError::new(e, 0).naming(&output.name))?;
        }
        Ok(())
    }
}

/// Writes both parts, going on after short writes.
fn write_all(file: &mut File, [mut first, mut second]: [&[u8]; 2]) -> Result<(), SinkError> {
    let mut accepted = 0;
    while !(first.is_empty() && second.is_empty()) {
        match file.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
            Ok(0) => return Err(SinkError::new(io::ErrorKind::WriteZero.into(), accepted)),
            Ok(n) => {
                accepted += n;
                let of_first = n.min(first.len());
                first = &first[of_first..];
                second = &second[n - of_first..];
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares the descriptor may have made it non-blocking.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => wait_writable(file),
            Err(e) => return Err(SinkError::new(e, accepted)),
        }
    }
    Ok(())
}

fn wait_writable(file: &File) {
    // An interrupted poll returns early; the write is then tried again.
    let _ = poll(&mut [PollFd::new(file, PollFlags::OUT)], None);
}
