//! A pipeline in a few numbers: records flow in, workers take them out, lanes hold what is left. Deterministic.

use crate::control::autoscale::{Autoscaler, Policy, Sample};

/// Steps per interval: fine enough that queues fill and drain within one.
const STEPS: usize = 20;

/// The offered load and the workers' speed, both in units of one worker's full work, over time in intervals.
pub(super) struct World<'a> {
    pub(super) policy: Policy,
    /// Offered load at a time: 2.5 keeps two and a half workers busy.
    pub(super) offered: &'a dyn Fn(f64) -> f64,
    /// What one worker can do at a time, usually 1.
    pub(super) speed: &'a dyn Fn(f64) -> f64,
    /// Records that a lane holds, in units of what a worker does in an interval.
    pub(super) lane: f64,
    /// Whether what finds no room is dropped.
    pub(super) drops: bool,
    /// Whether a batch costs the same whatever is in it: who has any work is busy all the time.
    pub(super) fixed_cost: bool,
    /// Relative noise on usage and load, uniform, and its seed.
    pub(super) noise: f64,
    pub(super) seed: u64,
}

impl World<'_> {
    /// The number of active workers after each interval of one second.
    pub(super) fn run(&self, intervals: usize) -> Vec<usize> {
        let mut scaler = Autoscaler::new(self.policy);
        let mut state = self.seed;
        let mut active = self.policy.min_workers;
        let mut queue = 0.0_f64;
        let mut history = Vec::new();
        for interval in 0..intervals {
            let (mut busy, mut backpressure, mut delivered) = (0.0, 0.0, 0.0);
            let mut dropped = false;
            for step in 0..STEPS {
                let time = interval as f64 + step as f64 / STEPS as f64;
                let room = self.lane * active as f64;
                let into = (self.offered)(time) / STEPS as f64;
                let most = (self.speed)(time) * active as f64 / STEPS as f64;
                let out = most.min(queue + into);
                // A stalled worker is busy all the time, although it delivers nothing.
                let share = if most > 0.0 { out / most } else { 1.0 };
                let at_work = match queue + into > 0.0 {
                    false => 0.0,
                    true if self.fixed_cost => 1.0,
                    true => share,
                };
                delivered += out;
                busy += at_work * active as f64 / STEPS as f64;
                let left = queue + into - out;
                if left > room && self.drops {
                    dropped = true;
                } else if left > room {
                    backpressure += 1.0 / STEPS as f64;
                }
                queue = left.min(room);
            }
            let usage = queue / (self.lane * active as f64);
            let sample = Sample {
                usage: (usage * self.noisy(&mut state)).clamp(0.0, 1.0),
                backpressure,
                dropped,
                rate: delivered * self.noisy(&mut state),
                load: busy * self.noisy(&mut state),
            };
            let decision = scaler.decide(sample, interval as u64 * 1_000_000_000);
            assert!(decision.workers.abs_diff(active) <= 1, "one step at a time");
            active = decision.workers;
            assert!((self.policy.min_workers..=self.policy.max_workers).contains(&active));
            history.push(active);
        }
        history
    }

    /// 1, give or take the noise (`SplitMix64`).
    fn noisy(&self, state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64;
        1.0 + self.noise * (2.0 * unit - 1.0)
    }
}

/// How often the number changed.
pub(super) fn changes(history: &[usize]) -> usize {
    history.windows(2).filter(|pair| pair[0] != pair[1]).count()
}
