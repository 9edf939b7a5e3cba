//! `splashdam verify`: which records of a pipeline are missing, duplicated or torn.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::cli::commands::format::{self, is_json, json_line};
use crate::cli::commands::print::print;
use crate::cli::commands::verify::file_set::read_all;
use crate::cli::commands::verify::line_reader::LineReader;
use crate::cli::commands::verify::report::Report;
use crate::report::say;
use crate::values::number;
use crate::verify::accounting::{Accounting, Line};
use crate::verify::verdict::{Expected, Verdict};

mod file_set;
mod line_reader;
mod report;

const NOT_WHOLE: u8 = 1;
/// Bad usage, or a file that cannot be read: nothing was judged.
const NOT_JUDGED: u8 = 2;

const ABOUT: &str = "Say which records are missing, duplicated or torn";

const LONG_ABOUT: &str = "\
Say which records are missing, duplicated or torn

Reads JSON lines, each an object with a `seq`: the number of the record, a whole number from 0.
The files together are one set; neither their order nor the order of their lines matters. Any
pipeline will do, not only this one.

  missing     a number that should be there and is not
  unexpected  a number that is there and should not be: outside of --from and --expect
  duplicated  a number that came more than once
  torn        a line that is not one JSON object with a whole unsigned `seq`: cut short, glued
              to another, blank, or longer than 16 MiB

The set is whole if there is none of these. Each line is parsed to its end, but the bytes inside
strings need not be valid UTF-8. A last line without a newline counts if it is a record.

Without --expect nobody can tell that records are missing at the end: say how many went in.";

const MORE: &str =
    "`splashdam verify --help` has examples, and explains the verdict and the exit codes.";

const AFTER_HELP: &str = "\
Examples:
  splashdam verify out.ndjson
      Is every record there, once, from 0 to the highest in the file?
  splashdam verify --expect 20000000 out-*.ndjson
      Do these files together hold records 0-19999999, and nothing else?
  zcat old.ndjson.gz | splashdam verify --from 5000 -
      The same for a stream whose first record is number 5000.
  splashdam verify --format json --limit 0 out.ndjson | jq -c '.missing.ranges[]'
      Every gap, as [first,last].

--format json prints one object:
  whole, lines, records
  seq, wanted                      [first,last] that is there, and that should be, or null
  missing, unexpected, duplicated  {count, ranges: [[first,last]], more_ranges}
  torn                             {count, lines: [{file, line, excerpt, why}], more_lines}
  unended                          files whose last line is a record without a newline

Memory: one entry for each run of numbers, so very little if they are nearly in order.

Exit status:
  0  whole
  1  not whole
  2  bad usage, or a file could not be read: nothing was judged";

/// The command line of `verify`.
pub(crate) fn command() -> Command {
    Command::new("verify")
        .about(ABOUT)
        .long_about(LONG_ABOUT)
        .after_help(MORE)
        .after_long_help(AFTER_HELP)
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .num_args(0..)
                .value_parser(value_parser!(PathBuf))
                .help("Files of JSON lines; `-`, or none at all, is standard input"),
        )
        .arg(
            numbered("expect", "N")
                .help("Exactly N records must be there: 0 to N-1, or K to K+N-1"),
        )
        .arg(
            numbered("from", "K")
                .default_value("0")
                .help("The first record is number K"),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .value_parser(whole_number::<usize>)
                .default_value("20")
                .help("List at most N ranges, and N torn lines; 0 lists all"),
        )
        .args(format::arguments("one object with the same facts"))
}

fn numbered(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .value_parser(whole_number::<u64>)
}

/// A number as settings take it: `20_000_000`, `2e7`, `20M`.
fn whole_number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    number::read(&text.into())
}

/// Runs `verify`, with the report on standard output.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let judged = judge(matches).and_then(|verdict| {
        let text = if is_json(matches) {
            json_line(&verdict)
        } else {
            Ok(Report(&verdict).to_string())
        };
        text.and_then(|text| print(&text))
            .map_err(|error| format!("cannot write the report: {error}"))?;
        Ok(verdict.whole)
    });
    match judged {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_WHOLE),
        Err(message) => {
            say(format_args!("splashdam verify: {message}"));
            ExitCode::from(NOT_JUDGED)
        }
    }
}

/// Reads every file, and judges what they hold together.
fn judge(matches: &ArgMatches) -> Result<Verdict, String> {
    let from = matches.get_one("from").copied().unwrap_or(0);
    let expected = Expected::new(from, matches.get_one("expect").copied())
        .ok_or("--from and --expect together pass the highest number there is")?;
    let limit = match matches.get_one("limit").copied() {
        Some(0) => usize::MAX,
        limit => limit.unwrap_or(20),
    };
    let files: Vec<&Path> = match matches.get_many::<PathBuf>("file") {
        Some(files) => files.map(PathBuf::as_path).collect(),
        None => vec![Path::new("-")],
    };
    let mut account = Accounting::new(limit);
    read_all(&files, &mut account)?;
    Ok(Verdict::new(account, expected, limit))
}

/// Judges bytes as one file. Returns the report as JSON and in words, `None` if `count` is out of range.
pub(crate) fn judge_bytes(bytes: &[u8], count: Option<u64>) -> Option<(String, String)> {
    const LIMIT: usize = 20;
    let expected = Expected::new(0, count)?;
    let mut account = Accounting::new(LIMIT);
    let (mut lines, mut number) = (LineReader::new(bytes), 0);
    let mut add = |line: Line<'_>| {
        number += 1;
        account.add("bytes", number, line);
    };
    while lines.step(&mut add).ok()? {}
    let verdict = Verdict::new(account, expected, LIMIT);
    let json = serde_json::to_string(&verdict).ok()?;
    Some((json, Report(&verdict).to_string()))
}
