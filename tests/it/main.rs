//! The integration tests, in one binary: promises about the real program, as sentences.
//!
//! * `conservation` - every record is accounted for, whatever the configuration and whatever the sinks do.
//! * `batches` - what makes a batch due.
//! * `order` - in which order records arrive.
//! * `input` - what becomes of real logs.
//! * `hostile` - what becomes of input that means no good.
//! * `limits` - what the system does not let a run have.
//! * `load` - when records fall due under a load.
//! * `full` - what happens when the lanes are full.
//! * `stop`, `cutoff`, `failures` - how a run ends: in order, cut short, or because something failed.
//! * `retry`, `stall` - what becomes of a sink that fails for a while, or does not come back.
//! * `spill` - what becomes of records that cannot be delivered.
//! * `matrix` - each fault on each sink in each phase, and each signal.
//! * `config`, `refusal` - what a run can be told, and what it refuses.
//! * `autoscale` - how the number of active workers follows the load.
//! * `placement` - which thread runs where.
//! * `any` - what holds for any bytes: lines, configuration files, files to verify; the fuzz targets' harnesses.
//! * `output` - what a run says.
//! * `artifacts` - its latencies in formats that other programs read.
//! * `html` - the page of a run.
//! * `measurement` - what its figures say, and what they are worth.
//! * `verify` - what the verify command finds.
//! * `compare` - what the compare command says of reports.
//! * `figures` - what the README says of speed, and the scenarios behind it.
//! * `tidy` - the rules of the house.
//!
//! `support` is what they stand on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]
#![allow(clippy::print_stdout, reason = "seeds, shown where a test fails")]

mod any;
mod artifacts;
mod autoscale;
mod batches;
mod compare;
mod config;
mod conservation;
mod cutoff;
mod failures;
mod figures;
mod full;
mod hostile;
mod html;
mod input;
mod limits;
mod load;
mod matrix;
mod measurement;
mod order;
mod output;
mod placement;
mod refusal;
mod retry;
mod spill;
mod stall;
mod stop;
mod support;
mod tidy;
mod verify;
