//! How long a wait may spin before it gives its CPU away.
//!
//! A wait whose length nobody knows can spin, which costs the CPU time it lasts, or park, which costs one park and
//! unpark. Spinning for as long as that costs, and parking then, never costs more than twice the better choice in
//! hindsight: a shorter wait costs what it lasts, a longer one twice the park. No fixed rule does better (Karlin, Li,
//! Manasse, Owicki, "Empirical studies of competitive spinning for a shared-memory multiprocessor", SOSP 1991).
//!
//! That holds where the spinner's CPU has nothing better to do. Where threads share a CPU, or a quota, the spinner
//! burns the time of the very thread it waits for, and does not spin at all.

use std::time::Duration;

use crate::sys::clock::saturating_ns;

/// The longest time a wait can be told to spin: half of what threads get to notice a halt, which a spinner does not
/// see.
pub(crate) const SPIN_LONGEST: Duration = Duration::from_millis(100);

/// The bounds of a measured budget. A park below the first has not been seen on any machine, and one beyond the second
/// tells of a measurement that was disturbed: waking a CPU from its deepest sleep takes some 50 us and more.
const MEASURED: std::ops::RangeInclusive<Duration> =
    Duration::from_micros(2)..=Duration::from_micros(100);

/// The budget where nothing could be measured: what a park costs on common machines.
const UNMEASURED: Duration = Duration::from_micros(20);

/// The time one wait may spin, in nanoseconds, and why so long: as it was set; none if the threads are `crowded` (for
/// that reason); or what `measure` says that a park costs.
pub(super) fn budget(
    set: Option<Duration>,
    crowded: Option<&str>,
    measure: impl FnOnce() -> Option<Duration>,
) -> (u64, String) {
    let (budget, why) = match (set, crowded) {
        (Some(set), _) => (set, "as set by spin".into()),
        (None, Some(crowded)) => (Duration::ZERO, crowded.to_owned()),
        (None, None) => match measure() {
            Some(cost) => {
                let kept = cost.clamp(*MEASURED.start(), *MEASURED.end());
                let why = "what a park and its unpark cost here, measured";
                let bounded = format!("{why}: {} us, kept within 2 to 100 us", cost.as_micros());
                (kept, if kept == cost { why.into() } else { bounded })
            }
            None => (
                UNMEASURED,
                "the cost of a park could not be measured".into(),
            ),
        },
    };
    (saturating_ns(budget), why)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::budget;

    #[test]
    fn what_is_set_wins_then_crowding_then_the_measurement_within_its_bounds() {
        let measured = |us| move || Some(Duration::from_micros(us));
        let set = Some(Duration::from_micros(7));
        assert_eq!(budget(set, Some("crowded"), measured(9)).0, 7_000);
        assert_eq!(
            budget(None, Some("crowded"), measured(9)),
            (0, "crowded".into())
        );
        assert_eq!(budget(None, None, measured(9)).0, 9_000);
        assert_eq!(budget(None, None, measured(1)).0, 2_000);
        assert_eq!(budget(None, None, measured(5_000)).0, 100_000);
        assert_eq!(budget(None, None, || None).0, 20_000);
    }
}
