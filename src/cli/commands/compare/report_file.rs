//! The report of a run as a comparison sees it: figures to compare, and what makes two machines alike.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::commands::report::read_report;
use crate::metrics::{LatencyReport, LatencySummary};
use crate::outcome::Report;
use crate::sys::provenance::Provenance;

/// A figure to compare.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    /// Its name in the table.
    pub(super) name: &'static str,
    /// Its key in the report, with dots between its parts.
    pub(super) key: &'static str,
    pub(super) higher_is_better: bool,
    /// `None` if the run recorded no latency.
    pub(super) figure: fn(&Report) -> Option<f64>,
}

impl Metric {
    /// Whether the figure is a time, in nanoseconds.
    pub(super) fn is_time(self) -> bool {
        self.key.ends_with("_ns")
    }
}

pub(super) const METRICS: [Metric; 10] = [
    throughput("records/s", "throughput.records_per_s", |report| {
        Some(report.throughput.records_per_s)
    }),
    throughput("bytes/s", "throughput.bytes_per_s", |report| {
        Some(report.throughput.bytes_per_s)
    }),
    latency("response p50", "latency.response.p50_ns", |report| {
        response(report, |latency| latency.p50_ns)
    }),
    latency("response p99", "latency.response.p99_ns", |report| {
        response(report, |latency| latency.p99_ns)
    }),
    latency("response p99.9", "latency.response.p99_9_ns", |report| {
        response(report, |latency| latency.p99_9_ns)
    }),
    latency("response max", "latency.response.max_ns", |report| {
        response(report, |latency| latency.max_ns)
    }),
    latency("service p50", "latency.service.p50_ns", |report| {
        service(report, |latency| latency.p50_ns)
    }),
    latency("service p99", "latency.service.p99_ns", |report| {
        service(report, |latency| latency.p99_ns)
    }),
    latency("service p99.9", "latency.service.p99_9_ns", |report| {
        service(report, |latency| latency.p99_9_ns)
    }),
    latency("service max", "latency.service.max_ns", |report| {
        service(report, |latency| latency.max_ns)
    }),
];

const fn throughput(
    name: &'static str,
    key: &'static str,
    figure: fn(&Report) -> Option<f64>,
) -> Metric {
    Metric {
        name,
        key,
        higher_is_better: true,
        figure,
    }
}

const fn latency(
    name: &'static str,
    key: &'static str,
    figure: fn(&Report) -> Option<f64>,
) -> Metric {
    Metric {
        name,
        key,
        higher_is_better: false,
        figure,
    }
}

fn response(report: &Report, ns: fn(&LatencySummary) -> u64) -> Option<f64> {
    let of = |latency: &LatencyReport| ns(&latency.response) as f64;
    report.latency.as_ref().map(of)
}

fn service(report: &Report, ns: fn(&LatencySummary) -> u64) -> Option<f64> {
    let of = |latency: &LatencyReport| ns(&latency.service) as f64;
    report.latency.as_ref().map(of)
}

/// A key of `machine` in which runs must agree for their figures to compare, and its value: null if the system does not
/// provide it.
pub(super) type MachineKey = (&'static str, fn(&Provenance) -> Value);

/// All of them but `memory_bytes`, which may differ a little.
pub(super) const MACHINE_KEYS: [MachineKey; 8] = [
    ("cpu_model", |machine| json!(machine.cpu_model)),
    ("cpus", |machine| json!(machine.cpus)),
    ("kernel", |machine| json!(machine.kernel)),
    ("governor", |machine| json!(machine.governor)),
    ("cgroup_cpu_quota", |machine| {
        json!(machine.cgroup_cpu_quota)
    }),
    ("clocksource", |machine| json!(machine.clocksource)),
    ("rustc", |machine| json!(machine.rustc)),
    ("profile", |machine| json!(machine.profile)),
];

/// The report of one run.
#[derive(Debug)]
pub(super) struct ReportFile {
    /// Its name, as given.
    pub(super) file: String,
    pub(super) report: Report,
}

impl ReportFile {
    /// Reads a report; the error names the file, and the key if one does not fit.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Ok(Self {
            file: path.display().to_string(),
            report: read_report(path)?,
        })
    }

    pub(super) fn began_unix_s(&self) -> f64 {
        self.report.machine.began_unix_s
    }

    /// Whether both are reports of one run: no two begin at the same nanosecond.
    pub(super) fn is_same_run(&self, other: &Self) -> bool {
        self.began_unix_s().total_cmp(&other.began_unix_s()).is_eq()
    }

    /// The codes of the warnings, and of an exit code other than 0; `None` if the run is valid.
    pub(super) fn invalid(&self) -> Option<Vec<String>> {
        let (validity, code) = (&self.report.validity, self.report.stop.exit_code);
        let warnings = validity.warnings.iter();
        let mut codes: Vec<_> = warnings.map(|warning| warning.code.to_string()).collect();
        // Reports of failures may be older than the warning that names them.
        if code != 0 {
            codes.push(format!("exit code {code}"));
        }
        (!validity.valid || code != 0).then_some(codes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{MACHINE_KEYS, METRICS};
    use crate::outcome::report::sample;

    #[test]
    fn every_metric_and_machine_key_has_the_value_of_its_key_in_the_report() {
        let mut json = sample::json(0);
        for (at, metric) in METRICS.iter().enumerate() {
            let pointer = format!("/{}", metric.key.replace('.', "/"));
            *json.pointer_mut(&pointer).expect("a key") = (1_000 + at).into();
        }
        let report = sample::read(&json);
        for (at, metric) in METRICS.iter().enumerate() {
            let figure = (metric.figure)(&report);
            assert_eq!(figure, Some((1_000 + at) as f64), "{}", metric.key);
        }
        for (key, value) in MACHINE_KEYS {
            assert_eq!(value(&report.machine), json["machine"][key], "{key}");
        }
        json["latency"] = Value::Null;
        let report = sample::read(&json);
        for metric in METRICS {
            let recorded = (metric.figure)(&report).is_some();
            assert_eq!(recorded, !metric.is_time(), "{}", metric.key);
        }
    }
}
