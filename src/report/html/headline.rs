//! The head of the page: whether the run worked, whether its figures can be trusted, the key figures, and where the
//! records went.

use std::time::{Duration, UNIX_EPOCH};

use crate::metrics::{LatencyReport, LatencySummary};
use crate::outcome::Report;
use crate::report::html::format::{
    NOTHING, command_line, duration, escape, grouped, or_nothing, section, spelled, time,
};
use crate::report::human_number::{scaled, scaled_bytes};

/// The last second of the year 9999, since 1970: later times cannot be formatted.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The run in a few words.
pub(super) fn subject(report: &Report) -> String {
    let Some(sink) = report.config.get("sink") else {
        return "A run".into();
    };
    let source = report.config.get("source");
    let source = source.map_or(String::new(), |source| spelled(&source.value));
    let [source, sink] = [source, spelled(&sink.value)].map(|name| match name.as_str() {
        "" | NOTHING => "generator".to_owned(),
        _ => name,
    });
    format!("{source} to {sink}")
}

pub(super) fn header(report: &Report) -> String {
    let words = command_line(&report.machine.command_line);
    let words = match words.as_str() {
        "" => String::new(),
        words => format!("<p class=\"command\"><code>{words}</code></p>\n"),
    };
    let began = report.machine.began_unix_s.min(LAST_SECOND);
    let since = Duration::try_from_secs_f64(began).unwrap_or_default();
    format!(
        "<header>\n<h1><span class=\"brand\">Splashdam</span> {}</h1>\n{words}\
         <p class=\"note\">{}, stopped by {}</p>\n</header>\n",
        escape(&subject(report)),
        humantime::format_rfc3339_seconds(UNIX_EPOCH + since),
        escape(&report.stop.cause),
    )
}

/// What failed, and what makes the figures less reliable than they look, each with its remedy.
pub(super) fn warnings(report: &Report) -> String {
    let failures = report.stop.failures.iter().map(|failure| {
        let failure = escape(failure);
        format!("<li class=\"failure\"><strong>Failed:</strong> {failure}</li>\n")
    });
    let warnings = report.validity.warnings.iter().map(|warning| {
        let [code, message, remedy] =
            [&*warning.code, &*warning.message, &*warning.remedy].map(escape);
        format!(
            "<li><strong>Warning:</strong> {message} <code>{code}</code>\
             <br><span class=\"remedy\">Remedy: {remedy}</span></li>\n"
        )
    });
    let all = failures.chain(warnings).collect::<Vec<_>>().concat();
    if all.is_empty() {
        return all;
    }
    format!("<section class=\"warnings\" aria-label=\"Warnings\">\n<ul>\n{all}</ul>\n</section>\n")
}

/// The key figures, a tile each.
pub(super) fn headline(report: &Report) -> String {
    let throughput = report.throughput;
    let (ledger, validity) = (&report.ledger, &report.validity);
    let latency = |part: fn(&LatencyReport) -> LatencySummary| {
        let summary = report.latency.as_ref().map(part);
        let p99 = or_nothing(summary, |summary| time(summary.p99_ns));
        let p50 = or_nothing(summary, |summary| time(summary.p50_ns));
        (p99, format!("p50 {p50}"))
    };
    let (response, response_p50) = latency(|latency| latency.response);
    let (service, service_p50) = latency(|latency| latency.service);
    let lost = ledger.dropped.saturating_add(ledger.spilled);
    let lost = lost.saturating_add(ledger.abandoned);
    let backpressure = &report.backpressure;
    let holds = backpressure.throttle_pauses;
    let holds = holds.saturating_add(backpressure.full_waits);
    let verdict = match (validity.saturated, validity.valid) {
        (true, _) => "saturated: behind the schedule",
        (_, true) => "no warnings",
        _ => "",
    };
    let ceiling = or_nothing(validity.generator_ceiling_records_per_s, scaled);
    let lag = or_nothing(validity.schedule_lag_p99_ns, time);
    let tiles = [
        (
            "Throughput",
            format!("{} records/s", scaled(throughput.records_per_s)),
            format!("{}/s", scaled_bytes(throughput.bytes_per_s)),
        ),
        ("Response p99", response, response_p50),
        ("Service p99", service, service_p50),
        (
            "Elapsed",
            duration(throughput.elapsed_s),
            verdict.to_owned(),
        ),
        (
            "Delivered",
            grouped(ledger.delivered),
            format!("of {} produced", grouped(ledger.produced)),
        ),
        (
            "Not delivered",
            grouped(lost),
            format!("producer held {} times", grouped(holds)),
        ),
        (
            "Workers at most",
            grouped(workers_at_most(report)),
            format!("{} scaling steps", report.steps().count()),
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

/// The most workers that were active at once; all of them if the report does not contain it.
fn workers_at_most(report: &Report) -> u64 {
    let sampled = report.intervals.iter().map(|interval| interval.workers);
    let most = sampled.chain(report.steps().map(|step| step.to)).max();
    most.unwrap_or(report.workers.len()) as u64
}

/// Where every record went, as a sum.
pub(super) fn ledger(report: &Report) -> String {
    let ledger = &report.ledger;
    let terms = [
        ("", "produced", ledger.produced),
        ("=", "delivered", ledger.delivered),
        ("+", "dropped", ledger.dropped),
        ("+", "spilled", ledger.spilled),
        ("+", "abandoned", ledger.abandoned),
    ];
    let terms = terms.map(|(sign, name, records)| {
        let records = grouped(records);
        format!(
            "<span class=\"sign\">{sign}</span><span class=\"term {name}\"><b>{records}</b>{name}</span>"
        )
    });
    let reasons = ledger.dropped_by_reason.by_name();
    let reasons = reasons.iter().filter(|(_, records)| *records > 0);
    let reasons =
        reasons.map(|(name, records)| format!("dropped as {name}: {}", grouped(*records)));
    let verdict = if ledger.balanced {
        "\u{2713} balanced: every record is accounted for"
    } else if report.is_cut_short() {
        "still moving when the run was cut short"
    } else {
        "\u{2717} NOT BALANCED"
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
