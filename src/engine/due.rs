//! When a batch is due. Pure.

use crate::engine::lane::{PendingBatch, Volume};

/// When a batch is due while the lane is not draining.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    pub(crate) volume: Volume,
    /// How long its oldest record may wait in the lane; with 0 a batch is due as soon as it has a record.
    pub(crate) timeout_ns: u64,
}

/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlushReason {
    /// It is full, in records or in bytes.
    Size,
    /// Its oldest record has waited for `batch_timeout`.
    Age,
    /// The lane is closing or retired.
    Drain,
}

impl BatchLimits {
    /// Why the batch is due now; `None` if it is not.
    #[inline]
    pub(crate) fn due(
        &self,
        pending: PendingBatch,
        draining: bool,
        now_ns: u64,
    ) -> Option<FlushReason> {
        if pending.full {
            Some(FlushReason::Size)
        } else if pending.volume.records == 0 {
            None
        } else if draining {
            Some(FlushReason::Drain)
        } else {
            (now_ns >= self.deadline_ns(pending)).then_some(FlushReason::Age)
        }
    }

    /// When the batch is due by age: counted from publication, so that a pipeline that lags behind its schedule does
    /// not shrink its batches; and from the oldest record, so that new arrivals never push it out.
    pub(crate) fn deadline_ns(&self, pending: PendingBatch) -> u64 {
        pending.oldest_ns.saturating_add(self.timeout_ns)
    }
}
