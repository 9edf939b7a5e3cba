//! Floor 3: where records go. Components: the engine knows none of them.
//!
//! ```text
//!   null   accepts and forgets       file    a file or stdout, each batch whole
//!   check  reads and proves          delay   makes another sink slow
//!                                    fault   makes another sink fail
//! ```

mod check;
mod delay;
mod fault;
mod file;
mod null;

pub use check::Check;
pub use delay::Delay;
pub use fault::{Fault, Faults};
pub use file::{FileSink, Fsync};
pub use null::Null;
