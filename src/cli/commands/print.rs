//! What a command is asked to print.

use std::io::{self, ErrorKind, Write};

use crate::sys::printed::PrintableLines;

/// Prints a text on standard output, control characters escaped. A reader that has gone away has read enough, so that a
/// closed pipe is no error.
///
/// # Errors
///
/// When standard output cannot be written for another reason.
pub(super) fn print(text: &str) -> io::Result<()> {
    let text = PrintableLines(text).to_string();
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
