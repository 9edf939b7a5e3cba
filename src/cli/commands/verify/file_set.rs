//! Reads several files as one set.
//!
//! Workers with a file each share the records out between them, so each file by itself is full of gaps that the others
//! close. Read one after the other, the first could be a range for each record. Hence they are read side by side:
//! always the one that is furthest behind.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::cli::commands::verify::line_reader::LineReader;
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
    let mut waiting = files.iter();
    let mut open = Vec::new();
    loop {
        while open.len() < ABREAST
            && let Some(file) = waiting.next()
        {
            open.push(OpenFile::open(file)?);
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
    fn open(file: &Path) -> Result<Self, String> {
        let (name, input): (_, Box<dyn Read>) = if file.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let name = file.display().to_string();
            let input = File::open(file).map_err(|error| unreadable(&name, &error))?;
            (name, Box::new(input))
        };
        Ok(Self {
            name,
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

fn unreadable(name: &str, error: &io::Error) -> String {
    format!("cannot read {name}: {error}")
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
