//! The file that sinks share: finishes torn records, and follows log rotation.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::device::FaultyDevice;
use super::fsync::Fsync;
use crate::engine::batch::{Batch, split};
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::sys::printed::Printable;

/// Why not all of a batch was written.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The descriptor accepts nothing now; this many whole records were written before.
    NotReady {
        records: usize,
    },
    Failed(SinkError),
}

impl Stopped {
    /// The same, after this many more records.
    pub(super) fn after(self, before: usize) -> Self {
        match self {
            Self::NotReady { records } => Self::NotReady {
                records: before + records,
            },
            Self::Failed(error) => Self::Failed(error.after(before)),
        }
    }
}

impl From<SinkError> for Stopped {
    fn from(error: SinkError) -> Self {
        Self::Failed(error)
    }
}

/// The file's identity, whatever its path.
type Identity = (u64, u64);

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// Passed on from write to write.
type Device<'d> = Option<&'d mut FaultyDevice>;

#[derive(Debug)]
pub(super) struct Output {
    file: Arc<File>,
    name: String,
    /// The path of a regular file, and which file was opened there; `None` for anything else.
    opened_as: Option<(PathBuf, Identity)>,
    /// The rest of a record in which a write stopped.
    torn_tail: Vec<u8>,
    /// Whether the file ended inside a line when it was opened.
    missing_newline: bool,
}

impl Output {
    pub(super) fn append(path: &Path) -> io::Result<Self> {
        let name = Printable(path.display()).to_string();
        let with_path = |e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
        let opened = open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (found, file) = opened.map_err(with_path)?;
        let mut output = Self::over(file, name);
        output.opened_as = found.is_file().then(|| (path.into(), identity(&found)));
        output.missing_newline = is_unended(path, &found);
        Ok(output)
    }

    pub(super) fn over(file: File, name: String) -> Self {
        Self {
            file: Arc::new(file),
            name,
            opened_as: None,
            torn_tail: Vec::new(),
            missing_newline: false,
        }
    }

    /// The descriptor, if it may accept nothing for a while.
    pub(super) fn polled(&self) -> Option<Arc<File>> {
        self.opened_as.is_none().then(|| Arc::clone(&self.file))
    }

    /// Finishes the record that a write stopped in, whichever sink began it.
    pub(super) fn finish_torn<'d>(
        &mut self,
        fsync: Fsync,
        device: Device<'d>,
    ) -> Result<Device<'d>, Stopped> {
        if self.torn_tail.is_empty() {
            return Ok(device);
        }
        if self.opened_as.is_some() && self.file.metadata().is_ok_and(|file| file.nlink() == 0) {
            // The file is deleted, and this record with it. Waiting to finish it would keep the file open and its space
            // in use.
            self.torn_tail = Vec::new();
            return Ok(device);
        }
        let (written, device) = write_all(&self.file, [&self.torn_tail, &[]], device);
        match written {
            Ok(()) => {
                self.torn_tail = Vec::new();
                self.sync(fsync)?;
                Ok(device)
            }
            Err((bytes, error)) => {
                self.torn_tail.drain(..bytes);
                Err(self.stopped(error, 0))
            }
        }
    }

    /// Opens the path again if it now names another file, or none.
    pub(super) fn reopen_if_rotated(&mut self) -> Result<(), SinkError> {
        let Some((path, ours)) = &self.opened_as else {
            return Ok(());
        };
        let opened = match fs::metadata(path) {
            Ok(found) if identity(&found) == *ours => return Ok(()),
            Ok(found) if !found.is_file() => Err(io::Error::other("is no file any more")),
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => open(path),
        };
        let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
        match opened {
            Ok((found, file)) => {
                let (path, identity) = (path.clone(), identity(&found));
                self.missing_newline = is_unended(&path, &found);
                self.file = Arc::new(file);
                self.opened_as = Some((path, identity));
                Ok(())
            }
            // Retryable: whatever blocks the path can be moved away.
            Err(e) => {
                let error = SinkError::from(e).with_kind(SinkErrorKind::Retryable);
                Err(error.with_name(&format!(
                    "{}, moved away, cannot be opened again",
                    self.name
                )))
            }
        }
    }

    /// Ends the incomplete line with which the file was opened.
    pub(super) fn end_last_line<'d>(&mut self, device: Device<'d>) -> Result<Device<'d>, Stopped> {
        if !self.missing_newline {
            return Ok(device);
        }
        let (written, device) = write_all(&self.file, [b"\n", b""], device);
        written.map_err(|(_, error)| self.stopped(error, 0))?;
        self.missing_newline = false;
        Ok(device)
    }

    /// Appends whole records; if it stops inside one, keeps the rest of that record. The error carries how far it got
    /// and whether there is such a record.
    pub(super) fn append_records(
        &mut self,
        batch: &Batch<'_>,
        fsync: Fsync,
        device: Device<'_>,
    ) -> Result<(), (Stopped, bool)> {
        let (written, _) = write_all(&self.file, batch.bytes(), device);
        let Err((bytes, error)) = written else {
            return self.sync(fsync).map_err(|error| (error.into(), false));
        };
        let (records, whole) = batch.whole_records_in(bytes);
        let is_torn = bytes > whole && SinkErrorKind::of(&error) != SinkErrorKind::ReaderClosed;
        if is_torn {
            let (torn, _) = batch.split_at(records).1.split_at(1);
            let (_, missing) = split(torn.bytes(), bytes - whole);
            self.torn_tail = missing.concat();
        }
        if bytes > 0 {
            // Records before the failure count as delivered.
            self.sync(fsync).map_err(|error| (error.into(), is_torn))?;
        }
        Err((self.stopped(error, records), is_torn))
    }

    fn stopped(&self, error: io::Error, records: usize) -> Stopped {
        if error.kind() == io::ErrorKind::WouldBlock && self.opened_as.is_none() {
            return Stopped::NotReady { records };
        }
        Stopped::Failed(SinkError::new(error, records).with_name(&self.name))
    }

    /// Forces written data to the disk, if configured.
    fn sync(&self, fsync: Fsync) -> Result<(), SinkError> {
        match fsync {
            Fsync::Never => Ok(()),
            Fsync::Batch => {
                let synced = self.file.sync_data().map_err(SinkError::from);
                synced.map_err(|e| e.with_kind(SinkErrorKind::Final).with_name(&self.name))
            }
        }
    }
}

impl Drop for Output {
    /// After a panic the sink was not closed: a last attempt to finish the torn record.
    fn drop(&mut self) {
        let _ = self.finish_torn(Fsync::Never, None);
    }
}

/// Whether a file's last line has no newline. A file that may be written but not read is assumed to have one.
fn is_unended(path: &Path, found: &Metadata) -> bool {
    let mut last = [b'\n'];
    if found.is_file() && found.len() > 0 {
        let read = File::open(path).and_then(|file| file.read_exact_at(&mut last, found.len() - 1));
        return read.is_ok() && last != [b'\n'];
    }
    false
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Writes both parts, going on after short writes. The error carries the number of bytes that were written before it.
fn write_all<'d>(
    file: &File,
    mut bytes: [&[u8]; 2],
    mut device: Device<'d>,
) -> (Result<(), (usize, io::Error)>, Device<'d>) {
    let mut done = 0;
    while bytes.iter().any(|part| !part.is_empty()) {
        let written = match &mut device {
            None => (&*file).write_vectored(&bytes.map(IoSlice::new)),
            Some(device) => device.write(file, bytes),
        };
        match written {
            Ok(0) => return (Err((done, io::ErrorKind::WriteZero.into())), device),
            Ok(n) => {
                done += n;
                (_, bytes) = split(bytes, n);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (Err((done, e)), device),
        }
    }
    (Ok(()), device)
}
