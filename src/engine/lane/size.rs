//! The size of a lane.

/// How much a lane holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneSize {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}
