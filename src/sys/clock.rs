//! The run's clock: monotonic nanoseconds since the run began, and the wall time of that moment.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sys::sync::{AtomicU64, CachePadded, Ordering};

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
    zero: Zero,
}

/// Where a clock's zero is.
#[derive(Clone, Copy)]
enum Zero {
    AtStart,
    /// So many nanoseconds after the start; [`NOT_BEGUN`] until then.
    Later(&'static CachePadded<AtomicU64>),
    /// The hand holds the time itself.
    Manual(&'static AtomicU64),
}

const NOT_BEGUN: u64 = u64::MAX;

/// Begins a run: its clock stays at 0 until then.
#[derive(Clone, Copy)]
pub(crate) struct ClockStart(Clock);

impl ClockStart {
    /// The first call sets the clock's zero to now.
    pub(crate) fn begin(self) {
        if let Zero::Later(zero) = self.0.zero {
            let now_ns = saturating_ns(self.0.start.elapsed());
            // Relaxed: no other memory depends on it.
            let _ = zero.compare_exchange(NOT_BEGUN, now_ns, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
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
            zero: Zero::AtStart,
        }
    }

    /// A clock that stays at 0 until it is begun, so that setting up a run does not count as a part of it.
    ///
    /// Each call keeps a cache line for the rest of the process, because copies of a clock have no owner.
    pub(crate) fn held() -> (Self, ClockStart) {
        let zero = Box::leak(Box::new(CachePadded::new(AtomicU64::new(NOT_BEGUN))));
        let clock = Self {
            zero: Zero::Later(zero),
            ..Self::start()
        };
        (clock, ClockStart(clock))
    }

    /// A clock that stays at 0 until its hand moves it. Its wall time begins with the Unix epoch.
    ///
    /// For tests: each call keeps eight bytes for the rest of the process, because copies of a clock have no owner.
    pub fn manual() -> (Self, ClockHand) {
        let now: &'static AtomicU64 = Box::leak(Box::new(AtomicU64::new(0)));
        let clock = Self {
            start: Instant::now(),
            unix_start_ns: 0,
            zero: Zero::Manual(now),
        };
        (clock, ClockHand(now))
    }

    /// The wall time at which the run began.
    pub(crate) fn began(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.unix_start_ns.saturating_add(self.zero_ns()))
    }

    /// Nanoseconds since the run began; monotonic, good for 584 years.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        match self.zero {
            Zero::AtStart => saturating_ns(self.start.elapsed()),
            Zero::Later(zero) => {
                saturating_ns(self.start.elapsed()).saturating_sub(zero.load(Ordering::Relaxed))
            }
            Zero::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// How long after the start the zero is; 0 while it is not known.
    #[inline]
    fn zero_ns(&self) -> u64 {
        match self.zero {
            Zero::Later(zero) => match zero.load(Ordering::Relaxed) {
                NOT_BEGUN => 0,
                zero_ns => zero_ns,
            },
            Zero::AtStart | Zero::Manual(_) => 0,
        }
    }

    /// Whether the clock runs: always, unless it is held.
    pub(crate) fn has_begun(&self) -> bool {
        match self.zero {
            Zero::Later(zero) => zero.load(Ordering::Relaxed) != NOT_BEGUN,
            Zero::AtStart | Zero::Manual(_) => true,
        }
    }

    /// The wall time of a time of this clock, in microseconds since the Unix epoch.
    ///
    /// Steps of the system's clock during the run do not show: it is read once, at the start.
    #[inline]
    pub fn unix_us(&self, at_ns: u64) -> u64 {
        self.unix_start_ns
            .saturating_add(self.zero_ns())
            .saturating_add(at_ns)
            / 1_000
    }

    /// A time of this clock as an `Instant`; `None` if an `Instant` cannot express it. Before the clock is begun it is
    /// the earliest that it may become.
    pub(crate) fn instant(&self, at_ns: u64) -> Option<Instant> {
        let zero = match self.zero {
            Zero::Later(zero) if zero.load(Ordering::Relaxed) == NOT_BEGUN => Instant::now(),
            _ => self
                .start
                .checked_add(Duration::from_nanos(self.zero_ns()))?,
        };
        zero.checked_add(Duration::from_nanos(at_ns))
    }

    /// The hand of a manual clock.
    #[cfg(test)]
    pub(crate) fn hand(&self) -> Option<ClockHand> {
        match self.zero {
            Zero::Manual(now) => Some(ClockHand(now)),
            Zero::AtStart | Zero::Later(_) => None,
        }
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::time::{Duration, Instant};

    use super::Clock;

    #[test]
    fn a_held_clock_stays_at_0_until_it_is_begun_and_then_counts_from_there() {
        let (clock, start) = Clock::held();
        let created = Instant::now();
        while created.elapsed() < Duration::from_millis(2) {
            assert_eq!(clock.now_ns(), 0);
        }
        let earliest = clock.instant(0).expect("a time");
        let before = Instant::now();
        start.begin();
        let after = Instant::now();
        let zero = clock.instant(0).expect("a time");
        assert!((before..=after).contains(&zero) && earliest <= zero);
        assert_eq!(clock.instant(5), Some(zero + Duration::from_nanos(5)));
        // Never again, and for all copies.
        start.begin();
        assert_eq!(clock.instant(0), Some(zero));
        let least_ns = zero.elapsed().as_nanos();
        let now_ns = u128::from(clock.now_ns());
        assert!((least_ns..=zero.elapsed().as_nanos()).contains(&now_ns));
        assert!(clock.unix_us(0) >= clock.unix_start_ns / 1_000 + 2_000);
    }
}
