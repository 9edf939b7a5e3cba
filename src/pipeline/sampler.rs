//! The eye on a running pipeline: its counters, read from outside, and the reporter that passes them on.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::engine::control_block::ControlWords;
use crate::engine::lane::Gauge;
use crate::metrics::counters::Counters;
use crate::metrics::exchange::Gatherer;
use crate::metrics::latency::Latencies;
use crate::outcome::series::Series;
use crate::outcome::{Interval, IntervalResponse, Outcome, Snapshot};
use crate::pipeline::Observer;
use crate::report::hlog::IntervalLog;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded, Unparker};
use crate::sys::usage::process_cpu;

/// Reads what the path counts; clones read the same.
#[derive(Clone)]
pub(super) struct Probe {
    pub(super) counters: Arc<Counters>,
    pub(super) words: Arc<CachePadded<ControlWords>>,
    pub(super) gauges: Vec<Arc<Gauge>>,
    pub(super) clock: Clock,
}

impl Probe {
    pub(super) fn snapshot(&self) -> Snapshot {
        let active = self.words.active().min(self.gauges.len());
        let lanes = &self.gauges[..active];
        // Delivered is read first, so that it hardly ever shows more than was produced.
        let delivered = self
            .counters
            .workers
            .iter()
            .map(|w| w.delivered.get())
            .sum();
        Snapshot {
            elapsed: Duration::from_nanos(self.clock.now_ns()),
            delivered,
            produced: self.counters.producer.produced.get(),
            produced_bytes: self.counters.producer.produced_bytes.get(),
            dropped: self.counters.producer.dropped.get(),
            queue: lanes.iter().map(|gauge| gauge.occupancy().records).sum(),
            queue_capacity: lanes.iter().map(|gauge| gauge.size().records as u64).sum(),
            workers: active,
            latency: None,
            interval: Interval::default(),
        }
    }
}

/// How long workers get to hand over their recorders; those that are not inside a sink do so within microseconds, as
/// soon as they have a CPU.
const HAND_OVER_WITHIN: Duration = Duration::from_millis(8);
/// Between two looks whether they have.
const HAND_OVER_LOOK: Duration = Duration::from_micros(200);

/// What the reporter's thread owns. Where nobody observes there is no such thread, and the run is one interval.
pub(super) struct Reporter {
    probe: Probe,
    /// None where latency is not recorded.
    gatherer: Option<Gatherer>,
    workers: Vec<Unparker>,
    /// What each worker had delivered by the end of the last interval.
    delivered: Vec<u64>,
    series: Series,
    /// Where each interval's latencies are logged; none where they are not, or no longer, because that failed.
    log: Option<IntervalLog>,
    log_failed: Option<io::Error>,
    observer: Observer,
}

impl Reporter {
    /// Reports from now on: to `observer`, and to `log`, where there are any.
    pub(super) fn new(
        probe: Probe,
        gatherer: Option<Gatherer>,
        workers: Vec<Unparker>,
        log: Option<Box<dyn Write + Send>>,
        observer: Option<Observer>,
    ) -> Self {
        let log = log.map(|log| IntervalLog::begin(log, probe.clock.began()));
        let (log, log_failed) = log
            .transpose()
            .map_or_else(|error| (None, Some(error)), |log| (log, None));
        Self {
            probe,
            gatherer,
            delivered: Vec::new(),
            workers,
            series: Series::beginning_at(process_cpu()),
            log,
            log_failed,
            observer: observer.unwrap_or_else(|| Box::new(|_| ())),
        }
    }

    /// Ends an interval, and shows it to the observer with the counters.
    pub(super) fn tick(&mut self) {
        let mut snapshot = self.probe.snapshot();
        let cpu = process_cpu();
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.ask();
            let delivered = self
                .probe
                .counters
                .workers
                .iter()
                .map(|worker| worker.delivered.get());
            let before = std::mem::replace(&mut self.delivered, delivered.collect());
            let moved = |worker: &usize| before.get(*worker) != Some(&self.delivered[*worker]);
            let moved: Vec<_> = (0..self.delivered.len()).filter(moved).collect();
            // They may be asleep; the others are left to sleep.
            for worker in &moved {
                self.workers[*worker].unpark();
            }
            let by = Instant::now() + HAND_OVER_WITHIN;
            while !gatherer.has_all(&moved) && Instant::now() < by {
                std::thread::sleep(HAND_OVER_LOOK);
            }
            let latencies = gatherer.fetch();
            snapshot.latency = Some(latencies.report());
            log(
                &mut self.log,
                &mut self.log_failed,
                snapshot.elapsed,
                latencies,
            );
        }
        let response = snapshot.latency.as_ref().and_then(IntervalResponse::of);
        snapshot.interval = self.series.end(&snapshot, cpu, response);
        (self.observer)(&snapshot);
    }

    /// Ends the last interval, when the threads of the path have ended, with the latencies that they had not handed
    /// over; writes it all into the outcome.
    pub(super) fn finish(mut self, rests: Vec<Box<Latencies>>, outcome: &mut Outcome) {
        let snapshot = self.probe.snapshot();
        let mut response = None;
        if let Some(mut gatherer) = self.gatherer {
            let latencies = gatherer.finish(rests.into_iter());
            response = IntervalResponse::of(&latencies.report());
            log(
                &mut self.log,
                &mut self.log_failed,
                snapshot.elapsed,
                latencies,
            );
            let total = gatherer.total();
            let latency = total.report();
            // A worker that was left behind in its sink takes what it recorded with it: figures of nothing are none.
            if latency.response.count > 0 {
                outcome.latency = Some(latency);
                outcome.percentiles = Some(total.percentiles());
            }
        }
        if let Some(error) = self.log_failed {
            outcome.failures.push(format!("latency log: {error}"));
        }
        self.series.end(&snapshot, process_cpu(), response);
        (outcome.intervals, outcome.intervals_omitted) = self.series.into_intervals();
    }
}

/// Logs an interval; what fails once is not tried again, because the log would have a gap.
fn log(
    log: &mut Option<IntervalLog>,
    failed: &mut Option<io::Error>,
    end: Duration,
    latencies: &Latencies,
) {
    if let Some(open) = log
        && let Err(error) = open.add(end, latencies)
    {
        *failed = Some(error);
        *log = None;
    }
}
