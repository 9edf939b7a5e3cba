//! The reporter: ends each interval and gathers its figures. Others show and write them, on threads of their own: one
//! that is slow, or blocked, costs no figures.

use super::collector::lock;
use super::latency_log::LatencyLog;
use super::metrics::Metrics;
use super::observing::Observing;
use crate::metrics::latency::Latencies;
use crate::outcome::series::Series;
use crate::outcome::{Failure, IntervalResponse, Outcome};
use crate::sys::usage::process_cpu;

/// What the reporter's thread owns. Without an observer and a latency log there is no such thread, and the run is one
/// interval.
pub(super) struct Reporter {
    metrics: Metrics,
    series: Series,
    log: Option<LatencyLog>,
    observing: Option<Observing>,
}

impl Reporter {
    /// A reporter to an observer and a log, if there are any; its first interval begins now.
    pub(super) fn new(
        metrics: Metrics,
        log: Option<LatencyLog>,
        observing: Option<Observing>,
    ) -> Self {
        Self {
            metrics,
            series: Series::beginning_at(process_cpu()),
            log,
            observing,
        }
    }

    /// Ends an interval, and passes it on with the counters.
    pub(super) fn tick(&mut self) {
        let mut snapshot = self.metrics.snapshot();
        let cpu = process_cpu();
        if let Some(collector) = &self.metrics.collector {
            let mut collector = lock(collector);
            collector.collect();
            let latencies = collector.end_interval();
            snapshot.latency = Some(latencies.report());
            if let Some(log) = &self.log {
                log.add(snapshot.elapsed, latencies);
            }
        }
        let response = snapshot.latency.as_ref().and_then(IntervalResponse::of);
        snapshot.interval = self.series.end(&snapshot, cpu, response);
        if let Some(observing) = &self.observing {
            observing.show(&snapshot);
        }
    }

    /// Ends the last interval, when the threads of the data path have ended, with the latencies that they had not
    /// handed over; writes it all into the outcome.
    pub(super) fn finish(mut self, rests: &[Box<Latencies>], outcome: &mut Outcome) {
        let snapshot = self.metrics.snapshot();
        let mut response = None;
        if let Some(collector) = &self.metrics.collector {
            let mut collector = lock(collector);
            let latencies = collector.end_run(rests);
            response = IntervalResponse::of(&latencies.report());
            if let Some(log) = &self.log {
                log.add(snapshot.elapsed, latencies);
            }
            outcome.set_latencies(&collector.total());
        }
        self.series.end(&snapshot, process_cpu(), response);
        (outcome.intervals, outcome.intervals_omitted) = self.series.into_intervals();
        if let Some(Err(error)) = self.log.map(LatencyLog::end) {
            outcome.failures.push(Failure::LatencyLog(error));
        }
        if let Some(message) = self.observing.and_then(Observing::end) {
            let thread = "the observer".into();
            outcome.failures.push(Failure::Panic { thread, message });
        }
    }
}

/// Writes the latencies of a run into its outcome whose reporter panicked: the intervals are lost then.
pub(super) fn finish_without_reporter(
    metrics: &Metrics,
    rests: &[Box<Latencies>],
    outcome: &mut Outcome,
) {
    if let Some(collector) = &metrics.collector {
        let mut collector = lock(collector);
        collector.end_run(rests);
        outcome.set_latencies(&collector.total());
    }
}
