//! Quantities that are written as text: whole numbers, sizes and times.

use std::time::Duration;

use bytesize::ByteSize;

/// A whole number: `50000000`, `50_000_000`, `5e7`, `50M`. `k`, `M` and `G` are powers of a thousand.
pub(crate) fn whole(text: &str) -> Option<u64> {
    let (number, suffix) = match text.chars().next_back()? {
        'k' | 'K' => (&text[..text.len() - 1], 3),
        'M' => (&text[..text.len() - 1], 6),
        'G' => (&text[..text.len() - 1], 9),
        _ => (text, 0),
    };
    let (number, exponent) = match number.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i8>().ok()?),
        None => (number, 0),
    };
    let (before, after) = match number.split_once('.') {
        Some((before, after)) if after.starts_with(is_digit) => (before, after.replace('_', "")),
        Some(_) => return None,
        None => (number, String::new()),
    };
    let digits = before.replace('_', "") + &after;
    if !before.starts_with(is_digit) || !digits.chars().all(is_digit) {
        return None;
    }
    let digits: u128 = digits.parse().ok()?;
    let power = i64::from(exponent) + suffix - i64::try_from(after.len()).ok()?;
    let scale = 10_u128.checked_pow(u32::try_from(power.unsigned_abs()).ok()?)?;
    let number = if power >= 0 {
        digits.checked_mul(scale)?
    } else {
        digits.is_multiple_of(scale).then(|| digits / scale)?
    };
    u64::try_from(number).ok()
}

fn is_digit(char: char) -> bool {
    char.is_ascii_digit()
}

/// A size in bytes: a whole number, or one with a unit such as `256KiB`.
pub(crate) fn size(text: &str) -> Option<u64> {
    whole(text).or_else(|| {
        let size: ByteSize = text.replace('_', "").parse().ok()?;
        Some(size.as_u64())
    })
}

/// A time with its unit, such as `20ms`, or `0`.
pub(crate) fn time(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    // `M` is a month to humantime, a million to `whole`, and minutes to whoever is in a hurry.
    let is_ambiguous = text.contains('M');
    humantime::parse_duration(text)
        .ok()
        .filter(|_| !is_ambiguous)
}

/// A time where seconds go without saying: with its unit, or a bare number of seconds such as `10` or `0.5`.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let is_bare = text.ends_with(is_digit);
    if let Some(seconds) = whole(text).filter(|_| is_bare) {
        return Some(Duration::from_secs(seconds));
    }
    let is_decimal = text.starts_with(is_digit) && text.chars().all(|c| is_digit(c) || c == '.');
    if is_decimal {
        return Duration::try_from_secs_f64(text.parse().ok()?).ok();
    }
    time(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{seconds, size, time, whole};

    #[test]
    fn a_whole_number_takes_underscores_exponents_and_prefixes() {
        for (text, number) in [
            ("0", 0),
            ("1_000", 1_000),
            ("1e6", 1_000_000),
            ("1E+6", 1_000_000),
            ("1.5e3", 1_500),
            ("1500e-2", 15),
            ("1.0", 1),
            ("5k", 5_000),
            ("5K", 5_000),
            ("2.5M", 2_500_000),
            ("18G", 18_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in [
            "",
            "k",
            "e6",
            "1e",
            "1e99",
            "1.5",
            "1.",
            ".5",
            "-1",
            "+1",
            "_1",
            "1m",
            "1T",
            "1 k",
            "1e6e6",
            "0x10",
            "1.2.3",
            "18446744073709551616",
            "\u{661}",
        ] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_size_takes_a_number_or_a_unit() {
        for text in ["65536", "65_536", "64KiB", "64kib", "65.536k", "65.536kB"] {
            assert_eq!(size(text), Some(65_536), "{text}");
        }
        assert_eq!(size("1e6"), size("1M"));
        assert_eq!(size("much"), None);
    }

    #[test]
    fn a_bare_number_is_a_time_only_where_seconds_go_without_saying() {
        let ten = Some(Duration::from_secs(10));
        for text in ["10", "1e1", "10.0", "10s"] {
            assert_eq!(seconds(text), ten, "{text}");
        }
        assert_eq!(seconds("0.25"), Some(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Some(Duration::ZERO));
        for text in [
            "", "-1", "soon", "1.2.3", ".", "1e99", "1k5", "5M", "5k", "1M 2s", "2h5M",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(time("10s"), ten);
        assert_eq!(time("0"), Some(Duration::ZERO));
        assert_eq!(time("999.5us"), Some(Duration::from_nanos(999_500)));
        assert_eq!(time("10"), None);
    }
}
