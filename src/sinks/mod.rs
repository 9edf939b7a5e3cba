//! Floor 3: where records go. Components: the engine knows none of them.
//!
//! ```text
//!   null   accepts and forgets       file    a file or stdout, each batch whole
//!   check  reads and proves          delay   makes another sink slow
//!                                    fault   makes another sink fail
//! ```

pub(crate) mod check;
#[cfg(feature = "cli")]
mod decorator;
pub(crate) mod delay;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod null;
#[cfg(feature = "cli")]
pub(crate) mod spec;

pub use check::Check;
pub use delay::Delay;
pub use fault::{Fault, Faults};
pub use file::{FileSink, Fsync};
pub use null::Null;
