//! Floor 3: where records come from. Components: the engine knows none of them.
//!
//! ```text
//!   generator  JSON lines, at full speed or paced      lines     files and standard input
//!                                                       schedule  when a paced record is due
//! ```

mod generator;
mod lines;
mod rng;
mod schedule;

pub use generator::Generator;
pub use lines::Lines;
pub use schedule::{Load, Poisson, Rate, Schedule, Shape};
