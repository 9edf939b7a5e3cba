//! The low-water mark: below it every record is settled - delivered, dropped by a policy that counts, or spilled.
//!
//! Each lane's worker publishes one position, after the last record that it released. A lane that is empty holds
//! nothing back; of one that is not, every record below that position is released, and no other lane got it. So the
//! mark is the least such position over the lanes that are not empty, else the position after everything that was
//! dispatched. It costs nothing per record, and never falls: what is settled stays settled.

/// How far one lane's worker has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneProgress {
    pub(crate) is_empty: bool,
    /// The position after the last record that was released; 0 before the first.
    pub(crate) position: u64,
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
    /// `dispatched` is the position after the last record that was dispatched, or that of the first record that no lane
    /// took and that is not settled.
    pub(crate) fn raise(
        &mut self,
        lanes: impl Iterator<Item = LaneProgress>,
        dispatched: u64,
    ) -> bool {
        let held = lanes
            .filter(|lane| !lane.is_empty)
            .map(|lane| lane.position);
        let mark = held.min().unwrap_or(dispatched).min(dispatched);
        let rises = mark > self.0;
        self.0 = self.0.max(mark);
        rises
    }
}

#[cfg(test)]
mod tests {
    use super::{LaneProgress, LowWaterMark};

    const fn empty(position: u64) -> LaneProgress {
        LaneProgress {
            is_empty: true,
            position,
        }
    }

    const fn holding(position: u64) -> LaneProgress {
        LaneProgress {
            is_empty: false,
            position,
        }
    }

    /// Raises a mark step by step; returns what each step made of it, and whether it rose.
    fn marks<const N: usize>(steps: [(&[LaneProgress], u64); N]) -> [(u64, bool); N] {
        let mut mark = LowWaterMark::default();
        steps.map(|(lanes, dispatched)| {
            let rose = mark.raise(lanes.iter().copied(), dispatched);
            (mark.get(), rose)
        })
    }

    #[test]
    fn lanes_that_are_empty_hold_nothing_back() {
        let marks = marks([(&[empty(0), empty(0)], 0), (&[empty(7), empty(0)], 7)]);
        assert_eq!(marks, [(0, false), (7, true)]);
    }

    #[test]
    fn the_lane_that_has_come_least_far_holds_the_mark() {
        let lanes = [holding(6), empty(1), holding(4), holding(9)];
        assert_eq!(marks([(&lanes, 20)]), [(4, true)]);
        assert_eq!(marks([(&[holding(0), empty(20)], 20)]), [(0, false)]);
    }

    #[test]
    fn a_record_that_no_lane_took_holds_the_mark_whatever_the_workers_released_behind_it() {
        let marks = marks([(&[empty(9), empty(12)], 8), (&[holding(9)], 8)]);
        assert_eq!(marks, [(8, true), (8, false)]);
    }

    #[test]
    fn the_mark_never_falls_and_says_when_it_rises() {
        let marks = marks([
            (&[empty(5), empty(3)], 10),
            // A lane that was empty gets a record: what was settled stays settled.
            (&[empty(5), holding(3)], 11),
            (&[empty(5), holding(3)], 14),
            (&[holding(5), holding(13)], 14),
            (&[holding(12), holding(13)], 14),
            (&[empty(14), empty(13)], 14),
        ]);
        assert_eq!(
            marks,
            [
                (10, true),
                (10, false),
                (10, false),
                (10, false),
                (12, true),
                (14, true)
            ]
        );
    }
}
