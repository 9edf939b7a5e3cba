//! The throttle: how long the producer pauses at a given queue usage. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::sys::quantity::time;
use crate::sys::text::ValueError;

/// A table of usages and pauses: above a step's usage, the producer pauses for the step's time after each burst.
///
/// A pause is a maximum: it ends as soon as usage is back at the lowest step. In full it would cost a fast pipeline
/// most of its throughput - a worker that takes 50 M records/s empties the default lane in 0.3 ms, less than the
/// shortest pause of the default table.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// Rising in usage.
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    above: f64,
    pause: Duration,
}

impl Throttle {
    /// What a table may look like, for error messages and help.
    pub const RANGE: &str = "off, or rising steps USAGE:PAUSE with usage from 0 to 1 and a pause up to 10s \
                             (0.8:500us,0.9:1ms,0.95:2ms)";
    const LONGEST: Duration = Duration::from_secs(10);

    /// Never pauses.
    pub fn off() -> Self {
        Self { steps: Vec::new() }
    }

    /// The pause at this usage (0 to 1); zero at or below the lowest step.
    #[inline]
    pub fn pause(&self, usage: f64) -> Duration {
        let step = self.steps.iter().rev().find(|step| usage > step.above);
        step.map_or(Duration::ZERO, |step| step.pause)
    }

    /// The usage at which pauses end: the lowest step; above any usage if the throttle is off.
    #[inline]
    pub fn resume_at(&self) -> f64 {
        self.steps.first().map_or(f64::INFINITY, |step| step.above)
    }
}

impl Default for Throttle {
    /// Above 80 % 500 us, above 90 % 1 ms, above 95 % 2 ms.
    fn default() -> Self {
        let steps = [(0.80, 500), (0.90, 1_000), (0.95, 2_000)];
        Self {
            steps: steps
                .map(|(above, us)| Step {
                    above,
                    pause: Duration::from_micros(us),
                })
                .to_vec(),
        }
    }
}

impl FromStr for Throttle {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "off" {
            return Ok(Self::off());
        }
        let refusal = || ValueError::expected(Self::RANGE);
        let mut steps: Vec<Step> = Vec::new();
        for part in text.split(',') {
            let (usage, pause) = part.trim().split_once(':').ok_or_else(refusal)?;
            let above: f64 = usage.parse().map_err(|_| refusal())?;
            let pause = time(pause).ok_or_else(refusal)?;
            let rises = steps.last().is_none_or(|last| last.above < above);
            if !(0.0..=1.0).contains(&above) || pause > Self::LONGEST || !rises {
                return Err(refusal());
            }
            steps.push(Step { above, pause });
        }
        Ok(Self { steps })
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("off");
        }
        for (i, step) in self.steps.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let pause = humantime::format_duration(step.pause);
            write!(f, "{comma}{}:{pause}", step.above)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Throttle;

    #[test]
    fn the_default_table_pauses_above_80_90_and_95_percent() {
        let throttle = Throttle::default();
        let pause_us = |usage| throttle.pause(usage).as_micros();
        assert_eq!([0.0, 0.8, 0.81, 0.9].map(pause_us), [0, 0, 500, 500]);
        assert_eq!(
            [0.91, 0.95, 0.96, 1.0].map(pause_us),
            [1000, 1000, 2000, 2000]
        );
        assert_eq!(Throttle::off().pause(1.0).as_micros(), 0);
    }

    #[test]
    fn a_table_reads_back_as_it_was_written() {
        for text in ["off", "0.8:500us,0.9:1ms,0.95:2ms", "0.5:10us"] {
            assert_eq!(
                text.parse::<Throttle>().map(|t| t.to_string()),
                Ok(text.into())
            );
        }
        for text in ["", "0.9:1ms,0.8:2ms", "1.5:1ms", "0.5", "0.5:1h", "nan:1ms"] {
            assert!(text.parse::<Throttle>().is_err(), "{text}");
        }
    }
}
