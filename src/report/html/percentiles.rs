//! Latency by percentile: response beside service.

use crate::metrics::LatencyReport;
use crate::outcome::report::LatencyPercentiles;
use crate::report::html::chart::{Chart, Joined, Series};
use crate::report::html::downsample::Point;
use crate::report::html::format::{floor, plain, short, time};
use crate::report::html::scale::Scale;

/// Nines that get a tick: up to 99.99999 %.
const NINES: i32 = 7;

/// Both curves in one chart; empty if there are no points.
pub(super) fn chart(percentiles: &LatencyPercentiles, latency: &LatencyReport) -> String {
    let response = points(&percentiles.response);
    let service = points(&percentiles.service);
    let values = || response.iter().chain(&service).filter_map(|point| point.1);
    let (Some(low), Some(high)) = (
        values().min_by(f64::total_cmp),
        values().max_by(f64::total_cmp),
    ) else {
        return String::new();
    };
    let end = response
        .iter()
        .chain(&service)
        .map(|point| point.0)
        .fold(1.0, f64::max);
    Chart {
        title: "Latency by percentile",
        description: format!(
            "Latency by percentile, both logarithmic. Response: p50 {}, p99 {}, max {}. \
             Service: p50 {}, p99 {}, max {}.",
            time(latency.response.p50_ns),
            time(latency.response.p99_ns),
            time(latency.response.max_ns),
            time(latency.service.p50_ns),
            time(latency.service.p99_ns),
            time(latency.service.max_ns),
        ),
        class: "tall",
        x: scale(end),
        y: Scale::log(low, high, short),
        readout: readout(&response, &service),
        series: vec![
            series("response: since due", "response", response),
            series("service: since published", "service", service),
        ],
        marks: Vec::new(),
    }
    .html()
}

/// Rows of the report, placed by their nines. The last row, 100 %, has no place; it goes to the end.
fn points(rows: &[(f64, u64)]) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for &(quantile, ns) in rows {
        let last = points.last().map_or(0.0, |point| point.0);
        let place = if quantile < 1.0 {
            -(1.0 - quantile).log10()
        } else {
            last
        };
        points.push((place.max(0.0), Some((ns as f64).max(1.0))));
    }
    points
}

fn scale(end: f64) -> Scale {
    let half = std::iter::once((2_f64.log10(), "50\u{a0}%".to_owned()));
    let nines = (1..=NINES).map(|nines| (f64::from(nines), percentile(f64::from(nines), 0)));
    let ticks = half.chain(nines).filter(|tick| tick.0 <= end + 0.01);
    let mut scale = Scale::linear(0.0, end, 1, plain);
    scale.ticks = ticks.collect();
    scale
}

/// The percentile at a place (2 is 99 %), with `more` decimals than are needed to distinguish it from 100 %.
fn percentile(place: f64, more: usize) -> String {
    let decimals = (floor(place.ceil()) as usize + more).saturating_sub(2);
    format!("{:.decimals$}\u{a0}%", 100.0 - 10_f64.powf(2.0 - place))
}

fn series(name: &'static str, class: &'static str, points: Vec<Point>) -> Series {
    let at = |place: f64| points.iter().find(|point| point.0 >= place - 1e-6);
    let places = std::iter::once(2_f64.log10()).chain((1..=NINES).map(f64::from));
    let dots = places
        .filter_map(at)
        .filter_map(|point| Some((point.0, point.1?)));
    let dots = dots.collect();
    Series {
        name,
        class,
        joined: Joined::Straight,
        shaded: false,
        points,
        dots,
    }
}

/// Both values at each row of the longer curve.
fn readout(response: &[Point], service: &[Point]) -> Vec<(f64, String)> {
    let rows = if response.len() >= service.len() {
        response
    } else {
        service
    };
    let at = |curve: &[Point], place: f64| {
        let point = curve.iter().find(|point| point.0 >= place).or(curve.last());
        point.and_then(|point| point.1).map_or("none".into(), short)
    };
    let lines = rows.iter().map(|(place, _)| {
        let (response, service) = (at(response, *place), at(service, *place));
        let percentile = percentile(*place, 1);
        (
            *place,
            format!("{percentile}: response {response}, service {service}"),
        )
    });
    lines.collect()
}
