//! The low-water mark: below it every record is settled - delivered, dropped by a policy that counts, or spilled.
//!
//! Each lane's worker publishes one position, behind the last record that it released. A lane that is empty holds
//! nothing back; of one that is not, every record below that position is released, and no other lane got it. So the
//! mark is the least such position over the lanes that are not empty, else the position behind everything that was
//! dispatched. It costs nothing per record, and never falls: what is settled stays settled.

/// How far one lane's worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneProgress {
    pub(crate) is_empty: bool,
    /// The position behind the last record that was released; 0 before the first.
    pub(crate) behind: u64,
}

/// The low-water mark of a shard.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LowWaterMark(u64);

impl LowWaterMark {
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    /// Raises the mark to what these lanes allow; returns whether it rose.
    ///
    /// `dispatched` is the position behind the last record that was dispatched, or the first one that no lane took and
    /// that is not settled.
    pub(crate) fn raise(
        &mut self,
        lanes: impl Iterator<Item = LaneProgress>,
        dispatched: u64,
    ) -> bool {
        let held = lanes.filter(|lane| !lane.is_empty).map(|lane| lane.behind);
        let mark = held.min().unwrap_or(dispatched).min(dispatched);
        let rises = mark > self.0;
        self.0 = self.0.max(mark);
        rises
    }
}
