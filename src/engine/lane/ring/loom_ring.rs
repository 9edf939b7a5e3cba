//! A mock of rtrb on loom's atomics: the part of its interface that a lane uses, with its orderings.
//!
//! As in rtrb 0.4, each end keeps its own index and a cached copy of the other's, which it refreshes with an Acquire
//! load; an index is published with a Release store; a dropped end is marked with Release and found gone with Acquire.
//! Unlike in rtrb the slots are atomics, read and written Relaxed, and a chunk is a copy: where the indices fail to
//! order a slot, loom hands the reader an older value of it.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::engine::record::RecordHeader;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::{Arc, AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The ordering; Relaxed in this mutant.
fn relaxed_if(mutant: Mutant, order: Ordering) -> Ordering {
    if mutated(mutant) {
        Ordering::Relaxed
    } else {
        order
    }
}

/// A slot's value as one atomic: each further access would multiply what loom has to explore.
pub(crate) trait Slot: Copy {
    fn to_word(self) -> u64;
    fn from_word(word: u64) -> Self;
}

impl Slot for u8 {
    fn to_word(self) -> u64 {
        self.into()
    }

    fn from_word(word: u64) -> Self {
        word as Self
    }
}

/// A header keeps its position and its length, 32 bits each; its times are lost.
impl Slot for RecordHeader {
    fn to_word(self) -> u64 {
        self.position << 32 | u64::from(self.len)
    }

    fn from_word(word: u64) -> Self {
        Self::new(0, word >> 32, word as u32)
    }
}

/// Head and tail only grow; rtrb's start again at twice the capacity.
#[derive(Debug)]
struct Ring {
    head: AtomicUsize,
    tail: AtomicUsize,
    abandoned: AtomicBool,
    slots: Box<[AtomicU64]>,
}

impl Ring {
    fn slot(&self, index: usize) -> &AtomicU64 {
        &self.slots[index % self.slots.len()]
    }
}

/// One end's share in the ring; dropping it marks the ring as abandoned.
#[derive(Debug)]
struct End(Arc<Ring>);

impl End {
    fn is_abandoned(&self) -> bool {
        // Acquire: pairs with the Release in drop. (rtrb before 0.4 had none.)
        let acquire = relaxed_if(Mutant::ClosedWithoutAcquire, Ordering::Acquire);
        self.0.abandoned.load(acquire)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in is_abandoned; whatever this end did is then seen.
        self.0.abandoned.store(true, Ordering::Release);
    }
}

/// The writing end.
#[derive(Debug)]
pub(crate) struct Producer<T> {
    end: End,
    tail: usize,
    cached_head: Cell<usize>,
    items: PhantomData<T>,
}

/// The reading end.
#[derive(Debug)]
pub(crate) struct Consumer<T> {
    end: End,
    head: usize,
    cached_tail: Cell<usize>,
    items: PhantomData<T>,
}

/// Makes a ring.
pub(crate) fn new<T: Slot>(slots: usize) -> (Producer<T>, Consumer<T>) {
    let ring = Arc::new(Ring {
        head: AtomicUsize::new(0),
        tail: AtomicUsize::new(0),
        abandoned: AtomicBool::new(false),
        slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
    });
    (
        Producer {
            end: End(Arc::clone(&ring)),
            tail: 0,
            cached_head: Cell::new(0),
            items: PhantomData,
        },
        Consumer {
            end: End(ring),
            head: 0,
            cached_tail: Cell::new(0),
            items: PhantomData,
        },
    )
}

impl<T: Slot> Producer<T> {
    pub(crate) fn slots(&self) -> usize {
        // Acquire: pairs with the Release in commit; the reader has copied what it gave back.
        self.cached_head
            .set(self.end.0.head.load(Ordering::Acquire));
        self.cached_slots()
    }

    pub(crate) fn cached_slots(&self) -> usize {
        self.end.0.slots.len() - (self.tail - self.cached_head.get())
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.end.is_abandoned()
    }

    pub(crate) fn push_partial_slice<'a>(&mut self, slice: &'a [T]) -> (&'a [T], &'a [T]) {
        let fits = if self.cached_slots() < slice.len() {
            slice.len().min(self.slots())
        } else {
            slice.len()
        };
        let (pushed, rest) = slice.split_at(fits);
        for (index, item) in (self.tail..).zip(pushed) {
            let slot = self.end.0.slot(index);
            slot.store(item.to_word(), Ordering::Relaxed);
        }
        self.tail += fits;
        // Release: pairs with the Acquire of the reader's refresh; the slots are written.
        let release = relaxed_if(Mutant::PushWithoutRelease, Ordering::Release);
        self.end.0.tail.store(self.tail, release);
        (pushed, rest)
    }
}

impl<T: Slot> Consumer<T> {
    pub(crate) fn slots(&self) -> usize {
        // Acquire: pairs with the Release in push_partial_slice.
        self.cached_tail
            .set(self.end.0.tail.load(Ordering::Acquire));
        self.cached_slots()
    }

    pub(crate) fn cached_slots(&self) -> usize {
        self.cached_tail.get() - self.head
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.end.is_abandoned()
    }

    /// The error is how many slots there are instead.
    pub(crate) fn read_chunk(&mut self, slots: usize) -> Result<ReadChunk<'_, T>, usize> {
        if self.cached_slots() < slots && self.slots() < slots {
            return Err(self.cached_slots());
        }
        let item = |index| T::from_word(self.end.0.slot(index).load(Ordering::Relaxed));
        let items: Vec<T> = (self.head..self.head + slots).map(item).collect();
        let capacity = self.end.0.slots.len();
        let first = slots.min(capacity - self.head % capacity);
        Ok(ReadChunk {
            items,
            first,
            consumer: self,
        })
    }
}

/// The front of a ring at the time when the chunk was made.
#[derive(Debug)]
pub(crate) struct ReadChunk<'a, T> {
    items: Vec<T>,
    /// How many of them lie before the ring's end.
    first: usize,
    consumer: &'a mut Consumer<T>,
}

impl<T: Slot> ReadChunk<'_, T> {
    pub(crate) fn as_slices(&self) -> (&[T], &[T]) {
        self.items.split_at(self.first)
    }

    pub(crate) fn commit(self, slots: usize) {
        self.consumer.head += slots.min(self.items.len());
        // Release: pairs with the Acquire of the writer's refresh; the slots may be written again.
        let head = &self.consumer.end.0.head;
        head.store(self.consumer.head, Ordering::Release);
    }
}
