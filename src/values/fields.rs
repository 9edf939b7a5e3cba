//! A table read key by key, and why a value is refused.

use std::collections::BTreeMap;

use crate::values::Value;

/// Why a setting's value is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    /// Where below the setting: empty, or such as `[1].path`.
    pub(crate) at: String,
    pub(crate) why: Why,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Why {
    /// The value is not accepted; `expected` names what is.
    Value { value: Value, expected: String },
    /// There is no value; `example` is such a table.
    Missing { example: &'static str },
    /// The table has no such key.
    UnknownKey {
        key: String,
        known: Vec<&'static str>,
    },
}

impl Refused {
    /// The value of the setting itself.
    pub(crate) fn value(value: &Value, expected: String) -> Self {
        Self::value_at("", value, expected)
    }

    pub(super) fn value_at(at: &str, value: &Value, expected: String) -> Self {
        let value = value.clone();
        Self {
            at: at.to_owned(),
            why: Why::Value { value, expected },
        }
    }
}

/// Reads the keys of a table; collects the known keys and the faults.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    entries: &'a BTreeMap<String, Value>,
    at: String,
    known: Vec<&'static str>,
    example: &'static str,
    wrong: Vec<Refused>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(entries: &'a BTreeMap<String, Value>, at: &str) -> Self {
        Self {
            entries,
            at: at.to_owned(),
            known: Vec::new(),
            example: "",
            wrong: Vec::new(),
        }
    }

    /// An example of such a table, for the errors of missing keys.
    pub(super) fn set_example(&mut self, example: &'static str) {
        self.example = example;
    }

    /// The value of a key that must be there; `None` if something is wrong with it.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if !self.entries.contains_key(key) {
            self.known.push(key);
            self.missing(key);
            return None;
        }
        self.optional(key, read)
    }

    /// The value of a key that may be left out; `None` too if something is wrong with it.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let (value, at) = self.entry(key);
        let value = value?;
        let refused = |expected| self.wrong.push(Refused::value_at(&at, value, expected));
        read(value).map_err(refused).ok()
    }

    /// Adds that a key is missing.
    pub(crate) fn missing(&mut self, key: &str) {
        let at = self.below(key);
        let example = self.example;
        let why = Why::Missing { example };
        self.wrong.push(Refused { at, why });
    }

    /// Returns `made`, or all faults of the table; a key that was not read is a fault.
    pub(super) fn finish<T>(mut self, made: Option<T>) -> Result<T, Vec<Refused>> {
        let unknown = self.entries.keys();
        let unknown = unknown.filter(|key| !self.known.contains(&key.as_str()));
        let unknown = unknown.map(|key| Refused {
            at: self.at.clone(),
            why: Why::UnknownKey {
                key: key.clone(),
                known: self.known.clone(),
            },
        });
        self.wrong.extend(unknown.collect::<Vec<_>>());
        match made {
            Some(made) if self.wrong.is_empty() => Ok(made),
            _ => Err(self.wrong),
        }
    }

    /// All faults so far.
    pub(super) fn into_wrong(self) -> Vec<Refused> {
        self.wrong
    }

    /// The value at a key, if there is one, and its place below the setting.
    pub(super) fn entry(&mut self, key: &'static str) -> (Option<&'a Value>, String) {
        self.known.push(key);
        (self.entries.get(key), self.below(key))
    }

    pub(super) fn extend_wrong(&mut self, wrong: Vec<Refused>) {
        self.wrong.extend(wrong);
    }

    fn below(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }
}
