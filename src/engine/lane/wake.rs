//! The wake word: the position that a sleeping worker waits for.
//!
//! ```text
//!   worker      arm: word, fence --> re-check the lane --> park
//!   dispatcher  publish --> check: fence, word --> unpark
//! ```
//!
//! Each side writes, fences and reads what the other side writes. One of the two fences comes first, and the other side
//! sees what was written before it: either the worker's re-check sees the publish, or the dispatcher sees the word.

use crate::engine::lane::gauge::{Volume, VolumeCell};
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::{CachePadded, Ordering, fence};

/// Written by the worker before it parks and after it woke; read by the dispatcher once per burst. While the worker is
/// busy it does not change, so the dispatcher's check is a cache hit.
#[derive(Debug)]
pub(super) struct WakeWord(CachePadded<VolumeCell>);

impl Volume {
    /// A total that is never reached: no wake-up is wanted.
    pub(super) const NEVER: Self = Self {
        records: u64::MAX,
        bytes: u64::MAX,
    };
}

impl Default for WakeWord {
    fn default() -> Self {
        let word = Self(CachePadded::default());
        word.disarm();
        word
    }
}

impl WakeWord {
    /// Writes what the worker waits for. The worker then checks the lane once more before it sleeps.
    #[inline]
    pub(super) fn arm(&self, at: Volume) {
        self.0.store(at, Ordering::Relaxed); // the fence after it orders it
        if !mutated(Mutant::ArmWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in check
        }
    }

    /// What the worker waits for, as the dispatcher sees it after a publish.
    #[inline]
    pub(super) fn check(&self) -> Volume {
        if !mutated(Mutant::CheckWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in arm
        }
        self.0.load(Ordering::Relaxed) // the fence before it orders it
    }

    /// The worker is awake. Relaxed: a dispatcher that still sees the word makes one needless unpark.
    #[inline]
    pub(super) fn disarm(&self) {
        self.0.store(Volume::NEVER, Ordering::Relaxed);
    }
}
