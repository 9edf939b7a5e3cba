//! What a worker's step returns, and how a worker ends.

use crate::engine::lane::Volume;
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::sys::wait::Pending;

/// How a worker ended.
#[derive(Debug)]
pub(crate) enum WorkerEnd {
    /// Its lane is empty and closed, its sink flushed. The number of records in the last partial batch, if there was
    /// one.
    Drained(Option<u64>),
    /// The run was halted.
    Halted,
    /// The reader of its output has gone; what is left in the lane has no destination.
    ReaderClosed,
    /// Its sink failed for good.
    SinkFailed(SinkError),
    /// What its sink did not take is in the spill file.
    Spilled,
    /// The spill file failed too.
    SpillFailed(SinkError),
}

impl WorkerEnd {
    /// Whether records may be left in the lane that should have gone to the sink. Not after `ReaderClosed`: they count
    /// as dropped, and are not spilled.
    pub(super) fn leaves_records(&self) -> bool {
        matches!(self, Self::Halted | Self::SinkFailed(_))
    }
}

impl From<SinkError> for WorkerEnd {
    fn from(error: SinkError) -> Self {
        match error.kind() {
            SinkErrorKind::ReaderClosed => Self::ReaderClosed,
            SinkErrorKind::Retryable | SinkErrorKind::Final => Self::SinkFailed(error),
        }
    }
}

/// How far a worker's run came.
#[derive(Debug)]
pub(crate) enum Ran {
    Ended(WorkerEnd),
    /// Its work with the sink ended like this; what is left in its lane is to be spilled.
    Spills(WorkerEnd),
}

impl Ran {
    pub(crate) fn into_end(self) -> WorkerEnd {
        match self {
            Self::Ended(end) | Self::Spills(end) => end,
        }
    }
}

/// What a worker did, or what it waits for.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// It did something; there may be more to do.
    Worked,
    /// It waits until the lane has this many records or bytes, or until a time.
    Wait {
        volume: Volume,
        until_ns: Option<u64>,
    },
    /// It waits for its sink, or to try it again.
    WaitForSink(Pending<'a>),
    /// Its work with the sink is over, for this reason; its next steps spill.
    Spills(WorkerEnd),
    Ended(WorkerEnd),
}
