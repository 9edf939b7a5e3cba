//! When a batch is due. Pure.

use crate::engine::lane::{Extent, Ready};

/// When a batch is due, beside by draining.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    pub(crate) extent: Extent,
    /// How long its oldest record may have been in the lane; 0 takes what is there.
    pub(crate) timeout_ns: u64,
}

/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlushReason {
    /// It is full, by records or by bytes.
    Size,
    /// Its oldest record has waited for `batch_timeout`.
    Age,
    /// The lane is closing or retired.
    Drain,
}

impl BatchLimits {
    /// Why the batch is due now; `None` if it is not.
    #[inline]
    pub(crate) fn due(&self, ready: Ready, draining: bool, now_ns: u64) -> Option<FlushReason> {
        if ready.full {
            Some(FlushReason::Size)
        } else if ready.extent.records == 0 {
            None
        } else if draining {
            Some(FlushReason::Drain)
        } else {
            (now_ns >= self.deadline_ns(ready)).then_some(FlushReason::Age)
        }
    }

    /// When the batch is due by age: counted from publication, so that a pipeline that lags behind its schedule does
    /// not shrink its batches; and from the oldest record, so that new arrivals never push it out.
    pub(crate) fn deadline_ns(&self, ready: Ready) -> u64 {
        ready.oldest_ns.saturating_add(self.timeout_ns)
    }
}
