//! The settings: one table makes the flags, the keys of the configuration file, `--help` and the report's `config`.
//!
//! ```text
//!   table --arguments--> clap flags        Value --set--> RunArgs --get--> value in force, for the report
//! ```

mod arguments;
mod in_force;
mod setting;
mod table;

pub(crate) use arguments::arguments;
pub(crate) use in_force::in_force;
pub(crate) use setting::Setting;
pub(crate) use table::settings;

#[cfg(test)]
mod tests {
    use super::{Setting, settings};
    use crate::cli::args::RunArgs;
    use crate::config::Config;
    use crate::values::Value;

    /// The rows that the reference's table of settings must have.
    fn rows() -> String {
        let row = |setting: &Setting| {
            let default = setting.default_text().unwrap_or_default();
            let (flag, value, help) = (setting.flag(), setting.value, setting.help());
            format!("| `{flag}` | {value} | {default} | {help} |\n")
        };
        settings().map(row).collect()
    }

    #[test]
    fn the_reference_documents_every_setting() {
        let reference = include_str!("../../reference/settings.md");
        let rows = rows();
        assert!(
            reference.contains(&rows),
            "the table in src/reference/settings.md should be:\n{rows}"
        );
    }

    #[test]
    fn every_setting_of_a_configuration_is_in_the_table_and_reads_back() {
        let names: Vec<_> = settings().map(|setting| setting.name).collect();
        for name in Config::names() {
            assert!(names.contains(&name), "{name}");
        }
        let default = RunArgs::default();
        for setting in settings() {
            // No setting takes such a value, and each has a place to refuse it.
            let nothing = setting.set(&mut RunArgs::default(), &Value::List(Vec::new()));
            assert!(
                nothing.is_err() || setting.name == "cores",
                "{}",
                setting.name
            );
            if let Some(value) = setting.get(&default) {
                let set = setting.set(&mut RunArgs::default(), &value);
                assert_eq!(set, Ok(()), "{}", setting.name);
            }
        }
    }
}
