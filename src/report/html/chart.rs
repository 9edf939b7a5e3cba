//! A chart: lines in an SVG that stretches, names in HTML around it.

use serde_json::json;

use crate::report::html::downsample::{Point, downsample};
use crate::report::html::format::escape;
use crate::report::html::scale::{EXTENT, Scale};

/// Columns of a chart: more than it has pixels on most screens, and few enough for a small page.
pub(super) const COLUMNS: usize = 600;

/// How the points of a series are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    Straight,
    /// A value holds until the next point.
    Held,
}

/// A line of a chart. Its look - colour, width, dashes - belongs to its class.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) class: &'static str,
    pub(super) joined: Joined,
    /// Whether the area below it is shaded.
    pub(super) shaded: bool,
    pub(super) points: Vec<Point>,
    /// Points that get a dot.
    pub(super) dots: Vec<(f64, f64)>,
}

/// Something that happened, or a limit: a line across the chart.
pub(super) struct Mark {
    /// Along x, or along y if it is flat.
    pub(super) at: f64,
    pub(super) class: &'static str,
    /// Empty for a mark without a label.
    pub(super) label: String,
    pub(super) flat: bool,
}

/// A chart with a title and a legend.
pub(super) struct Chart {
    pub(super) title: &'static str,
    /// A sentence about its content, for screen readers.
    pub(super) description: String,
    pub(super) class: &'static str,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) series: Vec<Series>,
    pub(super) marks: Vec<Mark>,
    /// The text of the readout under the pointer, by place along x, in ascending order.
    pub(super) readout: Vec<(f64, String)>,
}

impl Chart {
    pub(super) fn html(&self) -> String {
        let Self { title, class, .. } = self;
        let legend = self.series.iter().map(legend).collect::<Vec<_>>().concat();
        let description = escape(&self.description);
        let grid = self.grid();
        let lines = self
            .series
            .iter()
            .map(|series| self.lines(series))
            .collect::<Vec<_>>()
            .concat();
        let marks = self
            .marks
            .iter()
            .map(|mark| self.mark(mark))
            .collect::<Vec<_>>()
            .concat();
        let names = self.names();
        let readout = self
            .readout
            .iter()
            .map(|(x, text)| json!([rounded(self.x.place(*x)), text]));
        let readout = escape(&json!(readout.collect::<Vec<_>>()).to_string());
        format!(
            "<figure class=\"{class}\">\n<figcaption><h3>{title}</h3><div class=\"legend\">{legend}</div>\
             </figcaption>\n<div class=\"plot\" data-readout=\"{readout}\">\n\
             <svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{description}\">\
             <title>{title}</title>\n{grid}{marks}{lines}</svg>\n\
             <div class=\"names\" aria-hidden=\"true\">{names}</div>\n\
             <div class=\"cursor\" hidden></div></div>\n<p class=\"readout\" aria-live=\"off\"></p>\n</figure>\n"
        )
    }

    fn grid(&self) -> String {
        let across = self
            .y
            .ticks
            .iter()
            .map(|(value, _)| format!("M0 {}H1000", rounded(EXTENT - self.y.place(*value))));
        let upward = self
            .x
            .ticks
            .iter()
            .map(|(value, _)| format!("M{} 0V1000", rounded(self.x.place(*value))));
        let path: String = across.chain(upward).collect();
        format!("<path class=\"grid\" d=\"{path}\"/>\n")
    }

    /// The names of ticks and marks.
    fn names(&self) -> String {
        let y = self.y.ticks.iter().map(|(value, name)| {
            format!(
                "<span class=\"y\" style=\"bottom:{}%\">{}</span>",
                percent(self.y.place(*value)),
                escape(name)
            )
        });
        let x = self.x.ticks.iter().map(|(value, name)| {
            format!(
                "<span class=\"x\" style=\"left:{}%\">{}</span>",
                percent(self.x.place(*value)),
                escape(name)
            )
        });
        let marks = self
            .marks
            .iter()
            .filter(|mark| !mark.label.is_empty())
            .map(|mark| {
                let (side, scale) = if mark.flat {
                    ("bottom", &self.y)
                } else {
                    ("left", &self.x)
                };
                let (class, label) = (mark.class, escape(&mark.label));
                format!(
                    "<span class=\"at {class}\" style=\"{side}:{}%\">{label}</span>",
                    percent(scale.place(mark.at))
                )
            });
        y.chain(x).chain(marks).collect::<Vec<_>>().concat()
    }

    fn mark(&self, mark: &Mark) -> String {
        let class = mark.class;
        if mark.flat {
            let y = rounded(EXTENT - self.y.place(mark.at));
            format!("<path class=\"mark {class}\" d=\"M0 {y}H1000\"/>\n")
        } else {
            let x = rounded(self.x.place(mark.at));
            format!("<path class=\"mark {class}\" d=\"M{x} 0V1000\"/>\n")
        }
    }

    fn lines(&self, series: &Series) -> String {
        let class = series.class;
        let points = downsample(&series.points, COLUMNS);
        let runs = || {
            points
                .split(|point| point.1.is_none())
                .filter(|run| !run.is_empty())
        };
        let areas = runs().filter(|_| series.shaded).map(|run| {
            let [first, last] = [run[0].0, run[run.len() - 1].0].map(|x| rounded(self.x.place(x)));
            format!("{}L{last} 1000H{first}Z", self.path(run, series.joined))
        });
        let line = runs().map(|run| self.path(run, series.joined));
        let dots = series.dots.iter().map(|(x, y)| {
            let (x, y) = (
                rounded(self.x.place(*x)),
                rounded(EXTENT - self.y.place(*y)),
            );
            format!("M{x} {y}h0")
        });
        let paths = [
            ("area", areas.collect::<Vec<_>>()),
            ("line", line.collect()),
            ("dots", dots.collect()),
        ];
        let paths = paths.iter().filter(|(_, path)| !path.is_empty());
        let paths = paths.map(|(look, path)| {
            format!("<path class=\"{look} {class}\" d=\"{}\"/>\n", path.concat())
        });
        paths.collect::<Vec<_>>().concat()
    }

    /// Points without a gap. A single one becomes a dot: a line of no length with round ends.
    fn path(&self, run: &[Point], joined: Joined) -> String {
        let places = run.iter().map(|(x, y)| {
            let y = y.unwrap_or_default();
            (rounded(self.x.place(*x)), rounded(EXTENT - self.y.place(y)))
        });
        let steps = places.enumerate().map(|(at, (x, y))| match (at, joined) {
            (0, _) => format!("M{x} {y}h0"),
            (_, Joined::Straight) => format!("L{x} {y}"),
            (_, Joined::Held) => format!("H{x}V{y}"),
        });
        steps.collect::<Vec<_>>().concat()
    }
}

fn legend(series: &Series) -> String {
    let Series { name, class, .. } = series;
    format!(
        "<span><svg class=\"swatch\" viewBox=\"0 0 28 8\" aria-hidden=\"true\">\
         <path class=\"line {class}\" d=\"M1 4H27\"/></svg>{name}</span>"
    )
}

/// To a tenth of a unit: a tenth of a pixel at most.
fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

fn percent(place: f64) -> f64 {
    (place * 100.0 / EXTENT * 100.0).round() / 100.0
}
