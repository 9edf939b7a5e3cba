//! `splashdam compare`, on reports of real runs and on reports made from them by changing figures.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Folder, PROGRAM, SMALL};

/// A folder with the report of a real run.
pub(crate) struct Reports {
    folder: Folder,
    real: Value,
}

impl Reports {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let ended = folder.run(&format!("-q --count 2000 --workers 1 {SMALL}"));
        let mut real = ended.delivers_everything().report;
        real["validity"]["valid"] = true.into();
        real["validity"]["warnings"] = json!([]);
        Self { folder, real }
    }

    /// Writes the real report with one value changed, as a run that began at this second.
    pub(crate) fn write(&self, file: &str, began: f64, key: &str, value: impl Into<Value>) {
        let mut report = self.real.clone();
        report["machine"]["began_unix_s"] = began.into();
        if !key.is_empty() {
            *report.pointer_mut(key).unwrap() = value.into();
        }
        self.folder.write(file, report.to_string());
    }

    /// Writes alternating runs of two sides with these records per second: `a0.json b0.json a1.json ...`.
    pub(crate) fn sides(&self, a: &[f64], b: &[f64]) -> String {
        let names = |side: &str, figures: &[f64]| {
            let name = |(at, figure): (usize, &f64)| {
                let file = format!("{side}{at}.json");
                let began = 1000.0 + 10.0 * at as f64 + if side == "b" { 5.0 } else { 0.0 };
                self.write(&file, began, "/throughput/records_per_s", *figure);
                file
            };
            let names: Vec<_> = figures.iter().enumerate().map(name).collect();
            names.join(" ")
        };
        format!("{} --with {}", names("a", a), names("b", b))
    }

    #[track_caller]
    pub(crate) fn compare(&self, arguments: &str, code: i32) -> (String, String) {
        let mut command = self.folder.command(PROGRAM);
        command.arg("compare").args(arguments.split_whitespace());
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert_eq!(status.code(), Some(code), "{arguments}\n{stdout}\n{stderr}");
        (stdout, stderr)
    }

    /// The message of a refused comparison.
    #[track_caller]
    pub(crate) fn refusal(&self, arguments: &str) -> String {
        let (stdout, stderr) = self.compare(arguments, 2);
        assert_eq!(stdout, "", "{arguments}");
        stderr
    }

    #[track_caller]
    pub(crate) fn json(&self, arguments: &str) -> Value {
        let (stdout, _) = self.compare(&format!("--format json {arguments}"), 0);
        serde_json::from_str(&stdout).unwrap()
    }
}

#[track_caller]
pub(crate) fn says(text: &str, part: &str) {
    assert!(text.contains(part), "not said: {part}\n{text}");
}

fn words(text: &str, line: &str) -> Vec<String> {
    let line = text
        .lines()
        .find(|l| l.starts_with(line))
        .unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn two_real_runs_stand_side_by_side() {
    let folder = Folder::new();
    for file in ["a.json", "b.json"] {
        let run = format!("-q --count 2000 --workers 1 {SMALL} --report {file}");
        folder.run(&run).exits(0);
    }
    let real = Value::Null;
    let reports = Reports { folder, real };
    let compared = reports.json("a.json b.json");
    let rows = compared["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10, "{compared}");
    let [a, b] = ["a.json", "b.json"].map(|file| {
        let report = reports.folder.read(file);
        serde_json::from_slice::<Value>(&report).unwrap()
    });
    for row in rows {
        let key = format!("/{}", row["key"].as_str().unwrap().replace('.', "/"));
        let [a, b] = [&a, &b].map(|report| report.pointer(&key).and_then(Value::as_f64).unwrap());
        assert_eq!(row["a"]["median"], a, "{row}");
        assert_eq!(row["b"]["median"], b, "{row}");
        assert!(
            (row["ratio"].as_f64().unwrap() - b / a).abs() < 1e-9,
            "{row}"
        );
        assert_eq!(row["verdict"], "inconclusive", "{row}");
    }
    assert_eq!(compared["runs_needed"], 4);
    // The reports of debug builds carry a warning.
    let (_, warnings) = reports.compare("a.json b.json", 0);
    says(&warnings, "a.json is not valid: ");
    says(&warnings, "debug_build");
    assert!(!warnings.contains("settings differ"), "{warnings}");
}

#[test]
fn the_table_is_aligned_and_says_how_many_runs_a_verdict_takes() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "/throughput/records_per_s", 50e6);
    reports.write("b.json", 2.0, "/throughput/records_per_s", 58e6);
    let (table, warnings) = reports.compare("a.json b.json", 0);
    assert_eq!(warnings, "");
    assert_eq!(
        words(&table, "records/s"),
        ["records/s", "50.0M", "58.0M", "1.160", "inconclusive"]
    );
    says(&table, "at least 4 a side");
    let rows = table.lines().filter(|line| line.ends_with("inconclusive"));
    let columns: Vec<_> = rows.map(|row| row.find("inconclusive")).collect();
    assert_eq!(columns.len(), 10, "{table}");
    assert!(
        columns.iter().all(|column| *column == columns[0]),
        "{table}"
    );
}

#[test]
fn several_runs_a_side_have_medians_a_spread_and_a_verdict() {
    let reports = Reports::new();
    let sides = reports.sides(&[50e6, 52e6, 51e6, 49e6], &[60e6, 62e6, 61e6, 59e6]);
    let (table, warnings) = reports.compare(&sides, 0);
    assert_eq!(warnings, "");
    let wanted =
        "records/s 50.5M 49.0M - 52.0M 60.5M 59.0M - 62.0M 1.198 1.135 - 1.265 0.0286 better";
    assert_eq!(words(&table, "records/s").join(" "), wanted, "{table}");
    assert!(
        words(&table, "bytes/s").ends_with(&["inconclusive".into()]),
        "{table}"
    );
    assert!(!table.contains("No verdict"), "{table}");
}

#[test]
fn a_row_that_is_worse_fails_only_when_asked_to() {
    let reports = Reports::new();
    let slower = reports.sides(&[60e6, 62e6, 61e6, 59e6], &[50e6, 52e6, 51e6, 49e6]);
    let (table, _) = reports.compare(&slower, 0);
    assert!(
        words(&table, "records/s").ends_with(&["worse".into()]),
        "{table}"
    );
    reports.compare(&format!("--fail-on-worse {slower}"), 1);
    let faster = reports.sides(&[50e6, 52e6, 51e6, 49e6], &[60e6, 62e6, 61e6, 59e6]);
    reports.compare(&format!("--fail-on-worse {faster}"), 0);
    let few = reports.sides(&[60e6, 61e6, 62e6], &[50e6, 51e6, 52e6]);
    says(
        &reports.refusal(&format!("--fail-on-worse {few}")),
        "at least 4 runs a side",
    );
}

#[test]
fn different_machines_are_refused_unless_forced() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "", Value::Null);
    let others = [
        ("cpu_model", json!("Another CPU")),
        ("cpus", json!(4096)),
        ("kernel", json!("Linux 0.1")),
        ("governor", json!("ondemand-ish")),
        ("cgroup_cpu_quota", json!(0.125)),
        ("clocksource", json!("sundial")),
        ("rustc", json!("rustc 1.0.0")),
        ("profile", json!("release")),
        ("memory_bytes", json!(4096)),
    ];
    for (key, value) in others {
        let was = reports.real["machine"][key].clone();
        reports.write("b.json", 2.0, &format!("/machine/{key}"), value.clone());
        let refusal = reports.refusal("a.json b.json");
        let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        let difference = format!(
            "machine.{key}: {} (a.json), {} (b.json)",
            text(&was),
            text(&value)
        );
        says(&refusal, &difference);
        says(&refusal, "--force");
        let (table, warnings) = reports.compare("--force a.json b.json", 0);
        says(&table, "records/s");
        says(&warnings, &difference);
    }
    let memory = reports.real["machine"]["memory_bytes"].as_f64().unwrap();
    for (factor, code) in [(0.995, 0), (0.98, 2)] {
        reports.write(
            "b.json",
            2.0,
            "/machine/memory_bytes",
            (memory * factor) as i64,
        );
        reports.compare("a.json b.json", code);
    }
}

#[test]
fn differing_settings_stand_above_the_table_except_output_paths() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "/config/report/value", "elsewhere.json");
    reports.write("b.json", 2.0, "/config/batch_size/value", 7);
    let (table, warnings) = reports.compare("a.json b.json", 0);
    assert_eq!(warnings, "");
    let head = "A: a.json\nB: b.json\ndiffers: config.batch_size: 64 in A, 7 in B\n\n";
    assert!(table.starts_with(head), "{table}");
    reports.write("c.json", 3.0, "", Value::Null);
    let (table, _) = reports.compare("a.json b.json --with c.json", 0);
    says(
        &table,
        "\ndiffers: config.batch_size: 64 (a.json, c.json), 7 (b.json)\n",
    );
}

#[test]
fn an_invalid_run_is_reported_with_its_codes() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "", Value::Null);
    let warning = |code| json!({ "code": code, "message": "wrong", "remedy": "fix it" });
    let mut validity = reports.real["validity"].clone();
    validity["valid"] = false.into();
    validity["warnings"] = json!([warning("saturated"), warning("pins_missed")]);
    reports.write("b.json", 2.0, "/validity", validity);
    let (_, warnings) = reports.compare("a.json b.json", 0);
    assert_eq!(
        warnings,
        "warning: b.json is not valid: saturated, pins_missed\n"
    );
}

#[test]
fn sides_that_did_not_alternate_are_reported() {
    let reports = Reports::new();
    for (file, began) in [
        ("a.json", 1.0),
        ("b.json", 2.0),
        ("c.json", 3.0),
        ("d.json", 4.0),
    ] {
        reports.write(file, began, "", Value::Null);
    }
    let (_, warnings) = reports.compare("a.json b.json --with c.json d.json", 0);
    says(&warnings, "did not take turns");
    let (_, warnings) = reports.compare("a.json d.json --with b.json c.json", 0);
    assert_eq!(warnings, "");
    says(
        &reports.refusal("a.json a.json --with b.json c.json"),
        "are the same run",
    );
}

#[test]
fn a_missing_figure_is_a_dash() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "", Value::Null);
    reports.write("b.json", 2.0, "/latency", Value::Null);
    let (table, _) = reports.compare("a.json b.json", 0);
    let row = words(&table, "service p99.9");
    assert_eq!(row[3..], ["-", "-", "-"], "{table}");
    assert!(
        words(&table, "bytes/s").ends_with(&["inconclusive".into()]),
        "{table}"
    );
}

#[test]
fn a_file_that_is_not_a_report_is_refused_with_its_name_and_the_key() {
    let reports = Reports::new();
    reports.write("a.json", 1.0, "", Value::Null);
    says(
        &reports.refusal("a.json none.json"),
        "none.json: No such file",
    );
    says(&reports.refusal("a.json"), "two reports, not 1");
    for (text, part) in [
        ("{\"schema_version\": 2", "b.json is not JSON: "),
        ("[]", "b.json has no schema_version"),
        ("{\"schema_version\": 2}", "b.json has no "),
    ] {
        reports.folder.write("b.json", text);
        says(&reports.refusal("a.json b.json"), part);
    }
    for (key, value, part) in [
        (
            "/schema_version",
            json!(999),
            "schema_version is 999, and this program reads 2",
        ),
        (
            "/throughput/bytes_per_s",
            json!("fast"),
            "throughput.bytes_per_s is \"fast\"",
        ),
        (
            "/throughput/records_per_s",
            json!(-1),
            "throughput.records_per_s is -1",
        ),
        (
            "/latency/service/p99_ns",
            Value::Null,
            "latency.service.p99_ns is null",
        ),
        (
            "/latency/response",
            json!({}),
            "has no latency.response.count",
        ),
        ("/machine", json!([]), "machine is []"),
        ("/machine/kernel", json!(6), "machine.kernel is 6"),
        ("/machine/cpus", Value::Null, "machine.cpus is null"),
        (
            "/machine/began_unix_s",
            json!("now"),
            "machine.began_unix_s is \"now\"",
        ),
        ("/validity/valid", json!(1), "validity.valid is 1"),
        (
            "/validity/warnings",
            json!([{}]),
            "has no validity.warnings.0.code",
        ),
        ("/config", json!(null), "config is null"),
        ("/config/count", json!(3), "config.count is 3"),
    ] {
        reports.write("b.json", 2.0, key, value);
        let refusal = reports.refusal("a.json b.json");
        says(&refusal, "b.json");
        says(&refusal, part);
    }
}
