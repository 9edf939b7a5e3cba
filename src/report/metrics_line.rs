//! The line that a running pipeline prints each interval.

use serde_json::json;

use crate::outcome::Snapshot;
use crate::outcome::report::Interval;
use crate::report::human_duration::HumanDuration;
use crate::sys::printed::Grouped;
use crate::sys::text::spelled;

/// How the line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MetricsFormat {
    /// `[METRICS] Produced=...`, for people.
    #[default]
    Text,
    /// One JSON object, as in the report's `intervals`, for programs.
    Json,
}
spelled!(MetricsFormat: Text = "text", Json = "json");

/// The line for the interval that ends with this snapshot.
pub(crate) fn metrics_line(now: &Snapshot, format: MetricsFormat) -> String {
    let interval = &now.interval;
    if format == MetricsFormat::Json {
        return json!(Interval::from(interval)).to_string();
    }
    let [produced, processed] = [interval.produced, interval.delivered]
        .map(|records| Grouped(interval.per_second(records).round()));
    let [queue, capacity] = [interval.queue, interval.queue_capacity].map(Grouped);
    let latency = interval.response.map_or(String::new(), |response| {
        let [p50, p99, max] =
            [response.p50_ns, response.p99_ns, response.max_ns].map(HumanDuration);
        format!(" | p50={p50} p99={p99} max={max}")
    });
    format!(
        "[METRICS] Produced={produced}/s | Processed={processed}/s | Queue={queue}/{capacity} | Workers={}{latency}",
        interval.workers
    )
}
