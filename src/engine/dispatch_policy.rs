//! How a dispatcher routes, waits and drops, and why it may not publish.

use crate::engine::lane::Volume;
use crate::engine::route::Route;
use crate::engine::throttle::Throttle;
use crate::sys::text::spelled;

/// What happens to records when no active lane has room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// The producer waits: backpressure reaches the source, nothing is lost.
    #[default]
    Block,
    /// The records that found no room are dropped and counted as `full`; queued records stay.
    DropNewest,
}
spelled!(WhenFull: Block = "block", DropNewest = "drop-newest");

/// How a dispatcher routes, waits and drops.
#[derive(Debug)]
pub(crate) struct DispatchPolicy {
    pub(crate) route: Route,
    pub(crate) when_full: WhenFull,
    pub(crate) throttle: Throttle,
    /// What makes a batch due without regard to its age.
    pub(crate) batch: Volume,
    pub(crate) max_record_bytes: usize,
}

/// Why a burst was not published completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DispatchError {
    /// The run was halted.
    Halted,
    /// Every worker has gone.
    NoLane,
    /// The source's headers do not add up to its bytes: nothing of the burst was published.
    Malformed,
}
