//! The writer: takes what is queued and writes it to standard error.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::event::{PollFd, PollFlags, poll};

use super::flow::Flow;
use crate::outcome::Snapshot;
use crate::report::format::{Kind, style};
use crate::report::progress::{Bar, Goal};
use crate::sys::mailbox::{Mail, Mailbox};
use crate::sys::printed::Grouped;

/// What is written at once: a pipe takes that much whole, so that a line does not mix with those of other programs, and
/// a slow reader shows progress.
const CHUNK_BYTES: usize = 4_096;

/// What the writer receives.
#[derive(Debug)]
pub(super) enum Entry {
    /// A message, as it is to be written.
    Message(String),
    /// The figures of an interval, as they are to be written, and as the progress bar takes them.
    Interval(String, Box<Snapshot>),
    BeginBar(Goal),
    EndBar,
}

/// Writes to standard error until the queue is closed.
pub(crate) struct Writer {
    queue: Mailbox<Entry>,
    flow: Arc<Flow>,
    bar: Option<Bar>,
}

impl Writer {
    pub(super) fn new(queue: Mailbox<Entry>, flow: Arc<Flow>) -> Self {
        Self {
            queue,
            flow,
            bar: None,
        }
    }

    /// Writes what is queued, and ends when the queue is closed and empty.
    pub(crate) fn run(self) {
        self.run_to(&mut Stderr);
    }

    fn run_to(mut self, out: &mut impl Write) {
        while let Some(mail) = self.queue.take() {
            match mail {
                Mail::Item(Entry::Message(line)) => self.write(out, &line),
                Mail::Item(Entry::Interval(line, now)) => {
                    self.write(out, &line);
                    if let Some(bar) = &self.bar {
                        bar.show(&now);
                    }
                }
                Mail::Item(Entry::BeginBar(goal)) => self.bar = Some(Bar::begin(goal)),
                Mail::Item(Entry::EndBar) => {
                    if let Some(bar) = self.bar.take() {
                        bar.end();
                    }
                }
                Mail::Lost(messages) => {
                    let messages = Grouped(messages);
                    let text =
                        format!("{messages} messages were lost while standard error was not read");
                    let line = style().message(Kind::Warning, &text, SystemTime::now());
                    self.write(out, &line);
                }
            }
        }
        self.flow.over();
    }

    fn write(&self, out: &mut impl Write, line: &str) {
        let mut written = || {
            line.as_bytes().chunks(CHUNK_BYTES).try_for_each(|chunk| {
                out.write_all(chunk)?;
                self.flow.wrote();
                Ok::<_, io::Error>(())
            })
        };
        let written = match &self.bar {
            Some(bar) => bar.above(written),
            None => written(),
        };
        // Nobody will ever read a closed pipe; a full disk may have room again.
        if written.is_err_and(|error| error.kind() == ErrorKind::StorageFull) {
            self.queue.count_lost(1);
        }
    }
}

/// Standard error, waited for where it is not blocking: whoever shares it may have made it so.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match io::stderr().write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let stderr = io::stderr();
                    poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], None)?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Arc;

    use super::{Entry, Flow, Mailbox, Writer};

    /// Has no room for its first writes.
    struct Full {
        refuses: u32,
        written: Vec<u8>,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.refuses > 0 {
                self.refuses -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(refuses: u32, messages: u32) -> String {
        let (queue, flow) = (Mailbox::holding(256), Arc::<Flow>::default());
        for n in 1..=messages {
            queue.post(Entry::Message(format!("{n}\n")));
        }
        queue.close();
        let mut out = Full {
            refuses,
            written: Vec::new(),
        };
        Writer::new(queue, Arc::clone(&flow)).run_to(&mut out);
        flow.wait_for_the_end(); // at once
        String::from_utf8(out.written).expect("text")
    }

    #[test]
    fn messages_that_a_full_disk_refused_are_counted_when_it_has_room_again() {
        assert_eq!(
            written(2, 3),
            "3\nwarning: 2 messages were lost while standard error was not read\n"
        );
    }

    #[test]
    fn what_a_full_queue_refused_is_counted_behind_what_it_held() {
        let text = written(0, 1_000);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 257);
        assert_eq!((lines[0], lines[255]), ("1", "256"));
        assert!(lines[256].starts_with("warning: 744 messages were lost"));
    }
}
