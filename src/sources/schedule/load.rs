//! The load of a generator, and its text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::sources::schedule::Shape;
use crate::sys::quantity::seconds;
use crate::sys::text::ValueError;

/// How a paced generator's records fall due: on a course known in full beforehand, or at random. The default is the
/// constant rate.
///
/// Either way the load is open: it is fixed before the run, and what the pipeline does changes no due time.
///
/// ```
/// use std::time::Duration;
/// use splashdam::sources::{Generator, Load, Rate, Shape};
///
/// let rate: Rate = "50000/s".parse()?;
/// let load = Shape::square(Duration::from_secs(10), 0.2)?;
/// let busy_by_half = Generator::new(rate, None, 0).load(load);
/// let at_random = Generator::new(rate, None, 7).load(Load::Poisson);
/// assert_eq!("square:10s,0.2".parse(), Ok(Load::Shaped(load)));
/// # Ok::<(), splashdam::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Load {
    /// On this course.
    Shaped(Shape),
    /// At random, each record independent of the others, the rate being the mean: see [`Poisson`](super::Poisson).
    Poisson,
}

impl Load {
    /// What a load may look like, for error messages and help.
    pub const RANGE: &str = "constant, poisson, square:PERIOD,LOW (square:10s,0.2), step:AT,FACTOR (step:30s,3), \
                             ramp:DURATION,FROM (ramp:1m,0.1) or burst:PERIOD,SHARE (burst:1s,0.1)";
}

impl Default for Load {
    fn default() -> Self {
        Self::Shaped(Shape::CONSTANT)
    }
}

impl From<Shape> for Load {
    fn from(shape: Shape) -> Self {
        Self::Shaped(shape)
    }
}

impl FromStr for Load {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        type Make = fn(Duration, f64) -> Result<Shape, ValueError>;
        let (name, numbers) = match text.split_once(':') {
            None if text == "constant" => return Ok(Self::default()),
            None if text == "poisson" => return Ok(Self::Poisson),
            None => (text, ""),
            Some(parts) => parts,
        };
        let make: Make = match name {
            "square" => Shape::square,
            "step" => Shape::step,
            "ramp" => Shape::ramp,
            "burst" => Shape::burst,
            _ => return Err(ValueError::expected(Self::RANGE)),
        };
        // Text that is no time or number becomes a value out of every range, so that the shape returns the error for
        // both.
        let (time, times) = numbers.split_once(',').unwrap_or_default();
        let time = seconds(time.trim()).unwrap_or(Duration::ZERO);
        let times = times.trim().parse().unwrap_or(f64::NAN);
        make(time, times).map(Self::Shaped)
    }
}

/// As it is read.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shaped(shape) => shape.fmt(f),
            Self::Poisson => f.write_str("poisson"),
        }
    }
}
