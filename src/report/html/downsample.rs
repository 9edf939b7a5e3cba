//! Long series, made short without hiding a peak.

use crate::report::html::format::floor;

/// A value at a place; `None` if there was nothing to measure.
pub(super) type Point = (f64, Option<f64>);

/// Keeps of each of `columns` equal stretches the lowest and the highest point, in their order; a stretch that holds
/// only gaps stays one. `points` ascend in their place.
pub(super) fn downsample(points: &[Point], columns: usize) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    if points.len() <= 2 * columns {
        return points.to_vec();
    }
    let width = ((last.0 - first.0) / columns as f64).max(f64::MIN_POSITIVE);
    let column = |point: &Point| floor(((point.0 - first.0) / width).min(columns as f64 - 1.0));
    let mut kept = Vec::with_capacity(2 * columns);
    for stretch in points.chunk_by(|a, b| column(a) == column(b)) {
        let values = || {
            stretch
                .iter()
                .enumerate()
                .filter_map(|(at, point)| Some((at, point.1?)))
        };
        let lowest = values().min_by(|a, b| a.1.total_cmp(&b.1));
        let highest = values().max_by(|a, b| a.1.total_cmp(&b.1));
        let (Some((low, _)), Some((high, _))) = (lowest, highest) else {
            kept.push(stretch[0]);
            continue;
        };
        kept.push(stretch[low.min(high)]);
        if low != high {
            kept.push(stretch[low.max(high)]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::downsample;

    #[test]
    fn a_long_series_keeps_its_peaks_and_its_gaps_and_a_short_one_everything() {
        let mut points: Vec<_> = (0..86_400).map(|at| (f64::from(at), Some(1.0))).collect();
        points[40_000].1 = Some(9.0);
        points[40_001].1 = Some(-9.0);
        for point in &mut points[50_000..60_000] {
            point.1 = None;
        }
        let kept = downsample(&points, 100);
        assert!(kept.len() <= 200, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        for peak in [Some(9.0), Some(-9.0), None] {
            assert!(kept.iter().any(|point| point.1 == peak), "{peak:?}");
        }
        assert_eq!(downsample(&points[..150], 100), points[..150]);
        assert_eq!(downsample(&[], 100), []);
        let same_place = vec![(5.0, Some(1.0)); 1_000];
        assert!(downsample(&same_place, 100).len() <= 2);
    }
}
