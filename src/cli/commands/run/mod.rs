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
use crate::pipeline::{Pipeline, Running, StartError};
use crate::report::log_format::print_events;
use crate::report::metrics_line::{MetricsFormat, metrics_line};
use crate::report::{progress, say};
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
    let quiet = Arg::new("quiet")
        .long("quiet")
        .short('q')
        .action(ArgAction::SetTrue)
        .help("Print errors only");
    Command::new("run")
        .about("Moves records from a source to a sink until the source ends, a limit is reached or a signal comes")
        .after_help(MORE)
        .after_long_help(EXAMPLES)
        .arg(quiet)
        .args(arguments())
}

pub(crate) fn run(matches: &ArgMatches) -> ExitCode {
    let quiet = matches.get_flag("quiet");
    print_events(quiet);
    let signals = match Signals::take_over(quiet) {
        Ok(signals) => signals,
        Err(error) => return no_signals(&error),
    };
    let args = match resolve(matches) {
        Ok(args) => args,
        Err(wrong) => return refuse(&wrong.to_string()),
    };
    let fresh = Fresh::before(&args);
    match start(&args, &signals, quiet) {
        Ok((running, artifacts)) => finish(&args, &artifacts, running, &signals, quiet),
        Err(refusal) => {
            fresh.remove();
            refusal
        }
    }
}

fn no_signals(error: &SignalError) -> ExitCode {
    say(format_args!("error: {error}"));
    ExitCode::FAILURE
}

pub(crate) fn refuse(what: &str) -> ExitCode {
    for line in what.lines() {
        say(format_args!("error: {line}"));
    }
    say("nothing was started; `splashdam run --help` explains every setting");
    ExitCode::from(USAGE)
}

/// Reports why a pipeline did not start.
pub(crate) fn not_started(error: &StartError) -> ExitCode {
    if let StartError::System(_) = error {
        say(format_args!("error: {error}"));
        return ExitCode::FAILURE;
    }
    refuse(&error.to_string())
}

/// Opens everything and starts the pipeline. An earlier latency log is cut when all has started.
fn start(args: &RunArgs, signals: &Signals, quiet: bool) -> Result<(Running, Artifacts), ExitCode> {
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
    if !quiet {
        let format = args.metrics_format;
        pipeline = pipeline.observe(args.metrics_interval, move |now| {
            say(metrics_line(now, format));
            progress::show(now);
        });
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
    let for_people = !quiet && args.metrics_format == MetricsFormat::Text && terminal;
    // Records on the same terminal would break the bar.
    let for_people = for_people && !(args.sink.is_stdout() && io::stdout().is_terminal());
    if let Some(goal) = goal(args).filter(|_| for_people) {
        progress::begin(goal);
    }
    Ok((running, artifacts))
}
