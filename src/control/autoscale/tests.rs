//! Traces in, decisions out.

use proptest::prelude::*;

use crate::control::autoscale::simulator::{World, changes};
use crate::control::autoscale::{Autoscaler, Policy, Sample};
use crate::control::scale_event::ScaleReason;

fn policy(max_workers: usize) -> Policy {
    Policy {
        min_workers: 1,
        max_workers,
        scale_up_threshold: 0.8,
        scale_down_threshold: 0.2,
        scale_up_samples: 1,
        scale_down_samples: 3,
        scale_cooldown_ns: 1_000_000_000,
    }
}

fn world(max_workers: usize, offered: &dyn Fn(f64) -> f64) -> World<'_> {
    World {
        policy: policy(max_workers),
        offered,
        speed: &|_| 1.0,
        lane: 0.1,
        drops: false,
        fixed_cost: false,
        noise: 0.0,
        seed: 1,
    }
}

#[test]
fn a_step_of_load_is_met_within_as_many_intervals_as_workers_are_missing_and_one() {
    for needed in [2, 3, 10, 64, 128] {
        let offered = |_| needed as f64 - 0.5;
        let history = world(128, &offered).run(4 * needed + 40);
        let reached = history.iter().position(|n| *n == needed);
        assert!(
            reached.is_some_and(|at| at < needed),
            "{needed}: {history:?}"
        );
        // The backlog of the climb may take one worker more while it drains.
        let settled = &history[needed + 2..];
        assert!((needed..=needed + 1).contains(&settled[0]));
        assert_eq!(changes(settled), 0, "steady load, no change: {history:?}");
    }
}

#[test]
fn when_the_load_falls_it_comes_down_to_what_is_needed_and_stays() {
    let offered = |time: f64| if time < 30.0 { 9.5 } else { 2.5 };
    let history = world(16, &offered).run(100);
    assert_eq!((history[29], history[99]), (10, 3));
    let offered = |time: f64| if time < 30.0 { 9.5 } else { 0.0 };
    let history = world(16, &offered).run(100);
    assert_eq!((history[29], history[99]), (10, 1));
}

#[test]
fn a_ramp_is_followed_up_and_down_without_turning_back() {
    let offered = |time: f64| 0.5 + (60.0 - (time - 60.0).abs()) / 4.0;
    let history = world(32, &offered).run(130);
    let (up, down) = history.split_at(60);
    assert!(up.is_sorted(), "{up:?}");
    let turns = down.windows(2).filter(|pair| pair[1] > pair[0]).count();
    assert!(turns <= 2, "{down:?}");
    assert!(history[59] >= 15);
}

#[test]
fn a_square_wave_around_what_one_worker_can_do_changes_little() {
    // Faster than the policy decides: it must not follow. Slower: one step up and one down a period at most.
    for (period, bound) in [(2.0, 2), (20.0, 2 * 6)] {
        let offered = move |time: f64| {
            if time % period < period / 2.0 {
                1.2
            } else {
                0.8
            }
        };
        let history = world(8, &offered).run(120);
        assert!(changes(&history) <= bound, "{period}: {history:?}");
    }
}

#[test]
fn bursts_cost_at_most_two_steps_up_and_down_each() {
    let offered = |time: f64| if time % 12.0 < 2.0 { 3.0 } else { 0.1 };
    let history = world(8, &offered).run(120);
    assert!(changes(&history) <= 10 * 4, "{history:?}");
    assert!(history.iter().all(|n| *n <= 4));
}

#[test]
fn a_stalled_sink_takes_all_workers_and_gives_them_back() {
    let offered = |_| 0.5;
    let speed = |time: f64| {
        if (10.0..20.0).contains(&time) {
            0.0
        } else {
            1.0
        }
    };
    let history = World {
        speed: &speed,
        ..world(4, &offered)
    }
    .run(80);
    assert_eq!(
        (history[8], history[19], history[79]),
        (1, 4, 1),
        "{history:?}"
    );
}

#[test]
fn at_steady_load_noise_changes_nothing_more_than_once_a_minute() {
    for noise in [0.01, 0.05] {
        for tenths in 1_u32..60 {
            let offered = move |_| f64::from(tenths) / 10.0;
            let settled = World {
                noise,
                seed: tenths.into(),
                ..world(16, &offered)
            }
            .run(180);
            let (_, minutes) = settled.split_at(60);
            assert!(changes(minutes) <= 2, "load {tenths}/10: {minutes:?}");
        }
    }
}

#[test]
fn more_load_never_means_fewer_workers() {
    let mut before = 0;
    for tenths in 0_u32..300 {
        let offered = move |_| f64::from(tenths) / 10.0;
        let history = world(32, &offered).run(60);
        let settled = history[59];
        assert!(
            settled >= before,
            "at {tenths}/10: {settled} after {before}"
        );
        before = settled;
    }
}

#[test]
fn a_producer_that_is_held_back_counts_as_a_full_queue() {
    let mut scaler = Autoscaler::new(policy(4));
    let held = Sample {
        usage: 0.78,
        backpressure: 0.3,
        load: 1.0,
        ..Sample::default()
    };
    let decision = scaler.decide(held, 0);
    assert_eq!(
        (decision.workers, decision.reason),
        (2, ScaleReason::QueueFull)
    );
}

#[test]
fn a_producer_that_drops_records_gets_the_workers_that_it_needs_although_its_lanes_are_empty_at_each_sample()
 {
    let mut scaler = Autoscaler::new(policy(4));
    let dropping = Sample {
        dropped: true,
        load: 0.2,
        ..Sample::default()
    };
    let decision = scaler.decide(dropping, 0);
    assert_eq!(
        (decision.workers, decision.reason),
        (2, ScaleReason::QueueFull)
    );
    // A burst a second, which three workers' lanes can hold.
    let offered = |time: f64| {
        if (time + 0.001) % 1.0 < 0.05 {
            20.0
        } else {
            0.0
        }
    };
    let history = World {
        drops: true,
        lane: 0.3,
        ..world(8, &offered)
    }
    .run(60);
    assert_eq!(
        (history[0], history[10], history[59]),
        (2, 3, 3),
        "{history:?}"
    );
}

#[test]
fn where_a_batch_costs_the_same_whatever_is_in_it_the_workers_that_are_too_many_are_given_back() {
    for (after, needed) in [(0.1, 1), (1.5, 2), (2.5, 3)] {
        let offered = |time: f64| if time < 10.0 { 3.5 } else { after };
        let history = World {
            fixed_cost: true,
            ..world(4, &offered)
        }
        .run(60);
        assert_eq!((history[9], history[30]), (4, needed), "{history:?}");
        assert_eq!(changes(&history[30..]), 0, "{history:?}");
    }
}

#[test]
fn with_a_fixed_cost_noise_changes_nothing_more_than_once_a_minute() {
    for tenths in 1_u32..60 {
        let offered = move |_| f64::from(tenths) / 10.0;
        let settled = World {
            noise: 0.05,
            fixed_cost: true,
            seed: tenths.into(),
            ..world(16, &offered)
        }
        .run(180);
        let (_, minutes) = settled.split_at(60);
        assert!(changes(minutes) <= 2, "load {tenths}/10: {minutes:?}");
    }
}

#[test]
fn a_guess_by_the_rate_that_was_wrong_is_made_once() {
    // From the tenth second on a record costs twice as much, and half as many come.
    let speed = |time: f64| if time < 10.0 { 1.0 } else { 0.5 };
    let offered = |time: f64| if time < 10.0 { 2.5 } else { 1.25 };
    let history = World {
        speed: &speed,
        ..world(4, &offered)
    }
    .run(120);
    assert!(changes(&history[12..]) <= 4, "{history:?}");
    assert_eq!(changes(&history[40..]), 0, "{history:?}");
}

#[test]
fn every_suppressed_step_names_what_suppressed_it() {
    let full = Sample {
        usage: 1.0,
        load: 1.0,
        rate: 1_000.0,
        ..Sample::default()
    };
    let empty = Sample::default();
    let busy = Sample {
        load: 1.9,
        rate: 950.0,
        ..empty
    };
    let mut scaler = Autoscaler::new(Policy {
        scale_cooldown_ns: 10,
        ..policy(2)
    });
    let reasons = [
        (empty, 0, ScaleReason::AtMin),
        (full, 1, ScaleReason::QueueFull),
        (full, 2, ScaleReason::AtMax),
        (empty, 3, ScaleReason::NotYet),
        (empty, 4, ScaleReason::NotYet),
        (empty, 5, ScaleReason::Cooldown),
        (busy, 11, ScaleReason::WouldReturn),
        (empty, 12, ScaleReason::WouldReturn),
        (empty, 13, ScaleReason::WouldReturn),
        (empty, 14, ScaleReason::QueueEmpty),
        (
            Sample {
                usage: 0.5,
                ..empty
            },
            15,
            ScaleReason::Steady,
        ),
        (full, 16, ScaleReason::Cooldown),
    ];
    for (sample, now_ns, reason) in reasons {
        assert_eq!(scaler.decide(sample, now_ns).reason, reason, "at {now_ns}");
    }
}

proptest! {
    #[test]
    fn bounds_hold_and_steps_are_single_whatever_is_sampled(
        min in 1_usize..8,
        more in 0_usize..120,
        samples in proptest::collection::vec(
            (0.0..1.0_f64, 0.0..1.0_f64, 0.0..128.0_f64, 0.0..1e9_f64, any::<bool>()), 1..300,
        ),
    ) {
        let mut scaler = Autoscaler::new(Policy { min_workers: min, ..policy(min + more) });
        let mut active = min;
        for (i, (usage, backpressure, load, rate, dropped)) in samples.into_iter().enumerate() {
            let now_ns = i as u64 * 1_000_000_000;
            let decision = scaler.decide(Sample { usage, backpressure, dropped, rate, load }, now_ns);
            prop_assert!(decision.workers.abs_diff(active) <= 1);
            prop_assert!((min..=min + more).contains(&decision.workers));
            active = decision.workers;
        }
    }

    /// Up and down need four samples together, so there are at most two changes in any four intervals.
    #[test]
    fn it_never_flaps_faster_than_its_samples_allow(
        loads in proptest::collection::vec(0.0..8.0_f64, 60),
        noise in 0.0..0.05_f64,
        seed in any::<u64>(),
    ) {
        let offered = |time: f64| {
            let until = loads.iter().zip(1..).find(|(_, end)| time < f64::from(*end));
            until.map_or(0.0, |(load, _)| *load)
        };
        let history = World { noise, seed, ..world(8, &offered) }.run(60);
        let turns = history.windows(2).map(|pair| pair[1].cmp(&pair[0])).filter(|o| o.is_ne());
        let turns: Vec<_> = turns.collect();
        let reversals = turns.windows(2).filter(|pair| pair[0] != pair[1]).count();
        prop_assert!(reversals <= 60 / 2, "{:?}", history);
    }
}
