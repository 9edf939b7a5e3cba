//! Real logs: the lines of files, one after the other, or of standard input.
//!
//! A large chunk is read, `memchr` finds its newlines, and the chunk itself is lent. Bytes go through unchanged, be
//! they empty lines, CRLF, NUL or invalid UTF-8; only the newline that an input's last line lacks is added.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};

use super::{Demand, Lent, Source};
use crate::measure::DropReason;
use crate::path::record::{Burst, RecordHeader};

/// Bytes per read: large enough to make the system call cheap, small enough to stay in L2 until it is copied on.
const CHUNK: usize = 256 << 10;
/// Room that a pipe on standard input is given: the default of 64 KiB costs a wake-up of its writer per read.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;
/// Too-long lines that are named one by one in warnings; the rest are counted.
const NAMED_AT_MOST: u64 = 20;

/// The lines of one or more inputs, in order.
#[derive(Debug)]
pub struct Lines {
    /// Inputs still to be opened, the next one last.
    ahead: Vec<PathBuf>,
    input: Option<Input>,
    max_record_bytes: usize,
    /// What was read and not yet lent is `buffer[start..end]`; no newline is in `buffer[start..scanned]`.
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    end: usize,
    /// Inside a line that is too long: everything up to its newline is skipped.
    skipping: bool,
    filled_ns: u64,
    position: u64,
    line: u64,
    too_long: u64,
    headers: Vec<RecordHeader>,
}

#[derive(Debug)]
struct Input {
    name: String,
    file: File,
    /// Pipes, terminals and the like: they are polled before each read, so that no read ever blocks.
    polled: bool,
    /// What was read of it cannot be read again.
    consumed_by_reading: bool,
}

/// What is to be done next; free of borrows, so that [`Lines::lend`] can loop.
enum Step {
    Lend { records: usize, bytes: usize },
    Drop,
    NeedMore,
}

enum Filled {
    Some,
    NotReadable,
    EndOfInput,
}

impl Lines {
    /// The lines of files, in the order given. `max_record_bytes`, the newline included, bounds a line and with it
    /// the memory: a longer one is skipped, counted and named in a warning.
    ///
    /// # Errors
    ///
    /// When a path cannot be opened for reading or is a directory; the error names it. Files are opened again, one
    /// at a time, when their turn comes.
    pub fn files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        max_record_bytes: usize,
    ) -> io::Result<Self> {
        let mut ahead = Vec::new();
        for path in paths {
            let path = path.as_ref().to_path_buf();
            // Opening a pipe has effects on its writer, so only plain files are tried beforehand.
            let kind = std::fs::metadata(&path).map_err(|e| naming(&path, &e))?;
            if kind.is_dir() {
                return Err(naming(&path, &io::ErrorKind::IsADirectory.into()));
            }
            if kind.is_file() {
                File::open(&path).map_err(|e| naming(&path, &e))?;
            }
            ahead.push(path);
        }
        ahead.reverse();
        Ok(Self::over(ahead, None, max_record_bytes))
    }

    /// The lines of standard input.
    ///
    /// On a stop, what was already read is still lent, an unfinished last line with a newline added: it could not be
    /// read again.
    ///
    /// # Errors
    ///
    /// When standard input is closed.
    pub fn stdin(max_record_bytes: usize) -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let regular = file.metadata()?.is_file();
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&file, PIPE_BYTES); // refused for what is no pipe, and above a limit
        let input = Input {
            name: "standard input".into(),
            file,
            polled: !regular,
            consumed_by_reading: !regular,
        };
        Ok(Self::over(Vec::new(), Some(input), max_record_bytes))
    }

    fn over(ahead: Vec<PathBuf>, input: Option<Input>, max_record_bytes: usize) -> Self {
        Self {
            ahead,
            input,
            max_record_bytes,
            buffer: vec![0; CHUNK],
            start: 0,
            scanned: 0,
            end: 0,
            skipping: false,
            filled_ns: 0,
            position: 0,
            line: 0,
            too_long: 0,
            headers: Vec::new(),
        }
    }

    /// Finds whole lines in what was read.
    fn gather(&mut self, demand: Demand) -> Step {
        if self.skipping && !self.skip() {
            return Step::NeedMore;
        }
        self.headers.clear();
        let mut at = self.start;
        for newline in memchr::memchr_iter(b'\n', &self.buffer[self.scanned..self.end]) {
            let next = self.scanned + newline + 1;
            let len = next - at;
            if len > self.max_record_bytes {
                if self.headers.is_empty() {
                    self.start = next;
                    self.scanned = next;
                    return Step::Drop;
                }
                break;
            }
            if !self.headers.is_empty() && next - self.start > demand.bytes {
                break;
            }
            let header = RecordHeader::new(self.filled_ns, self.position, len as u32);
            self.headers.push(header);
            self.position += 1;
            self.line += 1;
            at = next;
            if self.headers.len() == demand.records {
                break;
            }
        }
        if !self.headers.is_empty() {
            let bytes = at - self.start;
            return Step::Lend {
                records: self.headers.len(),
                bytes,
            };
        }
        self.scanned = self.end;
        if self.end - self.start >= self.max_record_bytes {
            self.skipping = true;
            self.start = self.end;
            return Step::Drop;
        }
        Step::NeedMore
    }

    /// Leaves out the rest of a too long line, which was counted when it began; says whether its end was reached.
    fn skip(&mut self) -> bool {
        match memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
            Some(newline) => {
                self.start += newline + 1;
                self.skipping = false;
            }
            None => self.start = self.end,
        }
        self.scanned = self.start;
        !self.skipping
    }

    /// Counts a line that is given up, and names it.
    fn drop_line(&mut self) -> Lent<'static> {
        self.position += 1;
        self.line += 1;
        self.too_long += 1;
        let name = self.input.as_ref().map_or("", |input| &input.name);
        let (line, limit) = (self.line, self.max_record_bytes);
        if self.too_long <= NAMED_AT_MOST {
            tracing::warn!(
                "line {line} of {name} is longer than {limit} bytes and was dropped; \
                 raise max_record_bytes to keep such lines"
            );
        }
        if self.too_long == NAMED_AT_MOST {
            tracing::warn!("further lines that are too long are counted, not named");
        }
        Lent::Dropped(DropReason::TooLong, 1)
    }

    fn lend_step(&mut self, records: usize, bytes: usize) -> Lent<'_> {
        let from = self.start;
        self.start += bytes;
        self.scanned = self.start;
        Lent::Burst(Burst {
            headers: &mut self.headers[..records],
            bytes: &self.buffer[from..from + bytes],
        })
    }

    /// Reads the next chunk behind what is left of the last one.
    fn fill(&mut self, now_ns: u64) -> io::Result<Filled> {
        let Some(input) = &mut self.input else {
            return Ok(Filled::EndOfInput);
        };
        if input.polled && !is_readable(&input.file) {
            return Ok(Filled::NotReadable);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.scanned -= self.start;
        self.start = 0;
        if self.end + CHUNK / 2 > self.buffer.len() {
            let longest = self.max_record_bytes + CHUNK;
            let len = (self.buffer.len() * 2)
                .min(longest)
                .max(self.end + CHUNK / 2);
            self.buffer.resize(len, 0);
        }
        loop {
            match input.file.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(Filled::EndOfInput),
                Ok(n) => {
                    self.end += n;
                    self.filled_ns = now_ns;
                    return Ok(Filled::Some);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(Filled::NotReadable),
                Err(e) => return Err(io::Error::new(e.kind(), format!("{}: {e}", input.name))),
            }
        }
    }

    /// Adds the newline that the last line of an input lacks; says whether there was such a line.
    fn finish_last_line(&mut self) -> bool {
        if self.start == self.end {
            return false;
        }
        if self.end == self.buffer.len() {
            self.buffer.push(b'\n');
        } else {
            self.buffer[self.end] = b'\n';
        }
        self.end += 1;
        true
    }

    fn open_next(&mut self) -> io::Result<bool> {
        let Some(path) = self.ahead.pop() else {
            self.input = None;
            return Ok(false);
        };
        let mut options = OpenOptions::new();
        let polled = !std::fs::metadata(&path).is_ok_and(|kind| kind.is_file());
        if polled {
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        self.input = Some(Input {
            file: options
                .read(true)
                .open(&path)
                .map_err(|e| naming(&path, &e))?,
            name: path.display().to_string(),
            polled,
            consumed_by_reading: polled,
        });
        self.line = 0;
        self.skipping = false;
        Ok(true)
    }
}

impl Source for Lines {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        loop {
            match self.gather(demand) {
                Step::Lend { records, bytes } => return Ok(self.lend_step(records, bytes)),
                Step::Drop => return Ok(self.drop_line()),
                Step::NeedMore => match self.fill(demand.now_ns)? {
                    Filled::Some => {}
                    Filled::NotReadable => return Ok(Lent::NotReadable),
                    Filled::EndOfInput => {
                        if !self.finish_last_line() && !self.open_next()? {
                            return Ok(Lent::End);
                        }
                    }
                },
            }
        }
    }

    fn lend_rest(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        if !self.input.as_ref().is_some_and(|i| i.consumed_by_reading) {
            return Ok(Lent::End);
        }
        loop {
            match self.gather(demand) {
                Step::Lend { records, bytes } => return Ok(self.lend_step(records, bytes)),
                Step::Drop => return Ok(self.drop_line()),
                Step::NeedMore => {
                    if !self.finish_last_line() {
                        return Ok(Lent::End);
                    }
                }
            }
        }
    }

    fn readable(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(|input| input.file.as_fd())
    }
}

fn is_readable(file: &File) -> bool {
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    // An error or a hang-up counts as readable: the read then tells what it is.
    let now = rustix::time::Timespec::default();
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
