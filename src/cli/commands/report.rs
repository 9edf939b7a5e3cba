//! `splashdam report`: a report that was kept, as a summary and as a page.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::cli::artifacts;
use crate::cli::commands::format::{self, is_json, json_line};
use crate::cli::commands::print::print;
use crate::cli::destination::Destination;
use crate::cli::exit::USAGE;
use crate::outcome::Report;
use crate::report::say;
use crate::report::summary::Summary;
use crate::sys::file_id::Place;
use crate::sys::printed::Printable;

const CANNOT_WRITE: u8 = 1;

const MORE: &str = "`splashdam report --help` has examples and the exit codes.";

const AFTER_HELP: &str = "\
Examples:
  splashdam run --duration 10s --report run.json
      Keep the report of a run.
  splashdam report run.json
      Its summary again, as the run printed it.
  splashdam report run.json --html run.html
      The page too, byte for byte the one that --html of the run itself writes.

The summary goes to standard output, messages to standard error. A report of another schema_version is
refused: read it with the splashdam that wrote it. `splashdam compare` sets reports side by side.

Exit status:
  0  printed, and the page written if one was asked for
  1  the summary or the page cannot be written
  2  bad usage, or a file that cannot be read or is not a report; nothing was written";

pub(crate) fn command() -> Command {
    let file = |name| Arg::new(name).value_parser(value_parser!(PathBuf));
    Command::new("report")
        .about("Prints the summary of a report that was kept, and draws its page")
        .after_help(MORE)
        .after_long_help(AFTER_HELP)
        .args(format::arguments(
            "the report again, as one object on one line",
        ))
        .arg(
            file("report")
                .value_name("FILE")
                .required(true)
                .help("A report, as `splashdam run --report FILE` wrote it"),
        )
        .arg(
            file("html")
                .long("html")
                .value_name("OUT")
                .help("Write the report as a page to this file"),
        )
}

/// Runs `report`, with the summary on standard output.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    match show(matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            say(format_args!("splashdam report: {message}"));
            ExitCode::from(code)
        }
    }
}

/// Reads a report.
///
/// # Errors
///
/// A sentence that names the file, and the key if one does not fit.
pub(super) fn read_report(path: &Path) -> Result<Report, String> {
    let file = Printable(path.display());
    let json = fs::read(path).map_err(|error| {
        format!("{file}: {error}: give a file that `splashdam run --report FILE` wrote")
    })?;
    Report::from_json(&json).map_err(|error| error.about(&file.to_string()))
}

/// Prints the summary and writes the page; the error has its exit code.
fn show(matches: &ArgMatches) -> Result<(), (u8, String)> {
    let path: &Path = matches
        .get_one::<PathBuf>("report")
        .ok_or((USAGE, "give a report".to_owned()))?;
    let html = matches.get_one::<PathBuf>("html");
    let report = read_report(path).map_err(|message| (USAGE, message))?;
    if let Some(html) = html.filter(|html| is_same_file(path, html)) {
        let html = Printable(html.display());
        let message =
            format!("--html {html} is the report itself: give the page a file of its own");
        return Err((USAGE, message));
    }
    let cannot_write =
        |what, error: io::Error| (CANNOT_WRITE, format!("cannot write {what}: {error}"));
    let page = html.map(|html| Destination::open(html)).transpose();
    let page = page.map_err(|error| cannot_write("the page", error))?;
    let text = if is_json(matches) {
        json_line(&report)
    } else {
        Ok(Summary(&report).to_string())
    };
    text.and_then(|text| print(&text))
        .map_err(|error| cannot_write("the summary", error))?;
    if let Some(page) = page {
        artifacts::write_page(&page, &report).map_err(|error| cannot_write("the page", error))?;
    }
    Ok(())
}

/// Whether both paths lead to one file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    match (Place::of(a), Place::of(b)) {
        (Ok(a), Ok(b)) => a.id == b.id,
        _ => false,
    }
}
