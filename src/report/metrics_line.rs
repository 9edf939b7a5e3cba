//! The line that a running pipeline prints each interval.

use crate::outcome::Snapshot;
use crate::report::human_duration::HumanDuration;
use crate::sys::clock::saturating_ns;
use crate::sys::printed::Grouped;

/// The line, for people, for the interval that ends with this snapshot.
pub(super) fn metrics_line(now: &Snapshot) -> String {
    let interval = &now.interval;
    let [produced, processed] = [interval.produced, interval.delivered]
        .map(|records| Grouped(interval.per_second(records).round()));
    let [queue, capacity] = [interval.queue, interval.queue_capacity].map(Grouped);
    // What is still waiting tells more than what was delivered, if it has waited longer.
    let longest_ns = interval.response.map_or(0, |response| response.max_ns);
    let oldest_ns = interval.oldest.map_or(0, saturating_ns);
    let oldest = if oldest_ns > longest_ns {
        format!(" | oldest={}", HumanDuration(oldest_ns))
    } else {
        String::new()
    };
    let latency = interval.response.map_or(String::new(), |response| {
        let [p50, p99, max] =
            [response.p50_ns, response.p99_ns, response.max_ns].map(HumanDuration);
        format!(" | p50={p50} p99={p99} max={max}")
    });
    format!(
        "[METRICS] Produced={produced}/s | Processed={processed}/s | Queue={queue}/{capacity} | Workers={}{latency}{oldest}",
        interval.workers
    )
}
