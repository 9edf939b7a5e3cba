//! The set of the sequence numbers that were seen, and of those that were seen more than once.
//!
//! A pipeline delivers records in order, or in a few orders woven together: the numbers seen so far are a handful of
//! ranges, however many numbers they hold. A number that follows the last one lengthens the last range. Any other
//! starts a range at the end of the list, and when the list has grown by half it is sorted and what touches is merged.
//!
//! A tree that is kept in order at each insertion is slower in most orders, and larger. Nanoseconds per number, for
//! 100 M numbers on a busy core of AMD Zen 5 (the lowest of up to nine runs; the last two rows, of one to three). The
//! trees are a `BTreeMap` with a cursor at the last insertion, and range-set-blaze 0.7:
//!
//! | order of the numbers | this | `BTreeMap` | range-set-blaze |
//! |---|---|---|---|
//! | rising | 2 | 4 | 9 |
//! | two files of bursts, read side by side | 2 | 4 | 14 |
//! | three files, every third number each, read side by side | 13 | 65 | 85 |
//! | three orders, a number of each in turn | 15 | 12 | 13 |
//! | shuffled within 64 | 28 | 67 | 60 |
//! | all even numbers, then all odd ones | 53 | 137 | 156 |
//! | shuffled as a whole | 134 | 3316 | 10399 |
//!
//! At most (even, then odd) this takes 1.3 GB, and the trees take 1.8 GB.

use crate::verify::range::SeqRange;

/// Ranges up to which a list is not sorted: 128 KiB, which stay in L2.
const SORT_AT_LEAST: usize = 8192;

/// Which numbers were seen, and which of them more than once, in memory that grows with the ranges they form.
///
/// The order of insertion makes no difference to what it holds.
#[derive(Debug, Default)]
pub(crate) struct SequenceSet {
    seen: RangeList,
    repeated: RangeList,
    surplus: u128,
}

impl SequenceSet {
    /// Adds one number.
    #[inline]
    pub(crate) fn insert(&mut self, number: u64) {
        self.seen.push(SeqRange::one(number));
        if self.seen.is_due() {
            self.merge();
        }
    }

    /// Adds the numbers of each range, and leaves `ranges` empty with its memory. Quickest if they are in order.
    pub(crate) fn append(&mut self, ranges: &mut Vec<SeqRange>) {
        for range in ranges.drain(..) {
            self.seen.push(range);
        }
        if self.seen.is_due() {
            self.merge();
        }
    }

    /// The numbers in the set.
    pub(crate) fn contents(&mut self) -> Contents<'_> {
        self.merge();
        self.repeated.merge(|_| {});
        Contents {
            ranges: &self.seen.ranges,
            repeated: &self.repeated.ranges,
            surplus: self.surplus,
        }
    }

    #[cold]
    fn merge(&mut self) {
        let Self {
            seen,
            repeated,
            surplus,
        } = self;
        seen.merge(|overlap| {
            *surplus += overlap.count();
            repeated.push(overlap);
            if repeated.is_due() {
                repeated.merge(|_| {});
            }
        });
    }
}

/// The numbers in a [`SequenceSet`]. Ranges are in order, and there is a number missing between any two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents<'a> {
    /// The numbers that were seen.
    pub(crate) ranges: &'a [SeqRange],
    /// The numbers that were seen more than once.
    pub(crate) repeated: &'a [SeqRange],
    /// How many insertions were of a number that had been seen before.
    pub(crate) surplus: u128,
}

impl Contents<'_> {
    /// How many different numbers were seen.
    pub(crate) fn count(self) -> u128 {
        self.ranges.iter().map(|range| range.count()).sum()
    }

    /// From the lowest number to the highest. `None` if there are none.
    pub(crate) fn span(self) -> Option<SeqRange> {
        SeqRange::new(self.ranges.first()?.first, self.ranges.last()?.last)
    }

    /// The numbers of `within` that were not seen, in order.
    pub(crate) fn gaps(self, within: SeqRange) -> impl Iterator<Item = SeqRange> {
        let below = self
            .ranges
            .partition_point(|range| range.last < within.first);
        let mut rest = Some(within); // the part of `within` above the ranges visited so far
        let mut ranges = self.ranges[below..].iter();
        std::iter::from_fn(move || {
            while let Some(unvisited) = rest {
                let Some(&range) = ranges.next() else {
                    return rest.take();
                };
                rest = unvisited.above(range);
                if let Some(gap) = unvisited.below(range) {
                    return Some(gap);
                }
            }
            None
        })
    }

    /// The numbers that were seen and are not in `within`, in order.
    pub(crate) fn outside(self, within: Option<SeqRange>) -> impl Iterator<Item = SeqRange> {
        let parts = self.ranges.iter().flat_map(move |range| match within {
            Some(within) => [range.below(within), range.above(within)],
            None => [Some(*range), None],
        });
        parts.flatten()
    }
}

/// Ranges, of which those before `merged` are in order and neither overlap nor touch.
#[derive(Debug, Default)]
struct RangeList {
    ranges: Vec<SeqRange>,
    merged: usize,
}

impl RangeList {
    /// Lengthens the last range, or adds one.
    #[inline]
    fn push(&mut self, range: SeqRange) {
        match self.ranges.last_mut() {
            Some(last) if last.is_followed_by(range) => last.last = range.last,
            _ => self.ranges.push(range),
        }
    }

    /// Whether the list has grown so much that merging pays: by half, which bounds both the memory and the number of
    /// times that a range is visited.
    #[inline]
    fn is_due(&self) -> bool {
        self.ranges.len() >= SORT_AT_LEAST && self.ranges.len() - self.merged > self.merged / 2
    }

    /// Puts the ranges in order and merges what touches. Reports each part that overlaps what is before it, as often
    /// as it does.
    fn merge(&mut self, mut overlap: impl FnMut(SeqRange)) {
        if self.merged == self.ranges.len() {
            return;
        }
        // A stable sort, because it makes use of parts that are in order already.
        self.ranges.sort_by_key(|range| range.first);
        self.ranges.dedup_by(|range, before| {
            let is_apart = range.first > before.last && !before.is_followed_by(*range);
            if is_apart {
                return false;
            }
            if let Some(part) = SeqRange::new(range.first, range.last.min(before.last)) {
                overlap(part);
            }
            before.last = before.last.max(range.last);
            true
        });
        self.merged = self.ranges.len();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn set(numbers: impl IntoIterator<Item = u64>) -> SequenceSet {
        let mut set = SequenceSet::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }

    fn shown(ranges: &[SeqRange]) -> String {
        let ranges: Vec<_> = ranges.iter().map(ToString::to_string).collect();
        ranges.join(", ")
    }

    #[test]
    fn numbers_in_order_are_one_range() {
        let mut set = set(0..1_000_000);
        assert_eq!(set.seen.ranges.capacity(), 4);
        assert_eq!(shown(set.contents().ranges), "0-999999");
    }

    #[test]
    fn orders_woven_together_are_a_range_each_and_take_the_memory_of_a_few() {
        let mut set = set((0..100_000).flat_map(|n| [n, n + 500_000, n + 900_000]));
        assert!(set.seen.ranges.capacity() <= 2 * SORT_AT_LEAST);
        assert_eq!(
            shown(set.contents().ranges),
            "0-99999, 500000-599999, 900000-999999"
        );
    }

    #[test]
    fn numbers_repeated_in_any_order_take_the_memory_of_the_ranges_they_form() {
        let mut set = set((0..10).flat_map(|_| (0..50_000).rev()));
        assert!(set.seen.ranges.capacity() <= 2 * SORT_AT_LEAST);
        assert!(set.repeated.ranges.capacity() <= 2 * SORT_AT_LEAST);
        let contents = set.contents();
        assert_eq!(shown(contents.ranges), "0-49999");
        assert_eq!(shown(contents.repeated), "0-49999");
        assert_eq!(contents.surplus, 9 * 50_000);
    }

    #[test]
    fn a_number_between_two_ranges_joins_them() {
        assert_eq!(shown(set([1, 3, 2]).contents().ranges), "1-3");
        assert_eq!(shown(set([5, 6, 1, 2, 3, 4]).contents().ranges), "1-6");
    }

    #[test]
    fn the_ends_of_u64_are_numbers_like_any_other() {
        let mut set = set([u64::MAX, 0, u64::MAX - 1, u64::MAX, 0, u64::MAX - 2]);
        let contents = set.contents();
        let all = SeqRange {
            first: 0,
            last: u64::MAX,
        };
        assert_eq!(contents.span(), Some(all));
        assert_eq!(contents.surplus, 2);
        assert_eq!(all.count(), 1 << 64);
        assert_eq!(
            contents.gaps(all).map(SeqRange::count).sum::<u128>(),
            (1 << 64) - contents.count()
        );
    }

    /// Numbers that meet often: a few at each end of `u64`, a few in the middle.
    fn crowded() -> impl Strategy<Value = u64> {
        prop_oneof![0..24_u64, 500..510_u64, (u64::MAX - 12)..=u64::MAX]
    }

    fn crowded_range() -> impl Strategy<Value = SeqRange> {
        (crowded(), crowded()).prop_map(|(a, b)| SeqRange {
            first: a.min(b),
            last: a.max(b).min(a.min(b).saturating_add(20)),
        })
    }

    /// Each number that was seen, and how often.
    type Model = BTreeMap<u64, u32>;

    fn ranges_of(numbers: impl Iterator<Item = u64>) -> Vec<SeqRange> {
        let mut ranges: Vec<SeqRange> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some(range) if range.last + 1 == number => range.last = number,
                _ => ranges.push(SeqRange::one(number)),
            }
        }
        ranges
    }

    fn holds_the_same(set: &mut SequenceSet, model: &Model) {
        let contents = set.contents();
        assert_eq!(contents.ranges, ranges_of(model.keys().copied()));
        let repeated = model.iter().filter(|(_, times)| **times > 1);
        assert_eq!(
            contents.repeated,
            ranges_of(repeated.map(|(number, _)| *number))
        );
        let surplus: u32 = model.values().map(|times| times - 1).sum();
        assert_eq!(contents.surplus, u128::from(surplus));
        assert_eq!(contents.count(), model.len() as u128);
    }

    proptest! {
        #[test]
        fn it_holds_what_was_inserted_whenever_it_is_merged(
            ranges in prop::collection::vec((crowded_range(), any::<bool>()), 0..60),
        ) {
            let (mut set, mut model) = (SequenceSet::default(), Model::new());
            let mut at_once = Vec::new();
            for (range, is_looked_at) in ranges {
                for number in range.first..=range.last {
                    *model.entry(number).or_default() += 1;
                }
                if range.count() == 1 {
                    set.insert(range.first);
                } else {
                    set.append(&mut vec![range]);
                }
                at_once.push(range);
                if is_looked_at {
                    holds_the_same(&mut set, &model);
                }
            }
            holds_the_same(&mut set, &model);
            let mut other = SequenceSet::default();
            other.append(&mut at_once);
            prop_assert!(at_once.is_empty());
            holds_the_same(&mut other, &model);
        }

        #[test]
        fn gaps_and_outside_are_the_differences_of_sets(
            numbers in prop::collection::vec(0..60_u64, 0..80),
            first in 0..60_u64,
            len in 0..60_u64,
        ) {
            let model: Model = numbers.iter().map(|number| (*number, 1)).collect();
            let within = SeqRange { first, last: first + len };
            let mut set = set(numbers);
            let contents = set.contents();
            let missing = (first..=within.last).filter(|number| !model.contains_key(number));
            prop_assert_eq!(contents.gaps(within).collect::<Vec<_>>(), ranges_of(missing));
            let strangers = model.keys().filter(|number| !(first..=within.last).contains(number));
            prop_assert_eq!(
                contents.outside(Some(within)).map(SeqRange::count).sum::<u128>(),
                strangers.count() as u128
            );
            prop_assert_eq!(contents.outside(None).collect::<Vec<_>>(), contents.ranges);
        }
    }
}
