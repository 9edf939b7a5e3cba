//! The eye on a running pipeline: its counters, read from outside, and the reporter that passes them on.

use std::time::Duration;

use super::Observer;
use crate::measure::Snapshot;
use crate::measure::counters::Counters;
use crate::measure::exchange::Gatherer;
use crate::path::lane::Gauge;
use crate::path::words::ControlWords;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded};

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
            dropped: self.counters.producer.dropped.get(),
            queue: lanes.iter().map(|gauge| gauge.occupancy().records).sum(),
            queue_capacity: lanes.iter().map(|gauge| gauge.size().records as u64).sum(),
            workers: active,
            latency: None,
        }
    }
}

/// How long busy workers get to hand over their recorders; they do so with their next batch.
const HAND_OVER: Duration = Duration::from_millis(2);

/// What the reporter's thread owns.
pub(super) struct Reporter {
    pub(super) probe: Probe,
    /// None where latency is not recorded.
    pub(super) gatherer: Option<Gatherer>,
    pub(super) observer: Observer,
}

impl Reporter {
    /// Shows the observer the counters, and the latencies of the interval.
    pub(super) fn tick(&mut self) {
        let mut snapshot = self.probe.snapshot();
        if let Some(gatherer) = &mut self.gatherer {
            gatherer.ask();
            std::thread::sleep(HAND_OVER);
            snapshot.latency = Some(gatherer.fetch().report());
        }
        (self.observer)(&snapshot);
    }
}
