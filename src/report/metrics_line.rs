//! The line that a running pipeline prints each interval.

use crate::outcome::Snapshot;
use crate::report::human_duration::HumanDuration;
use crate::sys::printed::Grouped;

/// The line, for people, for the interval that ends with this snapshot.
pub(super) fn metrics_line(now: &Snapshot) -> String {
    let interval = &now.interval;
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
