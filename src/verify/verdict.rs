//! What a tally comes to: whole or not, and why not.

use serde::Serialize;

use crate::verify::accounting::{Tally, TornLine};
use crate::verify::range::Run;

/// The records that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those from this one to the highest that is there.
    From(u64),
    /// These, or none at all.
    Exactly(Option<Run>),
}

impl Wanted {
    /// Every record from `from` on: `expect` of them if that is given, else as far as they go.
    ///
    /// None if the last of them would lie past the end of `u64`.
    pub(crate) fn new(from: u64, expect: Option<u64>) -> Option<Self> {
        Some(match expect {
            None => Self::From(from),
            Some(0) => Self::Exactly(None),
            Some(count) => Self::Exactly(Run::new(from, from.checked_add(count - 1)?)),
        })
    }

    fn run(self, seen: Option<Run>) -> Option<Run> {
        match self {
            Self::From(first) => Run::new(first, seen?.last),
            Self::Exactly(run) => run,
        }
    }
}

/// Everything there is to say about a set of lines.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// Every wanted record is there, once, and nothing else is.
    pub(crate) whole: bool,
    /// Lines read, torn ones too.
    pub(crate) lines: u64,
    /// Different records.
    pub(crate) records: u128,
    /// From the lowest seq that is there to the highest.
    pub(crate) seq: Option<Run>,
    /// The records that should be there: up to the highest seen when nobody said how many.
    pub(crate) wanted: Option<Run>,
    /// Whether somebody did say how many.
    #[serde(skip)]
    pub(crate) expected: bool,
    pub(crate) missing: Numbers,
    /// Records that are there and not among the wanted.
    pub(crate) unexpected: Numbers,
    pub(crate) duplicated: Duplicated,
    pub(crate) torn: Torn,
    /// Files whose last line is a record without a newline. That alone is no fault.
    pub(crate) unended: Vec<String>,
}

/// A set of numbers, cut to what was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Numbers {
    /// Numbers, cut off or not.
    pub(crate) count: u128,
    pub(crate) ranges: Vec<Run>,
    /// Numbers that were cut off.
    pub(crate) more_ranges: usize,
}

/// Numbers that came more than once.
#[derive(Debug, Serialize)]
pub(crate) struct Duplicated {
    #[serde(flatten)]
    pub(crate) numbers: Numbers,
    /// Lines that would have to go. More than the numbers, if one came three times.
    pub(crate) surplus_lines: u64,
}

/// Lines that hold no record, cut to what was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Torn {
    /// Lines, cut off or not.
    pub(crate) count: u64,
    pub(crate) lines: Vec<TornLine>,
    /// Lines that were cut off.
    pub(crate) more_lines: u64,
}

impl Verdict {
    /// Judges a tally, and keeps `limit` ranges of each kind to show.
    pub(crate) fn new(mut tally: Tally, wanted: Wanted, limit: usize) -> Self {
        // Files are read side by side, but one reads about them one by one.
        tally
            .torn_lines
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        tally.unended.sort();
        let seq = tally.seen.span();
        let run = wanted.run(seq);
        let gaps = run.into_iter().flat_map(|run| tally.seen.gaps(run));
        let missing = Numbers::new(gaps, limit);
        let unexpected = Numbers::new(tally.seen.outside(run), limit);
        let expected = matches!(wanted, Wanted::Exactly(_));
        Self {
            whole: missing.count == 0
                && unexpected.count == 0
                && tally.surplus == 0
                && tally.torn == 0
                && (expected || run.is_some()),
            lines: tally.lines,
            records: tally.seen.count(),
            seq,
            wanted: run,
            expected,
            missing,
            unexpected,
            duplicated: Duplicated {
                numbers: Numbers::new(tally.duplicated.runs(), limit),
                surplus_lines: tally.surplus,
            },
            torn: Torn {
                count: tally.torn,
                more_lines: tally.torn - tally.torn_lines.len() as u64,
                lines: tally.torn_lines,
            },
            unended: tally.unended,
        }
    }
}

impl Numbers {
    fn new(runs: impl Iterator<Item = Run>, limit: usize) -> Self {
        let mut cut = Self {
            count: 0,
            ranges: Vec::new(),
            more_ranges: 0,
        };
        for run in runs {
            cut.count += run.count();
            if cut.ranges.len() < limit {
                cut.ranges.push(run);
            } else {
                cut.more_ranges += 1;
            }
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::accounting::tests::{records, tally_of};

    fn verdict(text: &str, from: u64, expect: Option<u64>) -> Verdict {
        let tally = tally_of(text, usize::MAX);
        let wanted = Wanted::new(from, expect).expect("within u64");
        Verdict::new(tally, wanted, usize::MAX)
    }

    #[test]
    fn wanted_records_end_within_u64() {
        assert!(Wanted::new(u64::MAX, Some(0)).is_some());
        assert!(Wanted::new(u64::MAX, Some(1)).is_some());
        assert!(Wanted::new(u64::MAX, Some(2)).is_none());
        assert!(Wanted::new(0, Some(u64::MAX)).is_some());
    }

    #[test]
    fn the_highest_record_there_can_be_leaves_all_the_others_missing() {
        let verdict = verdict(&records([u64::MAX]), 0, None);
        assert_eq!(verdict.missing.count, u128::from(u64::MAX));
        assert_eq!(verdict.unexpected.count, 0);
    }

    #[test]
    fn nothing_is_whole_only_if_nothing_was_expected() {
        assert!(!verdict("", 0, None).whole);
        assert!(!verdict("", 0, Some(1)).whole);
        assert!(verdict("", 0, Some(0)).whole);
        assert_eq!(
            verdict(&records([7]), 0, Some(0)).unexpected.ranges,
            [Run::new(7, 7).expect("not empty")]
        );
    }

    #[test]
    fn records_before_the_first_wanted_are_unexpected() {
        let below = verdict(&records([3]), 5, None);
        assert!(!below.whole);
        assert_eq!((below.missing.count, below.unexpected.count), (0, 1));
        let around = verdict(&records([3, 5, 7]), 5, None);
        assert_eq!((around.missing.count, around.unexpected.count), (1, 1));
    }

    #[test]
    fn every_line_is_a_record_a_surplus_or_torn() {
        let text = records([0, 1, 1, 1, 4]) + "\nnot json\n";
        let verdict = verdict(&text, 0, None);
        assert_eq!(verdict.lines, 7);
        assert_eq!(verdict.records, 3);
        assert_eq!(verdict.duplicated.numbers.count, 1);
        assert_eq!(verdict.duplicated.surplus_lines, 2);
        assert_eq!(verdict.torn.count, 2);
        assert_eq!(verdict.missing.count, 2);
    }
}
