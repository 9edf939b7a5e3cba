//! From what was given to the arguments of a run, checked.
//!
//! ```text
//!   default <-- file <-- flags    (merge)  --fit--> defaults follow what was given  --check, opening--> RunArgs
//! ```
//!
//! All that is wrong is reported at once, and nothing is created before all is right.

mod check;
mod files;
mod fit;
mod limits;
mod merge;
mod opening;

pub(super) use merge::{merge, resolve};
