//! The commands: each from its arguments to an exit code.

pub(crate) mod compare;
mod format;
pub(crate) mod plan;
mod print;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod verify;
