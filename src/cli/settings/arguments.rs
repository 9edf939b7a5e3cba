//! The settings as flags.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::ArgAction;
use clap::{Arg, value_parser};

use crate::cli::settings::{Setting, settings};

/// The flags of a run: the configuration file, and every setting.
pub(crate) fn arguments() -> impl Iterator<Item = Arg> {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("Read settings from this TOML file; flags win over it");
    std::iter::once(config).chain(settings().map(argument))
}

/// A setting as a flag. The default is only in the help text, so that clap reports what was given and nothing else.
fn argument(setting: &'static Setting) -> Arg {
    let default = setting.default_text();
    let default = default.map_or(String::new(), |text| format!(" [default: {text}]"));
    // The short help has words of its own for a default that is not one value.
    let in_short = if setting.default.is_none() {
        &*default
    } else {
        ""
    };
    let action = if setting.many {
        ArgAction::Append
    } else {
        ArgAction::Set
    };
    Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .value_name(setting.value)
        .aliases(setting.formerly.map(|name| name.replace('_', "-")))
        .action(action)
        .value_parser(value_parser!(OsString))
        .help(format!(
            "{}{in_short}",
            setting.short_help.unwrap_or_default()
        ))
        .hide_short_help(setting.short_help.is_none())
        .long_help(format!("{}{default}", setting.help()))
        .help_heading(setting.group)
}
