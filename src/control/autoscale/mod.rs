//! The autoscaling policy: how many workers should be active. Pure: time is an argument.
//!
//! Two signals, because one is not enough. *Queue usage* shows quickly that the active workers fall behind, but not by
//! how much, and an empty queue does not show how many workers keep it empty. *Load*, the workers' busy time as a
//! number of workers, does. So usage requests a step, and load may veto a step down: the policy remembers the load at
//! which a number of workers was too few, and does not step back down to that number before the load is well below it.
//!
//! Busy time says little where a batch costs the same whatever is in it - an fsync, a request: each worker is then
//! always inside its sink with the few records that came meanwhile, and load is the number of workers, whatever that
//! is. So the policy also remembers the *rate* of delivery at which a number of workers was too few, and steps down if
//! either is well below. A guess that was wrong, because records cost more than they did then, is corrected by the next
//! step up.
//! (Arachne's core estimator remembers utilisation in the same way: Qin et al., OSDI 2018.)

use std::collections::VecDeque;

#[cfg(test)]
mod simulator;
#[cfg(test)]
mod tests;

use crate::control::scale_event::ScaleReason;

/// If the throttle or full lanes held the producer back for more than this share of an interval, the queue was too
/// full, whatever its usage at the time of the sample: the throttle keeps it near its lowest step.
const BACKPRESSURE_SHARE: f64 = 0.1;
/// Step down only below this share of the load, or of the rate, that once was too much for the smaller number.
const RETURN_SHARE: f64 = 0.9;
/// A remembered load is at least this share of the workers that were active: a lane that one burst filled is no measure
/// of load.
const LEAST_REMEMBERED: f64 = 0.8;

/// The policy's limits and thresholds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Never fewer active workers than this.
    pub(crate) min_workers: usize,
    /// Never more.
    pub(crate) max_workers: usize,
    /// Usage above which a worker is added, 0 to 1.
    pub(crate) scale_up_threshold: f64,
    /// Usage below which one is removed, 0 to 1.
    pub(crate) scale_down_threshold: f64,
    /// Consecutive samples that must request a step up.
    pub(crate) scale_up_samples: u32,
    /// Consecutive samples that must request a step down.
    pub(crate) scale_down_samples: u32,
    /// The time after a step in which no step the other way is taken.
    pub(crate) scale_cooldown_ns: u64,
}

/// What was measured over one interval.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sample {
    /// Usage of the active lanes together at the end of the interval, 0 to 1.
    pub(crate) usage: f64,
    /// Share of the interval for which the producer was held back by the throttle or by full lanes, 0 to 1.
    pub(crate) backpressure: f64,
    /// Whether records were dropped because no lane had room: a producer that drops is never held back.
    pub(crate) dropped: bool,
    /// Records per second that were delivered.
    pub(crate) rate: f64,
    /// The workers' busy time over the interval: 2.5 means the work of two and a half workers.
    pub(crate) load: f64,
}

/// How many workers should be active from now on, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The number; at most one more or fewer than before.
    pub(crate) workers: usize,
    /// Why; without a change either [`ScaleReason::Steady`] or what suppressed the requested step.
    pub(crate) reason: ScaleReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Up,
    Down,
}

/// The policy with its memory.
#[derive(Clone, Debug)]
pub(crate) struct Autoscaler {
    policy: Policy,
    active: usize,
    /// Consecutive samples that requested this step.
    asked: Option<(Step, u32)>,
    last: Option<(Step, u64)>,
    /// The last `scale_down_samples` samples, newest last: one quiet interval among busy ones is no reason to step
    /// down.
    recent: VecDeque<Work>,
    /// At n: the work for which n workers were too few, the last time they were.
    too_much_for: Vec<Option<Work>>,
}

/// What the workers did over an interval.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Busy time, in workers.
    load: f64,
    /// Records per second.
    rate: f64,
}

impl Autoscaler {
    /// Starts with the fewest workers.
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            active: policy.min_workers,
            asked: None,
            last: None,
            recent: VecDeque::new(),
            too_much_for: vec![None; policy.max_workers + 1],
        }
    }

    /// Decides on one sample. `now_ns` never falls from call to call.
    pub(crate) fn decide(&mut self, sample: Sample, now_ns: u64) -> Decision {
        self.remember(sample);
        let step = self.asked_for(sample);
        let in_a_row = match (step, self.asked) {
            (Some(step), Some((before, times))) if step == before => times.saturating_add(1),
            _ => 1,
        };
        self.asked = step.map(|step| (step, in_a_row));
        let Some(step) = step else {
            return self.hold(ScaleReason::Steady);
        };
        if let Some(reason) = self.suppressed(step, in_a_row, now_ns) {
            return self.hold(reason);
        }
        self.asked = None;
        self.last = Some((step, now_ns));
        let reason = match step {
            Step::Up => {
                // What was dropped is lost: fewer workers must not be tried again under the same work.
                let least = if sample.dropped {
                    0.0
                } else {
                    LEAST_REMEMBERED * self.active as f64
                };
                let load = sample.load.max(least);
                self.too_much_for[self.active] = Some(Work {
                    load,
                    // Raised as the load is.
                    rate: self.most(|work| work.rate) * load / sample.load.max(f64::MIN_POSITIVE),
                });
                self.active += 1;
                ScaleReason::QueueFull
            }
            Step::Down => {
                self.active -= 1;
                ScaleReason::QueueEmpty
            }
        };
        self.hold(reason)
    }

    fn remember(&mut self, sample: Sample) {
        if self.recent.len() >= self.policy.scale_down_samples.max(1) as usize {
            self.recent.pop_front();
        }
        let Sample { load, rate, .. } = sample;
        self.recent.push_back(Work { load, rate });
    }

    fn asked_for(&self, sample: Sample) -> Option<Step> {
        if sample.usage > self.policy.scale_up_threshold
            || sample.backpressure > BACKPRESSURE_SHARE
            || sample.dropped
        {
            Some(Step::Up)
        } else if sample.usage < self.policy.scale_down_threshold {
            Some(Step::Down)
        } else {
            None
        }
    }

    fn suppressed(&self, step: Step, in_a_row: u32, now_ns: u64) -> Option<ScaleReason> {
        let policy = &self.policy;
        let (at_bound, bound, samples) = match step {
            Step::Up => (
                self.active >= policy.max_workers,
                ScaleReason::AtMax,
                policy.scale_up_samples,
            ),
            Step::Down => (
                self.active <= policy.min_workers,
                ScaleReason::AtMin,
                policy.scale_down_samples,
            ),
        };
        let turning = self.last.is_some_and(|(last, at_ns)| {
            last != step && now_ns.saturating_sub(at_ns) < policy.scale_cooldown_ns
        });
        if at_bound {
            Some(bound)
        } else if in_a_row < samples {
            Some(ScaleReason::NotYet)
        } else if turning {
            Some(ScaleReason::Cooldown)
        } else if step == Step::Down && !self.fewer_would_do() {
            Some(ScaleReason::WouldReturn)
        } else {
            None
        }
    }

    /// Whether one worker fewer can do the recent work, judging by what was too much.
    fn fewer_would_do(&self) -> bool {
        let fewer = self.active - 1;
        let too_much = self.too_much_for[fewer].unwrap_or(Work {
            load: fewer as f64,
            rate: 0.0,
        });
        self.most(|work| work.load) < RETURN_SHARE * too_much.load
            || self.most(|work| work.rate) < RETURN_SHARE * too_much.rate
    }

    /// The most of it in a recent sample.
    fn most(&self, of: fn(&Work) -> f64) -> f64 {
        self.recent.iter().map(of).fold(0.0, f64::max)
    }

    fn hold(&self, reason: ScaleReason) -> Decision {
        Decision {
            workers: self.active,
            reason,
        }
    }
}
