//! Floor 1: the values of settings, as given and as typed values.
//!
//! ```text
//!   text of a flag ---+
//!   TOML, JSON, ... --+--> Value --read--> number, size, duration, word, ...
//!                           '<---write---'
//!   text or table --Kinds, Fields--> a component as configured
//! ```
//!
//! Invariant: what is written reads back as the same.

mod codec;
#[cfg(feature = "cli")]
mod fields;
#[cfg(feature = "cli")]
mod kind;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

pub(crate) use codec::{bytes, cpu, cpus, number, on_off, path, seconds, share, spin, time, word};
#[cfg(feature = "cli")]
pub(crate) use fields::{Fields, Refused, Why};
#[cfg(feature = "cli")]
pub(crate) use kind::{Kind, Kinds};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value as given. After a flag it is text; in a file it has a type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// Text after a flag that is not UTF-8, as the path of a file may be.
    Raw(OsString),
    List(Vec<Value>),
    Table(BTreeMap<String, Value>),
}

impl Value {
    /// A scalar as it would be written after a flag; `None` if it is a list or a table.
    pub(crate) fn plain(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Raw(_) | Self::List(_) | Self::Table(_) => None,
            scalar => Some(scalar.to_string()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// UTF-8 or not.
impl From<&OsStr> for Value {
    fn from(text: &OsStr) -> Self {
        match text.to_str() {
            Some(text) => text.into(),
            None => Self::Raw(text.to_owned()),
        }
    }
}

/// The value as TOML, on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Raw(text) => fmt::Debug::fmt(text, f),
            Self::List(values) => {
                let values: Vec<_> = values.iter().map(Self::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Self::Table(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{key} = {value}"));
                let entries: Vec<_> = entries.collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_u64(value),
                (_, Ok(value)) => serializer.serialize_i64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(text) => serializer.serialize_str(&text.to_string_lossy()),
            Self::List(values) => serializer.collect_seq(values),
            Self::Table(entries) => serializer.collect_map(entries),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, a boolean, a list or a table")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Value::Table(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_value_keeps_its_type_through_serde_and_prints_as_toml() {
        let json = r#"{"a":true,"b":[1,-2,18446744073709551615],"c":{"d":0.5,"e":"x\"y"}}"#;
        let value: Value = serde_json::from_str(json).expect("JSON");
        assert_eq!(serde_json::to_string(&value).expect("JSON"), json);
        assert_eq!(
            value.to_string(),
            r#"{ a = true, b = [1, -2, 18446744073709551615], c = { d = 0.5, e = "x\"y" } }"#
        );
    }
}
