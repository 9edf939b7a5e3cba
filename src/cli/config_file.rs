//! The configuration file: TOML, a key for each setting.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cli::settings::settings;
use crate::values::Value;

/// The longest configuration file, 1 MiB: a device may have no end.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads a configuration file; the error names it.
pub(super) fn read(path: &Path) -> Result<toml::Table, String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    read_entries(path, file)
}

/// Reads the bytes of a configuration file, wherever they come from.
pub(super) fn read_entries(path: &Path, file: impl Read) -> Result<toml::Table, String> {
    let (name, mut text) = (path.display(), String::new());
    let mut head = file.take(FILE_BYTES_MAX + 1);
    head.read_to_string(&mut text)
        .map_err(|e| format!("{name}: {e}"))?;
    if head.limit() == 0 {
        return Err(format!("{name}: is longer than 1 MiB, no configuration is"));
    }
    text.parse().map_err(|e| format!("{name} is not TOML: {e}"))
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
            let entries = entries
                .iter()
                .map(|(key, entry)| Ok((key.clone(), self::value(entry)?)));
            Value::Table(entries.collect::<Result<_, String>>()?)
        }
        toml::Value::Datetime(_) => return Err("no setting takes a date or a time of day".into()),
    })
}

/// What is wrong with a key that is no setting's name.
pub(super) fn unknown(path: &Path, key: &str) -> String {
    let likeness = |name: &&str| strsim::jaro_winkler(name, key);
    let near = settings().map(|s| s.name);
    let near = near.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = near.filter(|name| likeness(name) > 0.8);
    let hint = hint.map_or(String::new(), |name| format!("; did you mean {name}?"));
    let names: Vec<_> = settings().map(|s| s.name).collect();
    let (file, names) = (path.display(), names.join(", "));
    format!("{file}: there is no setting {key:?}{hint} (there are: {names})")
}
