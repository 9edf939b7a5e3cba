//! Floor 3: what people and programs get to see of a run.
//!
//! ```text
//!   Snapshot, each second --line--> [METRICS] ...       Outcome --summary--> text, --json--> FILE
//! ```
//!
//! Invariants:
//! * Only this folder and `cli` print. Everything here goes to standard error: standard output belongs to the sink.
//! * Figures are shown as they were counted; nothing here computes a figure that the library does not offer.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line on standard error. Where nobody can read it, that is no reason to fail.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

pub(crate) mod events;
pub(crate) mod json;
pub(crate) mod line;
mod short;
pub(crate) mod summary;
