//! The scaler: samples the path's counters, asks the policy, sets the active set. Its thread calls [`Scaler::tick`].

use crate::control::autoscale::{Autoscaler, Decision, Policy, Sample};
use crate::control::{ScaleEvent, ScaleReason};
use crate::engine::control_block::ControlWords;
use crate::engine::lane::Gauge;
use crate::metrics::counters::Counters;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded, Unparker};

/// Events that are kept; a year of decisions each second would not fit, a week of changes does.
const EVENTS_MAX: usize = 10_000;

/// Changes the number of active workers.
pub(crate) struct Scaler {
    autoscaler: Autoscaler,
    words: Arc<CachePadded<ControlWords>>,
    gauges: Vec<Arc<Gauge>>,
    counters: Arc<Counters>,
    workers: Vec<Unparker>,
    clock: Clock,
    before: Totals,
    events: Vec<ScaleEvent>,
}

/// Totals since the start, of which a sample takes differences.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_field_names, reason = "the unit")]
struct Totals {
    now_ns: u64,
    held_ns: u64,
    busy_ns: u64,
}

impl Scaler {
    pub(crate) fn new(
        policy: Policy,
        words: Arc<CachePadded<ControlWords>>,
        gauges: Vec<Arc<Gauge>>,
        counters: Arc<Counters>,
        workers: Vec<Unparker>,
        clock: Clock,
    ) -> Self {
        Self {
            autoscaler: Autoscaler::new(policy),
            words,
            gauges,
            counters,
            workers,
            clock,
            before: Totals::default(),
            events: Vec::new(),
        }
    }

    /// Looks, decides, acts; once per interval. Does nothing once a stop has begun.
    pub(crate) fn tick(&mut self) {
        if self.words.is_quiescing() {
            return;
        }
        let from = self.words.active();
        let sample = self.sample(from);
        let decision = self.autoscaler.decide(sample, self.before.now_ns);
        self.act(from, decision);
        self.note(from, sample, decision);
    }

    /// The decisions so far: every change, and each time a step that was asked for was held back for a new reason.
    pub(crate) fn into_events(self) -> Vec<ScaleEvent> {
        self.events
    }

    fn sample(&mut self, active: usize) -> Sample {
        let producer = &self.counters.producer;
        let now = Totals {
            now_ns: self.clock.now_ns(),
            held_ns: producer.throttle_ns.get() + producer.full_ns.get(),
            busy_ns: 0,
        };
        let busy = self
            .counters
            .workers
            .iter()
            .map(|w| w.busy.total_ns(now.now_ns));
        let now = Totals {
            busy_ns: busy.sum(),
            ..now
        };
        let before = std::mem::replace(&mut self.before, now);
        let elapsed_ns = (now.now_ns - before.now_ns).max(1) as f64;
        let usage: f64 = self.gauges[..active]
            .iter()
            .map(|gauge| gauge.usage())
            .sum();
        Sample {
            usage: usage / active as f64,
            // A wait counts when it ends: one that is longer than an interval would come out as more than all of it.
            held: ((now.held_ns - before.held_ns) as f64 / elapsed_ns).min(1.0),
            load: now.busy_ns.saturating_sub(before.busy_ns) as f64 / elapsed_ns,
        }
    }

    fn act(&self, from: usize, decision: Decision) {
        let to = decision.workers;
        if to != from {
            self.words.set_active(to);
        }
        // The retired ones may sleep with a partial batch: they are to look at the words and flush it.
        for retired in to..from {
            self.workers[retired].unpark();
        }
    }

    fn note(&mut self, from: usize, sample: Sample, decision: Decision) {
        let Sample { usage, held, load } = sample;
        let (to, reason) = (decision.workers, decision.reason.name());
        let t_ns = self.before.now_ns;
        match to.cmp(&from) {
            std::cmp::Ordering::Greater => {
                tracing::info!(
                    t_ns,
                    usage,
                    held,
                    load,
                    from,
                    reason,
                    "Scaler: scaling UP, workers = {to}"
                );
            }
            std::cmp::Ordering::Less => {
                tracing::info!(
                    t_ns,
                    usage,
                    held,
                    load,
                    from,
                    reason,
                    "Scaler: scaling Down, workers = {to}"
                );
            }
            std::cmp::Ordering::Equal => {
                let last = self.events.last().map(|last| last.reason);
                if decision.reason == ScaleReason::Steady || last == Some(decision.reason) {
                    return;
                }
                tracing::debug!(
                    t_ns,
                    usage,
                    held,
                    load,
                    from,
                    reason,
                    "Scaler: step suppressed"
                );
            }
        }
        if self.events.len() < EVENTS_MAX {
            self.events.push(ScaleEvent {
                t_ns,
                usage,
                held,
                load,
                from,
                to,
                reason: decision.reason,
            });
        }
    }
}
