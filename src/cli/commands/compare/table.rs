//! The comparison as people read it.

use std::fmt::{self, Display, Formatter};

use crate::cli::commands::compare::Comparison;
use crate::cli::commands::compare::row::{Row, Summary};
use crate::report::human_duration::Short;

/// Ends with a newline.
impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let spread = self.a.len() > 1 || self.b.len() > 1;
        writeln!(f, "A: {}\nB: {}\n", self.a.join(" "), self.b.join(" "))?;
        let heading = if spread {
            [
                "",
                "A",
                "min - max",
                "B",
                "min - max",
                "B/A",
                "p",
                "verdict",
            ]
        } else {
            ["", "A", "", "B", "", "B/A", "", "verdict"]
        };
        let heading = heading.map(str::to_owned);
        let rows = self.rows.iter().map(|row| cells(row, spread));
        let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
        for row in &rows {
            let mut line = Vec::new();
            for (column, cell) in row.iter().enumerate() {
                let width = rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
                if column == 0 || column + 1 == row.len() {
                    line.push(format!("{cell:width$}"));
                } else if width > 0 {
                    line.push(format!("{cell:>width$}")); // one run a side leaves columns empty
                }
            }
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        if let Some(runs) = self.runs_needed {
            let (a, b) = (self.a.len(), self.b.len());
            writeln!(
                f,
                "\nNo verdict with {a} and {b} runs: it takes at least {runs} a side."
            )?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_sign_loss, reason = "no figure is below 0")]
fn cells(row: &Row, spread: bool) -> [String; 8] {
    let is_time = row.metric.contains(' ');
    let text = |value: f64| {
        if is_time {
            Short(value.round() as u64).to_string()
        } else {
            scaled(value)
        }
    };
    let middle = |side: Option<Summary>| side.map_or("-".into(), |side| text(side.median));
    let range = |side: Option<Summary>| match side {
        _ if !spread => String::new(),
        None => "-".into(),
        Some(side) => format!("{} - {}", text(side.min), text(side.max)),
    };
    let p = row.p.filter(|_| spread);
    let dash = if spread { "-" } else { "" };
    let verdict = row.p.map_or("-", |_| row.verdict.name());
    [
        row.metric.into(),
        middle(row.a),
        range(row.a),
        middle(row.b),
        range(row.b),
        row.ratio.map_or("-".into(), |ratio| format!("{ratio:.3}")),
        p.map_or(dash.into(), |p| format!("{p:.4}")),
        verdict.into(),
    ]
}

/// A rate with three digits: `58.0M`.
fn scaled(value: f64) -> String {
    let (scale, unit) = match value {
        ..1e3 => (1.0, ""),
        ..1e6 => (1e3, "k"),
        ..1e9 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    let value = value / scale;
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn a_rate_has_three_digits_and_its_unit() {
        assert_eq!([0.0, 12.3, 999.4].map(scaled), ["0.00", "12.3", "999"]);
        assert_eq!([1_234.0, 58_021_376.0].map(scaled), ["1.23k", "58.0M"]);
        assert_eq!([4.76e9, 2.5e11].map(scaled), ["4.76G", "250G"]);
    }
}
