//! Looks at made-up runs.

use std::time::Duration;

use super::{AGES_MAX, Bounds, Limit, LoadWatch, Look, STRETCHES_MAX, Stretch};

const MS: u64 = 1_000_000;

/// Looks each 100 ms for so many seconds; `see` sets what each sees at its time, in milliseconds.
fn stretches(seconds: u64, see: impl Fn(u64, &mut Look)) -> Vec<Stretch> {
    let bounds = Bounds {
        elapsed: Duration::from_secs(seconds),
        behind_at_end: Duration::ZERO,
        is_held_back: false,
        batch_time: Duration::from_millis(100),
    };
    stretches_within(bounds, see)
}

fn stretches_within(bounds: Bounds, see: impl Fn(u64, &mut Look)) -> Vec<Stretch> {
    let mut watch = LoadWatch::new();
    let mut look = Look::default();
    for at_ms in (100..=bounds.elapsed.as_millis() as u64).step_by(100) {
        look.at_ns = at_ms * MS;
        see(at_ms, &mut look);
        watch.look(look);
    }
    watch.end().stretches(&bounds)
}

fn late(look: &mut Look, lag_ms: u64) {
    look.late_bursts += 1;
    look.lag_ns = lag_ms * MS;
    look.latest_ns = look.latest_ns.max(look.lag_ns);
}

fn only(found: &[Stretch]) -> (f64, f64, u64, Limit) {
    let [one] = found else {
        panic!("{found:?}");
    };
    (one.from_s, one.until_s, one.behind_ns / MS, one.limit)
}

#[test]
fn a_queue_that_was_full_for_four_seconds_is_told_with_its_time() {
    let found = stretches(60, |at_ms, look| {
        let full = (10_001..=14_000).contains(&at_ms);
        look.usage = if full { 1.0 } else { 0.1 };
        look.lag_ns = 0;
        if full {
            look.held_ns += 90 * MS;
            late(look, at_ms - 10_000);
        }
    });
    assert_eq!(only(&found), (10.0, 14.0, 4_000, Limit::QueueFull));
}

#[test]
fn a_wait_for_room_shows_as_a_full_queue_before_it_ends() {
    // The producer reports neither its lag nor that it was held back before there is room again.
    let found = stretches(10, |at_ms, look| {
        look.usage = if (1_001..=3_000).contains(&at_ms) {
            1.0
        } else {
            0.0
        };
        if at_ms == 3_100 {
            look.held_ns += 2_000 * MS;
            late(look, 2_000);
        }
    });
    assert_eq!(only(&found), (1.0, 3.1, 2_000, Limit::QueueFull));
}

#[test]
fn a_producer_that_stood_still_and_caught_up_was_the_limit() {
    let found = stretches(10, |at_ms, look| {
        if at_ms == 5_000 {
            late(look, 700);
        }
    });
    assert_eq!(only(&found), (4.9, 5.0, 700, Limit::Producer));
}

#[test]
fn a_queue_that_fills_up_after_the_producer_stood_still_did_not_keep_it_from_its_schedule() {
    let mut watch = LoadWatch::new();
    let mut look = Look {
        at_ns: 100 * MS,
        ..Look::default()
    };
    watch.look(look);
    // The process was stopped, nobody looked, and all that was due fills the queue at once.
    look.at_ns = 2_600 * MS;
    look.usage = 1.0;
    look.held_ns = 5 * MS;
    late(&mut look, 2_500);
    watch.look(look);
    let bounds = Bounds {
        elapsed: Duration::from_secs(3),
        behind_at_end: Duration::ZERO,
        is_held_back: false,
        batch_time: Duration::from_millis(1),
    };
    let found = watch.end().stretches(&bounds);
    assert_eq!(only(&found), (0.1, 2.6, 2_500, Limit::Producer));
}

#[test]
fn a_queue_that_grows_all_through_is_told_though_it_is_never_full() {
    let found = stretches(10, |at_ms, look| {
        // One record in six is not delivered, and batches take turns.
        look.oldest_ns = at_ms * MS / 6 + (at_ms % 300) * MS / 3;
    });
    let (from_s, until_s, behind_ms, limit) = only(&found);
    assert_eq!((from_s, until_s, limit), (0.0, 10.0, Limit::QueueGrows));
    assert!((1_400..1_700).contains(&behind_ms), "{behind_ms}");
}

#[test]
fn a_queue_that_grew_until_it_was_full_is_as_late_as_its_records_were_published() {
    let found = stretches(10, |at_ms, look| {
        look.oldest_ns = at_ms * MS / 6;
        if at_ms > 8_000 {
            look.usage = 1.0;
            late(look, (at_ms - 8_000) / 10);
        }
    });
    assert_eq!(only(&found), (0.0, 10.0, 200, Limit::QueueFull));
}

#[test]
fn a_queue_that_begins_to_grow_in_the_middle_is_told_from_there() {
    let found = stretches(16, |at_ms, look| {
        look.oldest_ns = 30 * MS + at_ms.saturating_sub(8_000) * MS / 5;
    });
    let (from_s, until_s, _, limit) = only(&found);
    assert_eq!((until_s, limit), (16.0, Limit::QueueGrows));
    assert!((6.0..=8.0).contains(&from_s), "{from_s}");
}

#[test]
fn batches_that_fill_and_leave_are_no_saturation() {
    let sawtooth = |at_ms: u64, look: &mut Look| {
        look.oldest_ns = (at_ms * 37 % 100) * MS;
        look.usage = 0.5;
    };
    assert_eq!(stretches(10, sawtooth), []);
    assert_eq!(stretches(2, sawtooth), []);
    // A drift of the phase within a batch's time, and full lanes without a lag.
    assert_eq!(
        stretches(10, |at_ms, look| look.oldest_ns = at_ms * MS / 100),
        []
    );
    assert_eq!(stretches(10, |_, look| look.usage = 1.0), []);
    // A sink that takes a second for each batch.
    let slow = Bounds {
        elapsed: Duration::from_secs(4),
        behind_at_end: Duration::ZERO,
        is_held_back: false,
        batch_time: Duration::from_secs(1),
    };
    assert_eq!(
        stretches_within(slow, |at_ms, look| look.oldest_ns = (at_ms % 1_000) * MS),
        []
    );
}

#[test]
fn a_lag_that_nobody_notices_is_tolerated() {
    for (seconds, lag_ms, told) in [
        (10, 99, 0),
        (10, 101, 1),
        (1, 11, 1),
        (3_600, 99, 0),
        (3_600, 101, 1),
    ] {
        let found = stretches(seconds, |at_ms, look| {
            if at_ms == 500 {
                late(look, lag_ms);
            }
        });
        assert_eq!(found.len(), told, "{seconds} s, {lag_ms} ms");
    }
}

#[test]
fn a_run_that_ends_behind_its_schedule_is_told_even_if_nobody_looked() {
    let mut bounds = Bounds {
        elapsed: Duration::from_secs(10),
        behind_at_end: Duration::from_secs(2),
        is_held_back: true,
        batch_time: Duration::ZERO,
    };
    let found = LoadWatch::new().end().stretches(&bounds);
    assert_eq!(only(&found), (8.0, 10.0, 2_000, Limit::QueueFull));
    bounds.is_held_back = false;
    let found = LoadWatch::new().end().stretches(&bounds);
    assert_eq!(only(&found), (8.0, 10.0, 2_000, Limit::Producer));
}

#[test]
fn a_day_of_looks_takes_bounded_memory_and_keeps_the_growth() {
    let mut watch = LoadWatch::new();
    let mut look = Look::default();
    for at_ms in (100..86_400_000).step_by(100) {
        look.at_ns = at_ms * MS;
        look.oldest_ns = at_ms * MS / 50;
        if at_ms % 1_000 == 0 {
            late(&mut look, 500);
        }
        watch.look(look);
    }
    let load = watch.end();
    assert!(load.ages.len() <= AGES_MAX && load.spans.len() <= STRETCHES_MAX);
    let bounds = Bounds {
        elapsed: Duration::from_secs(86_400),
        behind_at_end: Duration::ZERO,
        is_held_back: false,
        batch_time: Duration::from_millis(100),
    };
    let found = load.stretches(&bounds);
    assert!(
        found.iter().any(|one| one.limit == Limit::QueueGrows),
        "{:?}",
        found.len()
    );
}
