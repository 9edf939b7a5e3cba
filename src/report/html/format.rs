//! From a report's values to text that may stand in a page.

use serde_json::Value;

use crate::report::human_duration::Short;

/// What stands where the report has nothing.
pub(super) const NOTHING: &str = "\u{2013}";

/// Text with nothing in it that HTML would take for its own.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// As [`Value::pointer`], which allocates for each name; a day has millions of them. No name here needs its escapes.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut names = path.split('/').skip(1);
    names.try_fold(value, |value, name| match value {
        Value::Array(values) => values.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    })
}

pub(super) fn number(value: &Value, path: &str) -> Option<f64> {
    at(value, path).and_then(Value::as_f64)
}

pub(super) fn count(value: &Value, path: &str) -> Option<u64> {
    at(value, path).and_then(Value::as_u64)
}

/// Empty where there is none.
pub(super) fn string<'a>(value: &'a Value, path: &str) -> &'a str {
    value
        .pointer(path)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Empty where there is none.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    let list = at(value, path).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// A whole number with its thousands apart: `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// [`grouped`], of a value that the report may lack.
pub(super) fn whole(value: &Value, path: &str) -> String {
    count(value, path).map_or(NOTHING.into(), grouped)
}

/// Nanoseconds in few characters, of a value that the report may lack.
pub(super) fn time(value: &Value, path: &str) -> String {
    number(value, path).map_or(NOTHING.into(), short)
}

/// Nanoseconds in few characters, a space before the unit.
pub(super) fn short(ns: f64) -> String {
    let text = Short(floor(ns.round())).to_string();
    let unit = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    format!("{}\u{a0}{}", &text[..unit], &text[unit..])
}

/// The whole part of a number; 0 below that.
#[expect(
    clippy::cast_sign_loss,
    reason = "what is negative becomes 0, as it should"
)]
pub(super) fn floor(number: f64) -> u64 {
    number as u64
}

/// A number without needless zeros behind the point, to three digits there.
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

/// Any value as text, unescaped.
pub(super) fn spelled(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.into(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(spelled).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The words of a command, quoted where a shell would take one apart; escaped, and apart at the spaces only.
pub(super) fn command_line(words: &[Value]) -> String {
    let quoted = words.iter().map(|word| {
        let word = spelled(word);
        let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    let words = quoted.map(|word| format!("<span>{}</span>", escape(&word)));
    words.collect::<Vec<_>>().join(" ")
}
