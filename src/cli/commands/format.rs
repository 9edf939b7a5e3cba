//! `--format`: whether a command prints for people or for programs.

use std::io;

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches};
use serde::Serialize;

use crate::sys::printed::printable_json;

/// `--format text|json`, and `--json` as older programs have it.
pub(super) fn arguments(json: &'static str) -> [Arg; 2] {
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .value_parser(["text", "json"])
        .hide_possible_values(true)
        .help(format!(
            "What is printed: text, or json ({json}) [default: text]"
        ));
    let alias = Arg::new("json").long("json").action(ArgAction::SetTrue);
    [format, alias.hide(true).conflicts_with("format")]
}

/// Whether JSON is asked for.
pub(super) fn is_json(matches: &ArgMatches) -> bool {
    let format = matches.get_one::<String>("format");
    matches.get_flag("json") || format.is_some_and(|format| format == "json")
}

/// One object on a line.
pub(super) fn json_line(object: &impl Serialize) -> io::Result<String> {
    Ok(printable_json(&serde_json::to_string(object)?) + "\n")
}
