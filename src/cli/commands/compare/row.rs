//! A row of the comparison: one metric on both sides, and the verdict.

use std::cmp::Ordering;

use serde::Serialize;

use crate::cli::commands::compare::report_file::{METRICS, Metric, ReportFile};
use crate::cli::commands::compare::statistics::{
    factor_interval, least_p, median, rank_test, runs_to_tell,
};

/// From this p on a difference may well be chance.
pub(super) const ALPHA: f64 = 0.05;
/// The most runs a side: the time of the exact test grows with the fourth power of their number.
pub(super) const RUNS_MAX: usize = 50;
/// Medians that differ by a smaller share count as equal.
pub(super) const MINIMUM_EFFECT: f64 = 0.01;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Better,
    Worse,
    Inconclusive,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// The runs of one side, in one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// One metric on both sides.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) metric: &'static str,
    /// The figure's key in a report.
    key: &'static str,
    /// Whether the figure is a time, in nanoseconds.
    #[serde(skip)]
    pub(super) is_time: bool,
    higher_is_better: bool,
    /// `None` if a run of that side did not record it.
    pub(super) a: Option<Summary>,
    pub(super) b: Option<Summary>,
    /// B's median divided by A's; `None` if there is nothing to divide by.
    pub(super) ratio: Option<f64>,
    /// Within these bounds the factor between the sides lies, with 95 % confidence; `None` if there are too few runs.
    pub(super) ratio_interval: Option<[f64; 2]>,
    pub(super) p: Option<f64>,
    pub(super) verdict: Verdict,
    /// About how many runs a side would tell, if the sides go on to differ as they do; `None` if the verdict is there,
    /// if it would take more than [`RUNS_MAX`], or if it cannot be guessed.
    pub(super) runs_to_tell: Option<usize>,
}

/// Whether samples of these sizes can differ by more than chance explains.
pub(super) fn can_tell(a: usize, b: usize) -> bool {
    least_p(a, b) < ALPHA
}

/// How many runs each side needs at least, if both have as many.
pub(super) fn runs_needed() -> usize {
    let mut runs = 1;
    while !can_tell(runs, runs) {
        runs += 1;
    }
    runs
}

/// A row for each metric.
pub(super) fn rows(a: &[ReportFile], b: &[ReportFile]) -> Vec<Row> {
    let rows = METRICS.iter().map(|metric| {
        let figures = |side: &[ReportFile]| {
            side.iter()
                .map(|run| (metric.figure)(&run.report))
                .collect()
        };
        row(*metric, figures(a), figures(b))
    });
    rows.collect()
}

fn row(metric: Metric, a: Option<Vec<f64>>, b: Option<Vec<f64>>) -> Row {
    let (of_a, of_b) = (
        a.as_deref().and_then(summary),
        b.as_deref().and_then(summary),
    );
    let ratio = of_a
        .zip(of_b)
        .and_then(|(a, b)| (a.median > 0.0).then(|| b.median / a.median));
    let both = a.zip(b);
    let test = both.as_ref().map(|(a, b)| rank_test(a, b));
    let ratio_interval = both.as_ref();
    let ratio_interval = ratio_interval.and_then(|(a, b)| factor_interval(a, b, ALPHA));
    let verdict = test
        .zip(ratio)
        .map_or(Verdict::Inconclusive, |(test, ratio)| {
            let rises = ratio.total_cmp(&1.0);
            if test.p >= ALPHA || (ratio - 1.0).abs() < MINIMUM_EFFECT || rises != test.second {
                Verdict::Inconclusive
            } else if (rises == Ordering::Greater) == metric.higher_is_better {
                Verdict::Better
            } else {
                Verdict::Worse
            }
        });
    let matters = ratio.is_some_and(|ratio| (ratio - 1.0).abs() >= MINIMUM_EFFECT);
    let open = both
        .filter(|(a, b)| verdict == Verdict::Inconclusive && matters && a.len().min(b.len()) > 1);
    let runs_to_tell = open.and_then(|(a, b)| {
        let runs = runs_to_tell(&a, &b)?.max(a.len().min(b.len()) + 1);
        (runs <= RUNS_MAX).then_some(runs)
    });
    Row {
        metric: metric.name,
        key: metric.key,
        is_time: metric.is_time(),
        higher_is_better: metric.higher_is_better,
        a: of_a,
        b: of_b,
        ratio,
        ratio_interval,
        p: test.map(|test| test.p),
        verdict,
        runs_to_tell,
    }
}

fn summary(figures: &[f64]) -> Option<Summary> {
    Some(Summary {
        median: median(figures)?,
        min: figures.iter().copied().min_by(f64::total_cmp)?,
        max: figures.iter().copied().max_by(f64::total_cmp)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(metric: Metric, a: &[f64], b: &[f64]) -> Verdict {
        row(metric, Some(a.to_vec()), Some(b.to_vec())).verdict
    }

    #[test]
    fn more_throughput_is_better_and_more_latency_worse() {
        let (low, high) = ([10.0, 11.0, 12.0, 13.0], [20.0, 21.0, 22.0, 23.0]);
        let (throughput, latency) = (METRICS[0], METRICS[2]);
        assert_eq!(verdict(throughput, &low, &high), Verdict::Better);
        assert_eq!(verdict(throughput, &high, &low), Verdict::Worse);
        assert_eq!(verdict(latency, &low, &high), Verdict::Worse);
        assert_eq!(verdict(latency, &high, &low), Verdict::Better);
    }

    #[test]
    fn chance_a_small_effect_and_few_runs_are_inconclusive() {
        let throughput = METRICS[0];
        let apart = |by: f64| [1000.0, 1001.0, 1002.0, 1003.0].map(|v| v * by);
        assert_eq!(
            verdict(throughput, &apart(1.0), &apart(1.009)),
            Verdict::Inconclusive
        );
        assert_eq!(
            verdict(throughput, &apart(1.0), &apart(1.011)),
            Verdict::Better
        );
        let (a, b) = ([10.0, 11.0, 12.0, 30.0], [20.0, 21.0, 22.0, 23.0]);
        assert_eq!(verdict(throughput, &a, &b), Verdict::Inconclusive);
        let (a, b) = ([10.0, 11.0, 12.0], [20.0, 21.0, 22.0]);
        assert_eq!(verdict(throughput, &a, &b), Verdict::Inconclusive);
        assert_eq!(runs_needed(), 4);
        assert!(can_tell(3, 5) && !can_tell(3, 4));
    }

    #[test]
    fn ranks_and_medians_that_disagree_are_inconclusive() {
        // B's median is below A's, but most of B ranks above most of A.
        let a = [[1.0; 10].as_slice(), &[5.0; 11]].concat();
        let b = [[4.0; 11].as_slice(), &[9.0; 10]].concat();
        let row = row(METRICS[0], Some(a), Some(b));
        assert!(row.p.is_some_and(|p| p < ALPHA), "{row:?}");
        assert!(row.ratio.is_some_and(|ratio| ratio < 0.99), "{row:?}");
        assert_eq!(row.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn nothing_divides_by_zero_or_by_nothing() {
        let zero = row(METRICS[2], Some(vec![0.0; 4]), Some(vec![1.0; 4]));
        assert_eq!((zero.ratio, zero.verdict), (None, Verdict::Inconclusive));
        let none = row(METRICS[2], None, Some(vec![1.0; 4]));
        assert_eq!((none.a, none.ratio, none.p), (None, None, None));
    }
}
