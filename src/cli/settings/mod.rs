//! The settings: one table makes the flags, the keys of the configuration file, `--help` and the report's `config`.
//!
//! ```text
//!   settings --arguments--> clap flags        text --set--> Job --get--> value in force, for the report
//! ```

mod table;
mod values;

use std::path::PathBuf;

use clap::builder::ArgAction;
use clap::{Arg, value_parser};
use serde_json::Value;
pub(crate) use table::settings;

use crate::cli::args::Job;

/// One setting. Its name, with hyphens for underscores, is its flag.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// What a value stands for in help, such as `N`.
    pub(crate) value: &'static str,
    pub(crate) group: &'static str,
    pub(crate) help: &'static str,
    /// May be given more than once.
    pub(crate) many: bool,
    /// Reads a value into the job; the error says what is accepted.
    pub(crate) set: fn(&mut Job, &str) -> Result<(), String>,
    /// The value in force, null where there is none.
    pub(crate) get: fn(&Job) -> Value,
}

impl Setting {
    /// The default as a person would write it; none where nothing is set by default.
    pub(crate) fn default_text(&self) -> Option<String> {
        if self.name == "max_workers" {
            return Some(
                "one per CPU beside the producer's, or per CPU of cores; at most 8".into(),
            );
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

/// The flags that make a job: the configuration file, and every setting.
pub(crate) fn arguments() -> impl Iterator<Item = Arg> {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Read settings from this TOML file; flags win over it");
    std::iter::once(config).chain(settings().map(argument))
}

/// A setting as a flag; its default is told in the help, and kept out of clap so that only what was said counts as
/// said.
fn argument(setting: &'static Setting) -> Arg {
    let default = setting.default_text();
    let default = default.map_or(String::new(), |text| format!(" [default: {text}]"));
    let action = if setting.many {
        ArgAction::Append
    } else {
        ArgAction::Set
    };
    Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .value_name(setting.value)
        .action(action)
        .help(format!("{}{default}", setting.help))
        .help_heading(setting.group)
}
#[cfg(test)]
mod tests {
    use super::settings;

    /// The rows that the reference's table of settings must have.
    fn rows() -> String {
        let row = |setting: &super::Setting| {
            let flag = setting.name.replace('_', "-");
            let default = setting.default_text().unwrap_or_default();
            let (value, help) = (setting.value, setting.help);
            format!("| `--{flag}` | {value} | {default} | {help} |\n")
        };
        settings().map(row).collect()
    }

    #[test]
    fn the_reference_documents_every_setting() {
        let reference = include_str!("../../reference/settings.md");
        let rows = rows();
        assert!(
            reference.contains(&rows),
            "the reference's table of settings should be:\n{rows}"
        );
    }
}
