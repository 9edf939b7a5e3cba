//! Values as people write them; each error says what is accepted.

use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use serde_json::Value;

use crate::sys::cpu::{expected, mask, parse as parse_list};

pub(crate) fn parse<T: FromStr<Err: ToString>>(text: &str, into: &mut T) -> Result<(), String> {
    *into = text
        .parse()
        .map_err(|refusal: T::Err| refusal.to_string())?;
    Ok(())
}

pub(crate) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off".into()),
    }
}

pub(crate) fn number(text: &str) -> Result<u64, String> {
    let number = text.replace('_', "").parse();
    number.map_err(|_| "expected a whole number (50000000 or 50_000_000)".into())
}

pub(crate) fn size(text: &str) -> Result<usize, String> {
    usize::try_from(number(text)?).map_err(|e| e.to_string())
}

pub(crate) fn samples(text: &str) -> Result<u32, String> {
    u32::try_from(number(text)?).map_err(|_| "expected 1 to 1000000".into())
}

pub(crate) fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| "expected a number from 0 to 1".into())
}

pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    let size: Result<ByteSize, _> = text.replace('_', "").parse();
    let size = size.map_err(|_| "expected a size (4096, 256KiB, 4MiB)".to_owned())?;
    usize::try_from(size.as_u64()).map_err(|e| e.to_string())
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    humantime::parse_duration(text).map_err(|_| "expected a duration (500us, 20ms, 10s, 2m)".into())
}

pub(crate) fn text_of(duration: Duration) -> Value {
    humantime::format_duration(duration).to_string().into()
}

pub(crate) fn cpus(text: &str) -> Result<Vec<usize>, String> {
    parse_list(text).map_err(|wrong| format!("{wrong}; {}", expected(&mask())))
}
