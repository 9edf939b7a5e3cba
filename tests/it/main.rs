//! The integration tests, in one binary: promises about the real program, as sentences.
//!
//! * `conservation` - every record is accounted for, whatever the configuration and whatever the sinks do.
//! * `batches` - what makes a batch due.
//! * `order` - in which order records arrive.
//! * `input` - what becomes of real logs.
//! * `load` - when records fall due under a load.
//! * `full` - what happens when the lanes are full.
//! * `stop`, `cutoff`, `failures` - how a run ends: in order, cut short, or because something failed.
//! * `config`, `refusal` - what a run can be told, and what it refuses.
//! * `autoscale` - how the number of active workers follows the load.
//! * `placement` - which thread runs where.
//! * `output` - what a run says.
//! * `verify` - what the verify command finds.
//! * `figures` - what the README says of speed, and the scenarios behind it.
//! * `tidy` - the rules of the house.
//!
//! `support` is what they stand on.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]
#![allow(clippy::print_stdout, reason = "seeds, shown where a test fails")]

mod autoscale;
mod batches;
mod config;
mod conservation;
mod cutoff;
mod failures;
mod figures;
mod full;
mod input;
mod load;
mod order;
mod output;
mod placement;
mod refusal;
mod stop;
mod support;
mod tidy;
mod verify;
