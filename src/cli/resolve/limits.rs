//! Whether the system lets a run have what it needs, checked before anything is created.

use crate::cli::args::RunArgs;
use crate::sys::printed::{Grouped, Printable};
use crate::sys::rlimits;

/// What a run opens beside the workers' files: an input and the next one, what wakes the producer, the report, what
/// the handling of signals takes.
const DESCRIPTORS: u64 = 8;

/// Checks the limits of this process: memory, descriptors, the length of files.
pub(super) fn check_limits(args: &RunArgs, wrong: &mut Vec<String>) {
    if let Err(more) = args.config.check_memory(&rlimits::memory()) {
        wrong.extend(more.iter().map(ToString::to_string));
    }
    if let Some((open, limit)) = rlimits::descriptors() {
        wrong.extend(check_descriptors(args, open, limit));
    }
    if let Some(limit) = rlimits::file_bytes() {
        wrong.extend(check_file_bytes(args, limit));
    }
}

fn check_descriptors(args: &RunArgs, open: u64, limit: u64) -> Option<String> {
    let workers = args.config.scaling.max_workers as u64;
    let files = if args.sink.is_per_worker() {
        workers
    } else {
        1
    };
    let needed = open + files + DESCRIPTORS;
    (needed > limit).then(|| {
        format!(
            "not enough descriptors: {open} open + {files} for the sink + {DESCRIPTORS} for the rest are {needed}, but \
             the limit is {limit}; expected fewer workers, one file for all, or a larger limit (ulimit -n {needed})"
        )
    })
}

/// A file that is already as long as it may get would fail the run with its first batch.
fn check_file_bytes(args: &RunArgs, limit: u64) -> Option<String> {
    let path = args.sink.file().filter(|_| !args.sink.is_per_worker())?;
    let file = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file);
    let len = file.map_or(0, |file| file.len());
    (len >= limit).then(|| {
        let path = Printable(path.display());
        format!(
            "sink {path} is {} bytes long, and the limit is {}: nothing could be appended; expected another file, \
             or a larger limit (ulimit -f)",
            Grouped(len),
            Grouped(limit)
        )
    })
}
