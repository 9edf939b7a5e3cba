//! Numbers in few characters.

use crate::sys::printed::Grouped;

/// A number with three significant digits, and as many more as its whole part has: `1.23`, `12.3`, `123`, `1,234`.
pub(crate) fn three_digits(number: f64) -> String {
    let decimals = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    Grouped(format!("{number:.decimals$}")).to_string()
}

/// A number in the largest of these units in which it is not below 1, with the unit's name; `None` if it is below 1 in
/// all of them. `decimals` is how many will be printed of a number close to 1,000: what they would round up to 1,000 is
/// 1 of the next unit.
///
/// `units` are sizes in ascending order, each a thousand times the one before, with their names.
pub(crate) fn in_units<'a>(
    number: f64,
    units: &[(f64, &'a str)],
    decimals: i32,
) -> (f64, Option<&'a str>) {
    let rounds_up = 1.0 - 0.000_5 * 10_f64.powi(-decimals);
    match units
        .iter()
        .rev()
        .find(|(size, _)| number >= size * rounds_up)
    {
        Some((size, name)) => (number / size, Some(name)),
        None => (number, None),
    }
}

/// The decimal prefixes of rates and sizes.
pub(crate) const PREFIXES: [(f64, &str); 3] = [(1e3, "k"), (1e6, "M"), (1e9, "G")];

/// A rate with three digits and its prefix: `58.0M`.
pub(crate) fn rate(per_s: f64) -> String {
    let (number, prefix) = in_units(per_s, &PREFIXES, 0);
    three_digits(number) + prefix.unwrap_or_default()
}

/// A number with one decimal and its prefix: `50.3 M`; a whole one if it needs no prefix: `40`.
pub(crate) fn scaled(number: f64) -> String {
    match in_units(whole_below_1000(number), &PREFIXES, 1) {
        (number, Some(prefix)) => format!("{} {prefix}", Grouped(format!("{number:.1}"))),
        (number, None) => format!("{number:.0}"),
    }
}

/// A size or a rate in bytes, likewise: `4.9 GB`, `40 B`.
pub(crate) fn scaled_bytes(bytes: f64) -> String {
    match in_units(whole_below_1000(bytes), &PREFIXES, 1) {
        (bytes, Some(prefix)) => format!("{} {prefix}B", Grouped(format!("{bytes:.1}"))),
        (bytes, None) => format!("{bytes:.0} B"),
    }
}

/// Below the first prefix no decimals are printed.
fn whole_below_1000(number: f64) -> f64 {
    if number < 1e3 { number.round() } else { number }
}

#[cfg(test)]
mod tests {
    use super::{rate, scaled, scaled_bytes};

    #[test]
    fn a_rate_has_three_digits_and_its_prefix() {
        assert_eq!([0.0, 12.3, 999.4].map(rate), ["0.00", "12.3", "999"]);
        assert_eq!([1_234.0, 58_021_376.0].map(rate), ["1.23k", "58.0M"]);
        assert_eq!(
            [4.76e9, 2.5e11, 2.5e12].map(rate),
            ["4.76G", "250G", "2,500G"]
        );
        let around = [999.4, 999.5, 999_499.0, 999_500.0, 999.5e6];
        assert_eq!(around.map(rate), ["999", "1.00k", "999k", "1.00M", "1.00G"]);
    }

    #[test]
    fn a_scaled_number_has_one_decimal_and_a_small_one_none() {
        assert_eq!([0.0, 40.4, 999.0].map(scaled), ["0", "40", "999"]);
        assert_eq!([50_300_000.0, 4.9e9].map(scaled), ["50.3 M", "4.9 G"]);
        assert_eq!([40.0, 3_100.0].map(scaled_bytes), ["40 B", "3.1 kB"]);
        let around = [999.4, 999.6, 999_949.0, 999_951.0];
        assert_eq!(around.map(scaled), ["999", "1.0 k", "999.9 k", "1.0 M"]);
        assert_eq!(
            around.map(scaled_bytes),
            ["999 B", "1.0 kB", "999.9 kB", "1.0 MB"]
        );
    }
}
