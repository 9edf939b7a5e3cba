//! The rules for the sources, read from the sources themselves. Every rule is shown to find what breaks it.
//!
//! * `imports` - which module may import, name and use what.
//! * `layout` - no circle of files, no dead file, modules in the order of the flow, scripts that name real tests.
//! * `concurrency` - where atomics, orderings and threads are allowed.
//! * `style` - lengths, printing, purpose, language.
//!
//! `source` reads a file, `paths` the paths in it, and `modules` resolves them.

mod concurrency;
mod imports;
mod layout;
mod modules;
mod paths;
mod source;
mod style;

use source::Source;

/// A rule: the faults of one file, a sentence each.
type Rule = fn(&Source) -> Vec<String>;

#[track_caller]
fn holds(rule: Rule) {
    holds_except(rule, &[]);
}

/// Fails if a file breaks the rule, unless it is among the known offenders, or if a known offender no longer breaks it.
#[track_caller]
fn holds_except(rule: Rule, offenders: &[&str]) {
    let sources = Source::all();
    let is_known = |source: &&Source| offenders.contains(&source.path.as_str());
    let faults = sources
        .iter()
        .filter(|source| !is_known(source))
        .flat_map(rule);
    let reformed = offenders.iter().filter(|path| {
        let known = sources.iter().find(|source| source.path == **path);
        known.is_none_or(|source| rule(source).is_empty())
    });
    let reformed =
        reformed.map(|path| format!("{path} keeps the rule: take it off the list of offenders"));
    let faults: Vec<_> = faults.chain(reformed).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Shows that a rule finds that many faults in this text.
#[track_caller]
fn finds(rule: Rule, path: &str, text: &str, faults: usize) {
    let found = rule(&Source::new(path, text));
    assert_eq!(found.len(), faults, "{path}: {text}\n{found:#?}");
}

fn fault(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

fn is_in(source: &Source, places: &[&str]) -> bool {
    places.iter().any(|place| source.path.starts_with(place))
}

/// The lines outside unit tests that contain any of these.
fn containing(source: &Source, words: &[&str], what: &str) -> Vec<String> {
    let lines = source.product();
    let lines = lines.filter(|(_, line)| words.iter().any(|word| line.code.contains(word)));
    lines
        .map(|(number, _)| fault(source, number, what))
        .collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}
