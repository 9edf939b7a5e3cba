//! Floor 5: what people and programs get to see of a run. [`Report`](crate::Report) is all of it; here are its parts.
//!
//! ```text
//!   Snapshot, each interval --metrics_line--> [METRICS] ...     Report --summary--> text, --json--> FILE
//!                           --progress--> a bar on a terminal          '--html--> FILE
//! ```
//!
//! Invariants:
//! * Only this folder and `cli` print. Messages go to standard error, the rest to the files that were asked for:
//!   standard output belongs to the sink, or to the command that was asked to print.
//! * Figures are shown as they were counted; nothing here computes a figure that the library does not offer.

pub(crate) mod hgrm;
pub(crate) mod hlog;
pub(crate) mod html;
pub(crate) mod human_duration;
pub(crate) mod human_number;
pub(crate) mod json;
pub(crate) mod log_format;
pub(crate) mod metrics_line;
pub(crate) mod progress;
pub(crate) mod summary;

use std::fmt::Display;
use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;

pub use crate::outcome::report::{
    Backpressure, BatchCounts, Interval, LatencyPercentiles, Ledger, Origin, Setting, SinkTotals,
    Stop, Throughput, Worker,
};

/// Prints a line on standard error. A failure is ignored: nobody is left to read of it.
pub(crate) fn say(line: impl Display) {
    // In one write, so that the lines of two threads do not mix.
    let _ = print(format!("{line}\n").as_bytes());
}

fn print(text: &[u8]) -> io::Result<()> {
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
