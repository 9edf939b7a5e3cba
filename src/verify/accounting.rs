//! Sorts lines into records, repeated records and torn lines.

use serde::Serialize;

use crate::sys::printed::is_unprintable;
use crate::verify::parse::parse_seq;
use crate::verify::sequence_set::SequenceSet;

/// Columns of a torn line that are shown, about.
const EXCERPT_WIDTH: usize = 60;

/// The longest line that is parsed, in bytes without its newline.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

/// A line, without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// It ended with a newline.
    Ended(&'a [u8]),
    /// The input ended before the line did.
    Unended(&'a [u8]),
    /// The beginning of a line longer than 16 MiB.
    TooLong(&'a [u8]),
}

/// The account of every line of every file. Neither the order of lines nor that of files makes a difference to it.
#[derive(Debug, Default)]
pub(crate) struct Accounting {
    /// Lines read, of any kind.
    pub(crate) lines: u64,
    /// The seq of every record.
    pub(crate) seen: SequenceSet,
    /// Lines that hold no record.
    pub(crate) torn: u64,
    /// The first of the torn lines, up to the limit.
    pub(crate) torn_lines: Vec<TornLine>,
    /// Files whose last line is a record without a newline.
    pub(crate) unended: Vec<String>,
    /// How many torn lines are kept.
    limit: usize,
}

/// A line that is not one JSON object with a seq.
#[derive(Debug, Serialize)]
pub(crate) struct TornLine {
    /// As named on the command line.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: u64,
    /// Its beginning, made safe for a terminal.
    pub(crate) excerpt: String,
    /// Why it is torn.
    pub(crate) why: String,
}

impl Accounting {
    /// An empty account that keeps up to `limit` torn lines and counts the others.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds line `number` of `file`, counted from 1. Returns the seq of its record, `None` if it is torn.
    pub(crate) fn add(&mut self, file: &str, number: u64, line: Line<'_>) -> Option<u64> {
        self.lines += 1;
        let (text, seq) = match line {
            Line::Ended(text) | Line::Unended(text) => (text, parse_seq(text)),
            Line::TooLong(start) => (start, Err("longer than 16 MiB".to_owned())),
        };
        match seq {
            Ok(seq) => {
                self.seen.insert(seq);
                if let Line::Unended(_) = line {
                    self.unended.push(file.to_owned());
                }
                Some(seq)
            }
            Err(why) => {
                self.add_torn(file, number, text, why);
                None
            }
        }
    }

    fn add_torn(&mut self, file: &str, line: u64, text: &[u8], why: String) {
        self.torn += 1;
        if self.torn_lines.len() < self.limit {
            self.torn_lines.push(TornLine {
                file: file.to_owned(),
                line,
                excerpt: excerpt(text),
                why,
            });
        }
    }
}

/// The beginning of a line, with control characters escaped.
fn excerpt(text: &[u8]) -> String {
    let longest = 4 * (EXCERPT_WIDTH + 1); // a character has up to 4 bytes
    let head = String::from_utf8_lossy(&text[..text.len().min(longest)]);
    let mut excerpt = String::new();
    let mut width = 0;
    for char in head.chars() {
        if width >= EXCERPT_WIDTH {
            excerpt.push_str("...");
            break;
        }
        if is_unprintable(char) {
            let escaped = char.escape_default();
            width += escaped.len();
            excerpt.extend(escaped);
        } else {
            width += 1;
            excerpt.push(char);
        }
    }
    excerpt
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The account of a file `t` with this text.
    pub(crate) fn account_of(text: &str, limit: usize) -> Accounting {
        let mut account = Accounting::new(limit);
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let line = match line.strip_suffix('\n') {
                Some(ended) => Line::Ended(ended.as_bytes()),
                None => Line::Unended(line.as_bytes()),
            };
            account.add("t", number, line);
        }
        account
    }

    /// A line for each of these records.
    pub(crate) fn records(seqs: impl IntoIterator<Item = u64>) -> String {
        let lines = seqs.into_iter().map(|seq| format!("{{\"seq\":{seq}}}\n"));
        lines.collect()
    }

    #[test]
    fn an_excerpt_is_short_and_harmless() {
        assert_eq!(excerpt(b"{\"msg\":\"hello fr"), "{\"msg\":\"hello fr");
        assert_eq!(excerpt(b"a\0\x1b[2J\r"), "a\\u{0}\\u{1b}[2J\\r");
        assert_eq!(excerpt(b"a\xffb"), "a\u{fffd}b");
        let long = "\u{1f600}".repeat(61);
        let cut = "\u{1f600}".repeat(60) + "...";
        assert_eq!(excerpt(long.as_bytes()), cut);
        assert_eq!(excerpt(&[0; 1000]), "\\u{0}".repeat(12) + "...");
    }

    #[test]
    fn torn_lines_past_the_limit_are_counted_and_not_kept() {
        let account = account_of("x\n{\"seq\":0}\n\ny\n{\"se", 2);
        assert_eq!((account.lines, account.torn), (5, 4));
        let kept: Vec<_> = account.torn_lines.iter().map(|torn| torn.line).collect();
        assert_eq!(kept, [1, 3]);
    }
}
