//! The report as a page: one file that needs nothing else and makes no request.
//!
//! ```text
//!   Report --page--> head, warnings, ledger | charts | tables | machine, configuration --> FILE.html
//!                       |                       |         |
//!                    headline         timeline, percentiles  tables
//!                                               | points, within `COLUMNS`
//!                                         downsample -> chart -> SVG
//! ```
//!
//! The page is a pure function of the [`Report`], so that a kept one makes the page that the run itself made.
//!
//! Invariants:
//! * Text of the report enters the page through [`format::escape`] only; the page's policy (CSP) forbids every fetch.
//! * A run of any length makes a page of bounded size: each series is thinned to its lowest and highest value per
//!   column, each table to its first and last rows.
//! * Nothing needs the script; it only adds the readout under the pointer. No meaning is carried by colour alone.
//!
//! The charts are SVG written here, because drawing libraries place text in the picture's own units: it shrinks with
//! the picture, to four pixels on a phone, and its colours are fixed when it is made. Here the picture holds only
//! lines, which stretch without getting thicker (`non-scaling-stroke`); labels are HTML beside it and keep their size;
//! every colour is a CSS variable, so that the reader's light or dark scheme decides. What is left to write are two
//! scales and their ticks.

mod chart;
mod downsample;
mod format;
mod headline;
mod percentiles;
mod scale;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

use format::{escape, section};

use crate::outcome::Report;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A run as one self-contained HTML page, for a file of its own. Needs the feature `html`, which is on by default.
pub fn page(report: &Report) -> String {
    let version = escape(&report.splashdam);
    let subject = escape(&headline::subject(report));
    [
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n".to_owned(),
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n".to_owned(),
        "<meta name=\"color-scheme\" content=\"light dark\">\n".to_owned(),
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n"
            .to_owned(),
        format!("<title>{subject} - Splashdam</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"),
        headline::header(report),
        "<main>\n".to_owned(),
        headline::warnings(report),
        headline::headline(report),
        headline::ledger(report),
        timeline::section(report),
        latency(report),
        tables::workers(report),
        tables::flushes(report),
        tables::scaling(report),
        tables::machine(report),
        tables::configuration(report),
        format!("</main>\n<footer>Made by splashdam {version}.</footer>\n"),
        format!("<script>\n{SCRIPT}</script>\n</body>\n</html>\n"),
    ]
    .concat()
}

fn latency(report: &Report) -> String {
    let Some(latency) = &report.latency else {
        return section(
            "Latency",
            "<p class=\"note\">Not recorded in this run.</p>\n",
        );
    };
    let percentiles = report.latency_percentiles.as_ref();
    let curve = percentiles.map_or(String::new(), |percentiles| {
        percentiles::chart(percentiles, latency)
    });
    section("Latency", &(curve + &tables::latency(latency)))
}
