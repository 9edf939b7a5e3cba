//! Consecutive sequence numbers.

use std::fmt;

use serde::{Serialize, Serializer};

/// Consecutive sequence numbers, both ends included: the only form that can hold `u64::MAX`. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeqRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl SeqRange {
    /// The numbers from `first` to `last`. `None` if there are none.
    pub(crate) fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// A single number.
    pub(crate) fn one(number: u64) -> Self {
        Self {
            first: number,
            last: number,
        }
    }

    /// The `count` numbers from `first` on. `None` if there are none, or if the last would be above `u64::MAX`.
    pub(crate) fn starting_at(first: u64, count: u64) -> Option<Self> {
        Self::new(first, first.checked_add(count.checked_sub(1)?)?)
    }

    /// How many numbers: up to 2^64, one more than fits into a `u64`.
    pub(crate) fn count(self) -> u128 {
        u128::from(self.last - self.first) + 1
    }

    /// Whether `next` begins right after this range.
    #[inline]
    pub(crate) fn is_followed_by(self, next: Self) -> bool {
        next.first > self.last && next.first - self.last == 1
    }

    /// The part of this range below `other`.
    pub(crate) fn below(self, other: Self) -> Option<Self> {
        Self::new(self.first, self.last.min(other.first.checked_sub(1)?))
    }

    /// The part of this range above `other`.
    pub(crate) fn above(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.last.checked_add(1)?), self.last)
    }
}

/// `17-20`, or `77` for a single number.
impl fmt::Display for SeqRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// `[17,20]`, or `[77,77]` for a single number.
impl Serialize for SeqRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.first, self.last].serialize(serializer)
    }
}
