//! Reading several files as one set.
//!
//! Workers that write a file each share the records out between them, so each file by itself is full of gaps that
//! the others close. Read one after the other, the first alone could be a run for each record. So the files are read
//! side by side: always the one that is furthest behind.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::verify::accounting::Tally;
use crate::verify::line_reader::Lines;

/// Files read side by side. Each has a buffer, and a descriptor, so the others wait for one of them to end.
const ABREAST: usize = 32;

/// A file being read.
struct Source {
    /// As the report names it.
    name: String,
    lines: Lines<Box<dyn Read>>,
    /// Lines read.
    read: u64,
    /// The seq of the record read last.
    reached: u64,
}

/// Adds every line of every file to the tally. `-` is standard input.
///
/// # Errors
///
/// Which file could not be opened or read, and why.
pub(super) fn read_all(files: &[&Path], tally: &mut Tally) -> Result<(), String> {
    let mut waiting = files.iter();
    let mut open = Vec::new();
    loop {
        while open.len() < ABREAST
            && let Some(file) = waiting.next()
        {
            open.push(Source::open(file)?);
        }
        let behind = open
            .iter_mut()
            .enumerate()
            .min_by_key(|(_, source)| source.reached);
        let Some((place, source)) = behind else {
            return Ok(());
        };
        if !source.step(tally)? {
            open.remove(place);
        }
    }
}

impl Source {
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
            lines: Lines::new(input),
            read: 0,
            reached: 0,
        })
    }

    /// Reads a little further. False at the end.
    fn step(&mut self, tally: &mut Tally) -> Result<bool, String> {
        let stepped = self.lines.step(|line| {
            self.read += 1;
            if let Some(seq) = tally.add(&self.name, self.read, line) {
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
        let mut tally = Tally::new(0);
        let absent = Path::new("no/such/file.ndjson");
        let error = read_all(&[absent], &mut tally).expect_err("there is no such file");
        assert!(
            error.starts_with("cannot read no/such/file.ndjson: No such file"),
            "{error}"
        );
        let error = read_all(&[Path::new("/")], &mut tally).expect_err("a directory");
        assert!(
            error.starts_with("cannot read /: Is a directory"),
            "{error}"
        );
    }
}
