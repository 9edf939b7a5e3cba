//! Whether an account is whole, and its faults if not.

use serde::Serialize;

use crate::verify::accounting::{Accounting, TornLine};
use crate::verify::range::SeqRange;

/// The records that should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Those from this one to the highest that is there.
    From(u64),
    /// These, `None` for none at all.
    Exactly(Option<SeqRange>),
}

impl Expected {
    /// Every record from `from` on: `count` of them if that is given, otherwise up to the highest that is there.
    ///
    /// `None` if the last of them would be above `u64::MAX`.
    pub(crate) fn new(from: u64, count: Option<u64>) -> Option<Self> {
        Some(match count {
            None => Self::From(from),
            Some(0) => Self::Exactly(None),
            Some(count) => Self::Exactly(Some(SeqRange::starting_at(from, count)?)),
        })
    }

    fn range(self, seen: Option<SeqRange>) -> Option<SeqRange> {
        match self {
            Self::From(first) => SeqRange::new(first, seen?.last),
            Self::Exactly(range) => range,
        }
    }
}

/// The findings about a set of lines.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// Every expected record is there, once, and nothing else is.
    pub(crate) whole: bool,
    /// Lines read, torn ones too.
    pub(crate) lines: u64,
    /// Different records.
    pub(crate) records: u128,
    /// From the lowest seq that is there to the highest.
    pub(crate) seq: Option<SeqRange>,
    /// The records that should be there: up to the highest that is there, if their number is not known.
    #[serde(rename = "wanted")]
    pub(crate) expected: Option<SeqRange>,
    /// Whether the number of records that should be there is known.
    #[serde(skip)]
    pub(crate) is_count_known: bool,
    pub(crate) missing: Numbers,
    /// Records that are there and not expected.
    pub(crate) unexpected: Numbers,
    pub(crate) duplicated: Duplicated,
    pub(crate) torn: Torn,
    /// Files whose last line is a record without a newline. That alone is no fault.
    pub(crate) unended: Vec<String>,
}

/// A set of numbers, and the first of the ranges that it consists of.
#[derive(Debug, Serialize)]
pub(crate) struct Numbers {
    /// All the numbers, whether their range is listed or not.
    pub(crate) count: u128,
    pub(crate) ranges: Vec<SeqRange>,
    /// Ranges that are not listed.
    pub(crate) more_ranges: usize,
}

/// Numbers that were seen more than once.
#[derive(Debug, Serialize)]
pub(crate) struct Duplicated {
    #[serde(flatten)]
    pub(crate) numbers: Numbers,
    /// The surplus lines: more than the repeated numbers if one was seen three times.
    pub(crate) surplus_lines: u128,
}

/// Lines that hold no record, and the first of them.
#[derive(Debug, Serialize)]
pub(crate) struct Torn {
    /// All of them, whether listed or not.
    pub(crate) count: u64,
    pub(crate) lines: Vec<TornLine>,
    /// Lines that are not listed.
    pub(crate) more_lines: u64,
}

impl Verdict {
    /// Assesses an account, and lists up to `limit` ranges of each kind.
    pub(crate) fn new(mut account: Accounting, expected: Expected, limit: usize) -> Self {
        // Files are read side by side, but people look into them one by one.
        account
            .torn_lines
            .sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        account.unended.sort();
        let seen = account.seen.contents();
        let seq = seen.span();
        let range = expected.range(seq);
        let gaps = range.into_iter().flat_map(|range| seen.gaps(range));
        let missing = Numbers::new(gaps, limit);
        let unexpected = Numbers::new(seen.outside(range), limit);
        let is_count_known = matches!(expected, Expected::Exactly(_));
        Self {
            whole: missing.count == 0
                && unexpected.count == 0
                && seen.surplus == 0
                && account.torn == 0
                && (is_count_known || range.is_some()),
            lines: account.lines,
            records: seen.count(),
            seq,
            expected: range,
            is_count_known,
            missing,
            unexpected,
            duplicated: Duplicated {
                numbers: Numbers::new(seen.repeated.iter().copied(), limit),
                surplus_lines: seen.surplus,
            },
            torn: Torn {
                count: account.torn,
                more_lines: account.torn - account.torn_lines.len() as u64,
                lines: account.torn_lines,
            },
            unended: account.unended,
        }
    }
}

impl Numbers {
    fn new(ranges: impl Iterator<Item = SeqRange>, limit: usize) -> Self {
        let mut numbers = Self {
            count: 0,
            ranges: Vec::new(),
            more_ranges: 0,
        };
        for range in ranges {
            numbers.count += range.count();
            if numbers.ranges.len() < limit {
                numbers.ranges.push(range);
            } else {
                numbers.more_ranges += 1;
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::accounting::tests::{account_of, records};

    fn verdict(text: &str, from: u64, count: Option<u64>) -> Verdict {
        let account = account_of(text, usize::MAX);
        let expected = Expected::new(from, count).expect("within u64");
        Verdict::new(account, expected, usize::MAX)
    }

    #[test]
    fn expected_records_end_within_u64() {
        assert!(Expected::new(u64::MAX, Some(0)).is_some());
        assert!(Expected::new(u64::MAX, Some(1)).is_some());
        assert!(Expected::new(u64::MAX, Some(2)).is_none());
        assert!(Expected::new(0, Some(u64::MAX)).is_some());
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
            [SeqRange::one(7)]
        );
    }

    #[test]
    fn records_before_the_first_expected_are_unexpected() {
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
