//! Whether the system lets a job have what it needs, asked before anything is made.

use crate::cli::args::Job;
use crate::sys::rlimits;

/// What a run opens beside the workers' files: an input and the next one, the stop's bell, the report, what the
/// handling of signals takes.
const DESCRIPTORS: u64 = 8;

/// Looks at the limits of this process: memory, descriptors, the length of files.
pub(super) fn check_limits(job: &Job, wrong: &mut Vec<String>) {
    if let Err(more) = job.config.check_memory(&rlimits::memory()) {
        wrong.extend(more.iter().map(ToString::to_string));
    }
    if let Some((open, limit)) = rlimits::descriptors() {
        wrong.extend(check_descriptors(job, open, limit));
    }
    if let Some(limit) = rlimits::file_bytes() {
        wrong.extend(check_file_bytes(job, limit));
    }
}

fn check_descriptors(job: &Job, open: u64, limit: u64) -> Option<String> {
    let workers = job.config.scaling.max_workers as u64;
    let files = if job.sink.is_per_worker() { workers } else { 1 };
    let needed = open + files + DESCRIPTORS;
    (needed > limit).then(|| {
        format!(
            "not enough descriptors: {open} open + {files} for the sink + {DESCRIPTORS} for the rest are {needed}, but \
             the limit is {limit}; expected fewer workers, one file for all, or a larger limit (ulimit -n {needed})"
        )
    })
}

/// A file that is as long as it may get already would fail the run with its first batch.
fn check_file_bytes(job: &Job, limit: u64) -> Option<String> {
    let path = job.sink.file().filter(|_| !job.sink.is_per_worker())?;
    let file = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file);
    let len = file.map_or(0, |file| file.len());
    (len >= limit).then(|| {
        let path = path.display();
        format!(
            "sink {path} is {len} bytes long, and the limit is {limit}: nothing could be appended; expected another file, \
             or a larger limit (ulimit -f)"
        )
    })
}
