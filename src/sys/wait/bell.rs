//! A bell that a thread inside `poll(2)` hears.
//!
//! A signal handler installed with `SA_RESTART` leaves a thread in `read(2)` where it is, so a producer that reads
//! standard input must wait in `poll` for the input *and* for the stop. The bell is the stop's descriptor: one pipe.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

/// The end that rings.
#[derive(Debug)]
pub(crate) struct Ringer(PipeWriter);

/// The end that is waited on.
#[derive(Debug)]
pub(crate) struct Bell(PipeReader);

/// Makes a bell and its ringer.
///
/// # Errors
///
/// The system's, when the process has no descriptors left.
pub(crate) fn bell() -> io::Result<(Bell, Ringer)> {
    let (reader, writer) = io::pipe()?;
    Ok((Bell(reader), Ringer(writer)))
}

impl Ringer {
    /// Rings for good: every wait on the bell, now or later, ends at once. Ring it once: each ring
    /// leaves a byte in the pipe.
    pub(crate) fn ring(&self) {
        // A pipe of which one end is gone has nobody waiting.
        let _ = (&self.0).write(&[1]);
    }
}

impl Bell {
    /// Waits until the bell rings, `input` has something to read (or has ended), or `timeout_ns` has passed.
    ///
    /// May return early; the caller looks again at whatever it waits for.
    pub(crate) fn wait(&self, input: Option<BorrowedFd<'_>>, timeout_ns: u64) {
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout_ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (timeout_ns % 1_000_000_000).cast_signed(),
        };
        let mut fds = [
            PollFd::new(&self.0, PollFlags::IN),
            PollFd::from_borrowed_fd(input.unwrap_or(self.0.as_fd()), PollFlags::IN),
        ];
        // An interrupted or refused poll returns early, which the contract allows.
        let _ = poll(&mut fds, Some(&timeout));
    }
}
