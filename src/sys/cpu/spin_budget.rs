//! How long a wait may spin before it gives its CPU away.
//!
//! A wait of unknown length can spin, which costs the CPU time it lasts, or park, which costs one park and unpark.
//! Spinning for as long as that costs, and parking then, never costs more than twice the better choice in hindsight: a
//! shorter wait costs what it lasts, a longer one twice the park. No fixed rule does better (Karlin, Li, Manasse,
//! Owicki, "Empirical studies of competitive spinning for a shared-memory multiprocessor", SOSP 1991).
//!
//! That holds only if the spinner's CPU has nothing better to do. If threads share a CPU or a quota, a spinner may burn
//! the time of the very thread it waits for; then no thread spins.

use std::time::Duration;

use crate::sys::clock::saturating_ns;

/// The longest spin that can be configured: half the time that threads get to notice a halt, which a spinner does not
/// see.
pub(crate) const SPIN_LONGEST: Duration = Duration::from_millis(100);

/// The bounds of a measured budget. No machine has shown a park below the lower one. Waking a CPU from its deepest
/// sleep takes some 50 us, so a cost beyond the upper one means that the measurement was disturbed.
const MEASURED: std::ops::RangeInclusive<Duration> =
    Duration::from_micros(2)..=Duration::from_micros(100);

/// The budget if the cost of a park could not be measured: what it is on common machines.
const UNMEASURED: Duration = Duration::from_micros(20);

/// Returns how long one wait may spin, in nanoseconds, and the reason: the time that was `set`; else 0 if the threads
/// are `crowded`, which is then the reason; else the cost of a park, which `measure` returns.
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
