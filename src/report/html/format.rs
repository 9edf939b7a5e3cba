//! From a report's values to the text of a page.

use serde_json::Value;

use crate::report::human_duration::HumanDuration;
use crate::sys::printed::{Grouped, is_unprintable};

/// Stands for a value that the report does not have.
pub(super) const NOTHING: &str = "\u{2013}";

/// Escapes text for HTML, and control characters for people.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(c),
            c if is_unprintable(c) => safe.extend(c.escape_default()),
            _ => safe.push(c),
        }
    }
    safe
}

/// A whole number with its thousands separated: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    Grouped(number).to_string()
}

/// Nanoseconds in few characters, with a space before the unit.
pub(super) fn short(ns: f64) -> String {
    let (number, unit) = HumanDuration(floor(ns.round())).parts();
    format!("{number}\u{a0}{unit}")
}

/// The same, of a time in whole nanoseconds.
pub(super) fn time(ns: u64) -> String {
    short(ns as f64)
}

/// A value that may be missing, formatted by `text`.
pub(super) fn or_nothing<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or(NOTHING.into(), text)
}

/// The whole part of a number; 0 below that.
#[expect(
    clippy::cast_sign_loss,
    reason = "what is negative becomes 0, as it should"
)]
pub(super) fn floor(number: f64) -> u64 {
    number as u64
}

/// A number with at most three decimals, without trailing zeros.
pub(super) fn plain(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Seconds as people say them: `9.87 s`, `12 min 5 s`, `3 h 20 min`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = floor(seconds.round());
    match whole {
        ..120 => format!("{} s", plain((seconds * 100.0).round() / 100.0)),
        120..7_200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
    }
}

/// The value of a setting as text, unescaped.
pub(super) fn spelled(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.into(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(spelled).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The words of a command, quoted if a shell would split them; escaped, and breakable at the spaces only.
pub(super) fn command_line(words: &[String]) -> String {
    let words = words.iter().map(|word| {
        let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
        let quoted = if !word.is_empty() && word.chars().all(plain) {
            escape(word)
        } else {
            escape(&format!("'{}'", word.replace('\'', "'\\''")))
        };
        format!("<span>{quoted}</span>")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A section of the page with its heading.
pub(super) fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{body}</section>\n")
}
