//! Random arrivals: exponential gaps, drawn one after the other.

use std::f64::consts::{LN_2, SQRT_2};

use crate::sources::rng::SplitMix64;
use crate::sources::schedule::Schedule;

/// Due times at random, each record's independent of the others': a Poisson process, as the arrivals of many
/// independent clients form one.
///
/// The gaps are exponentially distributed, their mean is the schedule's rate, and the process follows the schedule's
/// shape. The first record is due after a gap, not at 0. Schedule and seed determine every due time, however often and
/// however late it is queried, on every machine.
///
/// A custom source paces itself with it like this:
///
/// ```
/// use splashdam::sources::{Poisson, Schedule};
///
/// let schedule = Schedule::per_second(1_000).ok_or("1 to 1000000000 records a second")?;
/// let mut arrivals = Poisson::new(schedule, 7);
/// let now_ns = 1_000_000_000;
/// let mut due = Vec::new();
/// while let Some(due_ns) = arrivals.next_by(now_ns) {
///     due.push(due_ns); // lend a record
/// }
/// assert!((800..1_200).contains(&due.len()));
/// assert!(arrivals.next_ns() > now_ns); // and nothing before this moment
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Poisson {
    schedule: Schedule,
    mean_gap_fs: f64,
    chance: SplitMix64,
    /// The sum of the gaps so far: how much work is done when the next record is due.
    work_fs: u128,
    next_ns: u64,
}

impl Poisson {
    /// Random arrivals at the rate of `schedule`, along its shape.
    pub fn new(schedule: Schedule, seed: u64) -> Self {
        let mut arrivals = Self {
            schedule,
            mean_gap_fs: schedule.mean_gap_fs(),
            chance: SplitMix64::new(seed),
            work_fs: 0,
            next_ns: 0,
        };
        arrivals.advance();
        arrivals
    }

    /// When the next record is due, in nanoseconds since the run began; `u64::MAX` (584 years) is never.
    #[inline]
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// Takes the next record, if it is due by `now_ns`: returns when it was due, and advances to the next one.
    #[inline]
    pub fn next_by(&mut self, now_ns: u64) -> Option<u64> {
        let due_ns = self.next_ns;
        (due_ns <= now_ns).then(|| {
            self.advance();
            due_ns
        })
    }

    fn advance(&mut self) {
        // In (0, 1], so that the logarithm is finite.
        let uniform = ((self.chance.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        #[expect(
            clippy::cast_sign_loss,
            reason = "no logarithm of at most 1 is positive"
        )]
        let gap_fs = (-ln(uniform) * self.mean_gap_fs + 0.5) as u128;
        self.work_fs += gap_fs;
        self.next_ns = self.schedule.moment_ns(self.work_fs);
    }
}

/// The natural logarithm of a normal positive number, to about twelve digits.
///
/// `f64::ln` may differ in its last digits from one machine, or one version of the compiler, to the next, and due times
/// with it; additions and multiplications may not.
fn ln(x: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    const BIAS: u64 = 1_023;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as f64 - BIAS as f64;
    let mut mantissa = f64::from_bits((bits & FRACTION) | (BIAS << 52));
    if mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // ln m = 2 artanh s, whose series needs few terms for an s of 0.17 at most.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let terms = [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0];
    let series = terms.iter().fold(0.0, |sum, odd| sum * square + 1.0 / odd);
    2.0 * s * series + exponent * LN_2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Poisson, Schedule, ln};
    use crate::sources::Shape;

    const NEVER: u64 = u64::MAX;

    fn arrivals(records_per_s: u64, seed: u64) -> Poisson {
        let schedule = Schedule::per_second(records_per_s);
        Poisson::new(schedule.expect("a rate"), seed)
    }

    fn due(mut arrivals: Poisson, records: usize) -> Vec<u64> {
        std::iter::from_fn(|| arrivals.next_by(NEVER))
            .take(records)
            .collect()
    }

    proptest! {
        #[test]
        fn the_seed_alone_decides_when_a_record_is_due(
            seed in any::<u64>(),
            waits in prop::collection::vec(0..30_000_u64, 100),
        ) {
            // Queried at arbitrary times, it returns the same as when it is queried once for all.
            let mut now_ns = 0;
            let mut asked = arrivals(1_000_000, seed);
            let mut times = Vec::new();
            for wait_ns in waits {
                now_ns += wait_ns;
                while let Some(due_ns) = asked.next_by(now_ns) {
                    prop_assert!(due_ns <= now_ns);
                    times.push(due_ns);
                }
                prop_assert!(asked.next_ns() > now_ns);
            }
            prop_assert!(times.is_sorted());
            prop_assert_eq!(&times, &due(arrivals(1_000_000, seed), times.len()));
            let other = due(arrivals(1_000_000, !seed), times.len());
            prop_assert!(times.len() < 2 || times != other);
        }
    }

    #[test]
    fn the_gaps_are_exponential_and_their_mean_is_the_rate() {
        const RECORDS: usize = 200_000;
        for (records_per_s, mean_ns) in [(1, 1e9), (50_000, 20_000.0), (1_000_000_000, 1.0)] {
            let due = due(arrivals(records_per_s, 11), RECORDS);
            let mean = due[RECORDS - 1] as f64 / RECORDS as f64 / mean_ns;
            // Five times the deviation of the mean of this many gaps.
            let tolerance = 5.0 / (RECORDS as f64).sqrt();
            assert!((mean - 1.0).abs() < tolerance, "{records_per_s}: {mean}");
            if mean_ns > 1.0 {
                let gaps = due.windows(2).map(|pair| pair[1] - pair[0]);
                let long = gaps.filter(|gap| *gap as f64 > mean_ns).count();
                let share = long as f64 / RECORDS as f64;
                assert!((share - (-1_f64).exp()).abs() < tolerance, "{share}");
            }
        }
    }

    #[test]
    fn a_shape_bends_random_arrivals_too() {
        let period = std::time::Duration::from_secs(1);
        let shape = Shape::square(period, 0.0).expect("a shape");
        let schedule = Schedule::per_second(1_000).expect("a rate").shaped(shape);
        let due = due(Poisson::new(schedule, 5), 10_000);
        assert!(due.iter().all(|ns| ns % 1_000_000_000 < 500_000_000));
        // 10,000 records take twenty periods of 500, give or take five deviations.
        let seconds = due[9_999] / 1_000_000_000;
        assert!((19..=21).contains(&seconds), "{seconds}");
    }

    #[test]
    fn the_due_times_of_a_seed_are_for_ever() {
        assert_eq!(
            due(arrivals(1_000, 0), 4),
            [124_078, 964_501, 4_597_613, 4_627_164]
        );
    }

    #[test]
    fn the_logarithm_is_one() {
        for x in [
            f64::MIN_POSITIVE,
            1.0 / (1_u64 << 53) as f64,
            0.1,
            0.707,
            0.708,
            0.999_999,
            1.0,
            3.0,
        ] {
            assert!((ln(x) - x.ln()).abs() < 1e-11, "{x}");
        }
    }
}
