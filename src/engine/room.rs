//! Room in the lanes, and the room word: whether the producer sleeps because there is none.
//!
//! ```text
//!   producer    arm: word, fence --> re-check the lanes --> sleep
//!   worker      release --> fence, word --> wake the producer
//! ```
//!
//! The counterpart of a lane's wake word, with the same argument: one of the two fences comes first, so either the
//! producer sees the room, or the worker sees that it is waited for.

use crate::engine::lane::LaneWriter;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::{AtomicBool, CachePadded, Ordering, fence};

/// Whether a lane has room for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// This lane has room.
    In(usize),
    /// No active lane has.
    Full,
    /// Every active worker has gone.
    NoLane,
    Halted,
}

impl Room {
    /// The room that the active lanes have for a record of this length.
    pub(crate) fn of(active: &[LaneWriter], is_halted: bool, len: usize) -> Self {
        let mut open = active
            .iter()
            .enumerate()
            .filter(|(_, lane)| !lane.reader_is_gone())
            .peekable();
        if open.peek().is_none() {
            return Self::NoLane;
        }
        if is_halted {
            return Self::Halted;
        }
        let room = open.find(|(_, lane)| lane.has_room(len));
        room.map_or(Self::Full, |(lane, _)| Self::In(lane))
    }
}

/// Written by the producer before and after a sleep, read by its workers once per batch. While the producer is awake it
/// does not change, so a check is a cache hit.
#[derive(Debug)]
pub(crate) struct RoomWord(CachePadded<AtomicBool>);

impl RoomWord {
    pub(crate) fn new() -> Self {
        Self(CachePadded::new(AtomicBool::new(false)))
    }

    /// The producer is about to wait. It checks the lanes once more before it sleeps.
    pub(crate) fn arm(&self) {
        self.0.store(true, Ordering::Relaxed); // the fence after it orders it
        if !mutated(Mutant::AwaitRoomWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in is_awaited
        }
    }

    /// The producer waits no longer. Relaxed: a worker that still sees the word makes one needless wake-up.
    pub(crate) fn disarm(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Whether the producer waits, as a worker sees it after a release.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        if !mutated(Mutant::ReleaseWithoutFence) {
            fence(Ordering::SeqCst); // pairs with the fence in arm
        }
        self.0.load(Ordering::Relaxed) && !mutated(Mutant::NoRoomWake) // the fence before it orders it
    }
}
