//! The reporter: ends each interval, shows it to the observer and logs its latencies.

use std::io::{self, Write};
use std::time::Duration;

use super::collector::lock;
use super::metrics::Metrics;
use super::threads::caught;
use crate::metrics::latency::Latencies;
use crate::outcome::series::Series;
use crate::outcome::{Failure, IntervalResponse, Outcome, Snapshot};
use crate::report::hlog::IntervalLog;
use crate::sys::usage::process_cpu;

/// Called by the reporter thread, each interval.
pub(crate) type Observer = Box<dyn FnMut(&Snapshot) + Send>;

/// Where each interval's latencies are logged.
enum Log {
    None,
    Open(IntervalLog),
    /// After a failure it writes nothing more, because the log would have a gap.
    Failed(io::Error),
}

impl Log {
    fn add(&mut self, end: Duration, latencies: &Latencies) {
        if let Self::Open(log) = self {
            // The writer is the program's own: its panic would end a thread that others wait for.
            let added = caught(|| log.add(end, latencies));
            let added = added.unwrap_or_else(|message| {
                Err(io::Error::other(format!("its writer panicked: {message}")))
            });
            if let Err(error) = added {
                *self = Self::Failed(error);
            }
        }
    }
}

/// What the reporter's thread owns. Without an observer and a latency log there is no such thread, and the run is one
/// interval.
pub(super) struct Reporter {
    metrics: Metrics,
    series: Series,
    log: Log,
    observer: Option<Observer>,
    observer_panicked: Option<String>,
}

impl Reporter {
    /// A reporter to `observer` and `log`, if there are any; its first interval begins now.
    pub(super) fn new(
        metrics: Metrics,
        log: Option<Box<dyn Write + Send>>,
        observer: Option<Observer>,
    ) -> Self {
        let began = metrics.shards[0].clock.began();
        let log = match log.map(|log| IntervalLog::begin(log, began)) {
            None => Log::None,
            Some(Ok(log)) => Log::Open(log),
            Some(Err(error)) => Log::Failed(error),
        };
        Self {
            metrics,
            series: Series::beginning_at(process_cpu()),
            log,
            observer,
            observer_panicked: None,
        }
    }

    /// Ends an interval, and passes it to the observer with the counters.
    pub(super) fn tick(&mut self) {
        let mut snapshot = self.metrics.snapshot();
        let cpu = process_cpu();
        if let Some(collector) = &self.metrics.collector {
            let mut collector = lock(collector);
            collector.collect();
            let latencies = collector.end_interval();
            snapshot.latency = Some(latencies.report());
            self.log.add(snapshot.elapsed, latencies);
        }
        let response = snapshot.latency.as_ref().and_then(IntervalResponse::of);
        snapshot.interval = self.series.end(&snapshot, cpu, response);
        if let Some(observer) = &mut self.observer
            && let Err(message) = caught(|| observer(&snapshot))
        {
            self.observer = None;
            self.observer_panicked = Some(message);
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
            self.log.add(snapshot.elapsed, latencies);
            outcome.set_latencies(&collector.total());
        }
        if let Log::Failed(error) = self.log {
            outcome.failures.push(Failure::LatencyLog(error));
        }
        if let Some(message) = self.observer_panicked {
            let thread = "the observer".into();
            outcome.failures.push(Failure::Panic { thread, message });
        }
        self.series.end(&snapshot, process_cpu(), response);
        (outcome.intervals, outcome.intervals_omitted) = self.series.into_intervals();
    }
}

/// Writes the latencies of a run into its outcome whose reporter is blocked in its observer: only the intervals are
/// lost then. One that is blocked in its log holds the collector, and the latencies are lost too.
pub(super) fn finish_without_reporter(
    metrics: &Metrics,
    rests: &[Box<Latencies>],
    outcome: &mut Outcome,
) {
    let Some(Ok(mut collector)) = metrics.collector.as_ref().map(|shared| shared.try_lock()) else {
        return;
    };
    collector.end_run(rests);
    outcome.set_latencies(&collector.total());
}
