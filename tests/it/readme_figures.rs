//! The figures in the README, and the scenarios that they were measured with.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Folder, PROGRAM};

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.extension().is_some_and(|found| found == extension);
    paths.filter(named).collect()
}

#[test]
fn the_readme_shows_the_figures_that_are_recorded_and_no_others() {
    let order = fs::read_to_string(root("perf/record/order")).unwrap();
    let names = order.lines().filter_map(|line| line.split(' ').next());
    let mut rows = String::new();
    let mut recorded = 0;
    for name in names {
        let Ok(text) = fs::read_to_string(root("perf/record").join(name).with_extension("json"))
        else {
            continue; // not measured yet: no row
        };
        recorded += 1;
        let record: Value = serde_json::from_str(&text).unwrap();
        let text = |key: &str| record[key].as_str().unwrap().to_owned();
        let [what, figure, ratio, target, command] =
            ["what", "figure", "ratio", "target", "command"].map(text);
        writeln!(
            rows,
            "| {what} | {figure} | {ratio} | {target} | `{command}` at {} |",
            record["provenance"]["commit"].as_str().unwrap()
        )
        .unwrap();
        for known in ["machine", "kernel", "rustc", "commit", "date"] {
            assert!(
                record["provenance"][known].is_string(),
                "{name}: no {known}"
            );
        }
    }
    assert_eq!(
        files("perf/record", "json").len(),
        recorded,
        "a record that no line of perf/record/order names"
    );
    let readme = fs::read_to_string(root("README.md")).unwrap();
    let begin = readme.find("<!-- figures, by perf/table -->").unwrap();
    let end = readme.find("<!-- end of figures -->").unwrap();
    let table = readme[begin..end].split_once("|---|---|---|---|---|\n");
    let shown = table.map(|(_, shown)| shown.trim_end());
    assert_eq!(
        shown,
        Some(rows.trim_end()),
        "perf/table writes it, from perf/record"
    );
}

#[test]
fn every_scenario_is_a_configuration_that_the_program_accepts() {
    let scenarios = files("perf/scenarios", "toml");
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        let folder = Folder::new();
        let mut command = folder.command(PROGRAM);
        command.arg("plan").arg("--config").arg(&scenario);
        let ended = folder.spawn(command).end();
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", scenario.display());
    }
}
