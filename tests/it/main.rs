//! The integration tests, in one binary: promises about the real program, one sentence each.
//!
//! * `conservation` - every record is accounted for, in any configuration and with any faulty sink.
//! * `batches` - when a batch is due.
//! * `order` - in which order records arrive.
//! * `input` - how real logs are read.
//! * `bad_input` - endless, vanishing, unreadable or missing input.
//! * `limits` - limits of the system on memory, files and threads.
//! * `files` - which files are one and the same, and which cannot be used.
//! * `embedding` - the library inside another program.
//! * `load` - when records are due under a load.
//! * `full` - what a producer does when the lanes are full.
//! * `stop`, `drain_deadline`, `failures` - how a run ends: in order, cut short, or because something failed.
//! * `signals` - what signals do beside that: twice at once, a hang-up, the state, a process that is stopped.
//! * `unfinished` - runs that stop before the end of their input.
//! * `retry`, `stall` - sinks that fail for a while, and sinks that hang.
//! * `spill` - where records go that cannot be delivered.
//! * `matrix` - each fault on each sink in each phase, and each signal.
//! * `config`, `validation` - the settings a run accepts, and those it refuses.
//! * `autoscale` - how the number of active workers follows the load.
//! * `placement` - which thread runs on which CPU.
//! * `fuzz` - any bytes as lines, as a configuration file and as a file to verify; shared with the fuzz targets.
//! * `usage`, `names` - how settings are written, and names that are not plain text.
//! * `output` - what a run prints and reports.
//! * `stderr` - a standard error that nobody reads.
//! * `verbosity` - how much is printed on standard error, and how.
//! * `artifacts` - latency files that other programs read.
//! * `html` - the HTML page of a run.
//! * `measurement` - the figures of a run, and how far they can be trusted.
//! * `saturation` - when a run was behind its schedule, what waited, and who spent the time.
//! * `verify` - the command `verify`.
//! * `compare`, `compare_runs` - the command `compare`, and how sure it is.
//! * `report` - the command `report`.
//! * `readme` - the settings, keys and codes that the README and the reference list.
//! * `readme_figures` - the figures in the README, and the scenarios behind them.
//! * `tidy` - the rules for the sources.
//!
//! `support` is shared by all of them.
//!
//! Environment: `SPLASHDAM_STRICT=1` fails a test that would be skipped, `SPLASHDAM_MATRIX=full` runs every case of the
//! matrix, `SPLASHDAM_SEED` repeats random cases, and `SPLASHDAM_CASES`, `SPLASHDAM_STOPS` and `SPLASHDAM_CYCLES` set
//! how many there are.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails at that line"
)]
#![allow(
    clippy::print_stdout,
    reason = "a failing test shows its seed and what it skipped"
)]

mod artifacts;
mod autoscale;
mod autoscale_batches;
mod bad_input;
mod batches;
mod beginning;
mod busy;
mod compare;
mod compare_runs;
mod config;
mod conservation;
mod drain_deadline;
mod embedding;
mod failures;
mod files;
mod full;
mod fuzz;
mod html;
mod input;
mod limits;
mod load;
mod matrix;
mod measurement;
mod names;
mod order;
mod output;
mod placement;
mod readme;
mod readme_figures;
mod report;
mod retry;
mod saturation;
mod signals;
mod spill;
mod spill_late;
mod stall;
mod standard_input;
mod stderr;
mod stop;
mod support;
mod tidy;
mod unfinished;
mod usage;
mod validation;
mod verbosity;
mod verify;
