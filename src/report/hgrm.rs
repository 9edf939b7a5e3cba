//! `.hgrm`: a distribution by percentile, as text, for the plotter of `HdrHistogram` and other readers of its format.
//!
//! Values are in milliseconds, the plotter's default unit. The plotter draws rows of four numbers, so the last row,
//! whose distance to 100 % is infinite, has three: that is how the Java implementation writes it.

use std::fmt::{self, Display, Formatter};

use crate::metrics::{LatencySummary, Percentile};

const NS_PER_MS: f64 = 1e6;

/// A distribution: its percentiles, and its summary for the footer.
pub(crate) struct Hgrm<'a>(pub(crate) &'a [Percentile], pub(crate) &'a LatencySummary);

impl Display for Hgrm<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(percentiles, summary) = self;
        writeln!(
            f,
            "{:>14} {:>16} {:>12} {:>17}\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        )?;
        for row in *percentiles {
            let ms = row.ns as f64 / NS_PER_MS;
            write!(
                f,
                "{ms:>14.6} {:>16.12} {:>12}",
                row.quantile, row.total_count
            )?;
            if row.quantile < 1.0 {
                write!(f, " {:>17.2}", 1.0 / (1.0 - row.quantile))?;
            }
            writeln!(f)?;
        }
        let [mean, stddev] = [summary.mean_ns, summary.stddev_ns].map(|ns| ns / NS_PER_MS);
        let max = summary.max_ns as f64 / NS_PER_MS;
        writeln!(
            f,
            "#[Mean    = {mean:>12.6}, StdDeviation   = {stddev:>12.6}]"
        )?;
        writeln!(
            f,
            "#[Max     = {max:>12.6}, Total count    = {:>12}]",
            summary.count
        )
    }
}
