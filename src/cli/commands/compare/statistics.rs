//! The statistics of a comparison. Pure, and without an assumption about how figures are distributed: those of runs
//! have long tails and several modes.

use std::cmp::Ordering;

/// What the Mann-Whitney U test says of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RankTest {
    /// How often samples of one and the same population differ as much as these or more, two-sided. Exact: counted over
    /// every way to deal these values out, ties included.
    pub(super) p: f64,
    /// Whether the second sample ranks above the first (`Greater`) or below it.
    pub(super) second: Ordering,
}

/// The value in the middle, or half way between the two in the middle; `None` if there are no values.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(sorted[sorted.len() / 2 - 1], upper))
}

/// The Mann-Whitney U test. Time and memory grow with the fourth and third power of the number of values: 50 a side
/// take some fifty million additions.
pub(super) fn rank_test(first: &[f64], second: &[f64]) -> RankTest {
    let ranks = doubled_ranks(first, second);
    let distance = |ranks: &[usize], all: usize| {
        let sum: usize = ranks.iter().sum();
        (sum, ranks.len() * (all + 1)) // what was seen, and what chance makes of it on average
    };
    let (of_first, of_second) = ranks.split_at(first.len());
    let (seen, mean) = distance(of_second, ranks.len());
    let fewer = if of_first.len() < of_second.len() {
        of_first
    } else {
        of_second
    };
    // Both sides lie equally far from their means; the smaller one costs less to count.
    RankTest {
        p: share_as_far(&ranks, fewer.len(), seen.abs_diff(mean)),
        second: seen.cmp(&mean),
    }
}

/// Bounds for how much larger, as a factor, the second sample's population is than the first's: the factors that the
/// rank test would not reject at this `alpha`. `None` if the samples are too small for that, or not above 0.
///
/// The middle of all ratios of a second value to a first one estimates the factor (Hodges and Lehmann, 1963, "Estimates
/// of Location Based on Rank Tests", on logarithms); the bounds are the ratio that has as few below it as the test
/// allows, and its counterpart from above. Ties make them wider than they need be.
pub(super) fn factor_interval(first: &[f64], second: &[f64], alpha: f64) -> Option<[f64; 2]> {
    if first.iter().chain(second).any(|value| *value <= 0.0) {
        return None;
    }
    let below = allowed_below(first.len(), second.len(), alpha)?;
    let ratios = second.iter().flat_map(|b| first.iter().map(move |a| b / a));
    let mut ratios: Vec<_> = ratios.collect();
    ratios.sort_by(f64::total_cmp);
    Some([ratios[below], ratios[ratios.len() - 1 - below]])
}

/// The largest number of pairs with the second value below the first one's at which samples of these sizes still differ
/// with p below `alpha`; `None` if they never do.
fn allowed_below(first: usize, second: usize, alpha: f64) -> Option<usize> {
    let (fewer, all) = (first.min(second), first + second);
    let ranks: Vec<_> = (1..=all).collect();
    let ways = ways_to_choose(&ranks, fewer);
    let least: usize = (1..=fewer).sum();
    let total: f64 = ways.iter().sum();
    let mut share = 0.0;
    let tails = ways[least..].iter().map(|ways| {
        share += 2.0 * ways / total;
        share
    });
    tails
        .take_while(|share| *share < alpha)
        .count()
        .checked_sub(1)
}

/// How many runs a side it takes to see a difference like that of these samples, in four of five tries, at the 5 %
/// level (Noether, 1987, "Sample Size Determination for Some Common Nonparametric Tests"). `None` if the samples show
/// none.
pub(super) fn runs_to_tell(first: &[f64], second: &[f64]) -> Option<usize> {
    /// The squared sum of the normal quantiles of 0.975 and 0.8, by 3 for two sides and 2 sides of the same size.
    const FACTOR: f64 = 7.849 / 6.0;
    let above = |b: &f64| {
        let wins = first.iter().map(|a| match b.total_cmp(a) {
            Ordering::Greater => 1.0,
            Ordering::Equal => 0.5,
            Ordering::Less => 0.0,
        });
        wins.sum::<f64>()
    };
    let share = second.iter().map(above).sum::<f64>() / (first.len() * second.len()) as f64;
    let effect = (share - 0.5).abs();
    #[expect(clippy::cast_sign_loss, reason = "a quotient of squares")]
    (effect > 0.0).then(|| (FACTOR / (effect * effect)).ceil() as usize)
}

/// Among all ways to choose so many of these ranks, the share whose sum lies at least this far from the mean.
fn share_as_far(ranks: &[usize], chosen: usize, far: usize) -> f64 {
    let ways = ways_to_choose(ranks, chosen);
    let mean = chosen * (ranks.len() + 1);
    let all: f64 = ways.iter().sum();
    let sums = ways.iter().enumerate();
    let as_far = sums.filter(|(sum, _)| sum.abs_diff(mean) >= far);
    as_far.map(|(_, ways)| ways).sum::<f64>() / all
}

/// In how many ways so many of these ranks can be chosen, by their sum.
fn ways_to_choose(ranks: &[usize], chosen: usize) -> Vec<f64> {
    let largest: usize = ranks.iter().sum();
    // ways[k][s]: in how many ways k of the ranks looked at so far add up to s.
    let mut ways = vec![vec![0.0; largest + 1]; chosen + 1];
    ways[0][0] = 1.0;
    for rank in ranks {
        for k in (1..=chosen).rev() {
            let (fewer, same) = ways.split_at_mut(k);
            let from = fewer[k - 1].iter();
            for (to, from) in same[0][*rank..].iter_mut().zip(from) {
                *to += from;
            }
        }
    }
    ways.swap_remove(chosen)
}

/// Twice the rank of each value among all of them, the first sample's before the second's. Equal values share the
/// middle of their ranks, which doubling keeps whole.
fn doubled_ranks(first: &[f64], second: &[f64]) -> Vec<usize> {
    let values: Vec<f64> = first.iter().chain(second).copied().collect();
    let rank = |value: &f64| {
        let count = |order| {
            values
                .iter()
                .filter(|v| v.total_cmp(value) == order)
                .count()
        };
        2 * count(Ordering::Less) + count(Ordering::Equal) + 1
    };
    values.iter().map(rank).collect()
}

/// The least p that samples of these sizes can reach: one lies wholly above the other.
pub(super) fn least_p(first: usize, second: usize) -> f64 {
    let fewer = first.min(second);
    // (first + second) choose fewer, factor by factor.
    let choices = (1..=fewer).map(|k| (first + second - fewer + k) as f64 / k as f64);
    (2.0 / choices.product::<f64>()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples in which so many pairs have the first one's value above the second one's.
    fn samples(first: usize, second: usize, u: usize) -> (Vec<f64>, Vec<f64>) {
        let mut left = u;
        let place = |i: usize| {
            let below = left.min(second);
            left -= below;
            below as f64 + 0.1 + 0.01 * i as f64
        };
        let a = (0..first).map(place).collect();
        (a, (1..=second).map(|i| i as f64).collect())
    }

    fn p_of_u(first: usize, second: usize, u: usize) -> f64 {
        let (a, b) = samples(first, second, u);
        rank_test(&a, &b).p
    }

    /// By trying every choice, with the rank sums written another way: as wins and half wins.
    fn brute_force(a: &[f64], b: &[f64]) -> f64 {
        let all: Vec<f64> = a.iter().chain(b).copied().collect();
        let excess = |mask: u32| {
            let is_in = |i: usize| mask >> i & 1 == 1;
            let mut excess = 0_i32;
            for i in (0..all.len()).filter(|i| is_in(*i)) {
                for j in (0..all.len()).filter(|j| !is_in(*j)) {
                    excess += all[i].total_cmp(&all[j]) as i32;
                }
            }
            excess.abs()
        };
        let seen = excess((1 << a.len()) - 1);
        let masks = (0_u32..1 << all.len()).filter(|mask| mask.count_ones() as usize == a.len());
        let (mut as_far, mut count) = (0, 0);
        for mask in masks {
            count += 1;
            as_far += u32::from(excess(mask) >= seen);
        }
        f64::from(as_far) / f64::from(count)
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(&[9.0, 1.0, 4.0, 6.0]), Some(5.0));
    }

    /// The table of critical values in the textbooks, two-sided at 0.05: the largest U that is significant.
    #[test]
    fn the_exact_test_agrees_with_the_published_critical_values() {
        let table = [
            (4, 4, 0),
            (3, 5, 0),
            (5, 5, 2),
            (6, 9, 10),
            (8, 8, 13),
            (10, 10, 23),
            (20, 20, 127),
        ];
        for (first, second, critical) in table {
            let (at, beyond) = (
                p_of_u(first, second, critical),
                p_of_u(first, second, critical + 1),
            );
            assert!(at <= 0.05, "{first} {second}: {at}");
            assert!(beyond > 0.05, "{first} {second}: {beyond}");
        }
    }

    #[test]
    fn the_exact_test_counts_what_enumeration_counts() {
        let close = |p: f64, wanted: f64| assert!((p - wanted).abs() < 1e-12, "{p}, not {wanted}");
        close(p_of_u(5, 5, 2), 8.0 / 252.0);
        close(p_of_u(4, 4, 0), 2.0 / 70.0);
        let tied: [(&[f64], &[f64]); 5] = [
            (&[1.0, 1.0, 2.0, 3.0], &[2.0, 2.0, 4.0, 5.0, 5.0]),
            (&[1.0, 2.0], &[2.0, 3.0, 3.0, 3.0, 9.0]),
            (&[5.0, 5.0, 5.0], &[5.0, 5.0]),
            (&[9.0, 8.0, 7.0, 7.0, 7.0], &[7.0, 1.0, 2.0]),
            (&[3.0], &[1.0, 2.0, 3.0, 4.0]),
        ];
        for (a, b) in tied {
            close(rank_test(a, b).p, brute_force(a, b));
            close(rank_test(b, a).p, brute_force(a, b));
        }
        for u in 0..=12 {
            let (a, b) = samples(3, 4, u);
            close(rank_test(&a, &b).p, brute_force(&a, &b));
        }
    }

    #[test]
    fn the_test_says_which_sample_ranks_above() {
        let (low, high) = ([1.0, 2.0, 3.0], [2.5, 3.5, 4.5, 5.0]);
        assert_eq!(rank_test(&low, &high).second, Ordering::Greater);
        assert_eq!(rank_test(&high, &low).second, Ordering::Less);
        assert_eq!(rank_test(&low, &low).second, Ordering::Equal);
    }

    #[test]
    fn the_interval_of_the_factor_excludes_1_exactly_if_the_test_tells_the_samples_apart() {
        for (first, second) in [(4, 4), (5, 7), (8, 6), (3, 5)] {
            for u in 0..=first * second {
                let (a, b) = samples(first, second, u);
                let p = rank_test(&a, &b).p;
                let [low, high] = factor_interval(&a, &b, 0.05).expect("large enough");
                assert!(low <= high);
                assert_eq!(
                    p < 0.05,
                    low > 1.0 || high < 1.0,
                    "{first} {second} {u}: {p} {low} {high}"
                );
            }
        }
        assert_eq!(
            factor_interval(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0], 0.05),
            None,
            "too few"
        );
        assert_eq!(factor_interval(&[0.0; 5], &[1.0; 5], 0.05), None);
    }

    /// The table of critical values again, by its other use: (8, 8) leaves 13 of 64 ratios out at each end.
    #[test]
    fn the_interval_leaves_out_as_many_ratios_as_the_published_tables_say() {
        for (first, second, critical) in
            [(4, 4, 0), (5, 5, 2), (6, 9, 10), (8, 8, 13), (20, 20, 127)]
        {
            assert_eq!(
                allowed_below(first, second, 0.05),
                Some(critical),
                "{first} {second}"
            );
        }
        let (a, b) = ([100.0, 101.0, 102.0, 103.0], [200.0, 202.0, 204.0, 206.0]);
        let [low, high] = factor_interval(&a, &b, 0.05).expect("four a side");
        assert_eq!((low, high), (200.0 / 103.0, 206.0 / 100.0));
    }

    #[test]
    fn the_closer_two_samples_are_the_more_runs_it_takes_to_tell_them_apart() {
        let of_u = |u| {
            let (a, b) = samples(10, 10, u);
            runs_to_tell(&a, &b)
        };
        assert_eq!(of_u(0), Some(6));
        assert_eq!((of_u(20), of_u(80)), (Some(15), Some(15)));
        assert_eq!(of_u(30), Some(33));
        assert_eq!(of_u(50), None);
    }

    #[test]
    fn the_least_p_is_that_of_samples_wholly_apart() {
        for (first, second) in [(1, 1), (1, 9), (2, 8), (3, 3), (3, 5), (4, 4), (6, 7)] {
            let (least, found) = (least_p(first, second), p_of_u(first, second, 0));
            assert!(
                (least - found).abs() < 1e-12,
                "{first} {second}: {least} {found}"
            );
        }
        assert!(least_p(3, 3) > 0.05 && least_p(4, 4) < 0.05);
    }
}
