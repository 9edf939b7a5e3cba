//! Atomics, fences and parkers: the rest of the crate imports them only from here.
//!
//! Under `cfg(loom)` they are loom's, and the parker is the same crossbeam code compiled on loom
//! (`cfg(crossbeam_loom)`), so that the models of `engine::lane` run the code of a release build.

#[cfg(not(loom))]
pub(crate) use std::sync::Arc;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use crossbeam_utils::sync::{Parker, Unparker};
#[cfg(loom)]
pub(crate) use loom::sync::Arc;
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
