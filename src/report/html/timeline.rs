//! The run over time: throughput, queue usage and workers, latency, one above the other.

use serde_json::Value;

use crate::report::html::chart::{Chart, Joined, Mark, Series};
use crate::report::html::downsample::Point;
use crate::report::html::format::{count, list, number, plain, short, spelled};
use crate::report::html::scale::Scale;
use crate::report::html::{COLUMNS, steps};
use crate::report::summary::scaled;

/// Marks of scaling steps: where there are more, they stand for each other.
const MARKS: usize = 200;

pub(super) fn section(report: &Value) -> String {
    let intervals = list(report, "/intervals");
    if intervals.is_empty() {
        let none = "<p class=\"note\">The report holds no time series.</p>\n";
        return super::section("Over time", none);
    }
    let run = Run {
        report,
        intervals,
        end: end(report, intervals),
    };
    let mut charts = run.throughput().html() + &run.usage().html() + &run.workers().html();
    charts.extend(run.latency().map(|chart| chart.html()));
    let each = format!("<div class=\"times\">\n{charts}</div>\n");
    super::section("Over time", &each)
}

fn end(report: &Value, intervals: &[Value]) -> f64 {
    let elapsed = number(report, "/throughput/elapsed_s").unwrap_or_default();
    intervals
        .iter()
        .filter_map(|i| number(i, "/t_s"))
        .fold(elapsed, f64::max)
}

/// A series for the readout: its name, its points, and how a value is spelled.
type Told<'a> = (&'a str, &'a [Point], fn(f64) -> String);

struct Run<'a> {
    report: &'a Value,
    intervals: &'a [Value],
    /// Seconds.
    end: f64,
}

impl Run<'_> {
    fn throughput(&self) -> Chart {
        let produced = self.points(|i| rate(i, "/produced"));
        let processed = self.points(|i| rate(i, "/processed"));
        let top = highest(&produced).max(highest(&processed));
        Chart {
            title: "Throughput, records/s",
            told: format!(
                "Records per second over time. Produced: up to {}. Processed: up to {}.",
                scaled(highest(&produced)),
                scaled(highest(&processed))
            ),
            class: "tall",
            x: self.scale(),
            y: Scale::up_to(top, amount),
            readout: self.readout(&[
                ("produced", &produced, |v| scaled(v) + "/s"),
                ("processed", &processed, |v| scaled(v) + "/s"),
            ]),
            series: vec![
                series("processed", "processed", Joined::Since, true, processed),
                series("produced", "produced", Joined::Since, false, produced),
            ],
            marks: self.marks(false),
        }
    }

    fn usage(&self) -> Chart {
        let usage = self.points(|i| {
            let capacity = number(i, "/queue_capacity").filter(|capacity| *capacity > 0.0)?;
            Some(number(i, "/queue")? / capacity * 100.0)
        });
        let mut marks = self.marks(false);
        for (name, label) in [
            ("scale_up_threshold", "scale up above"),
            ("scale_down_threshold", "scale down below"),
        ] {
            let value = &self.report["config"][name]["value"];
            let threshold = value.as_f64().or_else(|| value.as_str()?.parse().ok());
            if let Some(threshold) = threshold.filter(|_| self.autoscaled()) {
                let label = format!("{label} {} %", plain(threshold * 100.0));
                marks.push(Mark {
                    at: threshold * 100.0,
                    class: "limit",
                    label,
                    flat: true,
                });
            }
        }
        Chart {
            title: "Queue usage of the active lanes",
            told: format!(
                "Queue usage over time, in per cent. Highest: {:.0} %.",
                highest(&usage)
            ),
            class: "low",
            x: self.scale(),
            y: Scale::linear(0.0, 100.0, 4, |value| format!("{value}\u{a0}%")),
            readout: self.readout(&[("queue", &usage, |v| format!("{v:.0} %"))]),
            series: vec![series(
                "queue, at the interval's end",
                "queue",
                Joined::Straight,
                true,
                usage,
            )],
            marks,
        }
    }

    fn workers(&self) -> Chart {
        let mut workers = self.points(|i| number(i, "/workers"));
        let sampled = workers.clone();
        // Steps are known to the nanosecond, samples to the interval.
        for step in steps(self.report) {
            let at = number(step, "/t_ns").unwrap_or_default() / 1e9;
            workers.push((at, number(step, "/from")));
            workers.push((at, number(step, "/to")));
        }
        workers.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(first) = workers.first().copied() {
            workers.insert(0, (0.0, first.1));
        }
        let busy = self.points(|i| Some(number(i, "/cpu_s")? / length(i)?));
        let top = highest(&workers).max(highest(&busy));
        Chart {
            title: "Active workers and CPUs in use",
            told: format!(
                "Active workers over time, up to {}, in {} steps; CPUs in use, up to {:.1}.",
                highest(&workers),
                steps(self.report).count(),
                highest(&busy)
            ),
            class: "low",
            x: self.scale(),
            y: Scale::linear(0.0, top.max(1.0) * 1.25, 4, plain),
            readout: self.readout(&[
                ("workers", &sampled, plain),
                ("CPUs in use", &busy, |v| format!("{v:.2}")),
            ]),
            series: vec![
                series("active workers", "workers", Joined::Held, true, workers),
                series("CPUs in use", "cpus", Joined::Since, false, busy),
            ],
            marks: self.marks(true),
        }
    }

    /// None where no interval has a latency.
    fn latency(&self) -> Option<Chart> {
        let [p50, p99, max] =
            ["/p50_ns", "/p99_ns", "/max_ns"].map(|path| self.points(|i| number(i, path)));
        let lowest = p50
            .iter()
            .filter_map(|point| point.1)
            .min_by(f64::total_cmp)?;
        Some(Chart {
            title: "Response time of each interval",
            told: format!(
                "Response time over time, logarithmic. Median from {} on; 99th percentile up to {}; maximum {}.",
                short(lowest),
                short(highest(&p99)),
                short(highest(&max))
            ),
            class: "tall",
            x: self.scale(),
            y: Scale::log(lowest.max(1.0), highest(&max).max(1.0), short),
            readout: self.readout(&[
                ("p50", &p50, short),
                ("p99", &p99, short),
                ("max", &max, short),
            ]),
            series: vec![
                series("max", "max", Joined::Straight, false, max),
                series("p99", "p99", Joined::Straight, false, p99),
                series("p50", "p50", Joined::Straight, false, p50),
            ],
            marks: self.marks(false),
        })
    }

    fn autoscaled(&self) -> bool {
        let value = &self.report["config"]["autoscale"]["value"];
        value == "on" || value == true || steps(self.report).next().is_some()
    }

    fn scale(&self) -> Scale {
        let (unit, name) = match self.end {
            ..120.0 => (1.0, "s"),
            120.0..7_200.0 => (60.0, "min"),
            _ => (3_600.0, "h"),
        };
        let mut scale = Scale::linear(0.0, self.end / unit, 6, |value| {
            format!("{}\u{a0}{name}", plain(value))
        });
        scale.stretch(unit);
        scale
    }

    fn points(&self, value: impl Fn(&Value) -> Option<f64>) -> Vec<Point> {
        let points = self
            .intervals
            .iter()
            .map(|i| (number(i, "/t_s").unwrap_or_default(), value(i)));
        let mut points: Vec<_> = points.collect();
        if let Some((t, first)) = points.first().copied() {
            // What an interval came to holds since it began.
            let began = t - length(&self.intervals[0]).unwrap_or_default();
            points.insert(0, (began.max(0.0), first));
        }
        points
    }

    fn marks(&self, named: bool) -> Vec<Mark> {
        let all: Vec<_> = steps(self.report).collect();
        let (mut named_last, mut roomy_last) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let some = all
            .iter()
            .step_by(all.len().div_ceil(MARKS).max(1))
            .map(|step| {
                let at = number(step, "/t_ns").unwrap_or_default() / 1e9;
                let up = count(step, "/to") > count(step, "/from");
                let mut label = String::new();
                let mut class = if up { "up" } else { "down" };
                // Names that would lie on each other leave each other out; on a phone those that lie close.
                if named && at - named_last >= self.end / 40.0 {
                    named_last = at;
                    let sign = if up { '\u{25b2}' } else { '\u{25bc}' };
                    label = format!("{sign}{}", spelled(&step["to"]));
                    if at - roomy_last >= self.end / 12.0 {
                        roomy_last = at;
                    } else {
                        class = if up { "up crowded" } else { "down crowded" };
                    }
                }
                Mark {
                    at,
                    class,
                    label,
                    flat: false,
                }
            });
        some.collect()
    }

    /// A line for each of at most [`COLUMNS`] stretches: the value, or its range where a stretch has several.
    fn readout(&self, of: &[Told<'_>]) -> Vec<(f64, String)> {
        let points = self.intervals.len() + 1;
        let stretch = points.div_ceil(COLUMNS / 2);
        let lines = (1..points).step_by(stretch).map(|at| {
            let until = (at + stretch).min(points);
            let t = of[0].1[until - 1].0;
            let values = of.iter().map(|(name, series, spell)| {
                let values = || series[at..until].iter().filter_map(|point| point.1);
                let low = values().min_by(f64::total_cmp).map(spell);
                let high = values().max_by(f64::total_cmp).map(spell);
                match (low, high) {
                    (Some(low), Some(high)) if low == high => format!("{name} {low}"),
                    (Some(low), Some(high)) => format!("{name} {low} to {high}"),
                    _ => format!("{name} none"),
                }
            });
            let values = values.collect::<Vec<_>>().join(", ");
            (
                t,
                format!("{} s: {values}", plain((t * 10.0).round() / 10.0)),
            )
        });
        lines.collect()
    }
}

fn series(
    name: &'static str,
    class: &'static str,
    joined: Joined,
    shaded: bool,
    points: Vec<Point>,
) -> Series {
    Series {
        name,
        class,
        joined,
        shaded,
        points,
        dots: Vec::new(),
    }
}

fn length(interval: &Value) -> Option<f64> {
    number(interval, "/duration_s").filter(|seconds| *seconds > 0.0)
}

fn rate(interval: &Value, path: &str) -> Option<f64> {
    Some(number(interval, path)? / length(interval)?)
}

fn highest(points: &[Point]) -> f64 {
    points
        .iter()
        .filter_map(|point| point.1)
        .fold(0.0, f64::max)
}

/// A tick's name: `1.5 M`.
fn amount(value: f64) -> String {
    let steps = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match steps.iter().find(|(scale, _)| value >= *scale) {
        Some((scale, prefix)) => format!("{}\u{a0}{prefix}", plain(value / scale)),
        None => plain(value),
    }
}
