//! How the lines on standard error are written.

use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::sys::printed::{PrintableLines, printable_json};
use crate::sys::text::spelled;

/// The format of everything on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line, for programs; its `type` says what it is.
    Json,
}
spelled!(Format: Text = "text", Json = "json");

/// What a line is about: its `type` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Info,
    Warning,
    Error,
    /// The figures of an interval.
    Metrics,
    /// The figures of the run.
    Summary,
}
spelled!(Kind: Info = "info", Warning = "warning", Error = "error", Metrics = "metrics", Summary = "summary");

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Each line has the time at which it was said.
    pub(crate) timestamps: bool,
}

static STYLE: RwLock<Style> = RwLock::new(Style {
    format: Format::Text,
    timestamps: false,
});

/// How lines are written now.
pub(super) fn style() -> Style {
    *STYLE.read().unwrap_or_else(PoisonError::into_inner)
}

/// Writes lines in this style from now on.
pub(crate) fn set_style(style: Style) {
    *STYLE.write().unwrap_or_else(PoisonError::into_inner) = style;
}

impl Style {
    /// A message, newline included: in text each of its lines, in JSON one object.
    pub(super) fn message(self, kind: Kind, text: &str, at: SystemTime) -> String {
        match self.format {
            Format::Json => {
                let message = ("message".to_owned(), text.into());
                self.object(kind, Map::from_iter([message]), at)
            }
            Format::Text => {
                let mark = match kind {
                    Kind::Error => "error: ",
                    Kind::Warning => "warning: ",
                    Kind::Info | Kind::Metrics | Kind::Summary => "",
                };
                self.lines(&format!("{mark}{text}"), at)
            }
        }
    }

    /// An object in one line, with its type, and its time if lines have that.
    pub(super) fn object(
        self,
        kind: Kind,
        mut figures: Map<String, Value>,
        at: SystemTime,
    ) -> String {
        figures.insert("type".into(), kind.to_string().into());
        if self.timestamps {
            figures.insert("time".into(), time(at).into());
        }
        printable_json(&Value::Object(figures).to_string()) + "\n"
    }

    fn lines(self, text: &str, at: SystemTime) -> String {
        let before = if self.timestamps {
            time(at) + " "
        } else {
            String::new()
        };
        let lines = text
            .lines()
            .map(|line| format!("{before}{}\n", PrintableLines(line)));
        lines.collect()
    }
}

/// RFC 3339, in UTC, to the millisecond.
fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::{Value, json};

    use super::{Format, Kind, Style};

    fn said(format: Format, timestamps: bool, kind: Kind, text: &str) -> String {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_830_496_123);
        let style = Style { format, timestamps };
        style.message(kind, text, at)
    }

    #[test]
    fn each_line_of_a_text_has_its_time_and_only_the_first_its_mark() {
        let text = said(Format::Text, true, Kind::Error, "one\ntwo");
        assert_eq!(
            text,
            "2026-11-28T01:48:16.123Z error: one\n2026-11-28T01:48:16.123Z two\n"
        );
        let text = said(Format::Text, false, Kind::Info, "one");
        assert_eq!(text, "one\n");
    }

    #[test]
    fn a_message_in_json_is_one_line_with_a_type() {
        let text = said(Format::Json, true, Kind::Warning, "one\n\"two\"\u{1b}");
        assert_eq!(text.lines().count(), 1);
        let object: Value = serde_json::from_str(&text).expect("an object");
        let wanted = json!({
            "type": "warning", "message": "one\n\"two\"\u{1b}", "time": "2026-11-28T01:48:16.123Z"
        });
        assert_eq!(object, wanted);
        let text = said(Format::Json, false, Kind::Info, "one");
        assert_eq!(text, "{\"message\":\"one\",\"type\":\"info\"}\n");
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let text = said(
            Format::Text,
            false,
            Kind::Warning,
            "a\u{1b}[2Jb\tc\rd\u{9b}",
        );
        assert_eq!(text, "warning: a\\u{1b}[2Jb\tc\\rd\\u{9b}\n");
    }
}
