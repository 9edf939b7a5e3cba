//! Consecutive numbers.

use std::fmt;

use serde::{Serialize, Serializer};

/// Consecutive numbers, both ends included: the only form that can hold `u64::MAX`. Never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

impl Run {
    /// The numbers from `first` to `last`, if there are any.
    pub(crate) fn new(first: u64, last: u64) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// How many numbers: up to 2^64, one more than a `u64` can say.
    pub(crate) fn count(self) -> u128 {
        u128::from(self.last - self.first) + 1
    }

    pub(crate) fn contains(self, number: u64) -> bool {
        (self.first..=self.last).contains(&number)
    }

    /// The least run that covers both.
    pub(crate) fn cover(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// What lies before `other` begins.
    pub(crate) fn below(self, other: Self) -> Option<Self> {
        Self::new(self.first, self.last.min(other.first.checked_sub(1)?))
    }

    /// What lies after `other` has ended.
    pub(crate) fn above(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.last.checked_add(1)?), self.last)
    }
}

/// `17-20`, or `77` for a run of one.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// `[17,20]`, or `[77,77]` for a run of one.
impl Serialize for Run {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.first, self.last].serialize(serializer)
    }
}
