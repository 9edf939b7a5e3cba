//! The wake word: the position that a sleeping worker waits for.

use super::gauge::{Extent, ExtentCell};
use crate::sys::sync::{CachePadded, Ordering};

/// Written by the worker before it parks and after it woke; read by the dispatcher once per burst. While the worker
/// is busy nobody writes it, so the dispatcher's look is a cache hit.
#[derive(Debug)]
pub(super) struct WakeWord(CachePadded<ExtentCell>);

impl Extent {
    /// A total that is never reached: wake me for nothing.
    pub(super) const NEVER: Self = Self {
        records: u64::MAX,
        bytes: u64::MAX,
    };
}

impl Default for WakeWord {
    fn default() -> Self {
        let word = Self(CachePadded::default());
        word.set(Extent::NEVER);
        word
    }
}

impl WakeWord {
    /// Relaxed: the fence behind it, in `LaneReader::sleep`, orders it.
    #[inline]
    pub(super) fn set(&self, at: Extent) {
        self.0.store(at, Ordering::Relaxed);
    }

    /// Relaxed: the fence before it, in `LaneWriter::publish`, orders it.
    #[inline]
    pub(super) fn get(&self) -> Extent {
        self.0.load(Ordering::Relaxed)
    }
}
