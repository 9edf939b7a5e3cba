//! The run's clock: monotonic nanoseconds since the run began, and the wall time of that moment.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sys::sync::{AtomicU64, Ordering};

/// Nanoseconds since the run began.
///
/// Copies of one clock agree. A reading costs one `clock_gettime` through the vDSO (about 25 ns), so the data path
/// takes one per burst and one per batch, never one per record.
///
/// [`Clock::manual`] makes one that only moves when it is set, to test a source or a sink without waiting:
///
/// ```
/// use splashdam::Clock;
///
/// let (clock, hand) = Clock::manual();
/// assert_eq!(clock.now_ns(), 0);
/// hand.advance(1_500);
/// assert_eq!(clock.now_ns(), 1_500);
/// ```
#[derive(Clone, Copy)]
pub struct Clock {
    start: Instant,
    unix_start_ns: u64,
    manual: Option<&'static AtomicU64>,
}

/// Moves a manual clock.
#[derive(Clone, Copy)]
pub struct ClockHand(&'static AtomicU64);

impl Clock {
    /// Starts a clock: its zero is now.
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            start: Instant::now(),
            unix_start_ns: unix.map_or(0, saturating_ns),
            manual: None,
        }
    }

    /// A clock that stays at 0 until its hand moves it. Its wall time begins with the Unix epoch.
    ///
    /// For tests: each call keeps eight bytes for the rest of the process, because copies of a clock have no owner.
    pub fn manual() -> (Self, ClockHand) {
        let now: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
        let clock = Self {
            start: Instant::now(),
            unix_start_ns: 0,
            manual: Some(now),
        };
        (clock, ClockHand(now))
    }

    /// The wall time at which the run began.
    pub(crate) fn began(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.unix_start_ns)
    }

    /// Nanoseconds since the run began; monotonic, good for 584 years.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        match self.manual {
            None => saturating_ns(self.start.elapsed()),
            Some(now) => now.load(Ordering::Relaxed),
        }
    }

    /// The wall time of a time of this clock, in microseconds since the Unix epoch.
    ///
    /// Steps of the system's clock during the run do not show: it is read once, at the start.
    #[inline]
    pub fn unix_us(&self, at_ns: u64) -> u64 {
        self.unix_start_ns.saturating_add(at_ns) / 1_000
    }

    /// A time of this clock as an `Instant`; `None` if an `Instant` cannot express it.
    pub(crate) fn instant(&self, at_ns: u64) -> Option<Instant> {
        self.start.checked_add(Duration::from_nanos(at_ns))
    }

    /// The hand of a manual clock.
    #[cfg(test)]
    pub(crate) fn hand(&self) -> Option<ClockHand> {
        self.manual.map(ClockHand)
    }
}

impl ClockHand {
    /// Moves the clock to a time, in nanoseconds since the run began. Do not move it back.
    pub fn set(&self, now_ns: u64) {
        self.0.store(now_ns, Ordering::Relaxed);
    }

    /// Moves the clock on.
    pub fn advance(&self, ns: u64) {
        self.set(self.0.load(Ordering::Relaxed).saturating_add(ns));
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("now_ns", &self.now_ns())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClockHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClockHand")
            .field(&self.0.load(Ordering::Relaxed))
            .finish()
    }
}

/// A duration in whole nanoseconds; `u64::MAX` (584 years) where it is longer.
#[inline]
pub(crate) fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
