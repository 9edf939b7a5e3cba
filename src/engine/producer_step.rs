//! What a producer's step returns, and why a producer closes the lanes.

use std::io;

use crate::engine::dispatch::DispatchError;
use crate::sys::wait::Pending;

/// Why the producer closed the lanes.
#[derive(Debug)]
pub(crate) enum ProducerEnd {
    /// The source has no more.
    EndOfInput,
    /// The run's limit of records is reached.
    CountReached,
    /// The run's duration is over.
    DurationOver,
    /// The run stops.
    Quiesced,
    /// The source failed, lent a burst whose headers do not match its bytes, or more than was demanded.
    SourceFailed(io::Error),
    /// Every worker had gone.
    NoLane,
}

/// What the producer did, or waits for.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// It did something, at this time; there may be more to do.
    Worked { now_ns: u64 },
    /// It waits for its source; while records are not settled, at most until the next acknowledgement.
    Wait {
        pending: Pending<'a>,
        acknowledge_ns: Option<u64>,
    },
    /// The lanes are closed, for this reason; its next steps wait for the workers.
    Closed(ProducerEnd),
    /// The workers have ended, and the source is closed.
    Ended,
}

/// The end of a producer whose source lent or dropped more than it may.
#[cold]
pub(super) fn lent_too_much(records: u64, at_most: u64) -> ProducerEnd {
    ProducerEnd::SourceFailed(io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "the source lent or dropped {records} records at once where at most {at_most} were demanded; a source \
             must heed Demand::records"
        ),
    ))
}

impl From<DispatchError> for ProducerEnd {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Halted => Self::Quiesced,
            DispatchError::NoLane => Self::NoLane,
            DispatchError::Malformed => Self::SourceFailed(io::Error::new(
                io::ErrorKind::InvalidData,
                "the source lent a burst whose headers do not add up to its bytes",
            )),
        }
    }
}
