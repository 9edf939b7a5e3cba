//! How each kind of value is read and written. An error of `read` names what is accepted.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "every `write` takes a reference, so that they are used alike"
)]

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::sys::cpu::{CpuList, expected, mask, parse};
use crate::sys::quantity;
use crate::values::Value;

/// A whole number that was given as one: `1e3` is a floating-point number in TOML, and whole.
fn whole(value: &Value) -> Option<u64> {
    /// 2^53: beyond it not every whole number is a floating-point number.
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Float(number) if number.fract() == 0.0 && (0.0..EXACT_BELOW).contains(number) => {
            #[expect(clippy::cast_sign_loss, reason = "within the range, which begins at 0")]
            let number = *number as u64;
            Some(number)
        }
        _ => None,
    }
}

/// A whole number, with underscores, an exponent or a decimal prefix where they help.
pub(crate) mod number {
    use super::{Value, quantity, whole};

    pub(crate) fn read<T: TryFrom<u64>>(value: &Value) -> Result<T, String> {
        let number = match value {
            Value::Text(text) => quantity::whole(text),
            number => whole(number),
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| "expected a whole number (50000000, 50_000_000, 5e7 or 50M)".into())
    }

    pub(crate) fn write<T: Copy + TryInto<i128>>(number: &T) -> Value {
        // No whole number in use is beyond 64 bits.
        Value::Integer((*number).try_into().unwrap_or(i128::MAX))
    }
}

/// A number from 0 to 1, which the setting's own range check decides.
pub(crate) mod share {
    use super::Value;

    pub(crate) fn read(value: &Value) -> Result<f64, String> {
        let number = match value {
            Value::Integer(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| "expected a number from 0 to 1".into())
    }

    pub(crate) fn write(number: &f64) -> Value {
        Value::Float(*number)
    }
}

/// `true` and `false`, or `on` and `off` as text.
pub(crate) mod on_off {
    use super::Value;

    pub(crate) fn read(value: &Value) -> Result<bool, String> {
        match value {
            Value::Bool(on) => Ok(*on),
            Value::Text(text) if text == "on" => Ok(true),
            Value::Text(text) if text == "off" => Ok(false),
            _ => Err("expected on or off".into()),
        }
    }

    pub(crate) fn write(on: &bool) -> Value {
        Value::Bool(*on)
    }
}

/// A size in bytes, as a number or with a unit.
pub(crate) mod bytes {
    use super::{Value, quantity, whole};

    pub(crate) fn read(value: &Value) -> Result<usize, String> {
        let bytes = match value {
            Value::Text(text) => quantity::size(text),
            number => whole(number),
        };
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        bytes.ok_or_else(|| "expected a size (4096, 256KiB, 4MiB)".into())
    }

    pub(crate) use super::number::write;
}

/// A duration with a unit, or 0.
pub(crate) mod time {
    use super::{Duration, Value, quantity};

    pub(crate) fn read(value: &Value) -> Result<Duration, String> {
        let duration = match value {
            Value::Integer(0) => Some(Duration::ZERO),
            Value::Text(text) => quantity::time(text),
            _ => None,
        };
        duration.ok_or_else(|| "expected a duration (500us, 20ms, 10s, 2m)".into())
    }

    pub(crate) fn write(duration: &Duration) -> Value {
        Value::Text(humantime::format_duration(*duration).to_string())
    }
}

/// A duration where seconds go without saying: with a unit, or a bare number of seconds.
pub(crate) mod seconds {
    use super::{Duration, Value, quantity};

    pub(crate) fn read(value: &Value) -> Result<Duration, String> {
        let duration = match value {
            Value::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            Value::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
            Value::Text(text) => quantity::seconds(text),
            _ => None,
        };
        duration
            .ok_or_else(|| "expected a duration (20ms, 10s, 2m) or a number of seconds (10)".into())
    }

    pub(crate) use super::time::write;
}

/// How long a wait spins: a duration, or `auto` for `None`.
pub(crate) mod spin {
    use super::{Duration, Value, time};

    pub(crate) fn read(value: &Value) -> Result<Option<Duration>, String> {
        if *value == Value::from("auto") {
            return Ok(None);
        }
        let duration = time::read(value).map_err(|expected| format!("{expected}, or auto"))?;
        Ok(Some(duration))
    }

    pub(crate) fn write(spin: &Option<Duration>) -> Value {
        spin.as_ref().map_or_else(|| "auto".into(), time::write)
    }
}

/// Any value that is written as text.
pub(crate) mod word {
    use super::{Display, FromStr, Value};

    pub(crate) fn read<T: FromStr<Err: Display>>(value: &Value) -> Result<T, String> {
        let text = value.plain().ok_or("expected text")?;
        text.parse().map_err(|refusal: T::Err| refusal.to_string())
    }

    pub(crate) fn write<T: Display>(value: &T) -> Value {
        Value::Text(value.to_string())
    }
}

/// The path of a file.
pub(crate) mod path {
    use std::path::{Path, PathBuf};

    use super::Value;

    pub(crate) fn read(value: &Value) -> Result<PathBuf, String> {
        match value {
            Value::Text(text) => Ok(text.into()),
            Value::Raw(text) => Ok(text.into()),
            _ => Err("expected the path of a file, as text".into()),
        }
    }

    pub(crate) fn write(path: &Path) -> Value {
        Value::Text(path.display().to_string())
    }
}

/// Ids of CPUs: a list of numbers, or text such as `0,2,4-7`; both may be mixed.
pub(crate) mod cpus {
    use super::{CpuList, Value, expected, mask, parse};

    pub(crate) fn read(value: &Value) -> Result<Vec<usize>, String> {
        if let Value::List(parts) = value {
            let parts = parts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            return Ok(parts.concat());
        }
        let text = value.plain().ok_or("expected CPUs (0,2,4-7)")?;
        parse(&text).map_err(|wrong| format!("{wrong}; {}", expected(&mask())))
    }

    pub(crate) fn write(cpus: &[usize]) -> Value {
        Value::Text(CpuList(cpus).to_string())
    }
}

/// The id of one CPU.
pub(crate) mod cpu {
    use super::{Value, cpus};

    pub(crate) fn read(value: &Value) -> Result<usize, String> {
        match cpus::read(value)?[..] {
            [cpu] => Ok(cpu),
            _ => Err("expected one CPU".into()),
        }
    }

    pub(crate) use super::number::write;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Value, bytes, cpus, number, on_off, seconds, share, spin, time, word};
    use crate::sys::cpu::Pin;

    fn text(text: &str) -> Value {
        text.into()
    }

    #[test]
    fn a_value_is_read_from_text_and_from_its_own_type() {
        assert_eq!(number::read(&Value::Integer(7)), Ok(7_u64));
        for thousand in [text("1_000"), text("1e3"), text("1k"), Value::Float(1e3)] {
            assert_eq!(number::read(&thousand), Ok(1_000_usize));
        }
        assert_eq!(share::read(&Value::Integer(1)), Ok(1.0));
        assert_eq!(share::read(&text("0.5")), Ok(0.5));
        for on in [Value::Bool(true), text("on")] {
            assert_eq!(on_off::read(&on), Ok(true));
        }
        for size in [
            Value::Integer(65_536),
            Value::Float(65_536.0),
            text("64KiB"),
            text("65_536"),
        ] {
            assert_eq!(bytes::read(&size), Ok(65_536));
        }
        for second in [Value::Integer(1), Value::Float(1.0), text("1"), text("1s")] {
            assert_eq!(seconds::read(&second), Ok(Duration::from_secs(1)));
        }
        for none in [Value::Integer(0), text("0"), text("0s")] {
            assert_eq!(time::read(&none), Ok(Duration::ZERO));
        }
        assert_eq!(spin::read(&text("auto")), Ok(None));
        assert_eq!(word::read::<Pin>(&text("best-effort")), Ok(Pin::BestEffort));
        for list in [
            text("0-2"),
            Value::List(vec![Value::Integer(0), text("1,2")]),
        ] {
            assert_eq!(cpus::read(&list), Ok(vec![0, 1, 2]));
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_what_is_accepted() {
        let refused = [
            number::read::<u32>(&Value::Integer(1 << 40)).map(drop),
            number::read::<u64>(&Value::Integer(-1)).map(drop),
            number::read::<u64>(&Value::Float(1.5)).map(drop),
            number::read::<u64>(&Value::Float(-1.0)).map(drop),
            number::read::<u64>(&Value::Float(1e30)).map(drop),
            number::read::<u64>(&Value::Float(f64::NAN)).map(drop),
            share::read(&Value::Bool(true)).map(drop),
            on_off::read(&Value::Integer(1)).map(drop),
            bytes::read(&Value::Float(1e-3)).map(drop),
            time::read(&Value::Integer(5)).map(drop),
            time::read(&Value::Float(0.5)).map(drop),
            seconds::read(&Value::Integer(-5)).map(drop),
            seconds::read(&Value::Float(f64::INFINITY)).map(drop),
            spin::read(&text("long")).map(drop),
            word::read::<Pin>(&Value::List(Vec::new())).map(drop),
            word::read::<Pin>(&Value::Bool(true)).map(drop),
            cpus::read(&text("x")).map(drop),
        ];
        for refusal in refused {
            let refusal = refusal.expect_err("refused");
            assert!(refusal.contains("expected "), "{refusal}");
        }
    }

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let duration = Duration::from_micros(90_001_500);
        assert_eq!(time::read(&time::write(&duration)), Ok(duration));
        assert_eq!(spin::read(&spin::write(&None)), Ok(None));
        assert_eq!(number::read(&number::write(&u64::MAX)), Ok(u64::MAX));
        assert_eq!(cpus::read(&cpus::write(&[7, 0, 1])), Ok(vec![7, 0, 1]));
        assert_eq!(on_off::read(&on_off::write(&false)), Ok(false));
    }
}
