//! The end of a run: its files, its summary and its exit code.

use std::process::ExitCode;

use crate::cli::args::RunArgs;
use crate::cli::artifacts::Artifacts;
use crate::cli::commands::run::signals::Signals;
use crate::cli::settings::in_force;
use crate::outcome::Report;
use crate::outcome::report::Ledger;
use crate::pipeline::Running;
use crate::report::ending::ending;
use crate::report::events::Verbosity;
use crate::report::format::Format;
use crate::report::summary::Equation;
use crate::report::{say, say_error, stderr};
use crate::sys::printed::{Grouped, Printable};

pub(super) fn finish(
    args: &RunArgs,
    artifacts: &Artifacts,
    running: Running,
    signals: &Signals,
    verbosity: Verbosity,
) -> ExitCode {
    let outcome = running.join();
    signals.end_with(outcome.exit_code());
    let report = Report::new(&outcome, in_force(args));
    // Written first: they must be there even if nobody reads what is said.
    let failed = artifacts.write(&outcome, &report);
    let mut code = outcome.exit_code();
    if !failed.is_empty() {
        code = code.max(1);
    }
    if verbosity > Verbosity::Errors {
        for worker in &outcome.workers {
            if let Some(records) = worker.last_partial {
                let worker = worker.worker;
                say(format_args!(
                    "Worker {worker} flushed batch of {} logs",
                    Grouped(records)
                ));
            }
        }
        stderr::show_summary(&report, code);
        if let Some(path) = args.spill.as_ref().filter(|_| outcome.ledger.spilled > 0) {
            let (records, path) = (Grouped(outcome.ledger.spilled), Printable(path.display()));
            say(format_args!(
                "spilled      {records} records: deliver them with --source file:{path}"
            ));
        }
    }
    // A summary for people has them.
    if verbosity == Verbosity::Errors || args.format == Format::Json {
        outcome.failures.iter().for_each(say_error);
        if outcome.is_unfinished() || outcome.halted_by.is_some() {
            ending(&report).into_iter().for_each(say_error);
        }
    }
    if let Some(loss) = loss(&report.ledger) {
        say_error(loss);
    }
    failed.iter().for_each(say_error);
    ExitCode::from(code)
}

/// What is said, always, of a run that did not deliver all that it took in. Records that the reader of the output did
/// not want any more are no loss.
fn loss(ledger: &Ledger) -> Option<String> {
    let records = ledger.dropped_by_reason.by_policy() + ledger.spilled + ledger.abandoned;
    let (produced, equation) = (Grouped(ledger.produced), Equation(ledger));
    let lost = Grouped(records);
    (records > 0).then(|| format!("not delivered: {lost} of {produced} records; {equation}"))
}
