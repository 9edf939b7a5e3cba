//! Inputs of lines: a file, a descriptor that is polled, or any reader. Reads of the first two never wait.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::OFlags;

use crate::sys::file_id::{Direction, is_null, standard_stream};
use crate::sys::printed::{Grouped, Printable};

/// The size that a pipe on standard input is given: with the default of 64 KiB each read wakes its writer.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// One input that is open.
pub(super) struct Input {
    pub(super) name: String,
    stream: Stream,
    /// Where in the input reading began, in bytes: standard input may be shared.
    began_at: u64,
    /// It has reached its end and is not read again: a terminal would need a second end, and the last line of a growing
    /// file would be cut in two.
    ended: bool,
    /// It is standard input, and `/dev/null`.
    is_null: bool,
    /// Others read it too: it was handed to this process.
    is_shared: bool,
}

enum Stream {
    /// A regular file, and its length when it was opened.
    Plain(File, u64),
    /// Pipes, terminals, devices: polled before each read.
    Polled(File),
    Reader(Box<dyn Read + Send>),
}

/// The result of a read.
pub(super) enum Filled {
    Some(usize),
    NotReadable,
    EndOfInput,
}

/// Checks whether a path may become an input, without effect on a pipe's writer.
pub(super) fn try_path(path: &Path) -> io::Result<()> {
    let kind = std::fs::metadata(path).map_err(|e| naming(path, &e))?;
    refuse_kind(&kind).map_err(|e| naming(path, &e))?;
    if kind.file_type().is_socket() {
        let socket = io::Error::other("is a socket; expected a file, a named pipe or a device");
        return Err(naming(path, &socket));
    }
    if kind.is_file() {
        File::open(path).map_err(|e| naming(path, &e))?;
    }
    Ok(())
}

fn refuse_kind(kind: &Metadata) -> io::Result<()> {
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(())
}

impl Input {
    /// `name` stands for it in messages.
    pub(super) fn open(path: &Path, name: &str) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // Without these flags opening a pipe without a writer would block, and a terminal would become the controlling
        // one. Check the opened file, not the path, which may have changed since.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
        let opened = options.read(true).open(path);
        let opened = opened.and_then(|file| Ok((file.metadata()?, file)));
        let naming = |e: io::Error| io::Error::new(e.kind(), format!("{name}: {e}"));
        let (kind, file) = opened.map_err(naming)?;
        refuse_kind(&kind).map_err(naming)?;
        let opened = Self::over(file, &kind, name.to_owned());
        opened.map_err(naming)
    }

    pub(super) fn stdin() -> io::Result<Self> {
        let name = "standard input";
        let opened = standard_stream(io::stdin(), Direction::Input);
        let (file, kind) = opened.map_err(|e| io::Error::new(e.kind(), format!("{name} {e}")))?;
        refuse_kind(&kind)?;
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&file, PIPE_BYTES); // fails for anything but a pipe, and above a limit
        let mut input = Self::over(file, &kind, name.into())?;
        input.is_null = is_null(&kind);
        input.is_shared = true;
        Ok(input)
    }

    pub(super) fn reader(reader: Box<dyn Read + Send>, name: String) -> Self {
        Self {
            name,
            stream: Stream::Reader(reader),
            began_at: 0,
            ended: false,
            is_null: false,
            is_shared: false,
        }
    }

    fn over(mut file: File, kind: &Metadata, name: String) -> io::Result<Self> {
        let (stream, began_at) = if kind.is_file() {
            let began_at = file.stream_position()?;
            (Stream::Plain(file, kind.len()), began_at)
        } else {
            (Stream::Polled(file), 0)
        };
        Ok(Self {
            name,
            stream,
            began_at,
            ended: false,
            is_null: false,
            is_shared: false,
        })
    }

    /// Whether bytes that were read from it cannot be read again.
    pub(super) fn consumed_by_reading(&self) -> bool {
        !matches!(self.stream, Stream::Plain(..))
    }

    /// Gives the last bytes that were read back to whoever shares this input; returns `false` if it
    /// cannot take them.
    pub(super) fn give_back(&self, bytes: usize) -> io::Result<bool> {
        match &self.stream {
            _ if !self.is_shared => Ok(true),
            Stream::Plain(file, _) => {
                let back = i64::try_from(bytes).map_err(io::Error::other)?;
                let mut file = file;
                file.seek(SeekFrom::Current(-back)).map(|_| true)
            }
            Stream::Polled(_) | Stream::Reader(_) => Ok(false),
        }
    }

    /// Where in the input reading began, in bytes.
    pub(super) fn began_at(&self) -> u64 {
        self.began_at
    }

    /// Whether its end was seen.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Its length now; `None` for an input without an end of its own, such as a pipe.
    pub(super) fn len(&self) -> Option<u64> {
        match &self.stream {
            Stream::Plain(file, len_before) => {
                Some(file.metadata().map_or(*len_before, |file| file.len()))
            }
            Stream::Polled(_) | Stream::Reader(_) => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }

    /// The file to wait for after [`Filled::NotReadable`]; `None` for a reader.
    pub(super) fn polled(&self) -> Option<&File> {
        match &self.stream {
            Stream::Plain(file, _) | Stream::Polled(file) => Some(file),
            Stream::Reader(_) => None,
        }
    }

    /// Reads once, into a buffer that is not empty.
    pub(super) fn read(&mut self, into: &mut [u8]) -> io::Result<Filled> {
        if self.ended {
            return Ok(Filled::EndOfInput);
        }
        let name = &self.name;
        loop {
            let read = match &mut self.stream {
                Stream::Polled(file) if !is_readable(file) => return Ok(Filled::NotReadable),
                Stream::Plain(file, _) | Stream::Polled(file) => file.read(into),
                Stream::Reader(reader) => reader.read(into),
            };
            return match read {
                Ok(0) => {
                    self.ended = true;
                    self.look_for_a_cut()?;
                    Ok(Filled::EndOfInput)
                }
                Ok(n) => Ok(Filled::Some(n)),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(Filled::NotReadable),
                Err(e) => Err(io::Error::new(e.kind(), format!("{name}: {e}"))),
            };
        }
    }

    /// At the end of a file: whether the file is now shorter than what was read of it. Lines that were not read are
    /// then lost, and the last one may be incomplete.
    fn look_for_a_cut(&self) -> io::Result<()> {
        let Stream::Plain(file, len_before) = &self.stream else {
            return Ok(());
        };
        let mut file = file;
        let (len, read) = (file.metadata()?.len(), file.stream_position()?);
        // Files that the kernel generates, as in /proc, have no length.
        if len < read && (len, *len_before) != (0, 0) {
            let name = &self.name;
            let [len, read] = [len, read].map(Grouped);
            return Err(io::Error::other(format!(
                "{name}: was cut to {len} bytes while it was read, {read} bytes into it: lines may be lost; do not \
                 truncate a log that is being read, rename it"
            )));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn is_readable(file: &File) -> bool {
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    // An error or a hang-up counts as readable; the read then returns it.
    let now = rustix::time::Timespec::default();
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{}: {error}", Printable(path.display())),
    )
}
