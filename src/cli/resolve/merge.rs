//! The defaults, the file's entries over them, and the flags over both.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::cli::args::RunArgs;
use crate::cli::config_file::{self, Entry};
use crate::cli::resolve::check::{check, check_natural_length};
use crate::cli::resolve::fit::fit;
use crate::cli::resolve::limits::check_limits;
use crate::cli::resolve::opening::check_opening;
use crate::cli::settings::settings;
use crate::outcome::report::Origin;
use crate::report::format::Format;
use crate::sys::cpu::mask;
use crate::sys::printed::Printable;
use crate::values::{Value, Why};

/// All that is wrong with the arguments and the file, a sentence each; as text, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .wrong.join("\n"))]
pub(crate) struct Problems {
    wrong: Vec<String>,
    /// How they are to be printed, as far as that is known.
    pub(crate) format: Format,
}

/// Reads the configuration file, if one is named, then the flags, which win; fits what was not given; checks all, and
/// whether what is named could be opened.
///
/// # Errors
///
/// All that is wrong.
pub(crate) fn resolve(matches: &ArgMatches) -> Result<RunArgs, Problems> {
    let path = matches.get_one::<PathBuf>("config");
    let args = merge(path.map(|path| (&**path, config_file::read(path))), matches)?;
    let mut wrong = Vec::new();
    check_opening(&args, &mut wrong);
    if wrong.is_empty() {
        Ok(args)
    } else {
        let format = args.format;
        Err(Problems { wrong, format })
    }
}

/// The same with the file's entries, or the reason why there are none, and without a look at other files.
pub(crate) fn merge(
    file: Option<(&Path, Result<toml::Table, String>)>,
    matches: &ArgMatches,
) -> Result<RunArgs, Problems> {
    let mut args = RunArgs {
        config_file: file.as_ref().map(|(path, _)| path.to_path_buf()),
        ..RunArgs::default()
    };
    let mut wrong = Vec::new();
    let flags = matches.ids().map(clap::Id::as_str).collect::<Vec<_>>();
    match file {
        Some((path, Ok(table))) => apply_file(&mut args, path, table, &flags, &mut wrong),
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
        let format = args.format;
        Err(Problems { wrong, format })
    }
}

/// Applies the entries of a configuration file, except those that a flag will override.
fn apply_file(
    args: &mut RunArgs,
    path: &Path,
    table: toml::Table,
    flags: &[&str],
    wrong: &mut Vec<String>,
) {
    for Entry {
        key,
        setting,
        value,
    } in config_file::entries(path, table, wrong)
    {
        // An entry is checked even if a flag overrides it: the file is wrong either way.
        let mut scratch = RunArgs::default();
        let overridden = flags.contains(&setting.name);
        let target = if overridden { &mut scratch } else { &mut *args };
        match config_file::value(&value).map(|value| setting.set(target, &value)) {
            Ok(Ok(())) => {}
            Ok(Err(refused)) => {
                wrong.extend(
                    refused
                        .iter()
                        .map(|one| config_file::refusal(path, &key, one)),
                );
            }
            Err(why) => wrong.push(format!(
                "{}: {key} is not accepted: {why}",
                Printable(path.display())
            )),
        }
        args.origins.insert(setting.name, Origin::File);
    }
}

fn apply_flags(args: &mut RunArgs, matches: &ArgMatches, wrong: &mut Vec<String>) {
    for setting in settings() {
        let Ok(Some(texts)) = matches.try_get_raw(setting.name) else {
            continue;
        };
        let mut texts: Vec<_> = texts.map(Value::from).collect();
        let value = if texts.len() == 1 {
            texts.remove(0)
        } else {
            Value::List(texts)
        };
        for refused in setting.set(args, &value).err().into_iter().flatten() {
            // Text has no keys that could be missing or unknown.
            if let Why::Value { value, expected } = refused.why {
                let flag = setting.flag();
                wrong.push(format!("{flag} {value} is not accepted: {expected}"));
            }
        }
        args.origins.insert(setting.name, Origin::Flag);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::merge;
    use crate::cli::commands::run;

    #[test]
    fn the_configuration_file_in_the_reference_is_accepted() {
        let readme = include_str!("../../reference/settings.md");
        let (_, rest) = readme.split_once("```toml\n").expect("a file");
        let (file, _) = rest.split_once("```").expect("its end");
        let table = file
            .parse()
            .map_err(|error: toml::de::Error| error.to_string());
        let flags = run::command().get_matches_from(["run"]);
        let args = merge(Some((Path::new("README.md"), table)), &flags).expect("accepted");
        let (text, _) = rest.split_once("\ntype = \"delay\"").expect("a sink");
        let (_, text) = text.rsplit_once("# --sink ").expect("its text");
        assert_eq!(args.sink.to_string(), text);
        assert_eq!(args.sources.len(), 2);
    }
}
