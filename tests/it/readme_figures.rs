//! The figures in the README, and the scenarios that they were measured with.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Folder, PROGRAM};

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The name of a file or folder without its extension.
fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// Every record: `perf/record/MACHINE/DATE/NAME.json`, oldest first.
fn records() -> Vec<(PathBuf, Value)> {
    let machines = entries(&root("perf/record"));
    let machines = machines.iter().filter(|path| path.is_dir());
    let dates = machines.flat_map(|machine| entries(machine));
    let files = dates.flat_map(|date| entries(&date));
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|found| found == "json"))
        .collect();
    files.sort_by_key(|path| (date(path), path.clone()));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, serde_json::from_str(&text).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn date(record: &Path) -> String {
    let folder = record.parent().and_then(Path::file_name);
    folder.unwrap().to_str().unwrap().to_owned()
}

/// The names of the figures, in the order of the table.
fn order() -> Vec<String> {
    let order = fs::read_to_string(root("perf/record/order")).unwrap();
    let names = order.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_record_has_its_figure_in_the_order_and_says_where_it_was_measured() {
    let order = order();
    for (path, record) in records() {
        let shown = path.display();
        assert!(
            order.iter().any(|name| name == stem(&path)),
            "{shown}: not in perf/record/order"
        );
        for key in ["machine", "kernel", "rustc", "commit", "date"] {
            assert!(record["provenance"][key].is_string(), "{shown}: no {key}");
        }
        assert_eq!(record["provenance"]["date"], date(&path), "{shown}");
    }
}

#[test]
fn the_readme_shows_the_newest_records_of_the_machine_that_it_names_and_no_others() {
    let readme = fs::read_to_string(root("README.md")).unwrap();
    let begin = readme.find("<!-- figures, by perf/table -->").unwrap();
    let end = readme.find("<!-- end of figures -->").unwrap();
    let (made, shown) = readme[begin..end]
        .split_once("|---|---|---|---|---|\n")
        .unwrap();
    let machine = made.split("`perf/record/").nth(1).unwrap();
    let machine = root("perf/record").join(machine.split('`').next().unwrap());
    let records = records();
    let mut rows = String::new();
    for name in order() {
        // Instructions do not depend on the machine.
        let any_machine = name.starts_with("callgrind-");
        let mut newest_first = records.iter().rev();
        let newest = newest_first
            .find(|(path, _)| stem(path) == name && (any_machine || path.starts_with(&machine)));
        let Some((_, record)) = newest else {
            continue; // not measured there: no row
        };
        let text = |key: &str| record[key].as_str().unwrap();
        let [what, figure, ratio, target, command] =
            ["what", "figure", "ratio", "target", "command"].map(text);
        let commit = record["provenance"]["commit"].as_str().unwrap();
        writeln!(
            rows,
            "| {what} | {figure} | {ratio} | {target} | `{command}` at {commit} |"
        )
        .unwrap();
    }
    assert!(!rows.is_empty(), "no records in {}", machine.display());
    assert_eq!(
        shown.trim_end(),
        rows.trim_end(),
        "perf/table writes it, from perf/record"
    );
}

#[test]
fn every_scenario_is_a_configuration_that_the_program_accepts_with_its_comparison() {
    let scenarios = entries(&root("perf/scenarios"));
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        assert!(scenario.join("compare").is_file(), "{}", scenario.display());
        let folder = Folder::new();
        folder.write("in", "line\n");
        let mut command = folder.command(PROGRAM);
        command
            .arg("plan")
            .arg("--config")
            .arg(scenario.join("run.toml"));
        let ended = folder.spawn(command).end();
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", scenario.display());
    }
}
