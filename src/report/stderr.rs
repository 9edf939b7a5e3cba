//! Messages on standard error.

use std::fmt::Display;
use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

use crate::report::progress;
use crate::sys::printed::PrintableLines;

/// Prints a line on standard error. A failure is ignored, because there is no place left to report it.
pub(crate) fn say(line: impl Display) {
    // In one write, so that the lines of two threads do not mix.
    let _ = print(format!("{}\n", PrintableLines(line)).as_bytes());
}

pub(super) fn print(text: &[u8]) -> io::Result<()> {
    progress::above(|| io::stderr().write_all(text))
}

/// Prints a line if that is possible at once; prints nothing if standard error is a full pipe that nobody reads.
pub(crate) fn say_at_once(line: impl Display) {
    let now = Timespec::default();
    let stderr = io::stderr();
    if poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&now)).is_ok_and(|ready| ready > 0) {
        say(line);
    }
}
