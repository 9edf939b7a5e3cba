//! The scaler: samples a shard's counters, lets the policy decide, sets the active set. Its thread calls
//! [`Scaler::tick`].

use crate::control::autoscale::{Autoscaler, Decision, Policy, Sample};
use crate::control::{ScaleEvent, ScaleReason};
use crate::engine::shard::ShardHandle;
use crate::sys::sync::Arc;

/// How many events are kept: more than a week of changes, so that a run of years stays bounded in memory.
const EVENTS_MAX: usize = 10_000;

/// Changes the number of active workers.
pub(crate) struct Scaler {
    autoscaler: Autoscaler,
    shard: Arc<ShardHandle>,
    before: Totals,
    events: Vec<ScaleEvent>,
}

/// Totals since the start; a sample is the difference of two.
#[derive(Clone, Copy, Default)]
struct Totals {
    now_ns: u64,
    backpressure_ns: u64,
    busy_ns: u64,
    /// Records that no lane had room for.
    dropped: u64,
    delivered: u64,
}

impl Scaler {
    pub(crate) fn new(policy: Policy, shard: Arc<ShardHandle>) -> Self {
        Self {
            autoscaler: Autoscaler::new(policy),
            shard,
            before: Totals::default(),
            events: Vec::new(),
        }
    }

    /// Samples, decides, acts; once per interval. Returns the decision, if it is an event. Does nothing once a stop has
    /// begun.
    pub(crate) fn tick(&mut self) -> Option<ScaleEvent> {
        if self.shard.control.is_quiescing() {
            return None;
        }
        let from = self.shard.control.active();
        let sample = self.sample(from);
        let decision = self.autoscaler.decide(sample, self.before.now_ns);
        self.act(from, decision);
        self.event(from, sample, decision)
    }

    /// The decisions so far: every change, and each time a requested step was suppressed for a new reason.
    pub(crate) fn into_events(self) -> Vec<ScaleEvent> {
        self.events
    }

    fn sample(&mut self, active: usize) -> Sample {
        let (producer, workers) = (&self.shard.counters.producer, &self.shard.counters.workers);
        let now_ns = self.shard.clock.now_ns();
        let now = Totals {
            now_ns,
            backpressure_ns: producer.throttle_ns.get() + producer.full_ns.get(),
            busy_ns: workers.iter().map(|w| w.busy.total_ns(now_ns)).sum(),
            dropped: producer.dropped.get().full,
            delivered: workers.iter().map(|w| w.delivered.get()).sum(),
        };
        let before = std::mem::replace(&mut self.before, now);
        let elapsed_ns = (now.now_ns - before.now_ns).max(1) as f64;
        let usage: f64 = self.shard.lanes[..active]
            .iter()
            .map(|lane| lane.gauge.usage())
            .sum();
        Sample {
            usage: usage / active as f64,
            // A wait counts when it ends, so that one longer than an interval would exceed 1.
            backpressure: ((now.backpressure_ns - before.backpressure_ns) as f64 / elapsed_ns)
                .min(1.0),
            dropped: now.dropped > before.dropped,
            rate: (now.delivered - before.delivered) as f64 * 1e9 / elapsed_ns,
            load: now.busy_ns.saturating_sub(before.busy_ns) as f64 / elapsed_ns,
        }
    }

    fn act(&self, from: usize, decision: Decision) {
        let to = decision.workers;
        if to != from {
            self.shard.control.set_active(to);
            self.shard.producer.wake(); // it may wait for room, and has another lane now
        }
        // Retired workers may sleep with a partial batch: wake them to flush it.
        for retired in to..from {
            self.shard.lanes[retired].waker.wake();
        }
    }

    /// The decision as an event, if it is one: a step, or a step that was suppressed for another reason than the last
    /// one.
    fn event(&mut self, from: usize, sample: Sample, decision: Decision) -> Option<ScaleEvent> {
        let Sample {
            usage,
            backpressure,
            load,
            ..
        } = sample;
        let (to, reason) = (decision.workers, decision.reason);
        let repeats = self.events.last().is_some_and(|last| last.reason == reason);
        if to == from && (reason == ScaleReason::Steady || repeats) {
            return None;
        }
        let event = ScaleEvent {
            t_ns: self.before.now_ns,
            usage,
            held: backpressure,
            load,
            from,
            to,
            reason,
        };
        if self.events.len() < EVENTS_MAX {
            self.events.push(event.clone());
        }
        Some(event)
    }
}
