//! Latency: how long records took, from when they were due and from when they were published, and in which part.
//!
//! ```text
//!   due --pacing, or schedule lag--> published ----queue wait----> taken ----sink time----> delivered
//!    '--------------------------------------- response --------------------------------------'
//!                                        '------------------ service ------------------------'
//! ```
//!
//! *Pacing* is the wait for a producer that rests by intent, so that records gather; *schedule lag* is that for one
//! that comes late. A record has one of them; the other is 0.
//!
//! *Response* counts from the moment the schedule fixed beforehand, so the wait of a record that a stalled pipeline
//! kept from being produced is part of it; *service* alone would leave that out (coordinated omission; Gil Tene, "How
//! NOT to measure latency", and wrk2).
//!
//! Each worker owns its recorder: no lock, no allocation, and two clock readings per batch. Records that share their
//! stamps are recorded together.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The longest latency that is resolved: an hour. Longer ones count as an hour, and as overflow.
const HIGHEST_NS: u64 = 3_600_000_000_000;
/// Significant decimal digits.
const DIGITS: u8 = 3;
/// Rows of a percentile table per half of the way to 100 %: what `HdrHistogram`'s own tables have.
const TICKS_PER_HALF_DISTANCE: u32 = 5;

/// One distribution of latencies, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    histogram: Histogram<u64>,
    /// Exact, beside the histogram's rounded ones.
    min_ns: u64,
    max_ns: u64,
    sum_ns: u128,
    overflow: u64,
}

impl Default for Distribution {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "constants, checked by every test")]
        let histogram = Histogram::new_with_bounds(1, HIGHEST_NS, DIGITS).expect("valid bounds");
        Self {
            histogram,
            min_ns: u64::MAX,
            max_ns: 0,
            sum_ns: 0,
            overflow: 0,
        }
    }
}

impl Distribution {
    /// Records `n` latencies of the same length. Costs about 5 ns, whatever `n`.
    #[inline]
    pub(crate) fn record(&mut self, ns: u64, n: u64) {
        self.min_ns = self.min_ns.min(ns);
        self.max_ns = self.max_ns.max(ns);
        self.sum_ns += u128::from(ns) * u128::from(n);
        if self.histogram.record_n(ns, n).is_err() {
            self.overflow += n;
            self.histogram.saturating_record_n(ns, n);
        }
    }

    /// Adds another histogram.
    pub(crate) fn add(&mut self, other: &Self) {
        self.min_ns = self.min_ns.min(other.min_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        self.sum_ns += other.sum_ns;
        self.overflow += other.overflow;
        // Both have the same bounds, so that nothing can be out of range.
        let added = self.histogram.add(&other.histogram);
        debug_assert!(added.is_ok());
    }

    /// Forgets everything, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.histogram.reset();
        (self.min_ns, self.max_ns) = (u64::MAX, 0);
        (self.sum_ns, self.overflow) = (0, 0);
    }

    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    /// The distribution by percentile, in steps that halve with each half of the way to 100 %; the last row is the
    /// exact maximum at quantile 1.
    fn percentiles(&self) -> Vec<Percentile> {
        let mut total_count = 0;
        let rows = self
            .histogram
            .iter_quantiles(TICKS_PER_HALF_DISTANCE)
            .map(|row| {
                total_count += row.count_since_last_iteration();
                Percentile {
                    quantile: row.quantile_iterated_to(),
                    ns: row.value_iterated_to().min(self.max_ns),
                    total_count,
                }
            });
        rows.collect()
    }

    pub(crate) fn summary(&self) -> LatencySummary {
        let count = self.histogram.len();
        let at = |quantile| self.histogram.value_at_quantile(quantile).min(self.max_ns);
        LatencySummary {
            count,
            overflow: self.overflow,
            min_ns: if count == 0 { 0 } else { self.min_ns },
            p50_ns: at(0.5),
            p90_ns: at(0.9),
            p99_ns: at(0.99),
            p99_9_ns: at(0.999),
            p99_99_ns: at(0.9999),
            max_ns: self.max_ns,
            mean_ns: self.sum_ns as f64 / count.max(1) as f64,
            stddev_ns: self.histogram.stdev(),
        }
    }
}

/// A distribution in a few figures, in nanoseconds. Quantiles are good to three digits; minimum, maximum and mean are
/// exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LatencySummary {
    /// Records.
    pub count: u64,
    /// Those beyond an hour, which count as an hour in the quantiles.
    pub overflow: u64,
    /// The shortest.
    pub min_ns: u64,
    /// Half of them took at most this long.
    pub p50_ns: u64,
    /// Nine in ten.
    pub p90_ns: u64,
    /// 99 in a hundred.
    pub p99_ns: u64,
    /// 999 in a thousand.
    pub p99_9_ns: u64,
    /// All but one in ten thousand.
    pub p99_99_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// The mean.
    pub mean_ns: f64,
    /// The standard deviation.
    pub stddev_ns: f64,
}

/// A row of a distribution by percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Percentile {
    /// The share of records, 0 to 1, that took at most this long.
    pub quantile: f64,
    /// How long, in nanoseconds, to three digits.
    pub ns: u64,
    /// How many records that are.
    pub total_count: u64,
}

/// The whole of a run's latencies by percentile: what [`LatencyReport`] has in a few figures.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Percentiles {
    /// From due to delivered.
    pub response: Vec<Percentile>,
    /// From published to delivered.
    pub service: Vec<Percentile>,
}

/// The latencies of a run: two views of the whole, and its parts. The means of the parts add up to the response's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LatencyReport {
    /// From due to delivered.
    pub response: LatencySummary,
    /// From published to delivered.
    pub service: LatencySummary,
    /// From due to published, where the producer rested meanwhile, so that records gather: see
    /// [`pacing_rest`](crate::Config::pacing_rest). 0 for a record whose wait was for the greater part not
    /// that rest; all zero in reports from before there was this key.
    #[serde(default)]
    pub pacing: LatencySummary,
    /// From due to published otherwise: how far the producer lagged behind the schedule.
    pub schedule_lag: LatencySummary,
    /// From published to taken by a worker, batching included.
    pub queue_wait: LatencySummary,
    /// From taken to delivered: the sink's own time.
    pub sink_time: LatencySummary,
}

/// One worker's recorder, or the sum of several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    pub(crate) response: Distribution,
    pub(crate) service: Distribution,
    /// Without the zeros of records that have the other one of the two.
    pacing: Distribution,
    schedule_lag: Distribution,
    queue_wait: Distribution,
    sink_time: Distribution,
}

impl Latencies {
    /// Records the parts of `n` records that were published together, and are delivered now.
    #[inline]
    pub(crate) fn record_published(
        &mut self,
        published_ns: u64,
        taken_ns: u64,
        delivered_ns: u64,
        n: u64,
    ) {
        // The threads' clocks are one clock, but a reading may be taken a moment before another thread's store is seen.
        self.service
            .record(delivered_ns.saturating_sub(published_ns), n);
        self.queue_wait
            .record(taken_ns.saturating_sub(published_ns), n);
        self.sink_time
            .record(delivered_ns.saturating_sub(taken_ns), n);
    }

    /// Records what depends on when `n` records, published together, were due.
    #[inline]
    pub(crate) fn record_due(&mut self, due_ns: u64, published_ns: u64, delivered_ns: u64, n: u64) {
        self.response.record(delivered_ns.saturating_sub(due_ns), n);
        self.schedule_lag
            .record(published_ns.saturating_sub(due_ns), n);
    }

    /// The same where the producer rested in between.
    #[inline]
    pub(crate) fn record_paced(
        &mut self,
        due_ns: u64,
        published_ns: u64,
        delivered_ns: u64,
        n: u64,
    ) {
        self.response.record(delivered_ns.saturating_sub(due_ns), n);
        self.pacing.record(published_ns.saturating_sub(due_ns), n);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.all_mut().into_iter().zip(other.all()) {
            mine.add(theirs);
        }
    }

    pub(crate) fn clear(&mut self) {
        for distribution in self.all_mut() {
            distribution.clear();
        }
    }

    pub(crate) fn report(&self) -> LatencyReport {
        LatencyReport {
            response: self.response.summary(),
            service: self.service.summary(),
            pacing: self.with_zeros(&self.pacing),
            schedule_lag: self.with_zeros(&self.schedule_lag),
            queue_wait: self.queue_wait.summary(),
            sink_time: self.sink_time.summary(),
        }
    }

    /// A part that not all records have; the others' is 0.
    fn with_zeros(&self, part: &Distribution) -> LatencySummary {
        let (count, having) = (self.response.histogram.len(), part.histogram.len());
        if having == 0 {
            return LatencySummary {
                count,
                ..LatencySummary::default()
            };
        }
        if having == count {
            return part.summary();
        }
        let mut all = part.clone();
        all.record(0, count - having);
        all.summary()
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        Percentiles {
            response: self.response.percentiles(),
            service: self.service.percentiles(),
        }
    }

    fn all(&self) -> [&Distribution; 6] {
        [
            &self.response,
            &self.service,
            &self.pacing,
            &self.schedule_lag,
            &self.queue_wait,
            &self.sink_time,
        ]
    }

    fn all_mut(&mut self) -> [&mut Distribution; 6] {
        [
            &mut self.response,
            &mut self.service,
            &mut self.pacing,
            &mut self.schedule_lag,
            &mut self.queue_wait,
            &mut self.sink_time,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Distribution, HIGHEST_NS, Latencies};

    #[test]
    fn a_distribution_keeps_exact_extremes_and_counts_what_overflows() {
        let mut all = Distribution::default();
        let mut part = Distribution::default();
        part.record(0, 1);
        part.record(1_234_567, 98);
        all.record(2 * HIGHEST_NS, 1);
        all.add(&part);
        let summary = all.summary();
        assert_eq!((summary.count, summary.overflow), (100, 1));
        assert_eq!((summary.min_ns, summary.max_ns), (0, 2 * HIGHEST_NS));
        assert!(summary.p50_ns.abs_diff(1_234_567) <= 1_234);
        all.clear();
        assert_eq!(all.summary().count, 0);
    }

    #[test]
    fn the_means_of_the_parts_add_up_to_the_responses() {
        let mut latencies = Latencies::default();
        for i in 0..1_000_u64 {
            let (due, published) = (i * 17, i * 23 + 5);
            let taken = published + i % 97;
            let delivered = taken + i * i % 10_007;
            latencies.record_published(published, taken, delivered, 1 + i % 3);
            if i % 4 == 0 {
                latencies.record_paced(due, published, delivered, 1 + i % 3);
            } else {
                latencies.record_due(due, published, delivered, 1 + i % 3);
            }
        }
        let report = latencies.report();
        let before = report.pacing.mean_ns + report.schedule_lag.mean_ns;
        let parts = before + report.queue_wait.mean_ns + report.sink_time.mean_ns;
        for part in [report.pacing, report.schedule_lag, report.sink_time] {
            assert_eq!((part.count, part.min_ns), (report.response.count, 0));
        }
        assert!((report.response.mean_ns - parts).abs() < 1e-6 * parts);
        let service = report.queue_wait.mean_ns + report.sink_time.mean_ns;
        assert!((report.service.mean_ns - service).abs() < 1e-6 * service);
    }
}
