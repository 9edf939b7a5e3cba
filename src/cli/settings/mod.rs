//! The settings: one row of the table makes a flag, a key of the configuration file, a line of `--help`, a row of the
//! README and an entry of the report.

mod table;

use serde_json::Value;

use super::job::Job;
pub(super) use table::SETTINGS;

/// One setting. Its name, with hyphens for underscores, is its flag.
pub(super) struct Setting {
    pub(super) name: &'static str,
    /// What a value stands for in help, such as `N`.
    pub(super) value: &'static str,
    pub(super) group: &'static str,
    pub(super) help: &'static str,
    /// May be given more than once.
    pub(super) many: bool,
    /// Reads a value into the job; the error says what is accepted.
    pub(super) set: fn(&mut Job, &str) -> Result<(), String>,
    /// The value in force, null where there is none.
    pub(super) get: fn(&Job) -> Value,
}

impl Setting {
    /// The default as a person would write it; none where nothing is set by default.
    pub(super) fn default_text(&self) -> Option<String> {
        if self.name == "max_workers" {
            return Some("one per CPU beside the producer's, at most 8".into());
        }
        match (self.get)(&Job::default()) {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Array(values) => Some(values.iter().filter_map(Value::as_str).collect()),
            Value::Number(n) if self.value == "SIZE" => {
                let bytes = n.as_u64().unwrap_or(0);
                let (count, unit) = if bytes % (1 << 20) == 0 {
                    (bytes >> 20, "MiB")
                } else {
                    (bytes >> 10, "KiB")
                };
                Some(format!("{count}{unit}"))
            }
            other => Some(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SETTINGS;

    /// The rows that the README's table of settings must have.
    fn rows() -> String {
        let row = |setting: &super::Setting| {
            let flag = setting.name.replace('_', "-");
            let default = setting.default_text().unwrap_or_default();
            let (value, help) = (setting.value, setting.help);
            format!("| `--{flag}` | {value} | {default} | {help} |\n")
        };
        SETTINGS.iter().map(row).collect()
    }

    #[test]
    fn the_readme_tells_every_setting_as_it_is() {
        let readme = include_str!("../../../README.md");
        let rows = rows();
        assert!(
            readme.contains(&rows),
            "the README's table of settings should be:\n{rows}"
        );
    }
}
