//! The report as a JSON file. Its shape is that of [`Report`]; `reference/report.md` documents it key by key.

use std::io::{self, Write};

use crate::outcome::Report;

/// Writes a report as JSON, indented and ending in a newline.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn write(report: &Report, mut to: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut to, report)?;
    to.write_all(b"\n")?;
    to.flush()
}
