//! What failed in a run.

use std::fmt;
use std::io;

use crate::engine::sink_error::SinkError;
use crate::metrics::Ledger;

/// A failure of a run: what failed, and why. Its text is one sentence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The source could not go on.
    Source(io::Error),
    /// A worker's sink failed for good.
    Sink {
        /// The worker's number.
        worker: usize,
        /// What the sink returned.
        error: SinkError,
    },
    /// A worker could not write to the spill file.
    Spill {
        /// The worker's number.
        worker: usize,
        /// What the spill file's sink returned.
        error: SinkError,
    },
    /// A thread panicked.
    Panic {
        /// The thread's part: `the source`, `worker 0: the sink`, `the observer`, `control`.
        thread: String,
        /// The panic's message.
        message: String,
    },
    /// The sink factory judged the run and refused it.
    Verdict(String),
    /// The latency log could not be written.
    LatencyLog(io::Error),
    /// Records are not accounted for: a bug in this crate.
    Unbalanced(Ledger),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => write!(f, "source: {error}"),
            Self::Sink { worker, error } => write!(f, "worker {worker}: sink: {error}"),
            Self::Spill { worker, error } => write!(f, "worker {worker}: spill: {error}"),
            Self::Panic { thread, message } => write!(f, "{thread} panicked: {message}"),
            Self::Verdict(reason) => f.write_str(reason),
            Self::LatencyLog(error) => write!(f, "latency log: {error}"),
            Self::Unbalanced(ledger) => {
                write!(f, "the ledger does not balance, which is a bug: {ledger:?}")
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Source(error) | Self::LatencyLog(error) => Some(error),
            Self::Sink { error, .. } | Self::Spill { error, .. } => Some(error),
            Self::Panic { .. } | Self::Verdict(_) | Self::Unbalanced(_) => None,
        }
    }
}
