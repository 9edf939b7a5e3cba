//! The commands: each from its arguments to an exit code.

pub(crate) mod compare;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod verify;
