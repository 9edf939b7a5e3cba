//! The configuration file: TOML, a key for each setting.

use std::path::Path;

use super::settings::{Setting, settings};

/// Reads a configuration file; the error names it.
pub(super) fn read(path: &Path) -> Result<toml::Table, String> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
    text.parse().map_err(|e| format!("{name} is not TOML: {e}"))
}

/// The value as it would be written after a flag; several where the setting takes a list.
pub(super) fn texts(setting: &Setting, value: &toml::Value) -> Vec<Result<String, String>> {
    match value {
        toml::Value::String(text) => vec![Ok(text.clone())],
        toml::Value::Integer(number) => vec![Ok(number.to_string())],
        toml::Value::Float(number) => vec![Ok(number.to_string())],
        toml::Value::Array(values) if setting.many => values
            .iter()
            .flat_map(|value| texts(setting, value))
            .collect(),
        _ if setting.many => vec![Err("expected a string or a list of strings".into())],
        _ => vec![Err("expected a string or a number".into())],
    }
}

/// What is wrong with a key that no setting has.
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
