//! What a reader wants to know first: did it work, can the figures be trusted, what are they, where did the records go.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::report::html::format::{
    NOTHING, command_line, count, duration, escape, grouped, list, number, spelled, string, time,
    whole,
};
use crate::report::html::{section, steps};
use crate::report::summary::scaled;

/// The run in a few words.
pub(super) fn subject(report: &Value) -> String {
    let setting = |name: &str| spelled(&report["config"][name]["value"]);
    let named = [setting("source"), setting("sink")].map(|name| match name.as_str() {
        "" | NOTHING => "generator".to_owned(),
        _ => name,
    });
    if report["config"]["sink"].is_null() {
        "A run".into()
    } else {
        named.join(" to ")
    }
}

pub(super) fn header(report: &Value) -> String {
    let words = command_line(list(report, "/machine/command_line"));
    let words = match words.as_str() {
        "" => String::new(),
        words => format!("<p class=\"command\"><code>{words}</code></p>\n"),
    };
    let began = number(report, "/machine/began_unix_s").map(|seconds| {
        let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        format!(
            "{}, ",
            humantime::format_rfc3339_seconds(UNIX_EPOCH + since)
        )
    });
    let cause = string(report, "/stop/cause");
    format!(
        "<header>\n<h1><span class=\"brand\">Splashdam</span> {}</h1>\n{words}<p class=\"note\">{}stopped by {}</p>\n</header>\n",
        escape(&subject(report)),
        began.unwrap_or_default(),
        escape(if cause.is_empty() { NOTHING } else { cause }),
    )
}

/// What failed, and what keeps the figures from being what they look like, each with its remedy.
pub(super) fn warnings(report: &Value) -> String {
    let failures = list(report, "/stop/failures").iter().map(|failure| {
        let failure = escape(failure.as_str().unwrap_or_default());
        format!("<li class=\"failure\"><strong>Failed:</strong> {failure}</li>\n")
    });
    let warnings = list(report, "/validity/warnings").iter().map(|warning| {
        let [code, message, remedy] =
            ["/code", "/message", "/remedy"].map(|path| escape(string(warning, path)));
        let remedy = match remedy.as_str() {
            "" => String::new(),
            remedy => format!("<br><span class=\"remedy\">Remedy: {remedy}</span>"),
        };
        format!("<li><strong>Warning:</strong> {message} <code>{code}</code>{remedy}</li>\n")
    });
    let all = failures.chain(warnings).collect::<Vec<_>>().concat();
    if all.is_empty() {
        return all;
    }
    format!("<section class=\"warnings\" aria-label=\"Warnings\">\n<ul>\n{all}</ul>\n</section>\n")
}

pub(super) fn headline(report: &Value) -> String {
    let elapsed = number(report, "/throughput/elapsed_s").map_or(NOTHING.into(), duration);
    let per_s = |path: &str| number(report, path).map_or(NOTHING.into(), scaled);
    let ceiling = per_s("/validity/generator_ceiling_records_per_s");
    let lag = time(report, "/validity/schedule_lag_p99_ns");
    let latency = |name: &str| {
        let [p50, p99] = ["p50", "p99"].map(|p| time(report, &format!("/latency/{name}/{p}_ns")));
        (p99, format!("p50 {p50}"))
    };
    let (response, response_p50) = latency("response");
    let (service, service_p50) = latency("service");
    let lost = sum(
        report,
        &["/ledger/dropped", "/ledger/spilled", "/ledger/abandoned"],
    );
    let holds = sum(
        report,
        &["/backpressure/throttle_pauses", "/backpressure/full_waits"],
    );
    let flag = |path: &str| report.pointer(path) == Some(&Value::Bool(true));
    let verdict = match (flag("/validity/saturated"), flag("/validity/valid")) {
        (true, _) => "saturated: behind the schedule",
        (_, true) => "no warnings",
        _ => "",
    };
    let tiles = [
        (
            "Throughput",
            format!("{} records/s", per_s("/throughput/records_per_s")),
            format!("{}B/s", per_s("/throughput/bytes_per_s")),
        ),
        ("Response p99", response, response_p50),
        ("Service p99", service, service_p50),
        ("Elapsed", elapsed, verdict.to_owned()),
        (
            "Delivered",
            whole(report, "/ledger/delivered"),
            format!("of {} produced", whole(report, "/ledger/produced")),
        ),
        (
            "Not delivered",
            lost,
            format!("producer held {holds} times"),
        ),
        (
            "Workers at most",
            workers_at_most(report),
            format!("{} scaling steps", steps(report).count()),
        ),
        (
            "Generator alone",
            format!("{ceiling}/s"),
            format!("schedule lag p99 {lag}"),
        ),
    ];
    let tiles = tiles.map(|(name, figure, note)| {
        let (figure, note) = (escape(&figure), escape(&note));
        format!("<div><dt>{name}</dt><dd><b>{figure}</b><span>{note}</span></dd></div>\n")
    });
    let tiles = tiles.concat();
    format!("<section aria-label=\"Figures\">\n<dl class=\"tiles\">\n{tiles}</dl>\n</section>\n")
}

fn sum(report: &Value, paths: &[&str]) -> String {
    let counts = paths.iter().map(|path| count(report, path));
    counts.sum::<Option<u64>>().map_or(NOTHING.into(), grouped)
}

/// The most that were active at once; all there are where the report does not tell.
fn workers_at_most(report: &Value) -> String {
    let seen = list(report, "/intervals")
        .iter()
        .map(|interval| count(interval, "/workers"));
    let seen = seen.chain(steps(report).map(|step| count(step, "/to")));
    let most = seen.flatten().max();
    grouped(most.unwrap_or(list(report, "/workers").len() as u64))
}

/// Where every record went, as a sum.
pub(super) fn ledger(report: &Value) -> String {
    let term = |sign: &str, name: &str| {
        let sum = whole(report, &format!("/ledger/{name}"));
        format!(
            "<span class=\"sign\">{sign}</span><span class=\"term {name}\"><b>{sum}</b>{name}</span>"
        )
    };
    let terms = [
        term("", "produced"),
        term("=", "delivered"),
        term("+", "dropped"),
        term("+", "spilled"),
        term("+", "abandoned"),
    ];
    let reasons = report
        .pointer("/ledger/dropped_by_reason")
        .and_then(Value::as_object);
    let reasons = reasons
        .into_iter()
        .flatten()
        .filter(|(_, records)| records.as_u64() != Some(0));
    let reasons = reasons.map(|(name, records)| {
        let records = records.as_u64().map_or(NOTHING.into(), grouped);
        format!("dropped as {}: {records}", escape(name))
    });
    let cut_short =
        !report["stop"]["halted_by"].is_null() || report["stop"]["deadline_passed"] == true;
    let verdict = match report.pointer("/ledger/balanced") {
        Some(Value::Bool(true)) => "\u{2713} balanced: every record is accounted for",
        _ if cut_short => "still moving when the run was cut short",
        _ => "\u{2717} NOT BALANCED",
    };
    let notes = std::iter::once(verdict.to_owned())
        .chain(reasons)
        .collect::<Vec<_>>()
        .join("; ");
    section(
        "Ledger",
        &format!(
            "<p class=\"sum\">{}</p>\n<p class=\"note\">{notes}</p>\n",
            terms.concat()
        ),
    )
}
