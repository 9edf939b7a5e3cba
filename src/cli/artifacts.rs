//! The files that a run writes about itself: its report, as JSON and as a page, and its latencies in `HdrHistogram`'s
//! formats.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use serde_json::{Map, json};

use crate::cli::args::Job;
use crate::metrics::{LatencyReport, Percentiles};
use crate::outcome::Outcome;
use crate::report::hgrm::Hgrm;
use crate::report::html::page;
use crate::report::json;

/// What stands for a distribution's name in the path of `hgrm`.
pub(super) const LATENCY: &str = "{latency}";

/// The files that will be written at the end, each with the name of its setting.
pub(super) fn at_the_end(job: &Job) -> impl Iterator<Item = (&'static str, PathBuf)> {
    let report = job.report.clone().map(|path| ("report", path));
    let html = job.html.clone().map(|path| ("html", path));
    let hgrm = job.hgrm.iter().flat_map(|path| hgrms(path));
    report
        .into_iter()
        .chain(html)
        .chain(hgrm.map(|(path, _)| ("hgrm", path)))
}

/// The `.hgrm` files, and which distribution each holds.
fn hgrms(path: &str) -> Vec<(PathBuf, &'static str)> {
    let all: &[&str] = if path.contains(LATENCY) {
        &["response", "service"]
    } else {
        &["response"]
    };
    all.iter()
        .map(|name| (path.replace(LATENCY, name).into(), *name))
        .collect()
}

/// Whether a file could be written there, without making or changing anything.
pub(super) fn could_write(path: &Path) -> io::Result<()> {
    let tried = match OpenOptions::new().write(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            access(folder, Access::WRITE_OK).map_err(io::Error::from)
        }
        opened => opened.map(drop),
    };
    tried.map_err(|e| naming(path, &e))
}

pub(super) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Writes what was asked for, each whatever became of the others; returns what failed, a sentence each.
pub(super) fn write(job: &Job, outcome: &Outcome) -> Vec<String> {
    let mut failed = Vec::new();
    let mut write = |setting: &str, path: &Path, text: &str| {
        if let Err(error) = fs::write(path, text) {
            failed.push(format!("{setting}: {}", naming(path, &error)));
        }
    };
    if job.report.is_some() || job.html.is_some() {
        let config = job.settings().map(|(name, value, origin)| {
            (name.to_owned(), json!({ "value": value, "origin": origin }))
        });
        let config: Map<_, _> = config.collect();
        let report = json::report(outcome, &config);
        if let Some(path) = &job.report {
            write("report", path, &format!("{report:#}\n"));
        }
        if let Some(path) = &job.html {
            write("html", path, &page(&report));
        }
    }
    if let (Some(path), Some(Percentiles { response, service }), Some(latency)) =
        (&job.hgrm, &outcome.percentiles, outcome.latency)
    {
        let LatencyReport {
            response: whole,
            service: served,
            ..
        } = latency;
        for (path, name) in hgrms(path) {
            let hgrm = if name == "service" {
                Hgrm(service, &served)
            } else {
                Hgrm(response, &whole)
            };
            write("hgrm", &path, &hgrm.to_string());
        }
    }
    failed
}
