//! The rate of a generator, and its text.

use std::fmt;
use std::str::FromStr;

use crate::sources::schedule::Schedule;
use crate::sys::quantity::{time, whole};
use crate::sys::text::ValueError;

/// How fast a generator produces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rate {
    /// As fast as the pipeline takes them.
    Max,
    /// On an absolute schedule: records that fell due during a stall are produced right after it.
    Paced(Schedule),
}

impl Rate {
    /// What a rate may look like, for error messages and help.
    pub const RANGE: &str = "max, an interval from 1ns to 1h (100us), or a rate from 1/s to 1000000000/s (50000/s, 50k/s)";
}

/// Reads a constant rate; a [`Shape`](super::Shape) is given to its schedule.
impl FromStr for Rate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let schedule = if let Some(number) = text.strip_suffix("/s") {
            whole(number.trim()).and_then(Schedule::per_second)
        } else {
            time(text).and_then(Schedule::every)
        };
        let schedule = schedule.ok_or_else(|| ValueError::expected(Self::RANGE))?;
        Ok(Self::Paced(schedule))
    }
}

/// Writes the rate alone, as it is read; the shape of its schedule is not part of it.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Paced(schedule) => match schedule.interval() {
                Some(interval) => write!(f, "{}", humantime::format_duration(interval)),
                None => write!(f, "{}/s", schedule.records()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn a_rate_reads_back_as_it_was_written() {
        for text in ["max", "100us", "1ms", "50000/s", "1/s", "1000000000/s"] {
            assert_eq!(text.parse::<Rate>().map(|r| r.to_string()), Ok(text.into()));
        }
        for (text, rate) in [
            ("5k/s", 5_000),
            ("1e6/s", 1_000_000),
            ("1G/s", 1_000_000_000),
        ] {
            assert_eq!(
                text.parse::<Rate>().map(|r| r.to_string()),
                Ok(format!("{rate}/s"))
            );
        }
        for text in [
            "", "0/s", "-1/s", "0us", "2h", "fast", "1e12/s", "nan/s", "0.5/s", "50000",
        ] {
            let refusal = text.parse::<Rate>();
            assert!(
                refusal.is_err_and(|e| e.accepted().contains("50000/s")),
                "{text}"
            );
        }
    }
}
