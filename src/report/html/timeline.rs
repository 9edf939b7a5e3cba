//! The run over time: throughput, queue usage and workers, latency, one above the other.

use crate::outcome::Report;
use crate::outcome::report::Interval;
use crate::report::html::chart::{COLUMNS, Chart, Joined, Mark, Series};
use crate::report::html::downsample::Point;
use crate::report::html::format::{self, plain, short};
use crate::report::html::scale::Scale;
use crate::report::human_number::{PREFIXES, in_units, scaled};

/// Marks of scaling steps; of more steps only every second, third, ... is marked.
const MARKS: usize = 200;

pub(super) fn section(report: &Report) -> String {
    if report.intervals.is_empty() {
        let none = "<p class=\"note\">The report holds no time series.</p>\n";
        return format::section("Over time", none);
    }
    let ends = report.intervals.iter().map(|interval| interval.t_s);
    let run = Run {
        report,
        intervals: &report.intervals,
        end: ends.fold(report.throughput.elapsed_s, f64::max),
    };
    let mut charts = run.throughput().html() + &run.usage().html() + &run.workers().html();
    charts.extend(run.latency().map(|chart| chart.html()));
    let each = format!("<div class=\"times\">\n{charts}</div>\n");
    format::section("Over time", &each)
}

/// A value of each interval; `None` if there was nothing to measure.
type Values = Vec<Option<f64>>;

/// A series of the readout: its name, its values, and how one is spelled.
type ReadoutSeries<'a> = (&'a str, &'a [Option<f64>], fn(f64) -> String);

/// An interval that is shorter than this share of the longest is a partial one: the run ended in it.
const PARTIAL: f64 = 0.9;
/// One that is shorter than this says nothing about rates: a batch that happens to end in it is a peak.
const TELLING: f64 = 0.5;

struct Run<'a> {
    report: &'a Report,
    intervals: &'a [Interval],
    /// Seconds.
    end: f64,
}

impl Run<'_> {
    fn throughput(&self) -> Chart {
        let produced = self.values(|i| rate(i, i.produced));
        let processed = self.values(|i| rate(i, i.processed));
        let top = self.top(&produced).max(self.top(&processed));
        Chart {
            title: "Throughput, records/s",
            description: format!(
                "Records per second over time. Produced: up to {}. Processed: up to {}.",
                scaled(highest(produced.iter().copied())),
                scaled(highest(processed.iter().copied()))
            ),
            class: "tall",
            x: self.scale(),
            y: Scale::up_to(top, amount),
            readout: self.readout(&[
                ("produced", &produced, |v| scaled(v) + "/s"),
                ("processed", &processed, |v| scaled(v) + "/s"),
            ]),
            series: vec![
                series(
                    "processed",
                    "processed",
                    Joined::Straight,
                    true,
                    self.levels(&processed),
                ),
                series(
                    "produced",
                    "produced",
                    Joined::Straight,
                    false,
                    self.levels(&produced),
                ),
            ],
            marks: self.marks(false),
        }
    }

    fn usage(&self) -> Chart {
        let usage = self.values(|i| {
            (i.queue_capacity > 0).then(|| i.queue as f64 / i.queue_capacity as f64 * 100.0)
        });
        let mut marks = self.marks(false);
        for (name, label) in [
            ("scale_up_threshold", "scale up above"),
            ("scale_down_threshold", "scale down below"),
        ] {
            let setting = self.report.config.get(name);
            let threshold = setting.and_then(|setting| setting.value.as_f64());
            if let Some(threshold) = threshold.filter(|_| self.is_autoscaled()) {
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
            description: format!(
                "Queue usage over time, in per cent. Highest: {:.0} %.",
                highest(usage.iter().copied())
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
                self.moments(Some(0.0), &usage),
            )],
            marks,
        }
    }

    fn workers(&self) -> Chart {
        let sampled = self.values(|i| Some(i.workers as f64));
        // Steps are known to the nanosecond, samples to the interval: a first step says what it began with.
        let first = self.report.steps().next().map(|step| step.from as f64);
        let mut workers = self.moments(first.or(sampled[0]), &sampled);
        for step in self.report.steps() {
            let at = step.t_ns as f64 / 1e9;
            workers.push((at, Some(step.from as f64)));
            workers.push((at, Some(step.to as f64)));
        }
        workers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let busy = self.values(|i| Some(i.cpu_s / length(i)?));
        let most = highest(workers.iter().map(|point| point.1));
        let top = most.max(self.top(&busy));
        Chart {
            title: "Active workers and CPUs in use",
            description: format!(
                "Active workers over time, up to {}, in {} steps; CPUs in use, up to {:.1}.",
                most,
                self.report.steps().count(),
                highest(busy.iter().copied())
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
                series(
                    "CPUs in use",
                    "cpus",
                    Joined::Straight,
                    false,
                    self.levels(&busy),
                ),
            ],
            marks: self.marks(true),
        }
    }

    /// `None` if no interval has a latency, and nothing waited at the end of one.
    fn latency(&self) -> Option<Chart> {
        let times = |ns: fn(&Interval) -> Option<u64>| self.values(|i| ns(i).map(|ns| ns as f64));
        let (p50, p99, max) = (
            times(|i| i.p50_ns),
            times(|i| i.p99_ns),
            times(|i| i.max_ns),
        );
        let oldest = times(|i| i.oldest_ns);
        let values = p50.iter().chain(&oldest).filter_map(|value| *value);
        let lowest = values.min_by(f64::total_cmp)?;
        let top = highest(max.iter().chain(&oldest).copied());
        Some(Chart {
            title: "Response time of each interval, and what still waits",
            description: format!(
                "Response time over time, logarithmic. Median from {} on; 99th percentile up to {}; maximum {}. The oldest \
                 record that waited at the end of an interval: up to {}.",
                short(lowest),
                short(highest(p99.iter().copied())),
                short(highest(max.iter().copied())),
                short(highest(oldest.iter().copied())),
            ),
            class: "tall",
            x: self.scale(),
            y: Scale::log(lowest.max(1.0), top.max(1.0), short),
            readout: self.readout(&[
                ("p50", &p50, short),
                ("p99", &p99, short),
                ("max", &max, short),
                ("oldest waiting", &oldest, short),
            ]),
            series: vec![
                series("max", "max", Joined::Straight, false, self.levels(&max)),
                series("p99", "p99", Joined::Straight, false, self.levels(&p99)),
                series("p50", "p50", Joined::Straight, false, self.levels(&p50)),
                series(
                    "oldest waiting, at the interval's end",
                    "oldest",
                    Joined::Straight,
                    false,
                    self.moments(None, &oldest),
                ),
            ],
            marks: self.marks(false),
        })
    }

    fn is_autoscaled(&self) -> bool {
        let setting = self.report.config.get("autoscale");
        let is_on = setting.is_some_and(|setting| setting.value == "on");
        is_on || self.report.steps().next().is_some()
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

    fn values(&self, value: impl Fn(&Interval) -> Option<f64>) -> Values {
        self.intervals.iter().map(value).collect()
    }

    /// The line of values that hold for their whole interval, each as wide as it is.
    fn levels(&self, values: &[Option<f64>]) -> Vec<Point> {
        let mut began = 0.0;
        let levels = self
            .intervals
            .iter()
            .zip(values)
            .flat_map(|(interval, value)| {
                let from = std::mem::replace(&mut began, interval.t_s);
                [(from, *value), (interval.t_s, *value)]
            });
        levels.collect()
    }

    /// The line of values at the ends of the intervals, and of the one at the start.
    fn moments(&self, first: Option<f64>, values: &[Option<f64>]) -> Vec<Point> {
        let ends = self.intervals.iter().zip(values);
        let ends = ends.map(|(interval, value)| (interval.t_s, *value));
        std::iter::once((0.0, first)).chain(ends).collect()
    }

    /// How long the longest interval is, in seconds.
    fn longest(&self) -> f64 {
        self.intervals
            .iter()
            .map(|i| i.duration_s)
            .fold(0.0, f64::max)
    }

    /// The highest of the values of intervals that are not too short to tell; of all if there are no others.
    fn top(&self, values: &[Option<f64>]) -> f64 {
        let enough = TELLING * self.longest();
        let telling = self.intervals.iter().zip(values);
        let telling = telling.filter(|(interval, _)| interval.duration_s >= enough);
        highest(telling.map(|(_, value)| *value))
    }

    fn marks(&self, named: bool) -> Vec<Mark> {
        let all: Vec<_> = self.report.steps().collect();
        let (mut named_last, mut roomy_last) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        let some = all
            .iter()
            .step_by(all.len().div_ceil(MARKS).max(1))
            .map(|step| {
                let at = step.t_ns as f64 / 1e9;
                let up = step.to > step.from;
                let mut label = String::new();
                let mut class = if up { "up" } else { "down" };
                // A label that would overlap the last one is left out; one that is close to it, on phones.
                if named && at - named_last >= self.end / 40.0 {
                    named_last = at;
                    let sign = if up { '\u{25b2}' } else { '\u{25bc}' };
                    label = format!("{sign}{}", step.to);
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

    /// A line for each of at most [`COLUMNS`] stretches: the value, or its range if a stretch has several.
    fn readout(&self, of: &[ReadoutSeries<'_>]) -> Vec<(f64, String)> {
        let all = self.intervals.len();
        let stretch = (all + 1).div_ceil(COLUMNS / 2);
        let lines = (0..all).step_by(stretch).map(|at| {
            let until = (at + stretch).min(all);
            let last = &self.intervals[until - 1];
            let values = of.iter().map(|(name, series, spell)| {
                let values = || series[at..until].iter().filter_map(|value| *value);
                let low = values().min_by(f64::total_cmp).map(spell);
                let high = values().max_by(f64::total_cmp).map(spell);
                match (low, high) {
                    (Some(low), Some(high)) if low == high => format!("{name} {low}"),
                    (Some(low), Some(high)) => format!("{name} {low} to {high}"),
                    _ => format!("{name} none"),
                }
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let t = plain((last.t_s * 10.0).round() / 10.0);
            let is_partial = until == all && last.duration_s < PARTIAL * self.longest();
            let partial = if is_partial {
                format!(" (a part of an interval, {})", short(last.duration_s * 1e9))
            } else {
                String::new()
            };
            (last.t_s, format!("{t} s{partial}: {values}"))
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

/// Seconds; `None` for an interval of no length.
fn length(interval: &Interval) -> Option<f64> {
    Some(interval.duration_s).filter(|seconds| *seconds > 0.0)
}

/// Records of the interval, per second.
fn rate(interval: &Interval, records: u64) -> Option<f64> {
    Some(records as f64 / length(interval)?)
}

fn highest(values: impl Iterator<Item = Option<f64>>) -> f64 {
    values.flatten().fold(0.0, f64::max)
}

/// A tick's name: `1.5 M`.
fn amount(value: f64) -> String {
    match in_units(value, &PREFIXES, 3) {
        (value, Some(prefix)) => format!("{}\u{a0}{prefix}", plain(value)),
        (value, None) => plain(value),
    }
}
