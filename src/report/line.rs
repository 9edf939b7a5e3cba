//! The line that a running pipeline prints each second.

use std::time::Duration;

use super::short::Short;
use crate::measure::{LatencyReport, Snapshot};

/// Turns totals into the rates of the last interval.
#[derive(Debug, Default)]
pub(crate) struct MetricsLine {
    produced: u64,
    delivered: u64,
    elapsed: Duration,
}

impl MetricsLine {
    /// The line for the interval that ends with this snapshot.
    pub(crate) fn next(&mut self, now: &Snapshot) -> String {
        let seconds = now.elapsed.saturating_sub(self.elapsed).as_secs_f64();
        let rate = |now: u64, before: u64| (now - before) as f64 / seconds.max(1e-9);
        let produced = rate(now.produced, self.produced);
        let processed = rate(now.delivered, self.delivered);
        (self.produced, self.delivered) = (now.produced, now.delivered);
        self.elapsed = now.elapsed;
        let latency = now.latency.filter(|latency| latency.response.count > 0);
        let latency = latency.map_or(String::new(), |LatencyReport { response, .. }| {
            let [p50, p99, max] = [response.p50_ns, response.p99_ns, response.max_ns].map(Short);
            format!(" | p50={p50} p99={p99} max={max}")
        });
        format!(
            "[METRICS] Produced={produced:.0}/s | Processed={processed:.0}/s | Queue={}/{} | Workers={}{latency}",
            now.queue, now.queue_capacity, now.workers
        )
    }
}
