//! The file that sinks share: finishes torn records, follows log rotation, and waits for the reader of a FIFO.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IoSlice, Seek, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::io::Errno;

use super::device::FaultyDevice;
use super::fsync::Fsync;
use super::tears::{Tear, Tears};
use crate::engine::batch::{Batch, split};
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::sys::file_id::{Direction, FileId, absolute, behind, standard_stream};
use crate::sys::printed::Printable;

/// Why not all of a batch was written.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The descriptor accepts nothing now; this many whole records were written before.
    NotReady {
        records: usize,
    },
    /// It is a FIFO that nobody has opened for reading yet; `first` is set once.
    NoReader {
        first: bool,
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
            Self::NoReader { first } => Self::NoReader { first },
            Self::Failed(error) => Self::Failed(error.after(before)),
        }
    }
}

impl From<SinkError> for Stopped {
    fn from(error: SinkError) -> Self {
        Self::Failed(error)
    }
}

/// Passed on from write to write.
type Device<'d> = Option<&'d mut FaultyDevice>;

#[derive(Debug)]
pub(super) struct Output {
    /// `None` for a FIFO that nobody has opened for reading yet.
    file: Option<Arc<File>>,
    name: String,
    /// Absolute; `None` for standard output.
    path: Option<PathBuf>,
    /// Which regular file was opened; `None` for anything else.
    opened: Option<FileId>,
    /// Whether its reader may close it without a failure: it is standard output.
    may_close: bool,
    /// Whether it was said that a FIFO has no reader.
    said: bool,
    /// The rest of a record in which a write stopped. A FIFO keeps its beginning for the next reader.
    torn_tail: Vec<u8>,
    pub(super) tears: Tears,
    /// Whether the file ended inside a line when it was opened.
    missing_newline: bool,
}

impl Output {
    pub(super) fn append(path: &Path, fsync: Fsync) -> io::Result<Self> {
        let name = Printable(path.display()).to_string();
        let mut output = Self::unopened(name, Some(absolute(path)));
        let opened = output.open_path(true);
        let opened = opened.and_then(|()| output.check_fsync(fsync));
        opened.map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", output.name)))?;
        Ok(output)
    }

    pub(super) fn stdout() -> io::Result<Self> {
        let name = "standard output".to_owned();
        let opened = standard_stream(io::stdout(), Direction::Output);
        let (mut file, found) =
            opened.map_err(|e| io::Error::new(e.kind(), format!("{name} {e}")))?;
        let mut output = Self::unopened(name, None);
        if found.is_file() {
            let appends = fcntl_getfl(&file)?.contains(OFlags::APPEND);
            let written = if appends {
                found.len()
            } else {
                file.stream_position()?
            };
            output.missing_newline = is_unended(Path::new("/dev/fd/1"), written);
        }
        output.may_close = true;
        output.file = Some(Arc::new(file));
        Ok(output)
    }

    fn unopened(name: String, path: Option<PathBuf>) -> Self {
        Self {
            file: None,
            name,
            path,
            opened: None,
            may_close: false,
            said: false,
            torn_tail: Vec::new(),
            tears: Tears::default(),
            missing_newline: false,
        }
    }

    /// Opens the path; leaves a FIFO unopened as long as it has no reader.
    fn open_path(&mut self, create: bool) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let file = match open(path, create) {
            Err(e) if is_unread_fifo(path, &e) => {
                self.file = None;
                return Ok(());
            }
            opened => opened?,
        };
        let found = file.metadata()?;
        self.opened = found.is_file().then(|| FileId::of(&found));
        self.missing_newline = found.is_file() && is_unended(path, found.len());
        self.may_close = is_stdout(&found);
        self.file = Some(Arc::new(file));
        Ok(())
    }

    /// Refuses to force data to the disk that cannot be forced: no batch would count as delivered.
    fn check_fsync(&self, fsync: Fsync) -> io::Result<()> {
        if fsync == Fsync::Never {
            return Ok(());
        }
        let no_disk = || Errno::INVAL.into();
        let synced = self.file.as_ref().ok_or_else(no_disk);
        synced.and_then(|file| file.sync_data()).map_err(|e| {
            let text = format!("cannot be forced to disk, as fsync batch asks: {e}");
            io::Error::new(e.kind(), text)
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The descriptor, if it may accept nothing for a while.
    pub(super) fn polled(&self) -> Option<Arc<File>> {
        self.file.clone().filter(|_| self.opened.is_none())
    }

    /// The open file; opens a FIFO that has a reader now.
    fn file(&mut self) -> Result<Arc<File>, Stopped> {
        if self.file.is_none() {
            self.open_path(false).map_err(|e| {
                let error = SinkError::from(e).with_kind(SinkErrorKind::Retryable);
                error.with_name(&self.name)
            })?;
        }
        let first = !std::mem::replace(&mut self.said, self.file.is_none());
        self.file.clone().ok_or(Stopped::NoReader { first })
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
        let file = self.file()?;
        if self.opened.is_some() && file.metadata().is_ok_and(|file| file.nlink() == 0) {
            // The file is deleted, and this record with it. Waiting to finish it would keep the file open and its space
            // in use.
            self.torn_tail = Vec::new();
            self.tears.lose();
            return Ok(device);
        }
        let (written, mut device) = write_all(&file, [&self.torn_tail, &[]], device);
        match written {
            Ok(()) => {
                self.torn_tail = Vec::new();
                if let Err(error) = self.sync(fsync, &mut device, 1) {
                    self.tears.finish_unforced(&error);
                    return Err(error.into());
                }
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
        let (Some(path), Some(ours)) = (&self.path, &self.opened) else {
            return Ok(());
        };
        let opened = match fs::metadata(path) {
            Ok(found) if FileId::of(&found) == *ours => return Ok(()),
            Ok(found) if !found.is_file() => Err(io::Error::other("is no file any more")),
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => self.open_path(true),
        };
        // Retryable: whatever blocks the path can be moved away.
        opened.map_err(|e| {
            let error = SinkError::from(e).with_kind(SinkErrorKind::Retryable);
            error.with_name(&format!(
                "{}, moved away, cannot be opened again",
                self.name
            ))
        })
    }

    /// Ends the incomplete line with which the file was opened.
    pub(super) fn end_last_line<'d>(&mut self, device: Device<'d>) -> Result<Device<'d>, Stopped> {
        if !self.missing_newline {
            return Ok(device);
        }
        let (written, device) = write_all(&*self.file()?, [b"\n", b""], device);
        written.map_err(|(_, error)| self.stopped(error, 0))?;
        self.missing_newline = false;
        Ok(device)
    }

    /// Appends whole records; if it stops inside one, keeps the rest of that record. The error carries how far it got
    /// and which record that is, if there is one.
    pub(super) fn append_records(
        &mut self,
        batch: &Batch<'_>,
        fsync: Fsync,
        device: Device<'_>,
    ) -> Result<(), (Stopped, Option<Tear>)> {
        let file = self.file().map_err(|stopped| (stopped, None))?;
        let (written, mut device) = write_all(&file, batch.bytes(), device);
        let Err((bytes, error)) = written else {
            let synced = self.sync(fsync, &mut device, batch.len());
            return synced.map_err(|error| (error.into(), None));
        };
        let (records, whole) = batch.whole_records_in(bytes);
        let is_torn = bytes > whole && !self.is_closed(&error);
        let tear = is_torn.then(|| self.tears.add());
        if is_torn {
            let (torn, _) = batch.split_at(records).1.split_at(1);
            let (_, missing) = split(torn.bytes(), bytes - whole);
            self.torn_tail = missing.concat();
        }
        if bytes > 0 {
            // Records before the failure count as delivered.
            let synced = self.sync(fsync, &mut device, batch.len());
            synced.map_err(|error| (error.into(), tear))?;
        }
        Err((self.stopped(error, records), tear))
    }

    fn stopped(&self, error: io::Error, records: usize) -> Stopped {
        if error.kind() == ErrorKind::WouldBlock && self.opened.is_none() {
            return Stopped::NotReady { records };
        }
        let closed = self.is_closed(&error);
        let mut error = SinkError::new(error, records);
        if closed {
            error = error.with_kind(SinkErrorKind::ReaderClosed);
        }
        Stopped::Failed(error.with_name(&self.name))
    }

    /// Whether its reader has closed it, and may.
    fn is_closed(&self, error: &io::Error) -> bool {
        self.may_close && error.kind() == ErrorKind::BrokenPipe
    }

    /// Forces what was written of so many records to the disk, if configured.
    fn sync(&self, fsync: Fsync, device: &mut Device<'_>, records: usize) -> Result<(), SinkError> {
        let (Fsync::Batch, Some(file)) = (fsync, &self.file) else {
            return Ok(());
        };
        let synced = match device {
            Some(device) => device.sync(file),
            None => file.sync_data(),
        };
        synced.map_err(|e| {
            let text = format!(
                "cannot be forced to disk: {e}; the last {records} records do not count as delivered, but may be in the \
                 file"
            );
            let error = SinkError::from(io::Error::new(e.kind(), text));
            error.with_kind(SinkErrorKind::Final).with_name(&self.name)
        })
    }
}

impl Drop for Output {
    /// After a panic the sink was not closed: a last attempt to finish the torn record.
    fn drop(&mut self) {
        let _ = self.finish_torn(Fsync::Never, None);
    }
}

/// Whether the last of a file's first `len` bytes is no newline. A file that may be written but not read is assumed to
/// end in one.
fn is_unended(path: &Path, len: u64) -> bool {
    let mut last = [b'\n'];
    if len == 0 {
        return false;
    }
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut last, len - 1));
    read.is_ok() && last != [b'\n']
}

/// Never waits: not for the reader of a FIFO, nor for a line of a modem.
fn open(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options.append(true).create(create).open(path)
}

fn is_unread_fifo(path: &Path, error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NXIO.raw_os_error())
        && fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Whether it is the pipe that is standard output, by another name.
fn is_stdout(found: &Metadata) -> bool {
    found.file_type().is_fifo()
        && behind(io::stdout()).is_ok_and(|stdout| FileId::of(&stdout) == FileId::of(found))
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
