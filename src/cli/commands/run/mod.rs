//! `splashdam run`: from flags to an exit code.

mod finish;
mod fresh;
mod goal;
mod signals;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches, Command};
use finish::finish;
use fresh::Fresh;
use goal::goal;
use signals::Signals;

use crate::cli::args::RunArgs;
use crate::cli::artifacts::Artifacts;
use crate::cli::destination::Log;
use crate::cli::exit::USAGE;
use crate::cli::resolve::resolve;
use crate::cli::settings::arguments;
use crate::control::signals::SignalError;
use crate::pipeline::{Pipeline, Running, StartError, spawn_background};
use crate::report::events::{Verbosity, print_events};
use crate::report::format::{Format, Style, set_style};
use crate::report::{say, say_error, stderr};
use crate::sinks::FileSink;

const MORE: &str =
    "`splashdam run --help` explains all settings, and has examples and the exit codes.";

const EXAMPLES: &str = "\
Examples:
  splashdam run --duration 10s                              how fast can this machine go?
  splashdam run --count 50000000 --sink check               the same, every byte read, every record accounted for
  tail -F app.log | splashdam run --source stdin --sink file:out.ndjson
  splashdam run --source file:a.log --source file:b.log --sink file:all.log --max-workers 1
  splashdam run --producer-rate 5000/s --sink delay:20ms --batch-size 50 --channel-size 1500
                                                            what backpressure looks like
  splashdam run --producer-rate 200000/s --load square:10s,0.1 --duration 1m
                                                            what load that comes and goes does

Every setting is also a key of the TOML file that --config names, with underscores (batch_size = 512). \
There a source or sink may be a table ([sink] with type = \"file\" and path = \"out.ndjson\"), and settings may be \
grouped in tables [lanes], [batch], [scaling], [placement] and [stop].

Signals:
  SIGINT, SIGTERM  stop: take nothing more in, deliver what was accepted; again, 1 s later: leave now
  SIGHUP           stop if standard error is a terminal, else open outputs again (--on-hangup)
  SIGUSR1          print the state: ledger, queues, workers, who makes no progress
  SIGUSR2          nothing

Exit codes:
  0    everything was delivered (or the reader of stdout closed it)
  1    something failed: a source, a sink, a check
  2    bad usage or configuration; nothing was started
  3    drained, but a policy dropped records (too long; full, with drop-newest)
  4    the drain timeout passed; the rest is spilled or abandoned, and counted
  5    unfinished: a stop came before the end of an input that has one (a file, or a file on
       stdin); what was taken from it was delivered. A count that was reached, and a reader that
       closed stdout, are no such stops
  128+n  a second signal, number n, 1 s or more after the first, cut the draining short; likewise
         counted
If several hold, the first of 1, 4 or 128+n, 5, 3.";

pub(crate) fn command() -> Command {
    Command::new("run")
        .about("Moves records from a source to a sink until the source ends, a limit is reached or a signal comes")
        .after_help(MORE)
        .after_long_help(EXAMPLES)
        .args(verbosity())
        .args(arguments())
}

/// The flags that say how much is printed, and how.
pub(crate) fn verbosity() -> [Arg; 3] {
    let flag = |name| Arg::new(name).long(name).action(ArgAction::SetTrue);
    [
        flag("quiet").short('q').help(
            "Print errors only: what failed, and a line with the ledger if records were not delivered",
        ),
        flag("no-progress").help(
            "Print warnings and the end, but no line of metrics, no progress bar and no scaling steps",
        ),
        flag("timestamps").help("Begin each line with the time (UTC)"),
    ]
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let writer = stderr::begin();
    if let Err(error) = spawn_background("stderr", move || writer.run()) {
        stderr::write_at_once();
        say_error(format_args!("cannot start a thread: {error}"));
        return ExitCode::FAILURE;
    }
    let verbosity = if matches.get_flag("quiet") {
        Verbosity::Errors
    } else if matches.get_flag("no-progress") {
        Verbosity::NoProgress
    } else {
        Verbosity::All
    };
    print_events(verbosity);
    let signals = match Signals::take_over(verbosity == Verbosity::Errors) {
        Ok(signals) => signals,
        Err(error) => return no_signals(&error),
    };
    let resolved = resolve(matches);
    set_style(Style {
        format: resolved
            .as_ref()
            .map_or_else(|wrong| wrong.format, |args| args.format),
        timestamps: matches.get_flag("timestamps"),
    });
    let args = match resolved {
        Ok(args) => args,
        Err(wrong) => return refuse(&wrong.to_string()),
    };
    let fresh = Fresh::before(&args);
    match start(&args, &signals, verbosity) {
        Ok((running, artifacts)) => finish(&args, &artifacts, running, &signals, verbosity),
        Err(refusal) => {
            fresh.remove();
            refusal
        }
    }
}

fn no_signals(error: &SignalError) -> ExitCode {
    say_error(error);
    ExitCode::FAILURE
}

pub(crate) fn refuse(what: &str) -> ExitCode {
    for line in what.lines() {
        say_error(line);
    }
    say("nothing was started; `splashdam run --help` explains every setting");
    ExitCode::from(USAGE)
}

/// Reports why a pipeline did not start.
pub(crate) fn not_started(error: &StartError) -> ExitCode {
    if let StartError::System(_) = error {
        say_error(error);
        return ExitCode::FAILURE;
    }
    refuse(&error.to_string())
}

/// Opens everything and starts the pipeline. An earlier latency log is cut when all has started.
fn start(
    args: &RunArgs,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<(Running, Artifacts), ExitCode> {
    let terminal = io::stderr().is_terminal();
    let configured = signals.configure(args, terminal);
    configured.map_err(|e| no_signals(&e))?;
    let named = |setting: &str, e: &io::Error| refuse(&format!("{setting}: {e}"));
    let source = args.open_source().map_err(|e| named("source", &e))?;
    let artifacts = Artifacts::open(args).map_err(|wrong| refuse(&wrong))?;
    let sinks = args.sink.open(args.fsync).map_err(|e| named("sink", &e))?;
    let mut pipeline = Pipeline::new(source, sinks).config(args.config.clone());
    if let Some(path) = &args.spill {
        let spill = FileSink::append(path, args.fsync).map_err(|e| named("spill", &e))?;
        pipeline = pipeline.spill(spill);
    }
    let shows_progress = verbosity == Verbosity::All;
    if shows_progress {
        pipeline = pipeline.observe(args.metrics_interval, stderr::show_interval);
    } else if args.report.is_some() || args.html.is_some() || args.hlog.is_some() {
        pipeline = pipeline.observe(args.metrics_interval, |_| ());
    }
    let started = Arc::new(OnceLock::new());
    if let Some(path) = &args.hlog {
        let log = Log::open(path, Arc::clone(&started)).map_err(|e| named("hlog", &e))?;
        pipeline = pipeline.log_latency(log);
    }
    signals.take_over_stops().map_err(|e| no_signals(&e))?;
    let running = pipeline.start().map_err(|error| not_started(&error))?;
    let _ = started.set(());
    signals.pass_on_to(&running);
    let for_people = shows_progress && args.format == Format::Text && terminal;
    // Records on the same terminal would break the bar.
    let for_people = for_people && !(args.sink.is_stdout() && io::stdout().is_terminal());
    if let Some(goal) = goal(args).filter(|_| for_people) {
        stderr::begin_bar(goal);
    }
    Ok((running, artifacts))
}
