//! What every schedule keeps to, whatever its rate and shape.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;

use crate::sources::schedule::{Load, Rate, Schedule, Shape};
use crate::sys::text::ValueError;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_NS: u64 = 86_400 * SECOND_NS;

fn per_second(records: u64) -> Schedule {
    Schedule::per_second(records).expect("a rate within its range")
}

fn load(text: &str) -> Shape {
    match text.parse() {
        Ok(Load::Shaped(shape)) => shape,
        other => panic!("{text}: {other:?}"),
    }
}

/// Numbers of every length, so that short and long ones are equally likely.
fn up_to(most: u64) -> impl Strategy<Value = u64> {
    (0..=most.ilog2(), any::<u64>()).prop_map(move |(bits, n)| (n >> (63 - bits)).min(most))
}

fn rates() -> impl Strategy<Value = Schedule> {
    let per_second = up_to(SECOND_NS).prop_map(|n| Schedule::per_second(n.max(1)));
    let every = up_to(3_600 * SECOND_NS).prop_map(|n| Duration::from_nanos(n.max(1)));
    let every = every.prop_map(Schedule::every);
    let known = prop::sample::select(vec![1, 30_000_000, SECOND_NS]).prop_map(Schedule::per_second);
    prop_oneof![per_second, every, known].prop_map(|rate| rate.expect("a rate within its range"))
}

fn times() -> impl Strategy<Value = Duration> {
    up_to(7 * DAY_NS).prop_map(|ns| Duration::from_nanos(ns.max(1_000)))
}

/// Factors from 0 to this many, in millionths.
fn factors(most: u64) -> impl Strategy<Value = f64> {
    prop_oneof![Just(0), Just(1_000_000), up_to(most * 1_000_000)]
        .prop_map(|millionths| millionths as f64 / 1e6)
}

fn shapes() -> impl Strategy<Value = Shape> {
    type Make = fn(Duration, f64) -> Result<Shape, ValueError>;
    let makes: [(Make, u64); 4] = [
        (Shape::square, 1),
        (Shape::step, 100),
        (Shape::ramp, 100),
        (Shape::burst, 1),
    ];
    let shaped = prop::sample::select(makes.to_vec())
        .prop_flat_map(|(make, most)| (Just(make), times(), factors(most)))
        .prop_filter_map("out of range", |(make, time, times)| make(time, times).ok());
    prop_oneof![1 => Just(Shape::CONSTANT), 9 => shaped]
}

fn schedules() -> impl Strategy<Value = Schedule> {
    (rates(), shapes()).prop_map(|(rate, shape)| rate.shaped(shape))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn a_record_is_due_exactly_when_its_due_time_has_come(
        schedule in schedules(),
        index in up_to(u64::MAX),
        now_ns in up_to(u64::MAX - 1),
    ) {
        let due_ns = schedule.due_ns(index);
        prop_assert_eq!(index < schedule.due_by(now_ns), due_ns <= now_ns);
        for edge_ns in [due_ns.saturating_sub(1), due_ns, due_ns.saturating_add(1)] {
            if edge_ns < u64::MAX {
                prop_assert_eq!(index < schedule.due_by(edge_ns), due_ns <= edge_ns);
            }
        }
        let due = schedule.due_by(now_ns);
        prop_assert!(due == 0 || schedule.due_ns(due - 1) <= now_ns);
        prop_assert!(due == u64::MAX || schedule.due_ns(due) > now_ns);
    }

    #[test]
    fn due_times_never_fall(schedule in schedules(), index in up_to(u64::MAX - 4), now_ns in up_to(u64::MAX - 4)) {
        for step in 0..4 {
            prop_assert!(schedule.due_ns(index + step) <= schedule.due_ns(index + step + 1));
            prop_assert!(schedule.due_by(now_ns + step) <= schedule.due_by(now_ns + step + 1));
        }
    }

    #[test]
    fn steps_through_a_constant_rate_meet_its_due_times(rate in rates(), index in up_to(u64::MAX - 100)) {
        let steps = rate.even_from(index).expect("a constant rate");
        for (index, due_ns) in (index..index + 100).zip(steps) {
            prop_assert_eq!(due_ns, rate.due_ns(index));
        }
        prop_assert!(rate.shaped(load("step:1s,0")).even_from(index).is_none());
    }

    #[test]
    fn a_shape_reads_back_as_it_was_written(shape in shapes()) {
        prop_assert_eq!(shape.to_string().parse(), Ok(Load::Shaped(shape)));
    }

    #[test]
    fn a_period_of_bursts_holds_what_a_constant_rate_does(
        rate in rates(), period in times(), share in 1_u64..=1_000_000, periods in 1_u64..10_000,
    ) {
        let shape = Shape::burst(period, share as f64 / 1e6).expect("a burst within its range");
        let period_ns = period.as_nanos() as u64;
        let (start_ns, end_ns) = ((periods - 1) * period_ns, periods * period_ns);
        let end = rate.shaped(shape).due_by(end_ns - 1);
        prop_assert_eq!(end, rate.due_by(end_ns - 1));
        // All of it within the share.
        let within_ns = (u128::from(period_ns) * u128::from(share) / 1_000_000).max(1) as u64;
        prop_assert_eq!(rate.shaped(shape).due_by(start_ns + within_ns - 1), end);
    }

    #[test]
    fn a_period_of_a_square_holds_half_at_the_rate_and_half_at_low(
        records in 1..=SECOND_NS, half_us in 1..=DAY_NS / 1_000, low in 0..=1_000_000_u64, periods in 1_u64..100_000,
    ) {
        let shape = Shape::square(Duration::from_micros(2 * half_us), low as f64 / 1e6).expect("in range");
        let schedule = per_second(records).shaped(shape);
        let (half_ns, n) = (1_000 * half_us, u128::from(periods));
        // In millionths of a record a second, for so many nanoseconds.
        let per_period = u128::from(half_ns) * u128::from(1_000_000 + low) * u128::from(records);
        let expected = (n * per_period).div_ceil(1_000_000_000_000_000);
        prop_assert_eq!(u128::from(schedule.due_by(2 * half_ns * periods - 1)), expected);
        let first_half = schedule.due_by(half_ns - 1);
        prop_assert_eq!(first_half, per_second(records).due_by(half_ns - 1));
    }
}

/// How many records are due by each nanosecond, added up from the rate of each, in times 1e9/s.
fn counts(rate: impl Fn(u64) -> f64, until_ns: u64) -> Vec<f64> {
    let mut work = 0.0;
    let add = |now_ns| {
        work += rate(now_ns);
        work
    };
    (0..until_ns).map(add).collect()
}

#[track_caller]
fn follows(shape: &str, rate: impl Fn(u64) -> f64) {
    let schedule = per_second(SECOND_NS).shaped(load(shape));
    for (now_ns, work) in (0_u64..).zip(counts(rate, 5_000)) {
        let due = schedule.due_by(now_ns) as f64;
        assert!(
            (due - work).abs() <= 1.01,
            "{shape}: {due} at {now_ns}, not {work}"
        );
    }
}

#[test]
fn a_shape_is_what_its_rate_adds_up_to() {
    let on = |at: Range<u64>| move |ns: u64| if at.contains(&ns) { 1.0 } else { 0.0 };
    follows("constant", |_| 1.0);
    follows(
        "square:1us,0.3",
        |ns| if ns % 1_000 < 500 { 1.0 } else { 0.3 },
    );
    follows("square:1001ns,0", |ns| on(0..500)(ns % 1_001));
    follows("step:2us,0", on(0..2_000));
    follows("step:2us,2.5", |ns| if ns < 2_000 { 1.0 } else { 2.5 });
    follows("ramp:4us,0", |ns| ((ns as f64 + 0.5) / 4_000.0).min(1.0));
    follows("ramp:3us,5", |ns| {
        (5.0 - 4.0 * (ns as f64 + 0.5) / 3_000.0).max(1.0)
    });
    follows("burst:1us,0.25", |ns| 4.0 * on(0..250)(ns % 1_000));
}

#[test]
fn counts_are_what_a_person_works_out() {
    let due = |shape: &str, records: u64, seconds: u64| {
        let schedule = per_second(records).shaped(load(shape));
        schedule.due_by(seconds * SECOND_NS - 1)
    };
    assert_eq!(due("constant", 1_000, 10), 10_000);
    assert_eq!(due("square:10s,0.2", 1_000, 5), 5_000);
    assert_eq!(due("square:10s,0.2", 1_000, 10), 6_000);
    assert_eq!(due("square:10s,0.2", 1_000, 1_000), 600_000);
    assert_eq!(due("step:30s,3", 1_000, 30), 30_000);
    assert_eq!(due("step:30s,3", 1_000, 40), 60_000);
    assert_eq!(due("step:30s,0", 1_000, 4_000_000), 30_000);
    assert_eq!(due("ramp:1m,0", 1_000, 60), 30_000);
    assert_eq!(due("ramp:1m,0.1", 1_000, 60), 33_000);
    assert_eq!(due("ramp:1m,3", 1_000, 60), 120_000);
    assert_eq!(due("ramp:1m,3", 1_000, 61), 121_000);
    assert_eq!(due("burst:1s,0.1", 1_000, 7), 7_000);
    // Days at the highest rate.
    let days = 30 * 86_400;
    assert_eq!(
        due("square:10s,0.2", SECOND_NS, days),
        6 * days * SECOND_NS / 10
    );
    assert_eq!(
        due("ramp:7days,0", SECOND_NS, days),
        (days - 302_400) * SECOND_NS
    );
    assert_eq!(due("burst:1h,0.01", SECOND_NS, days), days * SECOND_NS);
}

#[test]
fn a_square_that_falls_silent_goes_on_at_the_next_period() {
    let schedule = per_second(10).shaped(load("square:1s,0"));
    let due_ms: Vec<_> = (0..12).map(|i| schedule.due_ns(i) / 1_000_000).collect();
    assert_eq!(
        due_ms,
        [
            0, 100, 200, 300, 400, 1000, 1100, 1200, 1300, 1400, 2000, 2100
        ]
    );
}

#[test]
fn what_never_comes_is_due_at_the_end_of_time() {
    let schedule = per_second(10).shaped(load("step:1s,0"));
    assert_eq!(schedule.due_ns(9), 900_000_000);
    assert_eq!(schedule.due_ns(10), u64::MAX);
    assert_eq!(schedule.due_by(u64::MAX - 1), 10);
}

#[test]
fn a_schedule_keeps_its_rate_and_changes_its_shape() {
    let bent = per_second(10).shaped(load("step:1s,0"));
    assert_eq!(Rate::Paced(bent).to_string(), "10/s");
    assert_eq!(bent.shaped(Shape::CONSTANT), per_second(10));
    assert_eq!(Schedule::per_second(0), None);
    assert_eq!(Schedule::per_second(SECOND_NS + 1), None);
    assert_eq!(Schedule::every(Duration::ZERO), None);
    assert_eq!(Schedule::every(Duration::from_secs(3_601)), None);
}

#[test]
fn a_load_reads_back_as_it_was_written() {
    for text in [
        "constant",
        "poisson",
        "square:10s,0.2",
        "square:1m 30s,0",
        "step:30s,3",
        "step:1us,100",
        "ramp:1m,0.1",
        "ramp:7days,0.000001",
        "burst:1s,0.1",
        "burst:1s,1",
    ] {
        assert_eq!(text.parse::<Load>().map(|l| l.to_string()), Ok(text.into()));
    }
    assert_eq!(
        "ramp: 60s, 1e-1".parse(),
        Ok(Load::Shaped(load("ramp:1m,0.1")))
    );
}

#[test]
fn a_load_that_cannot_be_is_refused_with_what_is_accepted() {
    for (texts, accepted) in [
        (
            &["", "steady", "Poisson", "poisson:3", "sine:1s,1"][..],
            "constant, poisson, square:",
        ),
        (
            &[
                "square",
                "square:10s",
                "square:10s,2",
                "square:10s,-0.1",
                "square:0s,0.5",
            ],
            "LOW from 0 to 1 ",
        ),
        (
            &["step:30s,101", "step:30s,nan", "step:8days,1"],
            "FACTOR from 0 to 100 ",
        ),
        (
            &["ramp:1m,0.1,2", "ramp:999ns,1", "ramp:,1", "ramp:1m,inf"],
            "FROM from 0 to 100 ",
        ),
        (
            &["burst:1s,0", "burst:1s,1.1", "burst:1s,0.0000001"],
            "SHARE from 0.000001 to 1 ",
        ),
    ] {
        for text in texts {
            let refusal = text.parse::<Load>();
            assert!(
                refusal.is_err_and(|e| e.accepted().contains(accepted)),
                "{text}"
            );
        }
    }
}
