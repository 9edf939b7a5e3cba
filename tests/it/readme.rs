//! The README and the reference list what the program has: settings, keys, codes and files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Ended, Folder, PROGRAM, SMALL};

const README: &str = include_str!("../../README.md");
const SETTINGS: &str = include_str!("../../src/reference/settings.md");
const REPORT: &str = include_str!("../../src/reference/report.md");
const COMPARE: &str = include_str!("../../src/reference/compare.md");

/// The text below a heading, up to the next one.
#[track_caller]
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let after = text.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    after.split("\n## ").next().unwrap()
}

/// The cells of all tables, row by row, without the headings.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let is_rule = |line: &str| line.starts_with("|-");
    let next_lines = text.lines().skip(1).chain([""]);
    let body = text.lines().zip(next_lines).filter(|(line, next)| {
        line.starts_with('|') && !is_rule(line) && !is_rule(next) // a heading is above a rule
    });
    let cells = body.map(|(line, _)| line.split('|').skip(1).map(str::trim).collect());
    cells.collect()
}

/// The words between backticks.
fn names(text: &str) -> BTreeSet<&str> {
    let names = text.split('`').skip(1).step_by(2);
    names.map(|name| name.trim_end_matches("[]")).collect()
}

/// The words between backticks in the first column of all tables.
fn first_names(text: &str) -> BTreeSet<&str> {
    rows(text)
        .into_iter()
        .flat_map(|cells| names(cells[0]))
        .collect()
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn ended(folder: &Folder, arguments: &str) -> Ended {
    let mut command = folder.command(PROGRAM);
    command.args(arguments.split_whitespace());
    folder.spawn(command).end()
}

#[test]
fn the_readme_gives_ten_settings_with_their_defaults() {
    let of_readme = rows(section(README, "Settings that matter"));
    assert_eq!(of_readme.len(), 10);
    let of_reference = rows(SETTINGS);
    for cells in of_readme {
        let setting = of_reference.iter().find(|row| row[0] == cells[0]);
        let setting = setting.unwrap_or_else(|| panic!("there is no setting {}", cells[0]));
        assert_eq!(cells[1], setting[2], "the default of {}", cells[0]);
    }
}

#[test]
fn the_readme_gives_the_exit_codes_that_help_gives() {
    let help = ended(&Folder::new(), "run --help").exits(0).stdout;
    let help = String::from_utf8(help).unwrap();
    let listed = help.split("\nExit codes:\n").nth(1).unwrap();
    let listed = listed
        .lines()
        .filter_map(|line| line.trim().split_once("  "));
    let listed: Vec<_> = listed.map(|(code, _)| code.replace('+', " + ")).collect();
    let table = section(README, "Exit codes");
    let codes: Vec<_> = rows(table).into_iter().map(|cells| cells[0]).collect();
    assert_eq!(codes, listed);
}

#[test]
fn the_files_that_the_readme_links_to_exist() {
    let links = README
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    let pictures = ["src=", "srcset="].into_iter().flat_map(|attribute| {
        let found = README.split(attribute).skip(1);
        found.map(|rest| rest.split('"').nth(1).unwrap())
    });
    let files: Vec<_> = links.chain(pictures).collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        assert!(path.is_file(), "{file}");
    }
}

#[test]
fn the_reference_documents_every_key_of_the_report() {
    let table = REPORT.split("\n## ").next().unwrap();
    let ended = Folder::new().run(&format!("--count 10 --workers 1 {SMALL}"));
    let report = ended.delivers_everything().report;
    assert_eq!(first_names(table), keys(&report));
    let documented = names(table);
    for (key, value) in report.as_object().unwrap() {
        assert!(documented.contains(key.as_str()), "{key}");
        let entries = value.as_array();
        let first = entries.map_or(Some(value), |entries| entries.first());
        let parts = first.and_then(Value::as_object).into_iter().flatten();
        let is_left_out = ["config", "placement", "threads"].contains(&key.as_str());
        for (part, _) in parts.filter(|_| !is_left_out) {
            assert!(documented.contains(part.as_str()), "{key}.{part}");
        }
    }
}

/// The codes in the sources of this folder.
fn warning_codes(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            warning_codes(&path, codes);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("Warning::new(").skip(1).filter_map(|call| {
                let (code, _) = call.trim_start().strip_prefix('"')?.split_once('"')?;
                Some(code.to_owned())
            });
            codes.extend(code);
        }
    }
}

#[test]
fn the_reference_documents_every_code_of_a_warning() {
    let mut codes = BTreeSet::new();
    warning_codes(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut codes,
    );
    let codes: BTreeSet<_> = codes.iter().map(String::as_str).collect();
    assert_eq!(
        first_names(section(REPORT, "What a figure is worth")),
        codes
    );
}

#[test]
fn the_reference_documents_every_key_of_a_comparison() {
    let folder = Folder::new();
    for name in ["a", "b"] {
        ended(
            &folder,
            &format!("run -q --count 10 --max-workers 1 {SMALL} --report {name}"),
        )
        .exits(0);
    }
    let printed = ended(&folder, "compare a b --format json").exits(0).stdout;
    let comparison: Value = serde_json::from_slice(&printed).unwrap();
    let section = section(COMPARE, "As JSON");
    let (of_all, of_row) = section.split_once("| key of a row |").unwrap();
    assert_eq!(first_names(of_all), keys(&comparison));
    let of_row = format!("| key of a row |{of_row}");
    assert_eq!(first_names(&of_row), keys(&comparison["rows"][0]));
}
