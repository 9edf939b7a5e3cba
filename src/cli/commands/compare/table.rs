//! The comparison as people read it.

use std::fmt::{self, Display, Formatter};

use crate::cli::commands::compare::Comparison;
use crate::cli::commands::compare::row::{Row, Summary};
use crate::report::human_duration::HumanDuration;
use crate::report::human_number::rate;
use crate::sys::printed::Printable;

/// Ends with a newline.
impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let spread = self.a.len() > 1 || self.b.len() > 1;
        let [a, b] = [&self.a, &self.b].map(|files| Printable(files.join(" ")));
        writeln!(f, "A: {a}\nB: {b}")?;
        for difference in &self.config_differs {
            let difference = difference.between(&self.a, &self.b);
            writeln!(f, "differs: {}", Printable(difference))?;
        }
        writeln!(f)?;
        let heading = if spread {
            [
                "",
                "A",
                "min - max",
                "B",
                "min - max",
                "B/A",
                "95 % interval",
                "p",
                "verdict",
            ]
        } else {
            ["", "A", "", "B", "", "B/A", "", "", "verdict"]
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
                    line.push(format!("{cell:>width$}")); // with one run a side some columns are empty
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
        let guesses = self
            .rows
            .iter()
            .filter_map(|row| Some((row.metric, row.runs_to_tell?)));
        let guesses: Vec<_> = guesses
            .map(|(metric, runs)| format!("{metric} about {runs}"))
            .collect();
        if !guesses.is_empty() {
            writeln!(
                f,
                "\nSo many runs a side would probably tell, if the sides go on to differ as they do: {}.",
                guesses.join(", ")
            )?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_sign_loss, reason = "no figure is below 0")]
fn cells(row: &Row, spread: bool) -> [String; 9] {
    let text = |value: f64| {
        if row.is_time {
            HumanDuration(value.round() as u64).to_string()
        } else {
            rate(value)
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
    let interval = match row.ratio_interval {
        _ if !spread => String::new(),
        None => "-".into(),
        Some([low, high]) => format!("{low:.3} - {high:.3}"),
    };
    let verdict = row.p.map_or("-", |_| row.verdict.name());
    [
        row.metric.into(),
        middle(row.a),
        range(row.a),
        middle(row.b),
        range(row.b),
        row.ratio.map_or("-".into(), |ratio| format!("{ratio:.3}")),
        interval,
        p.map_or(dash.into(), |p| format!("{p:.4}")),
        verdict.into(),
    ]
}
