//! The ledger: where every record went.

use serde::{Deserialize, Serialize};

/// Why a record was dropped on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// Longer than `max_record_bytes`.
    TooLong,
    /// No active lane had room, and `when_full` is `drop-newest`.
    Full,
    /// The reader of the output closed it (a closed pipe).
    ReaderClosed,
}

impl DropReason {
    /// Every reason, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::TooLong, Self::Full, Self::ReaderClosed];
}

/// Records dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)] // a report of an older program lacks the reasons that came later
#[non_exhaustive]
pub struct Dropped {
    /// See [`DropReason::TooLong`].
    pub too_long: u64,
    /// See [`DropReason::Full`].
    pub full: u64,
    /// See [`DropReason::ReaderClosed`].
    pub reader_closed: u64,
}

impl Dropped {
    /// Adds `n` records to a reason.
    pub(crate) fn add(&mut self, reason: DropReason, n: u64) {
        *match reason {
            DropReason::TooLong => &mut self.too_long,
            DropReason::Full => &mut self.full,
            DropReason::ReaderClosed => &mut self.reader_closed,
        } += n;
    }

    /// Adds another account of drops to this one.
    pub(crate) fn merge(&mut self, other: Self) {
        self.too_long += other.too_long;
        self.full += other.full;
        self.reader_closed += other.reader_closed;
    }

    /// The reasons by their names in reports, each with its records.
    pub(crate) fn by_name(&self) -> [(&'static str, u64); 3] {
        [
            ("too_long", self.too_long),
            ("full", self.full),
            ("reader_closed", self.reader_closed),
        ]
    }

    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        self.too_long + self.full + self.reader_closed
    }

    /// Those that a policy of the pipeline dropped. A reader that closed the output is no such policy.
    pub fn by_policy(&self) -> u64 {
        self.too_long + self.full
    }
}

/// Where the records of a run went: `produced = delivered + dropped + spilled + abandoned`.
///
/// Each term is counted by itself - produced on the producer thread, delivered and spilled where it is written,
/// abandoned from what is left in the lanes - so that [`balanced`](Self::balanced) is an independent check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ledger {
    /// Records taken from the source.
    pub produced: u64,
    /// Records that a sink accepted.
    pub delivered: u64,
    /// Records dropped on purpose, by reason.
    pub dropped: Dropped,
    /// Records that could not be delivered and were written to the spill file: the drain deadline, a failed sink or a
    /// second signal cut them off. One that the sink had accepted in part is written whole.
    pub spilled: u64,
    /// Records that were taken in and neither delivered nor spilled: the drain deadline, a failed sink or a second
    /// signal cut them off.
    pub abandoned: u64,
}

impl Ledger {
    /// Whether nothing was cut off: what was not dropped on purpose was delivered.
    pub(crate) fn is_delivered(&self) -> bool {
        self.spilled == 0 && self.abandoned == 0
    }

    /// Whether every record is accounted for.
    pub fn balanced(&self) -> bool {
        self.produced == self.delivered + self.dropped.total() + self.spilled + self.abandoned
    }
}
