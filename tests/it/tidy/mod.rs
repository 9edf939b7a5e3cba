//! The rules of the house, read from the sources themselves.

mod imports;
mod source;

use source::Source;

/// A rule: what is wrong with a file, one sentence each.
type Rule = fn(&Source) -> Vec<String>;

#[track_caller]
fn holds(rule: Rule) {
    let faults: Vec<_> = Source::all().iter().flat_map(rule).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Shows that a rule finds what breaks it, and only that.
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

/// The lines of the product that contain any of these.
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

#[test]
fn imports_run_downward_only() {
    holds(imports::downward);
    let path = "src/engine/worker.rs";
    finds(imports::downward, path, "use crate::sys::clock::Clock;", 0);
    finds(imports::downward, path, "use super::batch::Batch;", 0);
    finds(imports::downward, path, "use crate::pipeline::Pipeline;", 1);
    finds(
        imports::downward,
        path,
        "use crate::{sys::clock, cli::{self, run}, report};",
        3,
    );
    finds(
        imports::downward,
        path,
        "use super::super::control::stop;",
        1,
    );
    finds(imports::downward, path, "fn f() -> crate::Ledger {", 0);
    finds(imports::downward, path, "fn f() -> crate::Pipeline {", 1);
    finds(
        imports::downward,
        "src/report/metrics_line.rs",
        "use crate::pipeline::Running;",
        1,
    );
    finds(
        imports::downward,
        "src/control/stop.rs",
        "use crate::report::metrics_line;",
        1,
    );
    finds(
        imports::downward,
        "src/pipeline/mod.rs",
        "use crate::config::Config;",
        0,
    );
    finds(
        imports::downward,
        "src/config.rs",
        "use crate::pipeline::Pipeline;",
        1,
    );
    finds(imports::downward, "src/new.rs", "use crate::sys::clock;", 1);
    let test = "#[cfg(test)]\nmod tests {\n    use crate::pipeline::Pipeline;\n}\nuse crate::cli;";
    finds(imports::downward, path, test, 1);
}

#[test]
fn control_sees_only_the_control_block_and_the_gauges() {
    let rule = imports::control_knows_words_and_gauges;
    holds(rule);
    let path = "src/control/stop.rs";
    finds(
        rule,
        path,
        "use crate::engine::control_block::ControlWords;",
        0,
    );
    finds(rule, path, "use crate::engine::lane::Gauge;", 0);
    finds(rule, path, "use crate::engine::lane::LaneReader;", 1);
    finds(
        rule,
        path,
        "use crate::engine::{control_block, record, lane::{Gauge, Extent}};",
        2,
    );
    finds(
        rule,
        "src/pipeline/mod.rs",
        "use crate::engine::lane::LaneReader;",
        0,
    );
}

#[test]
fn atomics_are_imported_from_sys_sync() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/"]) || source.path == "src/sys/sync.rs" {
            return Vec::new();
        }
        let doors = [
            "std::sync::atomic",
            "core::sync::atomic",
            "crossbeam_utils::atomic",
            "loom::",
        ];
        containing(source, &doors, "atomics come from sys::sync")
    }
    holds(rule);
    finds(
        rule,
        "src/sys/clock.rs",
        "use std::sync::atomic::AtomicU8;",
        1,
    );
    finds(
        rule,
        "src/sys/sync.rs",
        "pub(crate) use std::sync::atomic::AtomicU8;",
        0,
    );
}

#[test]
fn atomics_stay_in_the_modules_that_may_use_them() {
    fn rule(source: &Source) -> Vec<String> {
        let places = [
            "tests/",
            "benches/",
            "examples/",
            "src/engine/lane/",
            "src/engine/control_block.rs",
            "src/metrics/",
            "src/sys/",
            "src/control/signals.rs",
        ];
        if is_in(source, &places) {
            return Vec::new();
        }
        let atomic = |word: &str| {
            let name = word.strip_prefix("Atomic");
            name.is_some_and(|name| name.starts_with(char::is_uppercase))
        };
        let lines = source
            .product()
            .filter(|(_, line)| words(&line.code).any(atomic));
        lines
            .map(|(number, _)| fault(source, number, "no atomics here"))
            .collect()
    }
    holds(rule);
    finds(
        rule,
        "src/engine/worker.rs",
        "use crate::sys::sync::{Arc, AtomicU64};",
        1,
    );
    finds(
        rule,
        "src/engine/worker.rs",
        "// AtomicU64 is not for us\nlet x = \"AtomicU64\";",
        0,
    );
    finds(
        rule,
        "src/engine/lane/gauge.rs",
        "struct Cell(AtomicU64);",
        0,
    );
}

#[test]
fn every_ordering_beyond_relaxed_names_its_pair() {
    fn rule(source: &Source) -> Vec<String> {
        let orders =
            ["Acquire", "Release", "AcqRel", "SeqCst"].map(|name| format!("Ordering::{name}"));
        let lines = source
            .product()
            .filter(|(_, line)| orders.iter().any(|o| line.code.contains(o)));
        let unpaired =
            lines.filter(|(number, _)| !source.comments_near(*number).contains("pairs with"));
        unpaired
            .map(|(number, _)| fault(source, number, "which ordering is its pair?"))
            .collect()
    }
    holds(rule);
    let path = "src/engine/control_block.rs";
    finds(
        rule,
        path,
        "x.load(Ordering::Acquire) // pairs with the Release in y",
        0,
    );
    finds(
        rule,
        path,
        "// Acquire: pairs with the Release\n// in y.\nx.load(Ordering::Acquire)",
        0,
    );
    finds(
        rule,
        path,
        "// pairs with y\n\n\n\nx.load(Ordering::Acquire)",
        1,
    );
    finds(rule, path, "fence(Ordering::SeqCst);", 1);
    finds(rule, path, "x.load(Ordering::Relaxed)", 0);
}

#[test]
fn only_the_command_line_and_the_report_print() {
    fn rule(source: &Source) -> Vec<String> {
        if is_in(
            source,
            &[
                "src/cli/",
                "src/report/",
                "src/main.rs",
                "src/build.rs", // that is how it speaks to cargo
                "tests/",
                "benches/",
                "examples/",
            ],
        ) {
            return Vec::new();
        }
        containing(
            source,
            &["print!", "println!"],
            "nothing prints outside cli and report",
        ) // eprint!, eprintln! too
    }
    holds(rule);
    finds(rule, "src/engine/worker.rs", "eprintln!(\"worker\");", 1);
    finds(rule, "src/engine/worker.rs", "print!(\"worker\");", 1);
    finds(
        rule,
        "src/engine/worker.rs",
        "/// println!(\"an example\");",
        0,
    );
}

#[test]
fn only_the_pipeline_spawns_threads() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/"]) || is_in(source, &["src/pipeline/"]) {
            return Vec::new();
        }
        let ways = [
            "thread::spawn",
            "thread::scope",
            "thread::Builder",
            "Builder::new()",
            "use std::thread::{",
        ];
        containing(source, &ways, "no thread is spawned outside pipeline")
    }
    holds(rule);
    finds(rule, "src/control/stop.rs", "std::thread::spawn(|| ());", 1);
    finds(
        rule,
        "src/cli/verify/source.rs",
        "thread::scope(|s| ());",
        1,
    );
    finds(
        rule,
        "src/pipeline/running.rs",
        "Builder::new().spawn(body)",
        0,
    );
}

#[test]
fn no_file_is_longer_than_400_lines() {
    fn rule(source: &Source) -> Vec<String> {
        let lines = source.lines.len();
        let long = (lines > 400).then(|| fault(source, lines, "longer than 400 lines"));
        long.into_iter().collect()
    }
    holds(rule);
    finds(rule, "src/long.rs", &"\n".repeat(400), 0);
    finds(rule, "src/long.rs", &"\n".repeat(401), 1);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    fn rule(source: &Source) -> Vec<String> {
        let functions = source
            .functions()
            .into_iter()
            .filter(|(_, lines)| *lines > 70);
        let long =
            functions.map(|(at, lines)| fault(source, at, &format!("a function of {lines} lines")));
        long.collect()
    }
    holds(rule);
    let function = |lines: usize| format!("pub fn f(x: [u8; 2]) {{{}}}\n", "\n".repeat(lines - 1));
    finds(rule, "src/long.rs", &function(70), 0);
    finds(rule, "src/long.rs", &function(71), 1);
    let declared = "trait T {\n    fn f();\n".to_owned() + &"\n".repeat(80) + "}";
    finds(rule, "src/long.rs", &declared, 0);
}

#[test]
fn nothing_is_unsafe_ignored_or_left_to_do() {
    fn rule(source: &Source) -> Vec<String> {
        let mut faults = Vec::new();
        for (number, line) in source.numbered() {
            if words(&line.code).any(|word| word == "unsafe") {
                faults.push(fault(source, number, "unsafe"));
            }
            for word in ["#[ignore", "todo!", "unimplemented!", "dbg!"] {
                if line.code.contains(word) {
                    faults.push(fault(source, number, word));
                }
            }
        }
        faults
    }
    holds(rule);
    finds(
        rule,
        "src/lib.rs",
        "unsafe { f() }\n#![forbid(unsafe_code)] // unsafe",
        1,
    );
    finds(
        rule,
        "tests/it/x.rs",
        "#[test]\n#[ignore = \"slow\"]\nfn f() { todo!() }",
        2,
    );
    let manifest = include_str!("../../../Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn every_file_begins_with_its_purpose() {
    fn rule(source: &Source) -> Vec<String> {
        let first = source.lines.iter().map(|line| line.comment.as_str());
        let said = first
            .clone()
            .next()
            .is_some_and(|comment| comment.starts_with("//!"));
        (!said)
            .then(|| fault(source, 1, "begins without //!"))
            .into_iter()
            .collect()
    }
    holds(rule);
    finds(rule, "src/x.rs", "//! X.\nfn x() {}", 0);
    finds(rule, "src/x.rs", "fn x() {}", 1);
}

#[test]
fn every_module_of_these_tests_is_compiled() {
    let front = include_str!("../main.rs");
    for source in Source::all() {
        if let Some(name) = source.path.strip_prefix("tests/it/") {
            let module = name.trim_end_matches(".rs").split('/').next().unwrap();
            let listed = module == "main" || front.contains(&format!("\nmod {module};"));
            assert!(listed, "{name} is in no module");
        }
    }
}
