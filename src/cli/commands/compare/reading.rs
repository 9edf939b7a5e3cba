//! A report as a comparison reads it: every key that is needed is looked at, and one that is not as it should be is
//! named.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::report::json::SCHEMA_VERSION;

/// The keys of `machine` in which runs must agree for their figures to compare, beside `memory_bytes`.
pub(super) const MACHINE_KEYS: [&str; 8] = [
    "cpu_model",
    "cpus",
    "kernel",
    "governor",
    "cgroup_cpu_quota",
    "clocksource",
    "rustc",
    "profile",
];

/// What there is to compare: its name in the table, where it stands in the report, and which way is better.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) higher_is_better: bool,
}

pub(super) const METRICS: [Metric; 10] = [
    throughput("records/s", "/throughput/records_per_s"),
    throughput("bytes/s", "/throughput/bytes_per_s"),
    latency("response p50", "/latency/response/p50_ns"),
    latency("response p99", "/latency/response/p99_ns"),
    latency("response p99.9", "/latency/response/p99_9_ns"),
    latency("response max", "/latency/response/max_ns"),
    latency("service p50", "/latency/service/p50_ns"),
    latency("service p99", "/latency/service/p99_ns"),
    latency("service p99.9", "/latency/service/p99_9_ns"),
    latency("service max", "/latency/service/max_ns"),
];

const fn throughput(name: &'static str, key: &'static str) -> Metric {
    Metric {
        name,
        key,
        higher_is_better: true,
    }
}

const fn latency(name: &'static str, key: &'static str) -> Metric {
    Metric {
        name,
        key,
        higher_is_better: false,
    }
}

/// One report.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) file: String,
    /// A value for each metric; none where the run recorded no latency.
    pub(super) figures: [Option<f64>; METRICS.len()],
    /// The values of [`MACHINE_KEYS`]; null where the system did not tell.
    pub(super) machine: [Value; MACHINE_KEYS.len()],
    pub(super) memory_bytes: Option<f64>,
    pub(super) began_unix_s: f64,
    /// The codes of what is to be said against it; none where it is valid.
    pub(super) invalid: Option<Vec<String>>,
    /// Every setting's value.
    pub(super) config: Map<String, Value>,
}

/// Reads a report; the error names the file, and the key.
pub(super) fn read(path: &Path) -> Result<Reading, String> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| format!("{file}: {error}"))?;
    parse(file, &bytes)
}

fn parse(file: String, bytes: &[u8]) -> Result<Reading, String> {
    let report: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("{file} is not JSON: {error}"))?;
    let keys = Keys {
        file: &file,
        report: &report,
    };
    keys.check_version()?;
    let mut figures = [None; METRICS.len()];
    let no_latency = keys.get("/latency")?.is_null();
    for (figure, metric) in figures.iter_mut().zip(METRICS) {
        if !(no_latency && metric.key.starts_with("/latency/")) {
            *figure = Some(keys.figure(metric.key)?);
        }
    }
    let mut machine = [const { Value::Null }; MACHINE_KEYS.len()];
    for (value, key) in machine.iter_mut().zip(MACHINE_KEYS) {
        *value = keys.machine(key)?;
    }
    let memory = "/machine/memory_bytes";
    let memory_bytes = if keys.get(memory)?.is_null() {
        None
    } else {
        Some(keys.figure(memory)?)
    };
    let (began_unix_s, invalid) = (keys.figure("/machine/began_unix_s")?, keys.invalid()?);
    let config = keys.config()?;
    Ok(Reading {
        file,
        figures,
        machine,
        memory_bytes,
        began_unix_s,
        invalid,
        config,
    })
}

/// The keys of a report that may lack any of them.
struct Keys<'a> {
    file: &'a str,
    report: &'a Value,
}

impl<'a> Keys<'a> {
    fn get(&self, key: &str) -> Result<&'a Value, String> {
        let found = self.report.pointer(key);
        found.ok_or_else(|| {
            format!(
                "{} has no {}: is it a report of splashdam run?",
                self.file,
                dotted(key)
            )
        })
    }

    fn wrong(&self, key: &str, expected: &str) -> String {
        let found = self.report.pointer(key).unwrap_or(&Value::Null);
        let found: String = found.to_string().chars().take(60).collect();
        format!(
            "{}: {} is {found}, and should be {expected}",
            self.file,
            dotted(key)
        )
    }

    fn check_version(&self) -> Result<(), String> {
        let key = "/schema_version";
        let version = self.get(key)?.as_u64();
        let version = version.ok_or_else(|| self.wrong(key, "a whole number"))?;
        if version == SCHEMA_VERSION {
            return Ok(());
        }
        Err(format!(
            "{}: schema_version is {version}, and this program reads {SCHEMA_VERSION}: compare it with the splashdam that \
             wrote it",
            self.file
        ))
    }

    fn figure(&self, key: &str) -> Result<f64, String> {
        let figure = self.get(key)?.as_f64().filter(|figure| *figure >= 0.0);
        figure.ok_or_else(|| self.wrong(key, "a number from 0"))
    }

    fn machine(&self, name: &str) -> Result<Value, String> {
        let key = format!("/machine/{name}");
        let value = self.get(&key)?;
        match (name, value) {
            ("cpus" | "cgroup_cpu_quota", Value::Number(_)) => Ok(value.clone()),
            ("cpus", _) => Err(self.wrong(&key, "a number")),
            ("cgroup_cpu_quota", Value::Null) => Ok(Value::Null),
            ("cgroup_cpu_quota", _) => Err(self.wrong(&key, "a number or null")),
            ("rustc" | "profile", Value::Null) => Err(self.wrong(&key, "a text")),
            (_, Value::String(_) | Value::Null) => Ok(value.clone()),
            _ => Err(self.wrong(&key, "a text")),
        }
    }

    fn invalid(&self) -> Result<Option<Vec<String>>, String> {
        let (valid, warnings) = ("/validity/valid", "/validity/warnings");
        let is_valid = self.get(valid)?.as_bool();
        let is_valid = is_valid.ok_or_else(|| self.wrong(valid, "true or false"))?;
        let list = self.get(warnings)?.as_array();
        let list = list.ok_or_else(|| self.wrong(warnings, "a list"))?;
        let mut codes = Vec::new();
        for at in 0..list.len() {
            let key = format!("{warnings}/{at}/code");
            let code = self.get(&key)?.as_str();
            codes.push(code.ok_or_else(|| self.wrong(&key, "a text"))?.to_owned());
        }
        // Reports of failures may be older than the warning that names them.
        let code = self.figure("/stop/exit_code")?;
        if code != 0.0 {
            codes.push(format!("exit code {code}"));
        }
        Ok((!is_valid || code != 0.0).then_some(codes))
    }

    fn config(&self) -> Result<Map<String, Value>, String> {
        let settings = self.get("/config")?.as_object();
        let settings = settings.ok_or_else(|| self.wrong("/config", "an object"))?;
        let mut values = Map::new();
        for (name, setting) in settings {
            let value = setting.get("value");
            let missing = || format!("{} has no config.{name}.value", self.file);
            values.insert(name.clone(), value.ok_or_else(missing)?.clone());
        }
        Ok(values)
    }
}

/// A key as people write it: `/latency/response` is `latency.response`.
fn dotted(key: &str) -> String {
    key.trim_start_matches('/').replace('/', ".")
}
