//! `splashdam compare`: whether runs differ by more than chance explains.
//!
//! ```text
//!   files --report_file--> runs of A and B --comparability--> refusal, warnings
//!                                          --row, by statistics--> Comparison --table, JSON--> standard output
//! ```

mod comparability;
mod report_file;
mod row;
mod statistics;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches, Command, value_parser};
use serde::Serialize;

use self::comparability::{Difference, Invalid, interleaved};
use self::report_file::ReportFile;
use self::row::{ALPHA, MINIMUM_EFFECT, RUNS_MAX, Row, Verdict, can_tell, rows, runs_needed};
use crate::cli::commands::format::json_line;
use crate::cli::commands::print::print;
use crate::cli::exit::USAGE;
use crate::report::say;
use crate::sys::printed::Printable;

const WORSE: u8 = 1;

const MORE: &str =
    "`splashdam compare --help` has examples, and explains the verdicts and the exit codes.";

const AFTER_HELP: &str = "\
Examples:
  splashdam compare before.json after.json
      Two runs side by side. B/A above 1 is more: better for throughput, worse for latency.
  splashdam compare a-*.json --with b-*.json
      Several runs a side: medians, spread (min - max), and a verdict for each row.
  splashdam compare a-*.json --with b-*.json --fail-on-worse
      The same as a gate: exit code 1 if a row is worse.

Let the sides take turns, so that a machine that heats up or is shared slows both:
  for i in 1 2 3 4 5; do
    ./before run --duration 10s -q --report a-$i.json
    ./after run --duration 10s -q --report b-$i.json
  done

Settings that differ stand above the table. With enough runs a row has the 95 % interval of the factor between the
sides (Hodges-Lehmann), and for inconclusive rows the table ends with how many runs a side would probably tell.

A row is better or worse if the Mann-Whitney U test (exact, two-sided) gives p < 0.05 and the medians
differ by 1 % or more in the same direction; otherwise it is inconclusive, which does not mean equal.
With 3 runs a side no difference reaches that p; with 4 it can. Each row is judged by itself: where nothing
changed, one in twenty still comes out with p < 0.05, and of ten rows one more often.

Runs on unlike machines are refused: cpu_model, cpus, kernel, governor, cgroup_cpu_quota, clocksource,
rustc and profile must agree, and memory_bytes within 1 %. So is a run that is given twice. Runs that are not valid
and sides that did not take turns are warnings, on standard error.

--format json prints one object:
  a, b             the files of each side
  interleaved      whether the sides took turns; null with one run on a side
  machine_differs, config_differs
                   [{key, values: [{value, files}]}]
  invalid          [{file, codes}]
  runs_needed      a side, for a verdict; null where there are enough
  alpha, minimum_effect
  rows             [{metric, key, higher_is_better, a and b: {median, min, max} or null, ratio,
                   ratio_interval: [low, high] or null, p, verdict, runs_to_tell: a side, or null}]

Exit status:
  0  compared
  1  compared, and a row is worse (with --fail-on-worse)
  2  bad usage, a file that is not a report, unlike machines, or too few runs for --fail-on-worse";

pub(crate) fn command() -> Command {
    let flag = |name| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let files = |name| {
        let arg = Arg::new(name).value_name("REPORT").num_args(1..);
        arg.value_parser(value_parser!(PathBuf))
    };
    Command::new("compare")
        .about("Compares the reports of runs: throughput and latency side by side, with a verdict")
        .after_help(MORE)
        .after_long_help(AFTER_HELP)
        .arg(
            files("report")
                .required(true)
                .help("A and B; or, before --with, all the runs of A"),
        )
        .arg(files("with").long("with").help("All the runs of B"))
        .arg(flag("force").help("Compare runs of unlike machines, with a warning"))
        .arg(flag("fail-on-worse").help("Exit with 1 if a row is worse"))
        .arg(
            Arg::new("format")
                .long("format")
                .value_name("FORMAT")
                .value_parser(["text", "json"])
                .default_value("text")
                .help("What is printed: a table, or one JSON object with the same facts"),
        )
}

/// The comparison of both sides.
#[derive(Debug, Serialize)]
struct Comparison {
    a: Vec<String>,
    b: Vec<String>,
    interleaved: Option<bool>,
    machine_differs: Vec<Difference>,
    config_differs: Vec<Difference>,
    invalid: Vec<Invalid>,
    runs_needed: Option<usize>,
    alpha: f64,
    minimum_effect: f64,
    rows: Vec<Row>,
}

/// Runs `compare`, with the comparison on standard output.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let compared = compare(matches).and_then(|comparison| {
        warn(&comparison);
        let json = matches
            .get_one::<String>("format")
            .is_some_and(|format| format == "json");
        let cannot_write = |error| format!("cannot write the comparison: {error}");
        let text = if json {
            json_line(&comparison)
        } else {
            Ok(comparison.to_string())
        };
        text.and_then(|text| print(&text)).map_err(cannot_write)?;
        Ok(comparison)
    });
    match compared {
        Ok(comparison) => {
            let is_worse = |row: &Row| row.verdict == Verdict::Worse;
            if matches.get_flag("fail-on-worse") && comparison.rows.iter().any(is_worse) {
                ExitCode::from(WORSE)
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(message) => {
            say(format_args!("splashdam compare: {message}"));
            ExitCode::from(USAGE)
        }
    }
}

fn compare(matches: &ArgMatches) -> Result<Comparison, String> {
    let (a, b) = sides(matches)?;
    let all: Vec<&ReportFile> = a.iter().chain(&b).collect();
    let machine_differs = comparability::of_machines(&all);
    if !machine_differs.is_empty() && !matches.get_flag("force") {
        let differences = machine_differs
            .iter()
            .map(|difference| format!("  {difference}\n"));
        let differences: String = differences.collect();
        return Err(format!(
            "these runs are of unlike machines\n{differences}--force compares them all the same"
        ));
    }
    let runs_needed = (!can_tell(a.len(), b.len())).then(runs_needed);
    if let Some(runs) = runs_needed.filter(|_| matches.get_flag("fail-on-worse")) {
        let (a, b) = (a.len(), b.len());
        return Err(format!(
            "--fail-on-worse takes at least {runs} runs a side, not {a} and {b}: with fewer, no row is worse"
        ));
    }
    let files = |side: &[ReportFile]| side.iter().map(|run| run.file.clone()).collect();
    Ok(Comparison {
        a: files(&a),
        b: files(&b),
        interleaved: interleaved(&a, &b),
        machine_differs,
        config_differs: comparability::of_config(&all),
        invalid: comparability::invalid(&all),
        runs_needed,
        alpha: ALPHA,
        minimum_effect: MINIMUM_EFFECT,
        rows: rows(&a, &b),
    })
}

/// The runs of A and of B.
fn sides(matches: &ArgMatches) -> Result<(Vec<ReportFile>, Vec<ReportFile>), String> {
    let paths = |name| {
        matches
            .get_many::<PathBuf>(name)
            .unwrap_or_default()
            .cloned()
            .collect()
    };
    let (mut a, mut b): (Vec<_>, Vec<_>) = (paths("report"), paths("with"));
    if b.is_empty() {
        if a.len() != 2 {
            return Err(format!(
                "it takes two reports, not {}; several runs a side are A... --with B...",
                a.len()
            ));
        }
        b = a.split_off(1);
    }
    let (a, b) = (side(&a)?, side(&b)?);
    for run in &b {
        if let Some(other) = a.iter().find(|other| other.is_same_run(run)) {
            return Err(format!(
                "{} of A and {} of B are the same run (machine.began_unix_s): a run does not differ from itself",
                Printable(&other.file),
                Printable(&run.file)
            ));
        }
    }
    Ok((a, b))
}

fn side(paths: &[PathBuf]) -> Result<Vec<ReportFile>, String> {
    if paths.len() > RUNS_MAX {
        return Err(format!(
            "at most {RUNS_MAX} runs a side, not {}",
            paths.len()
        ));
    }
    let read = paths.iter().map(|path| ReportFile::read(path));
    let runs = read.collect::<Result<Vec<_>, _>>()?;
    for (at, run) in runs.iter().enumerate() {
        if let Some(other) = runs[..at].iter().find(|other| other.is_same_run(run)) {
            return Err(format!(
                "{} and {} are the same run (machine.began_unix_s), which counts once",
                Printable(&other.file),
                Printable(&run.file)
            ));
        }
    }
    Ok(runs)
}

/// Warns of what weakens the comparison.
fn warn(comparison: &Comparison) {
    for difference in &comparison.machine_differs {
        say(format_args!("warning: unlike machines: {difference}"));
    }
    for invalid in &comparison.invalid {
        say(format_args!("warning: {invalid}"));
    }
    if comparison.interleaved == Some(false) {
        say(
            "warning: the sides did not take turns: what changed on the machine in between counts as a difference; \
             run A and B alternately",
        );
    }
}
