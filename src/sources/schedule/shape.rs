//! The courses of a rate: their parameters, with ranges, and their text.

use std::fmt;
use std::time::Duration;

use crate::sources::schedule::FS_PER_NS;
use crate::sources::schedule::work::{Burst, Ramp, Square, Step};
use crate::sys::clock::saturating_ns;
use crate::sys::text::ValueError;

/// How a rate varies over time, known in full beforehand. The default is constant.
///
/// Times are from 1 us to 7 days; factors and shares count in millionths, a finer one is rounded. The text of a shape,
/// such as `square:10s,0.2`, is read by [`Load`](super::Load).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape(Kind);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Constant,
    Square(Square),
    Step(Step),
    Ramp(Ramp),
    Burst(Burst),
}

const TIME_MIN: Duration = Duration::from_micros(1);
const TIME_MAX: Duration = Duration::from_secs(7 * 86_400);
/// The largest factor, in times the rate.
const FACTOR_MAX: f64 = 100.0;

impl Shape {
    /// The rate, always.
    pub const CONSTANT: Self = Self(Kind::Constant);

    /// The first half of each period at the rate, the second at `low` times the rate (0 to 1).
    ///
    /// # Errors
    ///
    /// What is accepted, where something is out of range.
    pub fn square(period: Duration, low: f64) -> Result<Self, ValueError> {
        let expected =
            "square:PERIOD,LOW with PERIOD from 1us to 7days and LOW from 0 to 1 (square:10s,0.2)";
        let period_ns = time(period, expected)?;
        let low = factor(low, 0.0, 1.0, expected)?;
        Ok(Self(Kind::Square(Square { period_ns, low })))
    }

    /// The rate until `at`, from then on `factor` times the rate (0 to 100; with 0 nothing is ever due again).
    ///
    /// # Errors
    ///
    /// What is accepted, where something is out of range.
    pub fn step(at: Duration, factor_after: f64) -> Result<Self, ValueError> {
        let expected =
            "step:AT,FACTOR with AT from 1us to 7days and FACTOR from 0 to 100 (step:30s,3)";
        let at_ns = time(at, expected)?;
        let after = factor(factor_after, 0.0, FACTOR_MAX, expected)?;
        Ok(Self(Kind::Step(Step { at_ns, after })))
    }

    /// From `from` times the rate (0 to 100) evenly up, or down, to the rate over the first `over`; then the rate.
    ///
    /// # Errors
    ///
    /// What is accepted, where something is out of range.
    pub fn ramp(over: Duration, from: f64) -> Result<Self, ValueError> {
        let expected = "ramp:DURATION,FROM with DURATION from 1us to 7days and FROM from 0 to 100 (ramp:1m,0.1)";
        let over_ns = time(over, expected)?;
        let from = factor(from, 0.0, FACTOR_MAX, expected)?;
        Ok(Self(Kind::Ramp(Ramp { over_ns, from })))
    }

    /// All records of a period due within the first `share` of it (0.000001 to 1), evenly spread there.
    ///
    /// # Errors
    ///
    /// What is accepted, where something is out of range.
    pub fn burst(period: Duration, share: f64) -> Result<Self, ValueError> {
        let expected = "burst:PERIOD,SHARE with PERIOD from 1us to 7days and SHARE from 0.000001 to 1 (burst:1s,0.1)";
        let period_ns = time(period, expected)?;
        let share = factor(share, 0.000_001, 1.0, expected)?;
        Ok(Self(Kind::Burst(Burst { period_ns, share })))
    }

    /// The work done by `at_ns` (up to 2^64), in femtoseconds at the rate: 0 at 0, and never falls.
    pub(crate) fn work_fs(&self, at_ns: u128) -> u128 {
        match &self.0 {
            Kind::Constant => at_ns * FS_PER_NS,
            Kind::Square(square) => square.work_fs(at_ns),
            Kind::Step(step) => step.work_fs(at_ns),
            Kind::Ramp(ramp) => ramp.work_fs(at_ns),
            Kind::Burst(burst) => burst.work_fs(at_ns),
        }
    }

    /// The first nanosecond by which more than `work_fs` (below 2^126) is done; `u128::MAX` is never.
    pub(crate) fn first_beyond(&self, work_fs: u128) -> u128 {
        match &self.0 {
            Kind::Constant => work_fs / FS_PER_NS + 1,
            Kind::Square(square) => square.first_beyond(work_fs),
            Kind::Step(step) => step.first_beyond(work_fs),
            Kind::Ramp(ramp) => ramp.first_beyond(work_fs),
            Kind::Burst(burst) => burst.first_beyond(work_fs),
        }
    }
}

fn time(time: Duration, expected: &'static str) -> Result<u64, ValueError> {
    let accepted = (TIME_MIN..=TIME_MAX).contains(&time);
    accepted
        .then(|| saturating_ns(time))
        .ok_or_else(|| ValueError::expected(expected))
}

/// In millionths: femtoseconds of work per nanosecond at this many times the rate.
fn factor(times: f64, min: f64, max: f64, expected: &'static str) -> Result<u64, ValueError> {
    if !(min..=max).contains(&times) {
        return Err(ValueError::expected(expected));
    }
    #[expect(clippy::cast_sign_loss, reason = "within the range, which begins at 0")]
    let millionths = (times * FS_PER_NS as f64).round() as u64;
    Ok(millionths)
}

/// As it is read.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, time_ns, millionths) = match &self.0 {
            Kind::Constant => return f.write_str("constant"),
            Kind::Square(square) => ("square", square.period_ns, square.low),
            Kind::Step(step) => ("step", step.at_ns, step.after),
            Kind::Ramp(ramp) => ("ramp", ramp.over_ns, ramp.from),
            Kind::Burst(burst) => ("burst", burst.period_ns, burst.share),
        };
        let time = humantime::format_duration(Duration::from_nanos(time_ns));
        let times = millionths as f64 / FS_PER_NS as f64;
        write!(f, "{name}:{time},{times}")
    }
}
