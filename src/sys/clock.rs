//! The run's clock: monotonic nanoseconds since the run began, and the wall time of that beginning.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the run began.
///
/// A copy is as good as the original: all copies of one clock agree. A reading costs one `clock_gettime` through
/// the vDSO (about 25 ns), so the data path takes one per burst and one per batch, never one per record.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    unix_start_ns: u64,
}

impl Clock {
    /// Starts the clock: its zero is now.
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            start: Instant::now(),
            unix_start_ns: unix.map_or(0, saturating_ns),
        }
    }

    /// The wall time of the run's beginning.
    pub(crate) fn began(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.unix_start_ns)
    }

    /// Nanoseconds since the run began; monotonic, good for 584 years.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        saturating_ns(self.start.elapsed())
    }

    /// The wall time of a moment of this clock, in microseconds since the Unix epoch.
    ///
    /// Steps of the system's clock during the run do not show: it is read once, at the start.
    #[inline]
    pub fn unix_us(&self, at_ns: u64) -> u64 {
        self.unix_start_ns.saturating_add(at_ns) / 1_000
    }
}

/// A duration in whole nanoseconds; `u64::MAX` (584 years) where it is longer.
#[inline]
pub(crate) fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
