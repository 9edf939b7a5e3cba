//! A covering set: few combinations of several factors, in which every pair of levels of two factors occurs.

use std::collections::BTreeSet;

/// A pair of levels, each as factor and level.
type Pair = [(usize, usize); 2];

/// All combinations of factors with this many levels.
pub(super) fn product<const N: usize>(sizes: [usize; N]) -> Vec<[usize; N]> {
    let mut all = vec![[0; N]];
    for (factor, size) in sizes.into_iter().enumerate() {
        let with = |levels: [usize; N]| {
            (0..size).map(move |level| {
                let mut levels = levels;
                levels[factor] = level;
                levels
            })
        };
        all = all.into_iter().flat_map(with).collect();
    }
    all
}

fn pairs_of(levels: &[usize]) -> impl Iterator<Item = Pair> {
    let levels = levels.iter().copied().enumerate();
    let firsts = levels.clone();
    firsts.flat_map(move |first| {
        let seconds = levels.clone().skip(first.0 + 1);
        seconds.map(move |second| [first, second])
    })
}

/// The pairs of levels that occur in none of these combinations.
pub(super) fn uncovered<const N: usize>(
    combinations: &[[usize; N]],
    sizes: [usize; N],
) -> BTreeSet<Pair> {
    let all = product(sizes);
    let mut pairs: BTreeSet<_> = all.iter().flat_map(|levels| pairs_of(levels)).collect();
    for pair in combinations.iter().flat_map(|levels| pairs_of(levels)) {
        pairs.remove(&pair);
    }
    pairs
}

/// Picks combinations until every pair occurs: each time the first of those with the most new pairs.
pub(super) fn covering<const N: usize>(sizes: [usize; N]) -> Vec<[usize; N]> {
    let (all, mut missing) = (product(sizes), uncovered(&[], sizes));
    let mut picked = Vec::new();
    while !missing.is_empty() {
        let gain = |levels: &[usize]| {
            pairs_of(levels)
                .filter(|pair| missing.contains(pair))
                .count()
        };
        // `max_by_key` returns the last of equals.
        let next = *all.iter().rev().max_by_key(|levels| gain(*levels)).unwrap();
        for pair in pairs_of(&next) {
            missing.remove(&pair);
        }
        picked.push(next);
    }
    picked
}

#[test]
fn a_covering_set_is_small_and_has_every_pair() {
    for sizes in [[11, 4, 6, 3], [2, 2, 2, 2], [1, 1, 5, 1], [3, 7, 4, 4]] {
        let set = covering(sizes);
        assert!(uncovered(&set, sizes).is_empty(), "{sizes:?}");
        // Each combination has one pair of the two largest factors.
        let mut largest = sizes;
        largest.sort_unstable();
        let least = largest[2] * largest[3];
        let size = set.len();
        assert!(
            (least..=least * 5 / 4 + 2).contains(&size),
            "{sizes:?}: {size}"
        );
    }
}

#[test]
fn a_pair_that_is_missing_is_found() {
    let sizes = [3, 4, 3];
    let mut set = covering(sizes);
    let pair = [(0, set[0][0]), (2, set[0][2])];
    set.retain(|levels| pairs_of(levels).all(|other| other != pair));
    assert!(uncovered(&set, sizes).contains(&pair));
    assert_eq!(product(sizes).len(), 36);
    assert!(uncovered(&product(sizes), sizes).is_empty());
}
