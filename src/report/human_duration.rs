//! Times in few characters.

use std::fmt::{self, Display, Formatter};

use crate::report::human_number::{in_units, three_digits};

const UNITS: [(f64, &str); 3] = [(1e3, "us"), (1e6, "ms"), (1e9, "s")];

/// Nanoseconds with three digits and the unit that fits: `870ns`, `12.3us`, `4.56ms`, `78.9s`.
pub(crate) struct HumanDuration(pub(crate) u64);

impl HumanDuration {
    /// The number and its unit.
    pub(crate) fn parts(&self) -> (String, &'static str) {
        match in_units(self.0 as f64, &UNITS, 0) {
            (number, Some(unit)) => (three_digits(number), unit),
            (_, None) => (self.0.to_string(), "ns"),
        }
    }
}

impl Display for HumanDuration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (number, unit) = self.parts();
        write!(f, "{number}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::HumanDuration;

    #[test]
    fn a_time_has_three_digits_and_its_unit() {
        let text = |ns: u64| HumanDuration(ns).to_string();
        assert_eq!([0, 999, 1_000].map(text), ["0ns", "999ns", "1.00us"]);
        assert_eq!([12_345, 456_789].map(text), ["12.3us", "457us"]);
        assert_eq!([4_561_000, 78_900_000_000].map(text), ["4.56ms", "78.9s"]);
        assert_eq!(text(3_600_000_000_000), "3,600s");
    }

    #[test]
    fn a_time_that_rounds_up_to_a_thousand_is_one_of_the_next_unit() {
        let text = |ns: u64| HumanDuration(ns).to_string();
        assert_eq!([999_499, 999_500].map(text), ["999us", "1.00ms"]);
        assert_eq!([999_499_999, 999_500_000].map(text), ["999ms", "1.00s"]);
    }
}
