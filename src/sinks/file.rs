//! The file sink: appends batches, each whole, to a file or to standard output.
//!
//! * A write that stops inside a record leaves half of it in the file. The missing half is kept, and the next writer,
//!   this worker or another that shares the file, writes it first. So nothing is ever glued to half a record; and where
//!   the worker that began it is cut off, the record is whole in the file although it does not count as delivered.
//!   Where even that fails - the disk stays full, the process is killed - the next run that appends to the file ends
//!   the half line first, so that it stays the only one that is torn.
//! * A file that is moved away or deleted while it is written - log rotation - is left at the next border between
//!   batches: `path` is opened again, and made where there is none. Batches before that border are in the file that was
//!   moved; of a file that was deleted they are gone with it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use crate::engine::batch::{Batch, behind, until};
use crate::engine::sink::Sink;
use crate::engine::sink_error::{SinkError, SinkErrorKind};

/// How long a write waits for a descriptor that does not block; then it fails and is tried again, so that the worker
/// hears a stop.
const WRITABLE_WITHIN: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// When a file's contents are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Never: the system writes them when it likes, and a crash of the machine may lose what was delivered.
    #[default]
    Never,
    /// After each batch, before its records count as delivered. A failure is final: the system may have thrown away
    /// what it could not write, so that trying again proves nothing.
    Batch,
}

/// Appends batches to a file. Clones share the file: a lock taken once per batch keeps each batch whole.
#[derive(Debug)]
pub struct FileSink {
    output: Arc<Mutex<Output>>,
    fsync: Fsync,
    /// Bytes of the batch to come that are in the file, or in [`Output::rest`] on their way there.
    owed: usize,
}

impl Clone for FileSink {
    fn clone(&self) -> Self {
        Self {
            output: Arc::clone(&self.output),
            fsync: self.fsync,
            owed: 0,
        }
    }
}

#[derive(Debug)]
struct Output {
    file: File,
    name: String,
    /// Where a regular file was opened, and which one it was: none of what is no file, or has no path.
    place: Option<(PathBuf, Identity)>,
    /// A write stopped inside a record: what is missing of it.
    rest: Vec<u8>,
    /// The file as it was found ends inside a line.
    unended: bool,
}

/// Which file it is, whatever its path.
type Identity = (u64, u64);

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

impl FileSink {
    /// Appends to the file at `path`, which is made where there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing; the error names it.
    pub fn append(path: &Path, fsync: Fsync) -> io::Result<Self> {
        let name = path.display().to_string();
        let naming = |e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
        let file = open(path).map_err(naming)?;
        let found = file.metadata().map_err(naming)?;
        let place = found.is_file().then(|| (path.into(), identity(&found)));
        let sink = Self::over(file, name, place, fsync);
        lock(&sink.output).unended = is_unended(path, &found);
        Ok(sink)
    }

    /// Writes to standard output, unbuffered: a batch is one system call.
    ///
    /// # Errors
    ///
    /// When standard output is closed.
    pub fn stdout() -> io::Result<Self> {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        let name = "standard output".to_owned();
        Ok(Self::over(File::from(stdout), name, None, Fsync::Never))
    }

    fn over(file: File, name: String, place: Option<(PathBuf, Identity)>, fsync: Fsync) -> Self {
        let output = Output {
            file,
            name,
            place,
            rest: Vec::new(),
            unended: false,
        };
        Self {
            output: Arc::new(Mutex::new(output)),
            fsync,
            owed: 0,
        }
    }

    /// Writes the batch; a `device` gives out by itself after so many bytes, with that error.
    fn put(
        &mut self,
        batch: &Batch<'_>,
        device: Option<(usize, io::Error)>,
    ) -> Result<(), SinkError> {
        let mut output = lock(&self.output);
        let device = match device {
            Some((room, error)) if room < output.rest.len() => {
                return Err(SinkError::new(error, 0).naming(&output.name));
            }
            device => device,
        };
        if !output.rest.is_empty() {
            output.finish_rest()?;
            sync(self.fsync, &output)?;
        }
        output.follow()?;
        if output.unended {
            write_all(&output.file, [b"\n", b""])?;
            output.unended = false;
        }
        // What another worker, or the call just now, has finished. A batch that resumes nothing is not that record's.
        let finished = std::mem::take(&mut self.owed).min(batch.byte_len());
        let finished = if batch.resumed() > 0 { finished } else { 0 };
        let bytes = behind(batch.bytes(), finished);
        let written = match device {
            None => write_all(&output.file, bytes),
            Some((room, error)) => {
                let room = room.saturating_sub(finished);
                let written = write_all(&output.file, until(bytes, room));
                written.and(Err(SinkError::new(error, room)))
            }
        };
        if let Err(error) = written {
            let error = error.after(finished).naming(&output.name);
            if error.kind() != SinkErrorKind::ReaderClosed {
                let at = error.accepted_bytes();
                let rest = behind(until(batch.bytes(), batch.end_of_record(at)), at);
                output.rest = rest.concat();
                self.owed = output.rest.len();
                if at > 0 {
                    sync(self.fsync, &output)?; // records before the failure count as delivered
                }
            }
            return Err(error);
        }
        sync(self.fsync, &output)
    }
}

impl Sink for FileSink {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.put(batch, None)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let mut output = lock(&self.output);
        if output.rest.is_empty() {
            return Ok(());
        }
        output.finish_rest()?;
        sync(self.fsync, &output)
    }

    fn give_out(&mut self, batch: &Batch<'_>, bytes: usize, error: io::Error) -> SinkError {
        let bytes = bytes.min(batch.byte_len());
        let put = self.put(batch, Some((bytes, error)));
        put.err()
            .unwrap_or_else(|| io::Error::other("a device that gave out wrote").into())
    }
}

/// Nothing panics while it holds this lock; if something did, the rest would still be as it was left.
fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forces what was written to the disk, if that is asked for.
fn sync(fsync: Fsync, output: &Output) -> Result<(), SinkError> {
    match fsync {
        Fsync::Never => Ok(()),
        Fsync::Batch => {
            let synced = output.file.sync_data().map_err(SinkError::from);
            synced.map_err(|e| e.with_kind(SinkErrorKind::Final).naming(&output.name))
        }
    }
}

/// Whether a file's last line has no newline. One that may be written and not read is taken for whole.
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

impl Output {
    /// Ends a record that a write stopped in, whoever began it.
    fn finish_rest(&mut self) -> Result<(), SinkError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        if self.place.is_some() && self.file.metadata().is_ok_and(|file| file.nlink() == 0) {
            // Deleted, and this record with it. To insist on the rest would keep the file open, and its space taken.
            self.rest = Vec::new();
            return Ok(());
        }
        match write_all(&self.file, [&self.rest, &[]]) {
            Ok(()) => {
                self.rest = Vec::new();
                Ok(())
            }
            Err(error) => {
                self.rest.drain(..error.accepted_bytes());
                Err(error.accepting_nothing().naming(&self.name))
            }
        }
    }

    /// Opens the path again where another file stands there now, or none.
    fn follow(&mut self) -> Result<(), SinkError> {
        let Some((path, ours)) = &self.place else {
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
                self.unended = is_unended(&path, &found);
                self.file = file;
                self.place = Some((path, identity));
                Ok(())
            }
            // Whatever is in the way can be taken out of it.
            Err(e) => {
                let error = SinkError::from(e).with_kind(SinkErrorKind::Retryable);
                Err(error.naming(&format!(
                    "{}, moved away, cannot be opened again",
                    self.name
                )))
            }
        }
    }
}

impl Drop for Output {
    /// The last try to leave whole records behind. What it comes to changes no count.
    fn drop(&mut self) {
        let _ = self.finish_rest();
    }
}

/// Writes both parts, going on after short writes.
fn write_all(file: &File, mut bytes: [&[u8]; 2]) -> Result<(), SinkError> {
    let mut accepted = 0;
    let mut waited = false;
    while bytes.iter().any(|part| !part.is_empty()) {
        match (&*file).write_vectored(&bytes.map(IoSlice::new)) {
            Ok(0) => return Err(SinkError::new(io::ErrorKind::WriteZero.into(), accepted)),
            Ok(n) => {
                accepted += n;
                waited = false;
                bytes = behind(bytes, n);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // Whoever shares the descriptor may have made it non-blocking.
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && !waited => {
                // An interrupted poll returns early; the write is then tried again.
                let _ = poll(
                    &mut [PollFd::new(file, PollFlags::OUT)],
                    Some(&WRITABLE_WITHIN),
                );
                waited = true;
            }
            Err(e) => return Err(SinkError::new(e, accepted)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::RecordHeader;

    fn headers(lens: &[u32]) -> Vec<RecordHeader> {
        let header = |len: &u32| RecordHeader::new(0, 0, *len);
        lens.iter().map(header).collect()
    }

    fn full() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    /// Two workers share a file; the first gives out after `room` bytes, and again after `more` of what is left.
    fn shared(room: usize, more: usize, second_comes_between: bool) -> Vec<u8> {
        let path = std::env::temp_dir().join(format!("splashdam-{}-shared", std::process::id()));
        let mut first = FileSink::append(&path, Fsync::Never).expect("a file");
        let mut second = first.clone();
        let (lines, three) = (b"ab\nc\ndefg\n", headers(&[3, 2, 5]));
        let mut done = 0;
        for room in [room, more] {
            let left = Batch::new((&three, &[]), (lines, &[]));
            let (records, whole) = left.whole_records_in(done);
            let left = Batch::new((&three[records..], &[]), (&lines[whole..], &[]));
            let left = left.resumed_at(done - whole);
            let error = first.give_out(&left, room.min(left.byte_len()), full());
            assert_eq!(error.kind(), SinkErrorKind::Retryable);
            done += error.accepted_bytes();
            if second_comes_between {
                let one = headers(&[3]);
                let other = Batch::new((&one, &[]), (b"xy\n", &[]));
                second.write(&other).expect("room");
            }
        }
        let left = Batch::new((&three, &[]), (lines, &[]));
        let (records, whole) = left.whole_records_in(done);
        if records < three.len() {
            let left = Batch::new((&three[records..], &[]), (&lines[whole..], &[]));
            first.write(&left.resumed_at(done - whole)).expect("room");
        }
        drop((first, second));
        let written = fs::read(&path).expect("the file");
        fs::remove_file(&path).expect("the file");
        written
    }

    #[test]
    fn wherever_a_write_stops_each_record_is_there_once_and_whole() {
        for (room, more) in (0..=10).flat_map(|room| (0..=10).map(move |more| (room, more))) {
            for between in [false, true] {
                let written = shared(room, more, between);
                let mut lines: Vec<_> = written.split_inclusive(|byte| *byte == b'\n').collect();
                lines.sort_unstable();
                let mut wanted: Vec<&[u8]> = vec![b"ab\n", b"c\n", b"defg\n"];
                wanted.extend([b"xy\n"; 2].iter().filter(|_| between).map(|l| &l[..]));
                assert_eq!(lines, wanted, "{room}, {more}, {between}");
            }
        }
    }
}
