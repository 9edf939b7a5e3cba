//! Text for people: digits in groups of three, and nothing that a terminal would obey.

use std::fmt::{self, Display, Formatter, Write};

/// A number with its digits in groups of three: `1,234,567`. A fraction and a sign stay as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grouped<T>(pub(crate) T);

impl<T: Display> Display for Grouped<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let number = self.0.to_string();
        let start = number.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
        let digits = number[start..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let mut grouped = String::with_capacity(number.len() * 4 / 3);
        for (at, char) in number.char_indices() {
            if at > start && at < start + digits && (start + digits - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(char);
        }
        f.pad(&grouped)
    }
}

/// Text in which control characters are escaped (`\u{1b}`), newlines too: it stays one line, and a terminal shows it
/// and does nothing else. For names and other text from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<T>(pub(crate) T);

impl<T: Display> Display for Printable<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut escape = Escape { to: f, keep: "" };
        write!(escape, "{}", self.0)
    }
}

/// The same for whole messages: newlines and tabs stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrintableLines<T>(pub(crate) T);

impl<T: Display> Display for PrintableLines<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut escape = Escape {
            to: f,
            keep: "\n\t",
        };
        write!(escape, "{}", self.0)
    }
}

struct Escape<'a, 'f> {
    to: &'a mut Formatter<'f>,
    keep: &'static str,
}

impl Write for Escape<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(|c| is_unprintable(c) && !self.keep.contains(c)) {
            let (plain, from) = rest.split_at(at);
            self.to.write_str(plain)?;
            let mut chars = from.chars();
            if let Some(char) = chars.next() {
                write!(self.to, "{}", char.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.to.write_str(rest)
    }
}

/// JSON that says the same, with control characters escaped as JSON escapes them. (Serializers leave those beyond ASCII
/// as they are.)
pub(crate) fn printable_json(json: &str) -> String {
    let mut printable = String::with_capacity(json.len());
    for char in json.chars() {
        if is_unprintable(char) && char != '\n' {
            // Writing to a string does not fail, and no such character is beyond 16 bits.
            let _ = write!(printable, "\\u{:04x}", u32::from(char));
        } else {
            printable.push(char);
        }
    }
    printable
}

/// Whether a character does something else than take its place: it controls the terminal, ends the line, or reverses
/// the direction of the text around it.
pub(crate) fn is_unprintable(char: char) -> bool {
    let is_direction =
        matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    char.is_control() || is_direction || matches!(char, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::{Grouped, Printable, PrintableLines, printable_json};

    #[test]
    fn digits_are_in_groups_of_three() {
        for (number, text) in [
            (0_i64, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(Grouped(number).to_string(), text);
        }
        assert_eq!(Grouped(1_234.5).to_string(), "1,234.5");
        assert_eq!(Grouped(f64::NAN).to_string(), "NaN");
        assert_eq!(
            format!("{:>8}|{:<6}|", Grouped(1_000), Grouped(1_000)),
            "   1,000|1,000 |"
        );
    }

    #[test]
    fn a_name_cannot_control_the_terminal_or_begin_a_line() {
        let name = "a\u{1b}[2J\u{9b}b\u{202e}c\r\nerror: d\u{7f}";
        let shown = Printable(name).to_string();
        assert_eq!(shown, "a\\u{1b}[2J\\u{9b}b\\u{202e}c\\r\\nerror: d\\u{7f}");
        assert_eq!(PrintableLines("a\x1b\n\tb").to_string(), "a\\u{1b}\n\tb");
        let json = serde_json::to_string(name).expect("JSON");
        let shown = printable_json(&json);
        assert!(!shown.chars().any(super::is_unprintable), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("JSON"), name);
        let plain = "caf\u{e9} cafe\u{301} \u{1f600} 'q' \\";
        assert_eq!(Printable(plain).to_string(), plain);
    }
}
