//! Floor 3: where records come from. Components: the engine knows none of them.
//!
//! ```text
//!   generator  JSON lines, at full speed or paced      lines     files and standard input
//!                                                       schedule  when a paced record is due
//! ```

pub(crate) mod generator;
pub(crate) mod lines;
mod rng;
mod schedule;
#[cfg(feature = "cli")]
pub(crate) mod spec;

pub use generator::Generator;
pub use lines::Lines;
pub use schedule::{Load, Poisson, Rate, Schedule, Shape};
