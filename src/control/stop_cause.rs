//! Why a run ended.

use std::fmt;

use crate::sys::text::signal_name;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopCause {
    /// The source had no more.
    EndOfInput,
    /// The requested number of records was produced.
    CountReached,
    /// The configured duration was over.
    DurationOver,
    /// A signal arrived; its number.
    Signal(i32),
    /// The program that embeds the pipeline requested it.
    Requested,
    /// The reader of the output closed it.
    ReaderClosed,
    /// The source or a sink failed.
    Failed,
}

impl fmt::Display for StopCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndOfInput => f.write_str("end of input"),
            Self::CountReached => f.write_str("count reached"),
            Self::DurationOver => f.write_str("duration over"),
            Self::Signal(signal) => f.write_str(signal_name(*signal)),
            Self::Requested => f.write_str("requested"),
            Self::ReaderClosed => f.write_str("reader closed the output"),
            Self::Failed => f.write_str("failure"),
        }
    }
}
