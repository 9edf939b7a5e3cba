//! The schedule of a paced source: when record i is due, fixed before the run.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::sys::clock::saturating_ns;

/// How fast a generator produces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As fast as the pipeline takes them.
    Max,
    /// On an absolute schedule: what fell due during a stall is produced right after it, not lost.
    Paced(Schedule),
}

/// So many records per so many nanoseconds, evenly spread: record i is due at `i * per_ns / records`.
///
/// A ratio and not a period, because 30,000,000/s has no period in whole nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    records: u64,
    per_ns: u64,
}

impl Rate {
    /// What a rate may look like, for error messages and help.
    pub const RANGE: &str =
        "max, an interval from 1ns to 1h (100us), or a rate from 1/s to 1000000000/s (50000/s)";

    const SECOND_NS: u64 = 1_000_000_000;
    const HOUR: Duration = Duration::from_secs(3600);
}

impl Schedule {
    /// When record `index` is due, in nanoseconds since the run began.
    #[inline]
    pub fn due_ns(&self, index: u64) -> u64 {
        let due = u128::from(index) * u128::from(self.per_ns) / u128::from(self.records);
        u64::try_from(due).unwrap_or(u64::MAX)
    }

    /// How many records are due by `now_ns`: those with a due time at or before it.
    #[inline]
    pub fn due_by(&self, now_ns: u64) -> u64 {
        // due_ns rounds down, so record i is due by now exactly when i * per_ns < (now + 1) * records.
        let ahead = (u128::from(now_ns) + 1) * u128::from(self.records);
        u64::try_from(ahead.div_ceil(u128::from(self.per_ns))).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refusal = || format!("expected {}", Self::RANGE);
        if text == "max" {
            return Ok(Self::Max);
        }
        if let Some(number) = text.strip_suffix("/s") {
            let records = number.trim().replace('_', "").parse().unwrap_or(0);
            if !(1..=Self::SECOND_NS).contains(&records) {
                return Err(refusal());
            }
            return Ok(Self::Paced(Schedule {
                records,
                per_ns: Self::SECOND_NS,
            }));
        }
        let interval = humantime::parse_duration(text).map_err(|_| refusal())?;
        if interval.is_zero() || interval > Self::HOUR {
            return Err(refusal());
        }
        Ok(Self::Paced(Schedule {
            records: 1,
            per_ns: saturating_ns(interval),
        }))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Paced(s) if s.per_ns == Self::SECOND_NS => write!(f, "{}/s", s.records),
            Self::Paced(s) => {
                let interval = Duration::from_nanos(s.per_ns);
                write!(f, "{}", humantime::format_duration(interval))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Rate, Schedule};

    #[test]
    fn a_schedule_counts_as_due_exactly_the_records_whose_due_time_has_come() {
        for (records, per_ns) in [(1, 100_000), (30_000_000, 1_000_000_000), (3, 10), (7, 3)] {
            let schedule = Schedule { records, per_ns };
            for now_ns in (0..2_000).chain(999_999_990..1_000_000_010) {
                let due = schedule.due_by(now_ns);
                assert!(schedule.due_ns(due - 1) <= now_ns);
                assert!(schedule.due_ns(due) > now_ns);
            }
        }
    }

    #[test]
    fn a_rate_reads_back_as_it_was_written() {
        for text in ["max", "100us", "1ms", "50000/s", "1/s"] {
            assert_eq!(text.parse::<Rate>().map(|r| r.to_string()), Ok(text.into()));
        }
        for text in ["", "0/s", "-1/s", "0us", "2h", "fast", "1e12/s", "nan/s"] {
            let refusal = text.parse::<Rate>();
            assert!(refusal.is_err_and(|e| e.contains("50000/s")), "{text}");
        }
    }
}
