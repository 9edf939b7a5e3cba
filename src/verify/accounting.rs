//! What the lines read so far hold.

use serde::Serialize;

use crate::verify::line_reader::Line;
use crate::verify::parse::seq_of;
use crate::verify::sequence_set::Intervals;

/// Characters of a torn line that are shown, about.
const SHOWN: usize = 60;

/// The account of every line of every file. The order of lines, and of files, makes no difference to it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Lines read, of any kind.
    pub(crate) lines: u64,
    /// The seq of every record.
    pub(crate) seen: Intervals,
    /// Each seq that came more than once.
    pub(crate) duplicated: Intervals,
    /// Lines whose seq had come before.
    pub(crate) surplus: u64,
    /// Lines that hold no record.
    pub(crate) torn: u64,
    /// The first of the torn lines, as many as are to be shown.
    pub(crate) torn_lines: Vec<TornLine>,
    /// Files whose last line is a record, and has no newline.
    pub(crate) unended: Vec<String>,
    /// Torn lines to keep.
    limit: usize,
}

/// A line that is not one JSON object with a seq.
#[derive(Debug, Serialize)]
pub(crate) struct TornLine {
    /// As named on the command line.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: u64,
    /// How it begins, fit for a terminal.
    pub(crate) excerpt: String,
    /// What is wrong with it.
    pub(crate) why: String,
}

impl Tally {
    /// An empty account that will keep `limit` torn lines, and count the others.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds a line, the `number`th of its file from 1, and gives the seq of the record in it.
    pub(crate) fn add(&mut self, file: &str, number: u64, line: Line<'_>) -> Option<u64> {
        self.lines += 1;
        let (text, seq) = match line {
            Line::Ended(text) | Line::Unended(text) => (text, seq_of(text)),
            Line::TooLong(start) => (start, Err("longer than 16 MiB".to_owned())),
        };
        match seq {
            Ok(seq) => {
                self.record(seq);
                if let Line::Unended(_) = line {
                    self.unended.push(file.to_owned());
                }
                Some(seq)
            }
            Err(why) => {
                self.tear(file, number, text, why);
                None
            }
        }
    }

    fn record(&mut self, seq: u64) {
        if !self.seen.insert(seq) {
            self.surplus += 1;
            self.duplicated.insert(seq);
        }
    }

    fn tear(&mut self, file: &str, line: u64, text: &[u8], why: String) {
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

/// How a line begins. What a terminal would obey, or not show, is escaped.
fn excerpt(text: &[u8]) -> String {
    let head = &text[..text.len().min(4 * (SHOWN + 1))]; // 4 bytes are the longest character
    let head = String::from_utf8_lossy(head);
    let mut shown = String::new();
    let mut width = 0;
    for char in head.chars() {
        if width >= SHOWN {
            shown.push_str("...");
            break;
        }
        if char.is_control() {
            let escaped = char.escape_default();
            width += escaped.len();
            shown.extend(escaped);
        } else {
            width += 1;
            shown.push(char);
        }
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::verify::line_reader::Lines;

    /// The tally of a file `t` with this text.
    pub(crate) fn tally_of(text: &str, limit: usize) -> Tally {
        let mut tally = Tally::new(limit);
        let mut lines = Lines::new(text.as_bytes());
        let mut number = 0;
        let mut more = true;
        while more {
            let stepped = lines.step(|line| {
                number += 1;
                tally.add("t", number, line);
            });
            more = stepped.expect("memory reads");
        }
        tally
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
        let tally = tally_of("x\n{\"seq\":0}\n\ny\n{\"se", 2);
        assert_eq!((tally.lines, tally.torn), (5, 4));
        let kept: Vec<_> = tally.torn_lines.iter().map(|torn| torn.line).collect();
        assert_eq!(kept, [1, 3]);
    }
}
