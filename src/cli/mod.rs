//! Floor 8: the command line. Flags and a file become arguments, those a pipeline, its outcome an exit code.
//!
//! ```text
//!   flags, --config FILE --settings, resolve--> RunArgs --run--> Pipeline --join--> Outcome --> report, exit code
//! ```
//!
//! Invariants:
//! * One table of settings makes the flags, the keys of the configuration file, `--help` and the report's `config`.
//! * Standard output belongs to the stdout sink (and to what a command is asked to print); all else is standard error.

mod args;
mod artifacts;
mod commands;
mod config_file;
mod destination;
mod exit;
pub mod fuzzing;
mod resolve;
mod settings;

use std::env;
use std::process::{self, ExitCode};

use clap::Command;
use commands::{compare, plan, report, run, verify};
use exit::USAGE;

use crate::control::signals::heed_no_file_limit;
use crate::report::format::{Format, Style, set_style};
use crate::report::{say, say_error, stderr};
use crate::sys::printed::is_unprintable;

fn command() -> Command {
    Command::new("splashdam")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Moves log records from a source to a sink through lock-free lanes, on pinned threads, and loses nothing")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run::command())
        .subcommand(plan::command())
        .subcommand(verify::command())
        .subcommand(compare::command())
        .subcommand(report::command())
}

/// Parses the process's arguments, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    // Also after a panic: what was said until then explains it.
    let _said = SaidAtTheEnd;
    // If it cannot be taken over it ends the process, as it always did.
    let _ = heed_no_file_limit();
    let matches = command().try_get_matches();
    let matches = matches.unwrap_or_else(|error| refuse(&error));
    match matches.subcommand() {
        Some(("run", matches)) => run::run(matches),
        Some(("plan", matches)) => plan::run(matches),
        Some(("verify", matches)) => verify::run(matches),
        Some(("compare", matches)) => compare::run(matches),
        Some(("report", matches)) => report::run(matches),
        _ => ExitCode::from(USAGE), // not reached: clap insists on a command
    }
}

/// Waits, when it is dropped, for what was said to be written.
struct SaidAtTheEnd;

impl Drop for SaidAtTheEnd {
    fn drop(&mut self) {
        stderr::finish();
    }
}

/// Prints what clap has to say - help, or what is wrong with the arguments - and ends the program.
fn refuse(error: &clap::Error) -> ! {
    let arguments = env::args_os().skip(1);
    let arguments = arguments.map(|one| one.to_string_lossy().into_owned());
    let arguments: Vec<_> = arguments.collect();
    let wants_json = ["--format", "--metrics-format"].iter().any(|flag| {
        arguments.iter().any(|one| *one == format!("{flag}=json"))
            || arguments.windows(2).any(|two| two == [*flag, "json"])
    });
    let is_odd = arguments.iter().any(|one| one.contains(is_unprintable));
    let timestamps = arguments.iter().any(|one| one == "--timestamps");
    if !error.use_stderr() || !wants_json && !timestamps && !is_odd {
        error.exit();
    }
    let format = if wants_json {
        Format::Json
    } else {
        Format::Text
    };
    set_style(Style { format, timestamps });
    if !wants_json {
        // Plain, because clap repeats the arguments as they are, between its own control characters.
        say(error.render().to_string().trim_end());
        process::exit(error.exit_code());
    }
    // The first paragraph is what is wrong, the rest is advice.
    let text = error.render().to_string();
    let (wrong, advice) = text.split_once("\n\n").unwrap_or((&text, ""));
    say_error(wrong.strip_prefix("error: ").unwrap_or(wrong).trim_end());
    for line in advice.lines().filter(|line| !line.is_empty()) {
        say(line.trim_start());
    }
    process::exit(error.exit_code())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_commands_are_consistent() {
        super::command().debug_assert();
    }
}
