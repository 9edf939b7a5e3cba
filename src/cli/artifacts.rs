//! The files that a run writes about itself: its report, as JSON and as a page, and its latencies in `HdrHistogram`'s
//! formats.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::cli::args::RunArgs;
use crate::metrics::Percentiles;
use crate::outcome::{Outcome, Report};
use crate::report::hgrm::Hgrm;
use crate::report::json;
use crate::sys::os_text;
use crate::sys::printed::Printable;

/// Stands for a distribution's name in the path of `hgrm`.
pub(super) const LATENCY: &str = "{latency}";

/// Why a program without the feature `html` refuses to write a page.
pub(super) const NO_PAGES: &str =
    "this program was built without pages: build it with the feature html";

/// The files that are written at the end of the run, each with the name of its setting.
pub(super) fn at_the_end(args: &RunArgs) -> impl Iterator<Item = (&'static str, PathBuf)> {
    let report = args.report.clone().map(|path| ("report", path));
    let html = args.html.clone().map(|path| ("html", path));
    let hgrm = args.hgrm.iter().flat_map(|path| hgrms(path));
    report
        .into_iter()
        .chain(html)
        .chain(hgrm.map(|(path, _)| ("hgrm", path)))
}

/// The `.hgrm` files, each with the name of its distribution.
fn hgrms(path: &Path) -> Vec<(PathBuf, &'static str)> {
    let path = path.as_os_str();
    let all: &[&str] = if os_text::contains(path, LATENCY) {
        &["response", "service"]
    } else {
        &["response"]
    };
    all.iter()
        .map(|name| (os_text::replace(path, LATENCY, name).into(), *name))
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

/// The same error, with the file's name in front.
pub(super) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{}: {error}", Printable(path.display())),
    )
}

/// Writes a report as a page.
///
/// # Errors
///
/// When the file cannot be written; the error names it.
#[cfg(feature = "html")]
pub(super) fn write_page(path: &Path, report: &Report) -> io::Result<()> {
    let page = crate::report::page(report);
    fs::write(path, page).map_err(|error| naming(path, &error))
}

#[cfg(not(feature = "html"))]
pub(super) fn write_page(path: &Path, _report: &Report) -> io::Result<()> {
    Err(naming(path, &io::Error::other(NO_PAGES)))
}

fn write_json(path: &Path, report: &Report) -> io::Result<()> {
    let written = File::create(path).and_then(|file| json::write(report, BufWriter::new(file)));
    written.map_err(|error| naming(path, &error))
}

fn write_hgrms(path: &Path, outcome: &Outcome) -> io::Result<()> {
    let (Some(Percentiles { response, service }), Some(latency)) =
        (&outcome.percentiles, outcome.latency)
    else {
        return Ok(());
    };
    let write = |(path, name): (PathBuf, &str)| {
        let hgrm = if name == "service" {
            Hgrm(service, &latency.service)
        } else {
            Hgrm(response, &latency.response)
        };
        fs::write(&path, hgrm.to_string()).map_err(|error| naming(&path, &error))
    };
    // Every file is written, even if one before it fails.
    let written: Vec<_> = hgrms(path).into_iter().map(write).collect();
    written.into_iter().collect()
}

/// Writes the files that were asked for, each even if others fail; returns what failed, a sentence each.
pub(super) fn write(args: &RunArgs, outcome: &Outcome, report: &Report) -> Vec<String> {
    let json = args.report.as_ref().map(|path| write_json(path, report));
    let html = args.html.as_ref().map(|path| write_page(path, report));
    let hgrm = args.hgrm.as_ref().map(|path| write_hgrms(path, outcome));
    let written = [("report", json), ("html", html), ("hgrm", hgrm)];
    let failed = written.into_iter().filter_map(|(setting, written)| {
        let error = written?.err()?;
        Some(format!("{setting}: {error}"))
    });
    failed.collect()
}
