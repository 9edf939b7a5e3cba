//! When record i is due, and how many are due by now: the same schedule, read both ways.

use std::time::Duration;

use crate::sources::schedule::{FS_PER_NS, Shape};
use crate::sys::clock::saturating_ns;

/// A rate and its course over time: when each record is due.
///
/// At a constant rate record i is due at `i * per_ns / records`: a ratio and not a period, because 30,000,000/s has no
/// period in whole nanoseconds. A [`Shape`] bends that.
///
/// ```
/// use std::time::Duration;
/// use splashdam::sources::{Schedule, Shape};
///
/// let schedule = Schedule::per_second(1_000).ok_or("1 to 1000000000 records a second")?;
/// assert_eq!(schedule.due_ns(3), 3_000_000);
/// // Half of each second at the rate, half of it at a tenth.
/// let schedule = schedule.shaped(Shape::square(Duration::from_secs(1), 0.1)?);
/// assert_eq!(schedule.due_by(999_999_999), 550);
/// assert_eq!(schedule.due_ns(550), 1_000_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    records: u64,
    per_ns: u64,
    shape: Shape,
}

impl Schedule {
    const SECOND_NS: u64 = 1_000_000_000;
    const INTERVAL_MAX: Duration = Duration::from_secs(3_600);

    /// A constant rate in records per second: 1 to 1,000,000,000; `None` beyond that.
    pub fn per_second(records: u64) -> Option<Self> {
        (1..=Self::SECOND_NS)
            .contains(&records)
            .then_some(Self::even(records, Self::SECOND_NS))
    }

    /// One record each interval: 1 ns to 1 h; `None` beyond that.
    pub fn every(interval: Duration) -> Option<Self> {
        (!interval.is_zero() && interval <= Self::INTERVAL_MAX)
            .then(|| Self::even(1, saturating_ns(interval)))
    }

    /// The same rate on this course instead of its own.
    #[must_use]
    pub fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// When record `index` is due, in nanoseconds since the run began; `u64::MAX` (584 years) is never.
    ///
    /// Never falls as `index` rises, and agrees exactly with [`due_by`](Self::due_by): by every moment before
    /// `u64::MAX` those records are due whose due time is at or before it, and no others.
    #[inline]
    pub fn due_ns(&self, index: u64) -> u64 {
        let work = u128::from(index) * u128::from(self.per_ns);
        if self.shape == Shape::CONSTANT {
            return saturated(work / u128::from(self.records));
        }
        self.moment_ns(work * FS_PER_NS / u128::from(self.records))
    }

    /// How many records are due by `now_ns`, nanoseconds since the run began: those with a due time at or before it.
    #[inline]
    pub fn due_by(&self, now_ns: u64) -> u64 {
        // Due times are rounded down, so record i is due by now exactly when its true moment comes before now + 1.
        let end = u128::from(now_ns) + 1;
        let (records, per_ns) = (u128::from(self.records), u128::from(self.per_ns));
        if self.shape == Shape::CONSTANT {
            return saturated((end * records).div_ceil(per_ns));
        }
        saturated((self.shape.work_fs(end) * records).div_ceil(per_ns * FS_PER_NS))
    }

    /// What [`due_ns`](Self::due_ns) returns for this record, the next one and so on, if the rate is constant;
    /// otherwise `None`. Additions instead of divisions: a busy generator spends a tenth less on a line.
    pub(crate) fn even_from(&self, index: u64) -> Option<impl Iterator<Item = u64> + use<>> {
        let passed = u128::from(index) * u128::from(self.per_ns);
        let records = self.records;
        let (step_ns, step_rest) = (self.per_ns / records, self.per_ns % records);
        let mut due_ns = saturated(passed / u128::from(records));
        let mut rest = (passed % u128::from(records)) as u64;
        let steps = std::iter::from_fn(move || {
            let due = due_ns;
            due_ns = due_ns.saturating_add(step_ns);
            rest += step_rest;
            if rest >= records {
                rest -= records;
                due_ns = due_ns.saturating_add(1);
            }
            Some(due)
        });
        (self.shape == Shape::CONSTANT).then_some(steps)
    }

    /// The nanosecond within which the work exceeds `work_fs`; `u64::MAX` is never.
    pub(crate) fn moment_ns(&self, work_fs: u128) -> u64 {
        saturated(self.shape.first_beyond(work_fs) - 1)
    }

    /// Work between two records, on average: a record's share of the constant rate.
    pub(crate) fn mean_gap_fs(&self) -> f64 {
        self.per_ns as f64 * FS_PER_NS as f64 / self.records as f64
    }

    /// The interval if the rate is one record per interval; `None` if it is a number per second.
    pub(crate) fn interval(&self) -> Option<Duration> {
        (self.per_ns != Self::SECOND_NS).then(|| Duration::from_nanos(self.per_ns))
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Within these ranges no product exceeds 128 bits: records up to 1e9 (30 bits), an hour of nanoseconds (42), times
    /// and indices of 64, and factors up to 100, which are 1e8 femtoseconds a nanosecond (27).
    fn even(records: u64, per_ns: u64) -> Self {
        Self {
            records,
            per_ns,
            shape: Shape::CONSTANT,
        }
    }
}

fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
