//! Where atomics, orderings and threads are allowed.

use super::source::Source;
use super::{containing, fault, finds, holds, is_in, words};

#[test]
fn atomics_are_imported_from_sys_sync() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/"]) || source.path == "src/sys/sync.rs" {
            return Vec::new();
        }
        let others = [
            "std::sync::atomic",
            "core::sync::atomic",
            "crossbeam_utils::atomic",
            "loom::",
        ];
        containing(source, &others, "atomics come from sys::sync")
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
            "src/engine/room.rs",
            "src/metrics/",
            "src/sys/",
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
        "// no AtomicU64 here\nlet x = \"AtomicU64\";",
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
            .map(|(number, _)| fault(source, number, "name the ordering that it pairs with"))
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
