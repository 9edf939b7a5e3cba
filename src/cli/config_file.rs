//! The configuration file: TOML, a key for each setting. A source or sink may be a table, and the settings of a group
//! may stand in a table with the group's name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::settings::{Setting, settings};
use crate::config::Config;
use crate::sys::printed::Printable;
use crate::values::{Refused, Value, Why};

/// The longest configuration file, 1 MiB: a device may have no end.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads a configuration file; the error names it.
pub(super) fn read(path: &Path) -> Result<toml::Table, String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", Printable(path.display())))?;
    read_entries(path, file)
}

/// Reads the bytes of a configuration file, wherever they come from.
pub(super) fn read_entries(path: &Path, file: impl Read) -> Result<toml::Table, String> {
    let (name, mut text) = (Printable(path.display()), String::new());
    let mut head = file.take(FILE_BYTES_MAX + 1);
    head.read_to_string(&mut text)
        .map_err(|e| format!("{name}: {e}"))?;
    if head.limit() == 0 {
        return Err(format!("{name}: is longer than 1 MiB, no configuration is"));
    }
    text.parse().map_err(|e| format!("{name} is not TOML: {e}"))
}

/// What the file has for a setting.
pub(super) struct Entry {
    /// As the file names it: `min_workers`, or `scaling.min_workers`.
    pub(super) key: String,
    pub(super) setting: &'static Setting,
    pub(super) value: toml::Value,
}

/// The entries of a file, those in the tables of groups too; adds what is wrong with their keys.
pub(super) fn entries(path: &Path, table: toml::Table, wrong: &mut Vec<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |key: String, setting: &'static Setting, value| {
        let other = entries
            .iter()
            .find(|entry| entry.setting.name == setting.name);
        match other.map(|entry| &entry.key) {
            Some(other) => wrong.push(format!(
                "{}: {key} is there as {other} too",
                Printable(path.display())
            )),
            None => entries.push(Entry {
                key,
                setting,
                value,
            }),
        }
    };
    let mut unknown_keys = Vec::new();
    for (key, value) in table {
        let group = Config::GROUPS.into_iter().find(|(name, _)| *name == key);
        match (setting(&key), group, value) {
            (Some(setting), _, value) => add(key, setting, value),
            (None, Some((group, names)), toml::Value::Table(table)) => {
                for (name, value) in table {
                    match setting(&name).filter(|setting| names.contains(&setting.name)) {
                        Some(setting) => add(format!("{group}.{name}"), setting, value),
                        None => unknown_keys.push(unknown(
                            &format!("[{group}] has no setting"),
                            &name,
                            names,
                        )),
                    }
                }
            }
            _ => {
                let names: Vec<_> = settings().map(|setting| setting.name).collect();
                unknown_keys.push(unknown("there is no setting", &key, &names));
            }
        }
    }
    let file = Printable(path.display());
    wrong.extend(
        unknown_keys
            .iter()
            .map(|unknown| format!("{file}: {unknown}")),
    );
    entries
}

fn setting(name: &str) -> Option<&'static Setting> {
    settings().find(|setting| setting.is_called(name))
}

/// A TOML value as settings take it.
pub(super) fn value(value: &toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::Text(text.clone()),
        toml::Value::Integer(number) => Value::Integer((*number).into()),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Array(values) => {
            let values: Result<_, _> = values.iter().map(self::value).collect();
            Value::List(values?)
        }
        toml::Value::Table(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, entry)| Ok((key.clone(), self::value(entry)?)));
            Value::Table(entries.collect::<Result<_, String>>()?)
        }
        toml::Value::Datetime(date) => {
            return Err(format!(
                "{date} is a date or a time of day, which no setting takes"
            ));
        }
    })
}

/// A sentence about a value that is refused; `key` as the file names it.
pub(super) fn refusal(path: &Path, key: &str, refused: &Refused) -> String {
    let (file, at) = (Printable(path.display()), &refused.at);
    match &refused.why {
        Why::Value { value, expected } => {
            format!("{file}: {key}{at} = {value} is not accepted: {expected}")
        }
        Why::Missing { example } => {
            format!("{file}: {key}{at} is missing: expected a table such as {{ {example} }}")
        }
        // In TOML a table goes on to the next header, which is easily overlooked.
        Why::UnknownKey { key: unknown, .. } if setting(unknown).is_some() => format!(
            "{file}: {key}{at} has no key {unknown:?}, which is a setting: write it above the first table"
        ),
        Why::UnknownKey {
            key: unknown,
            known,
        } => {
            format!(
                "{file}: {}",
                self::unknown(&format!("{key}{at} has no key"), unknown, known)
            )
        }
    }
}

/// A sentence about a key that is none of `names`.
fn unknown(what: &str, key: &str, names: &[&str]) -> String {
    let likeness = |name: &&&str| strsim::jaro_winkler(name, key);
    let near = names.iter();
    let near = near.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = near.filter(|name| likeness(name) > 0.8);
    let hint = hint.map_or(String::new(), |name| format!("; did you mean {name}?"));
    format!("{what} {key:?}{hint} (there are: {})", names.join(", "))
}
