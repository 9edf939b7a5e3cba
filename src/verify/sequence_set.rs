//! Sets of numbers that are nearly in order, kept as runs.
//!
//! A pipeline delivers records in order, or in a few orders woven together. The set of numbers seen so far is then a
//! handful of runs, however many numbers it holds.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use crate::verify::range::Run;

/// A set of numbers, in memory that grows with its runs and not with its numbers.
#[derive(Debug, Default)]
pub(crate) struct Intervals {
    /// First to last, of runs that neither overlap nor touch. The last of the run before the gap may lag behind.
    runs: BTreeMap<u64, u64>,
    gap: Gap,
}

/// Where the set grew last, which is most likely where it grows next: without a search of the tree, and as long as
/// the run before it just gets longer, without a change to the tree.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// The run before the gap, unless the gap is the first.
    before: Option<Run>,
    /// Whether the tree has yet to learn how long that run is now.
    grown: bool,
    /// The first number of the run after the gap, unless the gap is the last.
    after: Option<u64>,
}

impl Gap {
    fn contains(self, number: u64) -> bool {
        self.before.is_none_or(|run| run.last < number)
            && self.after.is_none_or(|first| number < first)
    }
}

impl Intervals {
    /// Adds a number. False when it was there already.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if !self.gap.contains(number) {
            if self.gap.before.is_some_and(|run| run.contains(number)) {
                return false;
            }
            self.seek(number);
            if !self.gap.contains(number) {
                return false;
            }
        }
        self.fill(number);
        true
    }

    /// Goes to the gap that the number is in, or to the one after the run that the number is in.
    fn seek(&mut self, number: u64) {
        self.store_growth();
        let before = self.runs.range(..=number).next_back();
        self.gap = Gap {
            before: before.map(|(&first, &last)| Run { first, last }),
            grown: false,
            after: self.first_after(number),
        };
    }

    /// Adds a number that is in the gap, and leaves the gap after it.
    fn fill(&mut self, number: u64) {
        let growing = self.gap.before.filter(|run| run.last + 1 == number);
        let joined = self.gap.after.filter(|&first| number + 1 == first);
        let joined = joined.and_then(|first| self.runs.remove(&first));
        let last = joined.unwrap_or(number);
        if let Some(run) = growing {
            self.gap.before = Some(Run { last, ..run });
            self.gap.grown = true;
        } else {
            self.store_growth();
            self.runs.insert(number, last);
            self.gap.before = Run::new(number, last);
        }
        if joined.is_some() {
            self.gap.after = self.first_after(last);
        }
    }

    fn store_growth(&mut self) {
        if let Some(run) = self.gap.before
            && self.gap.grown
        {
            self.runs.insert(run.first, run.last);
            self.gap.grown = false;
        }
    }

    /// Where the first run that begins after a number begins.
    fn first_after(&self, number: u64) -> Option<u64> {
        let mut after = self.runs.range((Excluded(number), Unbounded));
        after.next().map(|(&first, _)| first)
    }

    /// The runs, in order. No two touch.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run> {
        let grown = self.gap.before;
        self.runs.iter().map(move |(&first, &last)| match grown {
            Some(run) if run.first == first => run,
            _ => Run { first, last },
        })
    }

    /// How many numbers it holds.
    pub(crate) fn count(&self) -> u128 {
        self.runs().map(Run::count).sum()
    }

    /// From the lowest number to the highest, if it holds any.
    pub(crate) fn span(&self) -> Option<Run> {
        self.runs().reduce(Run::cover)
    }

    /// The numbers of `within` that are not in the set.
    pub(crate) fn gaps(&self, within: Run) -> impl Iterator<Item = Run> {
        let mut unseen = Some(within); // the part of `within` past the runs looked at so far
        self.runs()
            .map(Some)
            .chain([None])
            .filter_map(move |run| match run {
                Some(run) => {
                    let rest = unseen?;
                    unseen = rest.above(run);
                    rest.below(run)
                }
                None => unseen,
            })
    }

    /// The numbers in the set that are not in `within`.
    pub(crate) fn outside(&self, within: Option<Run>) -> impl Iterator<Item = Run> {
        self.runs()
            .flat_map(move |run| match within {
                Some(within) => [run.below(within), run.above(within)],
                None => [Some(run), None],
            })
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(numbers: impl IntoIterator<Item = u64>) -> Intervals {
        let mut set = Intervals::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }

    fn shown(runs: impl Iterator<Item = Run>) -> String {
        let runs: Vec<_> = runs.map(|run| run.to_string()).collect();
        runs.join(", ")
    }

    #[test]
    fn numbers_in_order_are_one_run() {
        let set = set(0..1_000_000);
        assert_eq!(shown(set.runs()), "0-999999");
        assert_eq!(set.runs.len(), 1);
    }

    #[test]
    fn orders_woven_together_are_a_run_each() {
        let set = set((0..1000).flat_map(|n| [n, n + 5000, n + 9000]));
        assert_eq!(shown(set.runs()), "0-999, 5000-5999, 9000-9999");
    }

    #[test]
    fn a_number_between_two_runs_joins_them() {
        assert_eq!(shown(set([1, 3, 2]).runs()), "1-3");
        // Growing on up to the next one joins them too.
        assert_eq!(shown(set([5, 6, 1, 2, 3, 4]).runs()), "1-6");
    }

    #[test]
    fn the_ends_of_u64_are_numbers_like_any_other() {
        let mut set = set([u64::MAX, 0, u64::MAX - 1, u64::MAX - 2]);
        assert!(!set.insert(u64::MAX));
        assert!(!set.insert(0));
        let all = Run {
            first: 0,
            last: u64::MAX,
        };
        assert_eq!(set.span(), Some(all));
        assert_eq!(all.count(), 1 << 64);
        assert_eq!(
            set.gaps(all).map(Run::count).sum::<u128>(),
            (1 << 64) - set.count()
        );
    }

    /// Numbers that meet often: a few at each end of `u64`, a few in the middle.
    fn crowded() -> impl Strategy<Value = u64> {
        prop_oneof![0..24_u64, 500..510_u64, (u64::MAX - 12)..=u64::MAX]
    }

    fn runs_of(model: &BTreeSet<u64>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for &number in model {
            match runs.last_mut() {
                Some(run) if run.last + 1 == number => run.last = number,
                _ => runs.push(Run {
                    first: number,
                    last: number,
                }),
            }
        }
        runs
    }

    proptest! {
        #[test]
        fn it_is_a_set(numbers in prop::collection::vec(crowded(), 0..80)) {
            let mut model = BTreeSet::new();
            let mut set = Intervals::default();
            for number in numbers {
                prop_assert_eq!(set.insert(number), model.insert(number));
                prop_assert_eq!(set.runs().collect::<Vec<_>>(), runs_of(&model));
            }
            prop_assert_eq!(set.count(), model.len() as u128);
        }

        #[test]
        fn gaps_and_outside_are_what_a_set_says(
            numbers in prop::collection::vec(0..60_u64, 0..80),
            first in 0..60_u64,
            len in 0..60_u64,
        ) {
            let model: BTreeSet<u64> = numbers.iter().copied().collect();
            let within = Run { first, last: first + len };
            let wanted: BTreeSet<u64> = (within.first..=within.last).collect();
            let set = set(numbers);
            let missing = wanted.difference(&model).copied().collect();
            prop_assert_eq!(set.gaps(within).collect::<Vec<_>>(), runs_of(&missing));
            let strangers: u128 = model.difference(&wanted).count() as u128;
            prop_assert_eq!(set.outside(Some(within)).map(Run::count).sum::<u128>(), strangers);
            prop_assert_eq!(set.outside(None).collect::<Vec<_>>(), runs_of(&model));
        }
    }
}
