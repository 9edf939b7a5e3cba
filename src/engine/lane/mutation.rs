//! Bugs planted on purpose: where the code asks for one by name, the models of `engine::lane` can have it, to prove
//! that they would find it. Outside loom every answer is a constant no, and the question compiles to nothing.

use crate::sys::sync::Ordering;

/// Whether this bug is to be had in this process: the environment's `SPLASHDAM_PLANT` names it.
#[cfg(loom)]
pub(crate) fn planted(bug: &str) -> bool {
    use std::sync::OnceLock;

    // std's, so that loom sees nothing of it.
    static PLANTED: OnceLock<Option<String>> = OnceLock::new();
    let planted = PLANTED.get_or_init(|| std::env::var("SPLASHDAM_PLANT").ok());
    planted.as_deref() == Some(bug)
}

/// Whether this bug is to be had: never.
#[cfg(not(loom))]
#[inline]
pub(crate) const fn planted(_bug: &str) -> bool {
    false
}

/// The ordering - or Relaxed, where this bug is to be had.
#[inline]
pub(crate) fn relaxed_if(bug: &str, order: Ordering) -> Ordering {
    if planted(bug) {
        Ordering::Relaxed
    } else {
        order
    }
}
