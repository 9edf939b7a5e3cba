//! Waiting.

pub(crate) mod backoff;
pub(crate) mod bell;
