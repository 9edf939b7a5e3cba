//! Deserialises a JSON value and, where it does not fit, names the key: serde alone names only the type.
//!
//! Numbers outside of untyped values must not be negative: no figure of a report is.

use std::fmt::{self, Display, Formatter};
use std::slice;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Value, map};

/// Characters of a value that an error shows.
const EXCERPT: usize = 60;

/// A value to deserialise from.
#[derive(Clone, Copy)]
pub(super) struct Located<'de>(pub(super) &'de Value);

/// A key whose value does not fit.
#[derive(Debug)]
pub(super) struct Misfit {
    /// The parts of the key, the innermost first.
    path: Vec<String>,
    pub(super) problem: Problem,
}

#[derive(Debug)]
pub(super) enum Problem {
    Missing,
    Wrong {
        /// Empty until the value is known.
        found: String,
        expected: String,
    },
}

impl Misfit {
    /// The key, with dots between its parts.
    pub(super) fn key(&self) -> String {
        let parts: Vec<_> = self.path.iter().rev().map(String::as_str).collect();
        parts.join(".")
    }

    fn wrong(expected: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            problem: Problem::Wrong {
                found: String::new(),
                expected: expected.into(),
            },
        }
    }

    /// The same, seen from the object or list that holds the value under this name.
    fn within(mut self, name: impl Into<String>, value: &Value) -> Self {
        if let Problem::Wrong { found, .. } = &mut self.problem
            && found.is_empty()
        {
            *found = excerpt(value);
        }
        self.path.push(name.into());
        self
    }
}

/// A value as an error shows it.
pub(super) fn excerpt(value: &Value) -> String {
    value.to_string().chars().take(EXCERPT).collect()
}

impl Display for Misfit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not fit", self.key())
    }
}

impl std::error::Error for Misfit {}

impl Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::wrong(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected.to_string())
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::wrong(expected.to_string())
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::wrong(expected.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self {
            path: vec![name.to_owned()],
            problem: Problem::Missing,
        }
    }
}

/// Deserialises each of these types from the JSON value; the error names the expected type.
macro_rules! typed {
    ($($method:ident: $get:ident, $visit:ident, $expected:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            match self.0.$get() {
                // A number may be too large for the type that is to hold it.
                Some(value) => visitor.$visit(value).map_err(|_: Misfit| Misfit::wrong($expected)),
                None => Err(Misfit::wrong($expected)),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Located<'de> {
    type Error = Misfit;

    typed! {
        deserialize_bool: as_bool, visit_bool, "true or false";
        deserialize_u8: as_u64, visit_u64, "a whole number from 0";
        deserialize_u64: as_u64, visit_u64, "a whole number from 0";
        deserialize_i32: as_u64, visit_u64, "a whole number from 0";
        deserialize_str: as_str, visit_str, "a text";
        deserialize_string: as_str, visit_str, "a text";
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0.as_f64().filter(|number| *number >= 0.0) {
            Some(number) => visitor.visit_f64(number),
            None => Err(Misfit::wrong("a number from 0")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(values) => visitor.visit_seq(Elements {
                values: values.iter(),
                next: 0,
            }),
            _ => Err(Misfit::wrong("a list")),
        }
    }

    fn deserialize_tuple<V>(self, _: usize, visitor: V) -> Result<V::Value, Misfit>
    where
        V: Visitor<'de>,
    {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Object(object) => visitor.visit_map(Entries::of(object)),
            _ => Err(Misfit::wrong("an object")),
        }
    }

    fn deserialize_struct<V>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit>
    where
        V: Visitor<'de>,
    {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit>
    where
        V: Visitor<'de>,
    {
        match self.0.as_str() {
            Some(name) => visitor.visit_enum(StrDeserializer::new(name)),
            None => Err(Misfit::wrong("a text")),
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.0.deserialize_any(visitor).map_err(Misfit::custom)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i64 i128 u16 u32 u128 f32 char bytes byte_buf unit unit_struct newtype_struct tuple_struct identifier
        ignored_any
    }
}

/// The elements of a list.
struct Elements<'de> {
    values: slice::Iter<'de, Value>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Misfit;

    fn next_element_seed<T>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit>
    where
        T: DeserializeSeed<'de>,
    {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        let at = self.next;
        self.next += 1;
        let element = seed.deserialize(Located(value));
        element
            .map(Some)
            .map_err(|misfit| misfit.within(at.to_string(), value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

/// The entries of an object.
struct Entries<'de> {
    entries: map::Iter<'de>,
    /// The entry whose key was read last.
    entry: Option<(&'de String, &'de Value)>,
}

impl<'de> Entries<'de> {
    fn of(object: &'de Map<String, Value>) -> Self {
        Self {
            entries: object.iter(),
            entry: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Misfit;

    fn next_key_seed<K>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit>
    where
        K: DeserializeSeed<'de>,
    {
        self.entry = self.entries.next();
        let key = self.entry.map(|(key, _)| StrDeserializer::new(key));
        key.map(|key| seed.deserialize(key)).transpose()
    }

    fn next_value_seed<V>(&mut self, seed: V) -> Result<V::Value, Misfit>
    where
        V: DeserializeSeed<'de>,
    {
        // serde reads the key first.
        let entry = self.entry.take();
        let (key, value) = entry.ok_or_else(|| Misfit::wrong("a value after its key"))?;
        seed.deserialize(Located(value))
            .map_err(|misfit| misfit.within(key, value))
    }
}
