//! What stands in the way of a comparison: other machines, other settings, doubtful runs, sides apart in time.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;
use serde_json::Value;

use crate::cli::commands::compare::reading::{MACHINE_KEYS, Reading};

/// Settings that say where things are written, and nothing about the work.
const SETTINGS_APART: [&str; 6] = ["report", "hgrm", "hlog", "html", "spill", "metrics_format"];
/// A kernel takes its share of the memory before it tells how much there is.
const MEMORY_TOLERANCE: f64 = 0.01;

/// A key that not all runs have the same value for.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    pub(super) key: String,
    pub(super) values: Vec<Shared>,
}

/// A value, and the files that have it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Shared {
    /// None where the report does not tell of the key.
    value: Option<Value>,
    files: Vec<String>,
}

/// A run against which something is to be said.
#[derive(Debug, Serialize)]
pub(super) struct Invalid {
    file: String,
    codes: Vec<String>,
}

/// `cpus: 2 (a.json), 4 (b.json)`
impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.key)?;
        for (n, Shared { value, files }) in self.values.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            let value = match value {
                None => "not told".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
            };
            write!(f, "{comma} {value} ({})", files.join(", "))?;
        }
        Ok(())
    }
}

impl Display for Invalid {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not valid: {}", self.file, self.codes.join(", "))
    }
}

/// The difference in one key, if there is one.
fn difference<'a>(
    key: &str,
    runs: &[&'a Reading],
    value: impl Fn(&'a Reading) -> Option<&'a Value>,
) -> Option<Difference> {
    let mut values: Vec<Shared> = Vec::new();
    for run in runs {
        let value = value(run).cloned();
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

/// In what the machines differ.
pub(super) fn of_machines(runs: &[&Reading]) -> Vec<Difference> {
    let keys = MACHINE_KEYS.iter().enumerate();
    let keys = keys.filter_map(|(at, key)| {
        difference(&format!("machine.{key}"), runs, |run| run.machine.get(at))
    });
    keys.chain(of_memory(runs)).collect()
}

fn of_memory(runs: &[&Reading]) -> Option<Difference> {
    let known: Vec<f64> = runs.iter().filter_map(|run| run.memory_bytes).collect();
    let most = known.iter().copied().fold(0.0, f64::max);
    let least = known.iter().copied().fold(f64::INFINITY, f64::min);
    let alike =
        known.is_empty() || known.len() == runs.len() && most - least <= MEMORY_TOLERANCE * most;
    if alike {
        return None;
    }
    let values = runs.iter().map(|run| Shared {
        value: Some(
            run.memory_bytes
                .map_or(Value::Null, |bytes| (bytes as i64).into()),
        ),
        files: vec![run.file.clone()],
    });
    Some(Difference {
        key: "machine.memory_bytes".into(),
        values: values.collect(),
    })
}

/// In what the settings differ that say how the work was done.
pub(super) fn of_config(runs: &[&Reading]) -> Vec<Difference> {
    let names = runs.iter().flat_map(|run| run.config.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort();
    names.dedup();
    names.retain(|name| !SETTINGS_APART.contains(&name.as_str()));
    let differences = names
        .into_iter()
        .filter_map(|name| difference(&format!("config.{name}"), runs, |run| run.config.get(name)));
    differences.collect()
}

/// The runs that are not valid.
pub(super) fn invalid(runs: &[&Reading]) -> Vec<Invalid> {
    let invalid = runs.iter().filter_map(|run| {
        Some(Invalid {
            file: run.file.clone(),
            codes: run.invalid.clone()?,
        })
    });
    invalid.collect()
}

/// Whether the runs of two sides took turns, so that a machine that grows slower slows both; none with a single run on
/// a side, which cannot.
///
/// They did if the sides changed more than once, and no stretch of one side holds more than half of its runs (two are
/// always allowed: A B B A is in balance).
pub(super) fn interleaved(a: &[Reading], b: &[Reading]) -> Option<bool> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let a_times = a.iter().map(|run| (run.began_unix_s, a.len()));
    let b_times = b.iter().map(|run| (run.began_unix_s, b.len()));
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
