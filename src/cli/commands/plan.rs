//! `splashdam plan`: tries out where a run would put its threads.

use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};

use crate::cli::commands::format::{self, is_json, json_line};
use crate::cli::commands::print::print;
use crate::cli::commands::run::{not_started, refuse, verbosity};
use crate::cli::resolve::resolve;
use crate::cli::settings::arguments;
use crate::pipeline::plan;
use crate::sys::cpu::{OrUnknown, PlacedThread, Placement};

const MORE: &str = "`splashdam plan --help` explains all settings, the columns and the exit codes.";

const AFTER_HELP: &str = "\
Examples:
  splashdam plan                                  what would a plain run do on this machine?
  splashdam plan --max-workers 3 --cores 2,4,6 --producer-core 0
  splashdam plan --config run.toml --format json
                                                         the run report's `placement`, without the run

All flags of `splashdam run` are accepted; those of placement and --max-workers matter.

  asked    the CPU that the thread asks for
  allowed  whether this process may use it
  got      the mask that was read back after asking: a pinned thread has that CPU and no other

Exit status:
  0  a run with these settings would start
  1  there is no thread left to try it with
  2  bad usage or configuration, a file that could not be opened, or a pin failed that --pin strict insists on";

pub(crate) fn command() -> Command {
    Command::new("plan")
        .about("Shows where a run would put its threads, and why; every pin is tried and read back")
        .after_help(MORE)
        .after_long_help(AFTER_HELP)
        .args(format::arguments("one object with the same facts"))
        .args(verbosity().map(|flag| flag.hide(true))) // so that a run's flags just work
        // A run's own format has no meaning here.
        .arg(Arg::new("metrics-format").long("metrics-format").hide(true))
        .args(
            arguments()
                .filter(|arg| arg.get_long() != Some("format"))
                .map(|arg| {
                    let matters = [arg.get_help_heading(), arg.get_long()]
                        .iter()
                        .any(|name| matches!(name, Some("Placement" | "max-workers" | "config")));
                    if matters {
                        arg
                    } else {
                        arg.hide_short_help(true)
                    }
                }),
        )
}

/// Runs `plan`, with the table on standard output.
pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let args = match resolve(matches) {
        Ok(args) => args,
        Err(wrong) => return refuse(&wrong.to_string()),
    };
    let (placement, starts) = match plan(&args.config) {
        Ok(planned) => planned,
        Err(error) => return not_started(&error),
    };
    let text = if is_json(matches) {
        json_line(&placement)
    } else {
        Ok(Plan(&placement).to_string())
    };
    match text.and_then(|text| print(&text)) {
        Err(error) => refuse(&format!("cannot write the plan: {error}")),
        Ok(()) => starts.map_or_else(|error| not_started(&error), |()| ExitCode::SUCCESS),
    }
}

/// Prints a placement for people.
struct Plan<'a>(&'a Placement);

impl Display for Plan<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let placement = self.0;
        let heading = ["thread", "asked", "allowed", "got", "why"].map(str::to_owned);
        let rows = placement.threads.iter().map(row);
        let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].len()).max();
        let widths = [0, 1, 2, 3].map(|column| width(column).unwrap_or(0));
        for [thread, asked, allowed, got, why] in &rows {
            let [w0, w1, w2, w3] = widths;
            writeln!(
                f,
                "{thread:w0$}  {asked:>w1$}  {allowed:w2$}  {got:w3$}  {why}"
            )?;
        }
        let (spin_us, spin_why) = (placement.spin_ns as f64 / 1e3, &placement.spin_why);
        writeln!(f, "\nspin     {spin_us} us: {spin_why}")?;
        writeln!(f, "cpus     {}", OrUnknown(&placement.cpus))?;
        match placement.quota {
            Some(quota) => writeln!(f, "quota    {quota} CPUs")?,
            None => writeln!(f, "quota    none")?,
        }
        for warning in &placement.warnings {
            writeln!(f, "warning  {warning}")?;
        }
        Ok(())
    }
}

fn row(thread: &PlacedThread) -> [String; 5] {
    let asked = thread.asked.map_or("-".into(), |cpu| cpu.to_string());
    let allowed = match (thread.asked, thread.allowed) {
        (None, _) => "-",
        (_, None) => "?",
        (_, Some(true)) => "yes",
        (_, Some(false)) => "no",
    };
    [
        thread.thread.clone(),
        asked,
        allowed.into(),
        OrUnknown(&thread.got).to_string(),
        thread.why.clone(),
    ]
}
