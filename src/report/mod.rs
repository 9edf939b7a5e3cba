//! Floor 3: what people and programs get to see of a run.
//!
//! ```text
//!   Snapshot, each interval --line--> [METRICS] ...     Outcome --summary--> text, --json--> FILE
//!                           --progress--> a bar on a terminal                  '--html--> FILE
//! ```
//!
//! Invariants:
//! * Only this folder and `cli` print. What is said goes to standard error, and the rest to the files that were asked
//!   for: standard output belongs to the sink.
//! * Figures are shown as they were counted; nothing here computes a figure that the library does not offer.

use std::fmt::Display;
use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

/// Prints a line on standard error. Where nobody can read it, that is no reason to fail.
pub(crate) fn say(line: impl Display) {
    // In one write, so that the lines of two threads do not mix.
    let _ = print(format!("{line}\n").as_bytes());
}

fn print(text: &[u8]) -> io::Result<()> {
    progress::above(|| io::stderr().write_all(text))
}

/// Prints a line if that can be done at once: where a pipe is full and nobody reads it, nothing is said.
pub(crate) fn say_at_once(line: impl Display) {
    let now = Timespec::default();
    let stderr = io::stderr();
    if poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&now)).is_ok_and(|ready| ready > 0) {
        say(line);
    }
}

pub(crate) mod hgrm;
pub(crate) mod hlog;
pub(crate) mod html;
pub(crate) mod human_duration;
pub(crate) mod json;
pub(crate) mod log_format;
pub(crate) mod metrics_line;
pub(crate) mod progress;
pub(crate) mod summary;
