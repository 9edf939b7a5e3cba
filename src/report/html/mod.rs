//! The report as a page: one file that needs nothing else and asks nothing of the network.
//!
//! ```text
//!   report (JSON) --page--> head, warnings, ledger | charts | tables | machine, configuration --> FILE.html
//!                              |                       |         |
//!                            facts              time, percentiles  tables
//!                                                      | points, within `COLUMNS`
//!                                                 thin -> chart -> SVG
//! ```
//!
//! The page is a pure function of the report's JSON: what it shows, the JSON holds, and a report that was kept can be
//! drawn as it was.
//!
//! Invariants:
//! * Text of the report enters the page through [`text::escape`] only; the page's policy (CSP) forbids every fetch.
//! * A run of any length makes a page of bounded size: each series is thinned to its lowest and highest value per
//!   column, each table to its first and last rows.
//! * Nothing needs the script; it only adds the readout under the pointer. Nothing is told by colour alone.
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

use format::{escape, list, string};
use serde_json::Value;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Columns of a chart: more than it has pixels on most screens, and few enough for a small page.
const COLUMNS: usize = 600;

/// A run as one self-contained HTML page. Takes what `report::json` gives, and leaves out what it lacks.
pub(crate) fn page(report: &Value) -> String {
    let version = escape(string(report, "/splashdam"));
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

fn latency(report: &Value) -> String {
    if report["latency"].is_null() {
        return section(
            "Latency",
            "<p class=\"note\">Not recorded in this run.</p>\n",
        );
    }
    let curve = percentiles::chart(report);
    section("Latency", &(curve + &tables::latency(report)))
}

fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{title}</h2>\n{body}</section>\n")
}

/// The steps of the autoscaler: decisions that changed something.
fn steps(report: &Value) -> impl Iterator<Item = &Value> {
    list(report, "/scaling")
        .iter()
        .filter(|event| event["from"] != event["to"])
}
