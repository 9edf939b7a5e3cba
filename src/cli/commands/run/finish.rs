//! The end of a run: its summary, its files and its exit code.

use std::process::ExitCode;

use crate::cli::args::RunArgs;
use crate::cli::artifacts::Artifacts;
use crate::cli::commands::run::signals::Signals;
use crate::cli::settings::in_force;
use crate::outcome::Report;
use crate::pipeline::Running;
use crate::report::ending::ending;
use crate::report::summary::Summary;
use crate::report::{progress, say};
use crate::sys::printed::{Grouped, Printable};

pub(super) fn finish(
    args: &RunArgs,
    artifacts: &Artifacts,
    running: Running,
    signals: &Signals,
    quiet: bool,
) -> ExitCode {
    let outcome = running.join();
    signals.end_with(outcome.exit_code());
    progress::end();
    let report = Report::new(&outcome, in_force(args));
    if quiet {
        for failure in &outcome.failures {
            say(format_args!("error: {failure}"));
        }
        if outcome.is_unfinished() || outcome.halted_by.is_some() {
            for line in ending(&report) {
                say(format_args!("error: {line}"));
            }
        }
    } else {
        for worker in &outcome.workers {
            if let Some(records) = worker.last_partial {
                say(format_args!(
                    "Worker {} flushed batch of {} logs",
                    worker.worker,
                    Grouped(records)
                ));
            }
        }
        say(format_args!("Program finished\n{}", Summary(&report)));
        if let Some(path) = args.spill.as_ref().filter(|_| outcome.ledger.spilled > 0) {
            let (records, path) = (Grouped(outcome.ledger.spilled), Printable(path.display()));
            say(format_args!(
                "spilled      {records} records: deliver them with --source file:{path}"
            ));
        }
    }
    let mut code = outcome.exit_code();
    for failure in artifacts.write(&outcome, &report) {
        say(format_args!("error: {failure}"));
        code = code.max(1);
    }
    ExitCode::from(code)
}
