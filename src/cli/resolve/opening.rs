//! Whether what a run opens could be opened, without making, changing or waiting for anything.

use std::io;

use crate::cli::args::RunArgs;
use crate::cli::resolve::files::{check_files, check_fsync};
use crate::sinks::FileSink;

/// Adds a sentence for each input or output that could not be opened, or that two parts of the run would share.
pub(super) fn check_opening(args: &RunArgs, wrong: &mut Vec<String>) {
    let mut check = |setting: &str, tried: io::Result<()>| {
        wrong.extend(tried.err().map(|error| format!("{setting}: {error}")));
    };
    if !args.is_generated() {
        check("source", args.open_source().map(drop));
    }
    if args.sink.is_stdout() {
        check("sink", FileSink::stdout().map(drop));
    }
    check_files(args, wrong);
    check_fsync(args, wrong);
}
