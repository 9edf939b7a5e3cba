//! Real logs: the lines of files, one after the other, or of standard input.
//!
//! A large chunk is read, the framer finds its newlines, and the chunk itself is lent. Bytes pass unchanged, including
//! empty lines, CRLF, NUL and invalid UTF-8; only the newline that an input's last line lacks is added.

mod extents;
mod input;
#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::input::{Filled, Input, try_path};
use crate::engine::context::Context;
use crate::engine::extent::Extent;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::source::{Demand, Lent, Source};
use crate::framing::Frame;
use crate::framing::newline::Newline;
use crate::metrics::DropReason;
use crate::sys::file_id::absolute;
use crate::sys::printed::{Grouped, Printable};
use crate::sys::wait::Pending;

/// Bytes per read: large enough to make the system call cheap, small enough to stay in L2 until it is copied into
/// lanes.
const CHUNK: usize = 256 << 10;
/// Chunks and ends of inputs that one call may pass over without a line to lend.
const CHUNKS_AT_MOST: u32 = 8;
/// The time until a reader without a descriptor is read again after it had nothing.
const ASK_AGAIN_NS: u64 = 1_000_000;
/// Too-long lines that are named one by one in warnings; the rest are counted.
const NAMED_AT_MOST: u64 = 20;

/// The lines of one or more inputs, in order.
#[derive(Debug)]
pub struct Lines {
    /// Inputs still to be opened, the next one last: each an absolute path, and its name in messages.
    ahead: Vec<(PathBuf, String)>,
    input: Option<Input>,
    /// What was read of it so far.
    read_bytes: u64,
    /// The inputs before it that have an end.
    finished: Vec<Extent>,
    max_record_bytes: usize,
    /// What was read and not yet lent is `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    framer: Newline,
    filled_ns: u64,
    position: u64,
    line: u64,
    too_long: u64,
    headers: Vec<RecordHeader>,
    /// The last byte of the buffer is a newline that the input lacked.
    added_newline: bool,
    /// A failure to read that is returned when what was read before it is lent.
    failed: Option<io::Error>,
    context: Option<Context>,
}

/// The next step; without borrows, so that [`Lines::lend`] can loop.
enum Step {
    Lend { records: usize, bytes: usize },
    Drop,
    NeedMore,
}

impl Lines {
    /// The lines of files, in the order given. `max_record_bytes`, the newline included, bounds a line and with it
    /// the memory: a longer one is skipped, counted and named in a warning.
    ///
    /// A named pipe ends when its last writer has left, as it does for `cat`. Named twice, it is read again until the
    /// next writer has left, without loss in between.
    ///
    /// # Errors
    ///
    /// When a path cannot be opened for reading or is a directory; the error names it. Files are opened again, one at a
    /// time, when their turn comes: one that is missing by then, or that was truncated to less than what was read of
    /// it, is an error of [`lend`](Source::lend). A relative path stays where it leads now.
    pub fn files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        max_record_bytes: usize,
    ) -> io::Result<Self> {
        let mut ahead = Vec::new();
        for path in paths {
            let path = path.as_ref();
            try_path(path)?;
            ahead.push((absolute(path), Printable(path.display()).to_string()));
        }
        ahead.reverse();
        Ok(Self::over(ahead, None, max_record_bytes))
    }

    /// The lines of standard input.
    ///
    /// On a stop, what was already read is still lent, an unfinished last line with a newline added, because it cannot
    /// be read again. If it is a file, what was read and not lent is given back instead: the next reader of the same
    /// descriptor goes on at the line behind the last one that was lent. If it is not, a run that ends at its count
    /// logs how many bytes were read behind the last line.
    ///
    /// # Errors
    ///
    /// When standard input is a directory, was closed when the process began, or is open for writing only. A
    /// `/dev/null` that is open for reading and writing counts as closed: Rust puts one in the place of a closed
    /// stream. One that is open for reading only ends at once, with a warning.
    pub fn stdin(max_record_bytes: usize) -> io::Result<Self> {
        let input = Input::stdin()?;
        Ok(Self::over(Vec::new(), Some(input), max_record_bytes))
    }

    /// The lines of any reader, such as a decompressor; `name` stands for it in warnings and errors.
    ///
    /// A read that blocks delays a stop, too. One that returns [`WouldBlock`](io::ErrorKind::WouldBlock) is repeated a
    /// millisecond later.
    ///
    /// ```
    /// use splashdam::{Pipeline, sinks::Null, sources::Lines};
    ///
    /// let lines = Lines::reader("one\ntwo\nthree".as_bytes(), "a string", 1_000);
    /// let outcome = Pipeline::new(lines, |_worker: usize| Ok(Null)).start()?.join();
    /// assert_eq!(outcome.ledger.delivered, 3);
    /// # Ok::<(), splashdam::StartError>(())
    /// ```
    pub fn reader(
        reader: impl Read + Send + 'static,
        name: impl Into<String>,
        max_record_bytes: usize,
    ) -> Self {
        let input = Input::reader(Box::new(reader), name.into());
        Self::over(Vec::new(), Some(input), max_record_bytes)
    }

    fn over(ahead: Vec<(PathBuf, String)>, input: Option<Input>, max_record_bytes: usize) -> Self {
        Self {
            ahead,
            input,
            read_bytes: 0,
            finished: Vec::new(),
            max_record_bytes,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            framer: Newline::new(max_record_bytes),
            filled_ns: 0,
            position: 0,
            line: 0,
            too_long: 0,
            headers: Vec::new(),
            added_newline: false,
            failed: None,
            context: None,
        }
    }

    /// Finds whole lines in what was read.
    fn gather(&mut self, demand: Demand) -> Step {
        self.headers.clear();
        let read = &self.buffer[..self.end];
        let mut at = self.start;
        let mut framer = self.framer;
        while self.headers.len() < demand.records {
            let first = self.headers.is_empty();
            match framer.next(&read[at..]) {
                Frame::Record(len) if first || at + len - self.start <= demand.bytes => {
                    let header = RecordHeader::new(self.filled_ns, self.position, len as u32);
                    self.headers.push(header);
                    self.position += 1;
                    self.line += 1;
                    at += len;
                }
                Frame::TooLong(len) if first => {
                    self.framer = framer;
                    self.start += len;
                    return Step::Drop;
                }
                Frame::Skip(len) => {
                    self.framer = framer;
                    self.start += len;
                    return self.gather(demand); // recurses once: no skip follows a skip
                }
                Frame::NeedMore => break,
                Frame::Record(_) | Frame::TooLong(_) => {
                    framer = Newline::new(self.max_record_bytes); // finds it again
                    break;
                }
            }
        }
        self.framer = framer;
        if self.headers.is_empty() {
            return Step::NeedMore;
        }
        Step::Lend {
            records: self.headers.len(),
            bytes: at - self.start,
        }
    }

    /// Counts a line that is dropped, and names it in a warning.
    fn drop_line(&mut self) -> Lent<'static> {
        self.position += 1;
        self.line += 1;
        self.too_long += 1;
        let name = self.input.as_ref().map_or("", |input| &input.name);
        let (line, limit) = (self.line, Grouped(self.max_record_bytes));
        if self.too_long <= NAMED_AT_MOST {
            self.warn(format!(
                "line {line} of {name} is longer than {limit} bytes and was dropped; \
                 raise max_record_bytes to keep such lines"
            ));
        }
        if self.too_long == NAMED_AT_MOST {
            self.warn("further lines that are too long are counted, not named".into());
        }
        Lent::Dropped(DropReason::TooLong, 1)
    }

    fn warn(&self, text: String) {
        if let Some(context) = &self.context {
            context.warn(text);
        }
    }

    /// When to read again.
    fn pending(&self, now_ns: u64) -> Lent<'_> {
        let polled = self.input.as_ref().and_then(Input::polled);
        Lent::Pending(match polled {
            Some(file) => Pending::readable(file),
            None => Pending::until(now_ns.saturating_add(ASK_AGAIN_NS)),
        })
    }

    fn lend_step(&mut self, records: usize, bytes: usize) -> Lent<'_> {
        let from = self.start;
        self.start += bytes;
        Lent::Burst(Burst {
            headers: &mut self.headers[..records],
            bytes: &self.buffer[from..from + bytes],
        })
    }

    /// Reads the next chunk to the end of what is left of the last one.
    fn fill(&mut self, now_ns: u64) -> io::Result<Filled> {
        let Some(input) = &mut self.input else {
            return Ok(Filled::EndOfInput);
        };
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end + CHUNK / 2 > self.buffer.len() {
            let longest = self.max_record_bytes + CHUNK;
            let len = (self.buffer.len() * 2)
                .min(longest)
                .max(self.end + CHUNK / 2);
            self.buffer.resize(len, 0);
        }
        let filled = input.read(&mut self.buffer[self.end..])?;
        self.added_newline = false;
        if let Filled::Some(n) = filled {
            self.end += n;
            self.read_bytes += n as u64;
            self.filled_ns = now_ns;
        }
        Ok(filled)
    }

    /// Adds the newline that the last line of an input lacks; returns whether there was such a line.
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
        self.added_newline = true;
        true
    }

    /// Whether what was read of the input cannot be read again.
    fn is_consumed(&self) -> bool {
        let input = self.input.as_ref();
        input.is_some_and(Input::consumed_by_reading)
    }

    fn open_next(&mut self) -> io::Result<bool> {
        self.finish_input();
        let Some((path, name)) = self.ahead.pop() else {
            return Ok(false);
        };
        self.input = Some(Input::open(&path, &name)?);
        (self.line, self.read_bytes) = (0, 0);
        self.framer = Newline::new(self.max_record_bytes);
        Ok(true)
    }
}

impl Source for Lines {
    fn start(&mut self, context: Context) {
        if self.input.as_ref().is_some_and(Input::is_null) {
            context.warn("standard input is /dev/null: there is nothing to read");
        }
        self.context = Some(context);
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        let mut chunks = 0;
        loop {
            match self.gather(demand) {
                Step::Lend { records, bytes } => return Ok(self.lend_step(records, bytes)),
                Step::Drop => return Ok(self.drop_line()),
                // A line without an end would keep the producer here, where no stop reaches it.
                Step::NeedMore if chunks == CHUNKS_AT_MOST => {
                    return Ok(self.pending(demand.now_ns));
                }
                Step::NeedMore => match self
                    .failed
                    .take()
                    .map_or_else(|| self.fill(demand.now_ns), Err)
                {
                    Ok(Filled::Some(_)) => {}
                    Ok(Filled::NotReadable) => return Ok(self.pending(demand.now_ns)),
                    Ok(Filled::EndOfInput) => {
                        if !self.finish_last_line() && !self.open_next()? {
                            return Ok(Lent::End);
                        }
                    }
                    // The line that it broke off in is delivered first, as at a stop, where it cannot be read again.
                    Err(error) if self.is_consumed() && self.finish_last_line() => {
                        self.failed = Some(error);
                    }
                    Err(error) => return Err(error),
                },
            }
            chunks += 1;
        }
    }

    fn extents(&self) -> Vec<Extent> {
        self.all_extents()
    }

    fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        if !self.is_consumed() {
            return Ok(Lent::End);
        }
        loop {
            match self.gather(demand) {
                Step::Lend { records, bytes } => return Ok(self.lend_step(records, bytes)),
                Step::Drop => return Ok(self.drop_line()),
                Step::NeedMore => {
                    if let Some(error) = self.failed.take() {
                        return Err(error);
                    }
                    if !self.finish_last_line() {
                        return Ok(Lent::End);
                    }
                }
            }
        }
    }

    /// Gives back what was read from standard input and not lent: it is shared with whoever reads it next.
    fn close(&mut self) {
        let unlent = (self.end - self.start).saturating_sub(usize::from(self.added_newline));
        let Some(input) = self.input.as_ref().filter(|_| unlent > 0) else {
            return;
        };
        let name = &input.name;
        let lost = match input.give_back(unlent) {
            Ok(true) => return,
            Ok(false) => format!(
                "{name}: {unlent} bytes behind the last record were read and not delivered; what is not a file cannot \
                 take them back"
            ),
            Err(error) => format!(
                "{name}: {unlent} bytes behind the last record were read and not delivered, and cannot be given back: \
                 {error}"
            ),
        };
        if let Some(context) = &self.context {
            context.info(lost);
        }
    }
}
