//! Reads several files as one set.
//!
//! Workers with a file each share the records out between them, so each file by itself is full of gaps that the others
//! close. Read one after the other, the first could be a range for each record. Hence they are read side by side:
//! always the one that is furthest behind. Where descriptors run out, those that are open go first.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::io::Errno;

use crate::cli::commands::verify::line_reader::LineReader;
use crate::sys::printed::Printable;
use crate::verify::accounting::Accounting;

/// Files read side by side. Each takes a buffer and a descriptor, so the others wait until one of them ends.
const ABREAST: usize = 32;

/// A file being read.
struct OpenFile {
    /// As in the report.
    name: String,
    lines: LineReader<Box<dyn Read>>,
    /// Lines read.
    read: u64,
    /// The seq of the record read last.
    reached: u64,
}

/// Adds every line of every file to the account. `-` is standard input.
///
/// # Errors
///
/// The name of a file that could not be opened or read, and the reason.
pub(super) fn read_all(files: &[&Path], account: &mut Accounting) -> Result<(), String> {
    let mut waiting = files.iter().peekable();
    let mut open = Vec::new();
    loop {
        while open.len() < ABREAST
            && let Some(file) = waiting.peek()
        {
            match OpenFile::open(file) {
                Ok(file) => open.push(file),
                Err(error) if is_out_of_descriptors(&error) && !open.is_empty() => break,
                Err(error) => return Err(unreadable(&name(file), &error)),
            }
            waiting.next();
        }
        let behind = open
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, file)| file.reached);
        let Some((place, file)) = behind else {
            return Ok(());
        };
        if !file.step(account)? {
            open.remove(place);
        }
    }
}

impl OpenFile {
    fn open(file: &Path) -> io::Result<Self> {
        let input: Box<dyn Read> = if is_stdin(file) {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file)?)
        };
        Ok(Self {
            name: name(file),
            lines: LineReader::new(input),
            read: 0,
            reached: 0,
        })
    }

    /// Reads once. Returns whether there may be more.
    fn step(&mut self, account: &mut Accounting) -> Result<bool, String> {
        let stepped = self.lines.step(|line| {
            self.read += 1;
            if let Some(seq) = account.add(&self.name, self.read, line) {
                self.reached = seq;
            }
        });
        stepped.map_err(|error| unreadable(&self.name, &error))
    }
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// As in the report.
fn name(file: &Path) -> String {
    if is_stdin(file) {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE]
        .map(|errno| Some(errno.raw_os_error()))
        .contains(&error.raw_os_error())
}

fn unreadable(name: &str, error: &io::Error) -> String {
    format!("cannot read {}: {error}", Printable(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_read_is_named_with_the_reason() {
        let mut account = Accounting::new(0);
        let absent = Path::new("no/such/file.ndjson");
        let error = read_all(&[absent], &mut account).expect_err("there is no such file");
        assert!(
            error.starts_with("cannot read no/such/file.ndjson: No such file"),
            "{error}"
        );
        let error = read_all(&[Path::new("/")], &mut account).expect_err("a directory");
        assert!(
            error.starts_with("cannot read /: Is a directory"),
            "{error}"
        );
    }
}
