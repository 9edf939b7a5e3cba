//! Who imports whom.

use super::source::Source;
use super::{fault, words};

/// The floors, from the ground up. Modules on one floor do not import each other, except as said below.
const FLOORS: [(&str, u8); 19] = [
    ("sys", 0),
    ("metrics", 1),
    ("framing", 1),
    ("verify", 1),
    ("engine", 2),
    ("sources", 3),
    ("sinks", 3),
    ("control", 3),
    ("components", 4),
    ("config", 4),
    ("outcome", 4),
    ("report", 5),
    ("pipeline", 6),
    ("bench_support", 7),
    ("cli", 8),
    ("main", 9),
    ("build", 9),
    ("lib", 9),
    ("serve", 7),
];

fn floor(module: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(name, _)| *name == module);
    found.map(|(_, floor)| *floor)
}

fn may_import(from: &str, to: &str) -> bool {
    from == to || floor(to) < floor(from)
}

/// Imports point to a lower floor. The crate's front page, which shows everything, and what cargo runs before the build
/// are on none.
pub(super) fn downward(source: &Source) -> Vec<String> {
    let modules = source.modules();
    if !source.path.starts_with("src/") || modules == ["lib"] || modules == ["build"] {
        return Vec::new();
    }
    if floor(modules[0]).is_none() {
        return vec![fault(source, 1, "a module without a floor")];
    }
    let mut faults = Vec::new();
    for (line, path) in paths(source) {
        let to = home(&path[0]);
        if floor(&to).is_none() {
            faults.push(fault(source, line, &format!("{to} has no floor")));
        } else if !may_import(modules[0], &to) {
            faults.push(fault(source, line, &format!("{} imports {to}", modules[0])));
        }
    }
    faults
}

/// Control sets the path's words and reads its gauges; it never sees a record, a lane's bytes or a sink.
pub(super) fn control_knows_words_and_gauges(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/control/") {
        return Vec::new();
    }
    let paths = paths(source).into_iter();
    let of_the_path = paths.filter(|(_, path)| path[0] == "engine");
    let others = of_the_path.filter(|(_, path)| {
        let names: Vec<_> = path.iter().skip(1).map(String::as_str).collect();
        !matches!(names[..], ["control_block", ..] | ["lane", "Gauge"])
    });
    others
        .map(|(line, path)| fault(source, line, &format!("control sees {path:?}")))
        .collect()
}

/// The module that a name at the crate's root stands for: itself, or where the front page has it from.
fn home(name: &str) -> String {
    if floor(name).is_some() {
        return name.to_owned();
    }
    let front = Source::new("src/lib.rs", include_str!("../../../src/lib.rs"));
    let lines = front.lines.iter().map(|line| line.code.as_str());
    let code = lines.collect::<Vec<_>>().join(" ");
    for exported in code.split(';') {
        let exported = exported.rsplit("pub use ").next().unwrap_or_default();
        if words(exported).any(|word| word == name) {
            return words(exported).next().unwrap_or_default().to_owned();
        }
    }
    name.to_owned()
}

/// The first three names behind each `crate::`, and behind each `super::` that leads to the root, with its line.
fn paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    // One text, because an import may stretch over lines; unit tests are left out of it.
    let lines = source
        .product()
        .map(|(number, line)| (number, line.code.as_str()));
    let mut text = String::new();
    let mut starts = Vec::new();
    for (number, code) in lines {
        starts.push((text.len(), number));
        text += code;
        text.push('\n');
    }
    let line_of = |at: usize| starts[starts.partition_point(|(start, _)| *start <= at) - 1].1;
    let mut found = Vec::new();
    for (at, behind) in roots(&text, source.modules().len()) {
        let mut names = Vec::new();
        tree(behind, &mut Vec::new(), &mut names);
        found.extend(names.into_iter().map(|path| (line_of(at), path)));
    }
    found
}

/// Where a path begins at the crate's root, and what stands behind that.
fn roots(text: &str, depth: usize) -> Vec<(usize, &str)> {
    let mut roots = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        roots.push((at, &text[at + "crate::".len()..]));
    }
    for (at, _) in text.match_indices("super::") {
        let before = text[..at].ends_with("super::");
        let behind = text[at..].trim_start_matches("super::");
        let steps = (text.len() - at - behind.len()) / "super::".len();
        if !before && steps == depth {
            roots.push((at, behind));
        }
    }
    roots
}

/// Follows a path, or the braces of a tree of paths, three names deep; returns what is left behind it.
fn tree<'a>(text: &'a str, above: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let mut rest = text.trim_start();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.is_empty() && !rest.starts_with('}') {
            rest = tree(rest, above, found).trim_start();
            rest = rest.trim_start_matches(',').trim_start();
        }
        return rest.strip_prefix('}').unwrap_or(rest);
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*');
    let (name, behind) = rest.split_at(end.unwrap_or(rest.len()));
    if name.is_empty() {
        return rest.get(1..).unwrap_or_default(); // no path at all: go on behind it
    }
    above.push(name.to_owned());
    let behind = if let Some(more) = behind.strip_prefix("::") {
        tree(more, above, found)
    } else {
        found.push(above.iter().take(3).cloned().collect());
        behind
    };
    above.pop();
    // An alias belongs to the name before it.
    let alias = behind.trim_start().strip_prefix("as ");
    alias.map_or(behind, |alias| {
        alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
    })
}
