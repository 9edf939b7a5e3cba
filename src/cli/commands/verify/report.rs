//! A verdict in words.

use std::fmt;

use crate::sys::printed::{Grouped, Printable};
use crate::verify::verdict::{Numbers, Verdict};

const REMEDY: &str = "(--limit 0 lists all)";

/// Prints a verdict in words, for people. Ends with a newline.
pub(super) struct Report<'a>(pub(super) &'a Verdict);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(verdict) = self;
        if verdict.whole {
            whole(verdict, f)?;
        } else {
            not_whole(verdict, f)?;
            faults(verdict, f)?;
        }
        for file in &verdict.unended {
            writeln!(
                f,
                "note: the last line of {} has no newline; it is a record, and counted",
                Printable(file)
            )?;
        }
        Ok(())
    }
}

fn whole(verdict: &Verdict, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(seq) = verdict.seq else {
        return writeln!(f, "whole: no records, and none expected");
    };
    writeln!(
        f,
        "whole: {}, seq {seq}, none missing, none duplicated, none torn",
        counted(verdict.records, "record")
    )
}

fn not_whole(verdict: &Verdict, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "not whole: ")?;
    if verdict.lines == 0 {
        write!(f, "no records")?;
    } else {
        let lines = counted(verdict.lines.into(), "line");
        let hold = if verdict.lines == 1 { "holds" } else { "hold" };
        match verdict.seq {
            Some(seq) => {
                let records = counted(verdict.records, "different record");
                write!(f, "{lines} {hold} {records}, seq {seq}")?;
            }
            None => write!(f, "{lines} {hold} no records")?,
        }
    }
    match verdict.expected {
        _ if !verdict.is_count_known => writeln!(f),
        Some(expected) => writeln!(f, " (expected: {expected})"),
        None => writeln!(f, " (expected: none)"),
    }
}

/// One line for each kind of fault that was found, and one for each torn line.
fn faults(verdict: &Verdict, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let duplicated = &verdict.duplicated;
    let torn = &verdict.torn;
    let kinds = [
        ("missing", &verdict.missing),
        ("unexpected", &verdict.unexpected),
        ("duplicated", &duplicated.numbers),
    ];
    let highest = kinds.iter().map(|(_, numbers)| numbers.count).max();
    let highest = highest.unwrap_or(0).max(torn.count.into());
    let width = Grouped(highest).to_string().len().max(3);
    for (kind, numbers) in kinds {
        if numbers.count == 0 {
            continue;
        }
        write!(f, "{kind:<10} {:>width$}: ", Grouped(numbers.count))?;
        list(numbers, f)?;
        if kind == "duplicated" && duplicated.surplus_lines > numbers.count {
            let surplus = counted(duplicated.surplus_lines, "line");
            write!(f, " ({surplus} too many)")?;
        }
        writeln!(f)?;
    }
    if torn.count > 0 {
        write!(f, "{:<10} {:>width$}: ", "torn", Grouped(torn.count))?;
    }
    let indent = 10 + 1 + width + 2;
    for (n, line) in torn.lines.iter().enumerate() {
        let indent = if n == 0 { 0 } else { indent };
        write!(f, "{:indent$}{}:{}: ", "", Printable(&line.file), line.line)?;
        writeln!(f, "`{}` ({})", line.excerpt, line.why)?;
    }
    if torn.more_lines > 0 {
        let indent = if torn.lines.is_empty() { 0 } else { indent };
        let more = counted(torn.more_lines.into(), "more line");
        writeln!(f, "{:indent$}... and {more} {REMEDY}", "")?;
    }
    Ok(())
}

fn list(numbers: &Numbers, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (n, range) in numbers.ranges.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        write!(f, "{comma}{range}")?;
    }
    if numbers.more_ranges > 0 {
        let more = counted(numbers.more_ranges as u128, "more range");
        write!(f, " ... and {more} {REMEDY}")?;
    }
    Ok(())
}

fn counted(count: u128, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", Grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::accounting::tests::{account_of, records};
    use crate::verify::verdict::Expected;

    fn report(text: &str, count: Option<u64>, limit: usize) -> String {
        let account = account_of(text, limit);
        let expected = Expected::new(0, count).expect("within u64");
        Report(&Verdict::new(account, expected, limit)).to_string()
    }

    #[test]
    fn a_whole_set_is_one_line() {
        assert_eq!(
            report(&records(0..20), Some(20), 20),
            "whole: 20 records, seq 0-19, none missing, none duplicated, none torn\n"
        );
        assert_eq!(
            report("", Some(0), 20),
            "whole: no records, and none expected\n"
        );
    }

    #[test]
    fn each_kind_of_fault_has_its_line() {
        let seqs = (0..3).chain([1, 1, 2]).chain(9..13);
        let text = records(seqs) + "{\"msg\":\"hello fr\n\n{\"seq\":13}";
        assert_eq!(
            report(&text, Some(12), 20),
            "not whole: 13 lines hold 8 different records, seq 0-13 (expected: 0-11)\n\
             missing      6: 3-8\n\
             unexpected   2: 12-13\n\
             duplicated   2: 1-2 (3 lines too many)\n\
             torn         2: t:11: `{\"msg\":\"hello fr` (EOF while parsing a string, column 16)\n\
             \x20               t:12: `` (blank)\n\
             note: the last line of t has no newline; it is a record, and counted\n"
        );
    }

    #[test]
    fn long_lists_are_cut_with_a_note() {
        let text = records((0..10).map(|n| 2 * n)) + "x\ny\nz\n";
        let report = report(&text, None, 2);
        assert!(
            report.contains("missing      9: 1, 3 ... and 7 more ranges (--limit 0 lists all)\n")
        );
        assert!(report.contains("                ... and 1 more line (--limit 0 lists all)\n"));
    }

    #[test]
    fn an_empty_input_is_reported_as_no_records() {
        assert_eq!(report("", None, 20), "not whole: no records\n");
        assert_eq!(
            report("", Some(2), 20),
            "not whole: no records (expected: 0-1)\nmissing      2: 0-1\n"
        );
        assert!(report("x\n", None, 20).starts_with("not whole: 1 line holds no records\n"));
    }
}
