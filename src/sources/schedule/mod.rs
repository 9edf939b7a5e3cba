//! Pace: when a generated record is due, fixed before the run, whatever the pipeline does meanwhile.
//!
//! ```text
//!   Rate      max, or so many records per time        text <-> Schedule
//!   Schedule  record i <-> its due time               exact, both ways, in whole numbers
//!   Shape     how the rate varies over time           constructors; its arithmetic is in work
//!   Poisson   random gaps, one after the other        from a seed
//!   Load      a shape, or random gaps                 text <-> Shape or Poisson
//! ```
//!
//! All of it follows from one idea: a shape bends time. The *work* done by a time is how long the constant rate would
//! have taken to get as far; record i is due when the work passes i records' worth of the constant rate. Work counts in
//! femtoseconds, so that a factor of one millionth is a whole number of them per nanosecond.

mod due_times;
mod load;
mod poisson;
mod rate;
mod shape;
#[cfg(test)]
mod tests;
mod work;

pub use due_times::Schedule;
pub use load::Load;
pub use poisson::Poisson;
pub use rate::Rate;
pub use shape::Shape;

/// Femtoseconds of work that a nanosecond at the rate does.
const FS_PER_NS: u128 = 1_000_000;
