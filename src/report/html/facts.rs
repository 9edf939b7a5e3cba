//! What a reader wants to know first: did it work, can the figures be trusted, what are they, where did the records go.

use serde_json::Value;

use super::text::{
    NOTHING, command_line, count, duration, escape, list, number, string, time, whole,
};
use super::{section, steps};
use crate::report::summary::scaled;

/// The run in a few words.
pub(super) fn subject(report: &Value) -> String {
    let setting = |name: &str| super::text::spelled(&report["config"][name]["value"]);
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
        words => format!("<p class=\"command\"><code>{}</code></p>\n", escape(words)),
    };
    let began = number(report, "/machine/began_unix_s").map(|seconds| {
        let began = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds.max(0.0) as u64);
        format!("{}, ", humantime::format_rfc3339_seconds(began))
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
    let per_s = |path: &str| number(report, path).map_or(NOTHING.into(), scaled);
    let elapsed = number(report, "/throughput/elapsed_s").map_or(NOTHING.into(), duration);
    let lost =
        ["/ledger/dropped", "/ledger/abandoned"].map(|path| count(report, path).unwrap_or(0));
    let peak = list(report, "/intervals")
        .iter()
        .map(|i| count(i, "/workers"));
    let peak = peak
        .chain(steps(report).map(|step| count(step, "/to")))
        .flatten()
        .max();
    let workers = peak.map_or(list(report, "/workers").len() as u64, |peak| peak);
    let ceiling = number(report, "/validity/generator_ceiling_records_per_s");
    let ceiling = ceiling.map_or(String::new(), |ceiling| {
        format!("generator alone: {}/s", scaled(ceiling))
    });
    let lag = report
        .pointer("/validity/schedule_lag_p99_ns")
        .filter(|lag| !lag.is_null());
    let lag = lag.map_or(String::new(), |_| {
        format!(
            "schedule lag p99 {}",
            time(report, "/validity/schedule_lag_p99_ns")
        )
    });
    let latency = |name: &str| {
        let [p50, p99] = ["p50", "p99"].map(|p| time(report, &format!("/latency/{name}/{p}_ns")));
        (p99, format!("p50 {p50}"))
    };
    let (response, response_p50) = latency("response");
    let (service, service_p50) = latency("service");
    let pauses = [
        count(report, "/backpressure/throttle_pauses"),
        count(report, "/backpressure/full_waits"),
    ];
    let pauses: u64 = pauses.into_iter().flatten().sum();
    let verdict = match string(report, "/validity/valid") {
        _ if report.pointer("/validity/saturated") == Some(&Value::Bool(true)) => {
            "saturated: could not keep the schedule"
        }
        _ if report.pointer("/validity/valid") == Some(&Value::Bool(true)) => "no warnings",
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
        (
            "Delivered",
            whole(report, "/ledger/delivered"),
            format!("of {} produced", whole(report, "/ledger/produced")),
        ),
        (
            "Not delivered",
            super::text::grouped(lost[0] + lost[1]),
            format!("{pauses} holds of the producer"),
        ),
        (
            "Workers at most",
            workers.to_string(),
            format!("{} scaling steps", steps(report).count()),
        ),
        ("Elapsed", elapsed, verdict.to_owned()),
    ];
    let tiles = tiles.map(|(name, figure, note)| {
        format!(
            "<div><dt>{name}</dt><dd><b>{}</b><span>{}</span></dd></div>\n",
            escape(&figure),
            escape(&note)
        )
    });
    let notes: Vec<_> = [ceiling, lag]
        .into_iter()
        .filter(|note| !note.is_empty())
        .collect();
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}</p>\n", escape(&notes.join("; ")))
    };
    format!(
        "<section aria-label=\"Figures\">\n<dl class=\"tiles\">\n{}</dl>\n{notes}</section>\n",
        tiles.concat()
    )
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
        let records = records
            .as_u64()
            .map_or(NOTHING.into(), super::text::grouped);
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
