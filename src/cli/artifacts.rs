//! The files that a run writes about itself: its report, as JSON and as a page, and its latencies in `HdrHistogram`'s
//! formats.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::args::RunArgs;
use crate::cli::destination::Destination;
use crate::metrics::Percentiles;
use crate::outcome::{Outcome, Report};
use crate::report::hgrm::Hgrm;
use crate::report::json;
use crate::sys::os_text;

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

/// Writes a report as a page.
///
/// # Errors
///
/// When the file cannot be written; the error names it.
#[cfg(feature = "html")]
pub(super) fn write_page(to: &Destination, report: &Report) -> io::Result<()> {
    let page = crate::report::page(report);
    to.write(|file| file.write_all(page.as_bytes()))
}

#[cfg(not(feature = "html"))]
pub(super) fn write_page(_to: &Destination, _report: &Report) -> io::Result<()> {
    Err(io::Error::other(NO_PAGES))
}

/// The files of a run, ready to be written at its end.
#[derive(Debug)]
pub(super) struct Artifacts {
    report: Option<Destination>,
    html: Option<Destination>,
    hgrms: Vec<(Destination, &'static str)>,
}

impl Artifacts {
    /// Finds out where each goes.
    ///
    /// # Errors
    ///
    /// A sentence about one that could not be written.
    pub(super) fn open(args: &RunArgs) -> Result<Self, String> {
        let open = |setting: &str, path: &Path| {
            Destination::open(path).map_err(|e| format!("{setting}: {e}"))
        };
        let report = args.report.as_deref().map(|path| open("report", path));
        let html = args.html.as_deref().map(|path| open("html", path));
        let hgrms = args.hgrm.iter().flat_map(|path| hgrms(path));
        let hgrms = hgrms.map(|(path, name)| Ok((open("hgrm", &path)?, name)));
        Ok(Self {
            report: report.transpose()?,
            html: html.transpose()?,
            hgrms: hgrms.collect::<Result<_, String>>()?,
        })
    }

    /// Writes all, each even if others fail; returns what failed, a sentence each.
    pub(super) fn write(&self, outcome: &Outcome, report: &Report) -> Vec<String> {
        let json = self
            .report
            .as_ref()
            .map(|to| to.write(|file| json::write(report, file)));
        let html = self.html.as_ref().map(|to| write_page(to, report));
        let hgrms = self
            .hgrms
            .iter()
            .map(|(to, name)| ("hgrm", write_hgrm(to, name, outcome)));
        let written = [("report", json), ("html", html)].into_iter();
        let written = written.filter_map(|(setting, written)| Some((setting, written?)));
        let failed = written
            .chain(hgrms)
            .filter_map(|(setting, written)| Some(format!("{setting}: {}", written.err()?)));
        failed.collect()
    }
}

/// A run without latencies has no percentiles; an earlier run's must not be taken for its own.
fn write_hgrm(to: &Destination, name: &str, outcome: &Outcome) -> io::Result<()> {
    let (Some(Percentiles { response, service }), Some(latency)) =
        (&outcome.percentiles, outcome.latency)
    else {
        return to.remove();
    };
    let hgrm = if name == "service" {
        Hgrm(service, &latency.service)
    } else {
        Hgrm(response, &latency.response)
    };
    to.write(|file| write!(file, "{hgrm}"))
}
