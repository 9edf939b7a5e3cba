//! No circle of files, no dead file, modules in the order of the flow, scripts that name real tests.

use std::collections::BTreeSet;

use super::modules::{Modules, circles, dead, declared_in_order};
use super::source::Source;

/// The faults of these sources: a sentence for each circle of files that is not within a known one, and for each known
/// one that is no more.
fn circle_faults(sources: &[Source], known: &[&[&str]]) -> Vec<String> {
    let modules = Modules::new(sources);
    let imports = modules.imports();
    let circles = circles(&imports);
    let within =
        |circle: &BTreeSet<&str>, known: &[&str]| circle.iter().all(|file| known.contains(file));
    let mut faults = Vec::new();
    for circle in &circles {
        if known.iter().any(|known| within(circle, known)) {
            continue;
        }
        let on_it = |(from, to): &(&str, &str)| circle.contains(from) && circle.contains(to);
        let imports = imports.iter().filter(|(ends, _)| on_it(ends));
        let imports = imports.map(|((from, to), line)| format!("\n    {from}:{line} imports {to}"));
        let fault = format!("a circle of files:{}", imports.collect::<String>());
        faults.push(fault);
    }
    for known in known {
        if !circles.iter().any(|circle| within(circle, known)) {
            faults.push(format!(
                "no longer a circle, take it off the list: {known:?}"
            ));
        }
    }
    faults
}

fn library(files: &[(&str, &str)]) -> Vec<Source> {
    let files = files.iter().map(|(path, text)| Source::new(path, text));
    files.collect()
}

#[test]
fn imports_form_no_circle_of_files() {
    let faults = circle_faults(Source::all(), &[]);
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_circle_of_files_is_found() {
    let finds = |files: &[(&str, &str)], known: &[&[&str]]| circle_faults(&library(files), known);
    let root = ("src/lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;");
    let a = ("src/a.rs", "use crate::b::B;\npub struct A;");
    let back = ("src/b.rs", "//! B.\npub struct B(crate::A);");
    // Through the root's re-export, which is on no circle itself.
    let found = finds(&[root, a, back], &[]);
    assert_eq!(
        found,
        ["a circle of files:\n    src/a.rs:1 imports src/b.rs\n    src/b.rs:2 imports src/a.rs"]
    );
    let both: &[&str] = &["src/a.rs", "src/b.rs"];
    assert!(finds(&[root, a, back], &[both]).is_empty());
    let none = (
        "src/b.rs",
        "pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::A;\n}",
    );
    assert!(finds(&[root, a, none], &[]).is_empty());
    assert_eq!(
        finds(&[root, a, none], &[both]).len(),
        1,
        "the list is too long"
    );
}

#[test]
fn a_circle_of_a_module_and_its_child_is_found() {
    let circles = |parent: &str, child: &str, other: &str| {
        let files = [
            ("src/lib.rs", "mod a;"),
            ("src/a/mod.rs", parent),
            ("src/a/b.rs", child),
            ("src/a/c.rs", other),
        ];
        circle_faults(&library(&files), &[]).len()
    };
    // Neither a declaration nor a re-export is an import; an import leads past the re-export.
    assert_eq!(circles("mod b;\npub struct A;", "use super::A;", ""), 0);
    let surface = "mod b;\nmod c;\npub(crate) use b::{B, D};\npub struct A;";
    assert_eq!(circles(surface, "use super::A;", "use super::B;"), 0);
    let used = format!("{surface}\nfn f() -> B {{}}");
    assert_eq!(circles(&used, "use super::A;", ""), 1);
    assert_eq!(
        circles("mod b;\nuse b::B;\npub struct A;", "use super::A;", ""),
        1
    );
    let named = "mod b;\nfn f() { b::f() }\npub struct A;";
    assert_eq!(circles(named, "use super::A;", ""), 1);
    // An import of a module, and a path through it.
    assert_eq!(
        circles(
            "mod b;\nmod c;",
            "use super::c;\nfn f() { c::f() }",
            "use super::b::B;"
        ),
        1
    );
    assert_eq!(
        circles(
            "mod b;\nmod c;",
            "use {super::c as d, std::io};\nfn f() { d::f() }",
            "use super::b::*;"
        ),
        1
    );
    // Names of other crates lead nowhere.
    assert_eq!(
        circles("mod b;\nuse b::B;", "use std::a::A;\nuse a::B;", ""),
        0
    );
}

#[test]
fn every_file_is_in_a_module() {
    let sources = Source::all();
    let roots = ["src/lib.rs", "src/main.rs", "src/build.rs"];
    let mut faults = dead(sources, "src/", &roots);
    faults.extend(dead(sources, "tests/it/", &["tests/it/main.rs"]));
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));

    let files = library(&[
        (
            "src/lib.rs",
            "//! mod d;\n#[doc(hidden)]\npub mod a;\nmod b;\nmod c {}",
        ),
        ("src/a.rs", "#[cfg(test)]\nmod tests;"),
        ("src/a/tests.rs", ""),
        ("src/b/mod.rs", "pub(crate) mod e;"),
        ("src/b/e.rs", ""),
        ("src/b/f.rs", ""),
        ("src/c.rs", ""),
        ("src/d.rs", "mod g;"),
        ("src/g.rs", ""),
    ]);
    let found = dead(&files, "src/", &["src/lib.rs"]);
    let expected = ["b/f", "c", "d", "g"].map(|name| format!("src/{name}.rs is in no module"));
    assert_eq!(found, expected);
}

/// The engine's modules as a record meets them.
const FLOW: [&str; 20] = [
    "context",
    "notice",
    "record",
    "source",
    "producer",
    "dispatch",
    "route",
    "throttle",
    "lane",
    "batch",
    "due",
    "latency",
    "retry",
    "worker",
    "sink",
    "sink_error",
    "spill",
    "watermark",
    "control_block",
    "shard",
];

#[test]
fn the_engine_declares_its_modules_in_the_order_of_the_flow() {
    fn is_in_order(text: &str) -> bool {
        let engine = Source::new("src/engine/mod.rs", text);
        let declared = declared_in_order(&engine).into_iter();
        let places = declared.filter_map(|name| FLOW.iter().position(|known| *known == name));
        places.is_sorted()
    }
    assert!(
        is_in_order(include_str!("../../../src/engine/mod.rs")),
        "expected {FLOW:?}"
    );
    assert!(is_in_order("pub(crate) mod source;\nmod new;\nmod sink;"));
    assert!(!is_in_order("pub(crate) mod sink;\nmod source;"));
}

#[test]
fn the_tests_that_a_script_names_exist() {
    /// The names in a script that begin with one of these modules of tests and match no test.
    fn unmatched(script: &str, tests: &[String]) -> Vec<String> {
        let names = script.split(|c: char| !c.is_alphanumeric() && !['_', ':'].contains(&c));
        let of_tests = |name: &&str| {
            let module = name
                .split_once("::")
                .map(|(module, _)| format!("{module}::"));
            module.is_some_and(|module| tests.iter().any(|test| test.starts_with(&module)))
        };
        let names = names.filter(of_tests);
        let unmatched = names.filter(|name| !tests.iter().any(|test| test.starts_with(name)));
        unmatched.map(str::to_owned).collect()
    }
    let mut tests = Vec::new();
    for source in Source::all()
        .iter()
        .filter(|source| source.path.starts_with("tests/it/"))
    {
        let module = source.modules()[2].to_owned();
        for line in source
            .lines
            .iter()
            .filter_map(|line| line.code.strip_prefix("fn "))
        {
            tests.push(format!("{module}::{}", line.split('(').next().unwrap()));
        }
    }
    assert_eq!(
        unmatched(include_str!("../../../.ci/tsan"), &tests),
        Vec::<String>::new()
    );

    let tests = ["stop::a_signal".to_owned(), "batches::one".to_owned()];
    let script = "tests --test it -- stop::a_ batches:: stop::b race:std::sync engine::lane";
    assert_eq!(unmatched(script, &tests), ["stop::b"]);
}
