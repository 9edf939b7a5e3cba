//! What weakens a comparison: different machines, different settings, runs that are not valid, sides apart in time.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

use serde::Serialize;
use serde_json::Value;

use crate::cli::commands::compare::report_file::{MACHINE_KEYS, ReportFile};
use crate::cli::settings::settings;
use crate::outcome::Report;
use crate::sys::printed::Printable;

/// Machines with the same memory may report a little less or more: a kernel takes its own share first.
const MEMORY_TOLERANCE: f64 = 0.01;

/// A key in which the runs differ.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    pub(super) key: String,
    pub(super) values: Vec<Shared>,
}

/// A value, and the files that have it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Shared {
    /// `None` if the report lacks the key.
    value: Option<Value>,
    files: Vec<String>,
}

/// A run that is not valid.
#[derive(Debug, Serialize)]
pub(super) struct Invalid {
    file: String,
    codes: Vec<String>,
}

/// `cpus: 2 (a.json), 4 (b.json)`
impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.key)?;
        for (n, shared) in self.values.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let (value, files) = (Printable(shared.text()), Printable(shared.files.join(", ")));
            write!(f, "{comma} {value} ({files})")?;
        }
        Ok(())
    }
}

impl Difference {
    /// As the head of a comparison has it: `cpus: 2 in A, 4 in B` if each side agrees with itself, or else with files.
    pub(super) fn between(&self, a: &[String], b: &[String]) -> String {
        match &self.values[..] {
            [of_a, of_b] if of_a.files == a && of_b.files == b => {
                format!("{}: {} in A, {} in B", self.key, of_a.text(), of_b.text())
            }
            _ => self.to_string(),
        }
    }
}

impl Shared {
    fn text(&self) -> String {
        match &self.value {
            None => "not told".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }
    }
}

impl Display for Invalid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (file, codes) = (Printable(&self.file), Printable(self.codes.join(", ")));
        write!(f, "{file} is not valid: {codes}")
    }
}

/// The difference in one key, if there is one.
fn difference(
    key: &str,
    runs: &[&ReportFile],
    value: impl Fn(&Report) -> Option<Value>,
) -> Option<Difference> {
    let mut values: Vec<Shared> = Vec::new();
    for run in runs {
        let value = value(&run.report);
        let file = run.file.clone();
        match values.iter_mut().find(|shared| shared.value == value) {
            Some(shared) => shared.files.push(file),
            None => values.push(Shared {
                value,
                files: vec![file],
            }),
        }
    }
    (values.len() > 1).then(|| Difference {
        key: key.to_owned(),
        values,
    })
}

/// The differences between the machines.
pub(super) fn of_machines(runs: &[&ReportFile]) -> Vec<Difference> {
    let differences = MACHINE_KEYS.iter().filter_map(|(key, value)| {
        difference(&format!("machine.{key}"), runs, |report| {
            Some(value(&report.machine))
        })
    });
    differences.chain(of_memory(runs)).collect()
}

fn of_memory(runs: &[&ReportFile]) -> Option<Difference> {
    let memory = |run: &&ReportFile| run.report.machine.memory_bytes;
    let known: Vec<_> = runs.iter().filter_map(memory).map(|b| b as f64).collect();
    let most = known.iter().copied().fold(0.0, f64::max);
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let alike =
        known.is_empty() || known.len() == runs.len() && most - least <= MEMORY_TOLERANCE * most;
    if alike {
        return None;
    }
    let values = runs.iter().map(|run| Shared {
        value: Some(run.report.machine.memory_bytes.into()),
        files: vec![run.file.clone()],
    });
    Some(Difference {
        key: "machine.memory_bytes".into(),
        values: values.collect(),
    })
}

/// The differences between the settings that affect the work.
pub(super) fn of_config(runs: &[&ReportFile]) -> Vec<Difference> {
    let names: BTreeSet<&String> = runs
        .iter()
        .flat_map(|run| run.report.config.keys())
        .collect();
    let affecting = names
        .into_iter()
        // A setting that this program does not know stays: another version may have it.
        .filter(|name| settings().all(|setting| setting.affects_work || setting.name != **name));
    let differences = affecting.filter_map(|name| {
        difference(&format!("config.{name}"), runs, |report| {
            let setting = report.config.get(name)?;
            Some(setting.value.clone())
        })
    });
    differences.collect()
}

/// The runs that are not valid.
pub(super) fn invalid(runs: &[&ReportFile]) -> Vec<Invalid> {
    let invalid = runs.iter().filter_map(|run| {
        Some(Invalid {
            file: run.file.clone(),
            codes: run.invalid()?,
        })
    });
    invalid.collect()
}

/// Whether the runs of two sides took turns, so that a machine that grows slower slows both; `None` if a side has a
/// single run, which cannot.
///
/// They did if the sides changed more than once, and no stretch of one side holds more than half of its runs (two are
/// always allowed: A B B A is in balance).
pub(super) fn interleaved(a: &[ReportFile], b: &[ReportFile]) -> Option<bool> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let a_times = a.iter().map(|run| (run.began_unix_s(), a.len()));
    let b_times = b.iter().map(|run| (run.began_unix_s(), b.len()));
    Some(take_turns(
        a_times
            .map(|(time, runs)| (time, 'a', runs))
            .chain(b_times.map(|(time, runs)| (time, 'b', runs)))
            .collect(),
    ))
}

fn take_turns(mut runs: Vec<(f64, char, usize)>) -> bool {
    runs.sort_by(|x, y| x.0.total_cmp(&y.0));
    let stretches: Vec<_> = runs.chunk_by(|x, y| x.1 == y.1).collect();
    let short = |stretch: &&[(f64, char, usize)]| stretch.len() <= stretch[0].2.div_ceil(2).max(2);
    stretches.len() > 2 && stretches.iter().all(short)
}

#[cfg(test)]
mod tests {
    use super::take_turns;

    fn turns(order: &str) -> bool {
        let count = |side| order.chars().filter(|s| *s == side).count();
        let runs = order.chars().enumerate();
        take_turns(
            runs.map(|(at, side)| (at as f64, side, count(side)))
                .collect(),
        )
    }

    #[test]
    fn sides_that_take_turns_are_interleaved() {
        for order in [
            "abab", "abba", "abbaabba", "aabbaabb", "babababa", "abbabbaa",
        ] {
            assert!(turns(order), "{order}");
        }
        for order in ["aabb", "bbaa", "aaabbb", "aaaabbbb", "aabbbba", "abbbabaa"] {
            assert!(!turns(order), "{order}");
        }
    }
}
