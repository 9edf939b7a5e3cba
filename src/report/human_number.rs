//! Numbers in few characters.

/// A number below 1,000 with three significant digits: `1.23`, `12.3`, `123`.
pub(crate) fn three_digits(number: f64) -> String {
    let decimals = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$}")
}

/// A number in the largest of these units that is not larger than it, with the unit's name; `None` if all are larger.
///
/// `units` are sizes in ascending order, each with its name.
pub(crate) fn in_units<'a>(number: f64, units: &[(f64, &'a str)]) -> (f64, Option<&'a str>) {
    match units.iter().rev().find(|(size, _)| number >= *size) {
        Some((size, name)) => (number / size, Some(name)),
        None => (number, None),
    }
}

/// The decimal prefixes of rates and sizes.
pub(crate) const PREFIXES: [(f64, &str); 3] = [(1e3, "k"), (1e6, "M"), (1e9, "G")];

/// A rate with three digits and its prefix: `58.0M`.
pub(crate) fn rate(per_s: f64) -> String {
    let (number, prefix) = in_units(per_s, &PREFIXES);
    three_digits(number) + prefix.unwrap_or_default()
}

/// A number with one decimal and its prefix: `50.3 M`; a whole one if it needs no prefix: `40`.
pub(crate) fn scaled(number: f64) -> String {
    match in_units(number, &PREFIXES) {
        (number, Some(prefix)) => format!("{number:.1} {prefix}"),
        (number, None) => format!("{number:.0}"),
    }
}

/// A size or a rate in bytes, likewise: `4.9 GB`, `40 B`.
pub(crate) fn scaled_bytes(bytes: f64) -> String {
    match in_units(bytes, &PREFIXES) {
        (bytes, Some(prefix)) => format!("{bytes:.1} {prefix}B"),
        (bytes, None) => format!("{bytes:.0} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::{rate, scaled, scaled_bytes};

    #[test]
    fn a_rate_has_three_digits_and_its_prefix() {
        assert_eq!([0.0, 12.3, 999.4].map(rate), ["0.00", "12.3", "999"]);
        assert_eq!([1_234.0, 58_021_376.0].map(rate), ["1.23k", "58.0M"]);
        assert_eq!([4.76e9, 2.5e11].map(rate), ["4.76G", "250G"]);
    }

    #[test]
    fn a_scaled_number_has_one_decimal_and_a_small_one_none() {
        assert_eq!([0.0, 40.4, 999.0].map(scaled), ["0", "40", "999"]);
        assert_eq!([50_300_000.0, 4.9e9].map(scaled), ["50.3 M", "4.9 G"]);
        assert_eq!([40.0, 3_100.0].map(scaled_bytes), ["40 B", "3.1 kB"]);
    }
}
