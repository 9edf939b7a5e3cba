//! From values to places in a chart, and the ticks beside it.

/// The height and the width of every chart in units of its own.
pub(super) const EXTENT: f64 = 1000.0;

/// A direction of a chart: where a value lies, and which values are named.
pub(super) struct Scale {
    logarithmic: bool,
    from: f64,
    to: f64,
    /// Values and their names, in ascending order.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Scale {
    /// From `from` to `to`, with ticks at whole multiples of 1, 2 or 5 times a power of ten; at most `ticks` of them,
    /// and one more.
    pub(super) fn linear(from: f64, to: f64, ticks: u32, name: impl Fn(f64) -> String) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let step = round_step((to - from) / f64::from(ticks));
        let first = (from / step).ceil() as i64;
        let last = (to / step + 1e-9).floor() as i64;
        let values = (first..=last).map(|at| at as f64 * step);
        let ticks = values.map(|value| (value, name(value))).collect();
        Self {
            logarithmic: false,
            from,
            to,
            ticks,
        }
    }

    /// From 0 to a round number above `to`.
    pub(super) fn up_to(to: f64, name: impl Fn(f64) -> String) -> Self {
        let to = to.max(1e-9) * 1.05;
        let step = round_step(to / 4.0);
        Self::linear(0.0, (to / step).ceil() * step, 4, name)
    }

    /// Makes each value `times` as large, and leaves the names: from minutes to the seconds that they are.
    pub(super) fn stretch(&mut self, times: f64) {
        self.from *= times;
        self.to *= times;
        for tick in &mut self.ticks {
            tick.0 *= times;
        }
    }

    /// The decades around `from` to `to`, both above 0.
    pub(super) fn log(from: f64, to: f64, name: impl Fn(f64) -> String) -> Self {
        let low = from.log10().floor() as i32;
        let high = (to.log10().ceil() as i32).max(low + 1);
        // Few decades leave room for more names.
        let within: &[f64] = if high - low <= 2 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let end = 10_f64.powi(high);
        let values =
            (low..=high).flat_map(|decade| within.iter().map(move |w| w * 10_f64.powi(decade)));
        let values = values.filter(|value| *value <= end * 1.001);
        let ticks = values.map(|value| (value, name(value))).collect();
        Self {
            logarithmic: true,
            from: 10_f64.powi(low),
            to: end,
            ticks,
        }
    }

    /// Where a value lies, 0 to [`EXTENT`].
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        share.clamp(0.0, 1.0) * EXTENT
    }
}

/// The next of 1, 2, 5, 10, 20, ... from `step` on.
fn round_step(step: f64) -> f64 {
    let decade = 10_f64.powf(step.log10().floor());
    let rounder = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|round| round * decade >= step * 0.999);
    rounder.unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::Scale;

    fn names(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        let name = |value: f64| value.to_string();
        assert_eq!(
            names(&Scale::up_to(37.0, name)),
            ["0", "10", "20", "30", "40"]
        );
        assert_eq!(
            names(&Scale::linear(0.0, 9.87, 5, name)),
            ["0", "2", "4", "6", "8"]
        );
        assert_eq!(
            names(&Scale::log(3.0, 4_000.0, name)),
            ["1", "10", "100", "1000", "10000"]
        );
        assert_eq!(
            names(&Scale::log(300.0, 900.0, name)),
            ["100", "200", "500", "1000"]
        );
    }

    #[test]
    fn nothing_lies_outside() {
        let scales = [
            Scale::linear(0.0, 0.0, 5, |_| String::new()),
            Scale::log(1.0, 1.0, |_| String::new()),
        ];
        for scale in scales {
            for value in [-1.0, 0.0, 1.0, 1e12] {
                let place = scale.place(value);
                assert!((0.0..=1000.0).contains(&place), "{value}: {place}");
            }
        }
    }
}
