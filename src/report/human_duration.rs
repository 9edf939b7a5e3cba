//! Times in few characters.

use std::fmt::{self, Display, Formatter};

/// Nanoseconds with three digits and the unit that fits: `870ns`, `12.3us`, `4.56ms`, `78.9s`.
pub(crate) struct Short(pub(crate) u64);

impl Display for Short {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (scale, unit) = match self.0 {
            0..1_000 => return write!(f, "{}ns", self.0),
            1_000..1_000_000 => (1e3, "us"),
            1_000_000..1_000_000_000 => (1e6, "ms"),
            _ => (1e9, "s"),
        };
        let value = self.0 as f64 / scale;
        let decimals = match value {
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.decimals$}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::Short;

    #[test]
    fn a_time_has_three_digits_and_its_unit() {
        let text = |ns: u64| Short(ns).to_string();
        assert_eq!([0, 999, 1_000].map(text), ["0ns", "999ns", "1.00us"]);
        assert_eq!([12_345, 456_789].map(text), ["12.3us", "457us"]);
        assert_eq!([4_561_000, 78_900_000_000].map(text), ["4.56ms", "78.9s"]);
    }
}
