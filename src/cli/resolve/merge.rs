//! The defaults, the file's entries over them, and the flags over both.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::cli::args::RunArgs;
use crate::cli::config_file;
use crate::cli::resolve::check::{check, check_natural_length};
use crate::cli::resolve::fit::fit;
use crate::cli::resolve::limits::check_limits;
use crate::cli::settings::settings;
use crate::outcome::report::Origin;
use crate::sys::cpu::mask;
use crate::values::Value;

/// All that is wrong with the arguments and the file, a sentence each; as text, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(crate) struct Problems(Vec<String>);

/// Reads the configuration file, if one is named, then the flags, which win; fits what was not given; checks all.
///
/// # Errors
///
/// All that is wrong.
pub(crate) fn resolve(matches: &ArgMatches) -> Result<RunArgs, Problems> {
    let path = matches.get_one::<PathBuf>("config");
    merge(path.map(|path| (&**path, config_file::read(path))), matches)
}

/// The same with the file's entries, or the reason why there are none.
pub(crate) fn merge(
    file: Option<(&Path, Result<toml::Table, String>)>,
    matches: &ArgMatches,
) -> Result<RunArgs, Problems> {
    let mut args = RunArgs::default();
    let mut wrong = Vec::new();
    let flags = matches.ids().map(clap::Id::as_str).collect::<Vec<_>>();
    match file {
        Some((path, Ok(entries))) => apply_file(&mut args, path, &entries, &flags, &mut wrong),
        Some((_, Err(error))) => wrong.push(error),
        None => {}
    }
    apply_flags(&mut args, matches, &mut wrong);
    fit(&mut args);
    check(&args, &mut wrong);
    if let Err(more) = args.config.validate_on(&mask()) {
        wrong.extend(more.iter().map(ToString::to_string));
    }
    if wrong.is_empty() {
        check_natural_length(&args, &mut wrong);
        check_limits(&args, &mut wrong);
    }
    if wrong.is_empty() {
        Ok(args)
    } else {
        Err(Problems(wrong))
    }
}

/// Applies the entries of a configuration file, except those that a flag will override.
fn apply_file(
    args: &mut RunArgs,
    path: &Path,
    entries: &toml::Table,
    flags: &[&str],
    wrong: &mut Vec<String>,
) {
    for (key, entry) in entries {
        let Some(setting) = settings().find(|setting| setting.name == key) else {
            wrong.push(config_file::unknown(path, key));
            continue;
        };
        // An entry is checked even if a flag overrides it: the file is wrong either way.
        let mut scratch = RunArgs::default();
        let overridden = flags.contains(&setting.name);
        let target = if overridden { &mut scratch } else { &mut *args };
        let value = config_file::value(entry);
        let set = value.and_then(|value| setting.set(target, &value));
        if let Err(expected) = set {
            let file = path.display();
            wrong.push(format!(
                "{file}: {key} = {entry} is not accepted: {expected}"
            ));
        }
        args.origins.insert(setting.name, Origin::File);
    }
}

fn apply_flags(args: &mut RunArgs, matches: &ArgMatches, wrong: &mut Vec<String>) {
    for setting in settings() {
        let Some(texts) = matches.get_many::<String>(setting.name) else {
            continue;
        };
        let mut texts: Vec<_> = texts.map(|text| Value::from(text.as_str())).collect();
        let value = if texts.len() == 1 {
            texts.remove(0)
        } else {
            Value::List(texts)
        };
        if let Err(expected) = setting.set(args, &value) {
            let flag = setting.flag();
            wrong.push(format!("{flag} {value} is not accepted: {expected}"));
        }
        args.origins.insert(setting.name, Origin::Flag);
    }
}
