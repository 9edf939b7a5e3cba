//! Exit codes that commands share.

/// Bad usage or bad configuration: nothing was done.
pub(super) const USAGE: u8 = 2;
