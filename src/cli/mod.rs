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

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::Command;
use commands::{compare, plan, report, run, verify};
use exit::USAGE;

use crate::report::say;
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
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        // Plain, because clap repeats the arguments as they are, between its own control characters.
        Err(error)
            if error.use_stderr() && std::env::args_os().any(|argument| is_odd(&argument)) =>
        {
            say(error.render().to_string().trim_end());
            return ExitCode::from(USAGE);
        }
        Err(error) => error.exit(),
    };
    match matches.subcommand() {
        Some(("run", matches)) => run::run(matches),
        Some(("plan", matches)) => plan::run(matches),
        Some(("verify", matches)) => verify::run(matches),
        Some(("compare", matches)) => compare::run(matches),
        Some(("report", matches)) => report::run(matches),
        _ => ExitCode::from(USAGE), // not reached: clap insists on a command
    }
}

fn is_odd(argument: &OsStr) -> bool {
    argument.to_string_lossy().contains(is_unprintable)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_commands_are_consistent() {
        super::command().debug_assert();
    }
}
