//! The kinds of a component, such as sinks: how each is written, as text and as a table.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use crate::sys::os_text;
use crate::sys::printed::Printable;
use crate::sys::text::either;
use crate::values::{Fields, Refused, Value};

/// One kind of component. `S` is the component as configured, before it is opened.
pub(crate) struct Kind<S: ?Sized + 'static> {
    /// The first word of the text, and the table's `type`.
    pub(crate) name: &'static str,
    /// The form of the text: `file:PATH`.
    pub(crate) form: &'static str,
    /// An example of the text, if the form needs one; or empty.
    pub(crate) example: &'static str,
    /// A few words for help, or empty.
    pub(crate) help: &'static str,
    /// An example of the table, on one line.
    pub(crate) table: &'static str,
    /// Reads the text after the colon; `None` if there is no colon.
    pub(crate) from_text: FromText<S>,
    /// Reads a table; `None` if something is wrong, which is then added to the fields.
    pub(crate) from_table: FromTable<S>,
}

type FromText<S> = fn(Option<&OsStr>, &Kinds<S>) -> Result<Arc<S>, String>;
type FromTable<S> = fn(&mut Fields<'_>, &Kinds<S>) -> Option<Arc<S>>;

/// All kinds of a component.
pub(crate) struct Kinds<S: ?Sized + 'static>(pub(crate) &'static [Kind<S>]);

impl<S: ?Sized> Kinds<S> {
    /// Reads text such as `file:PATH`.
    ///
    /// # Errors
    ///
    /// What is accepted.
    pub(crate) fn parse(&self, text: impl AsRef<OsStr>) -> Result<Arc<S>, String> {
        let text = text.as_ref();
        let (name, rest) = match os_text::split_once(text, b':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        let kind = self.0.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| self.expected() + &self.hint(text))?;
        (kind.from_text)(rest, self)
    }

    /// What was probably meant by text that names no kind: a file, if there is one or the text looks like its path; or
    /// `-`, which elsewhere stands for a standard stream.
    fn hint(&self, text: &OsStr) -> String {
        let kind =
            |is_it: fn(&str) -> bool| self.0.iter().map(|kind| kind.name).find(|name| is_it(name));
        if let Some(stream) = kind(|name| name.starts_with("std")).filter(|_| text == "-") {
            return format!("; did you mean {stream}?");
        }
        let like_a_path = os_text::contains(text, ".")
            || os_text::contains(text, "/")
            || Path::new(text).is_file();
        match kind(|name| name == "file").filter(|_| like_a_path) {
            Some(file) => format!("; did you mean {file}:{}?", Printable(text.display())),
            None => String::new(),
        }
    }

    /// Reads text or a table at the place `at` below its setting.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub(crate) fn read(&self, value: &Value, at: &str) -> Result<Arc<S>, Vec<Refused>> {
        let refused = |expected| vec![Refused::value_at(at, value, expected)];
        match value {
            Value::Text(text) => self.parse(text).map_err(refused),
            Value::Raw(text) => self.parse(text).map_err(refused),
            Value::Table(entries) => {
                let mut fields = Fields::new(entries, at);
                fields.set_example(self.0.last().map_or("", |kind| kind.table));
                let kind = fields.required("type", |name| self.named(name));
                let Some(kind) = kind else {
                    return Err(fields.into_wrong());
                };
                fields.set_example(kind.table);
                let made = (kind.from_table)(&mut fields, self);
                fields.finish(made)
            }
            _ => Err(refused(format!(
                "{}, or a table with a type",
                self.expected()
            ))),
        }
    }

    /// The component at a key of a table; `None` if the key is left out, or if something is wrong with it.
    pub(crate) fn field(&self, fields: &mut Fields<'_>, key: &'static str) -> Option<Arc<S>> {
        let (value, at) = fields.entry(key);
        let component = self.read(value?, &at);
        component
            .map_err(|refused| fields.extend_wrong(refused))
            .ok()
    }

    fn named(&self, name: &Value) -> Result<&'static Kind<S>, String> {
        let kind = self.0.iter().find(|kind| *name == Value::from(kind.name));
        kind.ok_or_else(|| format!("expected {}", self.list(|kind| kind.name.to_owned())))
    }

    /// `expected`, and the forms of all kinds.
    pub(crate) fn expected(&self) -> String {
        let forms = self.list(|kind| with(kind.form, kind.example));
        format!("expected {forms}")
    }

    /// The forms of all kinds, each with its help.
    pub(crate) fn help(&self) -> String {
        self.list(|kind| with(kind.form, kind.help))
    }

    fn list(&self, of: impl Fn(&Kind<S>) -> String) -> String {
        either(&self.0.iter().map(of).collect::<Vec<_>>())
    }
}

fn with(form: &str, remark: &str) -> String {
    if remark.is_empty() {
        form.to_owned()
    } else {
        format!("{form} ({remark})")
    }
}
