//! What can be wrong with a configuration.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// One thing that is wrong with a configuration. Its text is a sentence with the value, what is accepted and, where it
/// is not obvious, the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A value is outside its range.
    #[error("{setting} {value} is out of range: expected {expected}")]
    OutOfRange {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The range.
        expected: String,
    },
    /// Values that are accepted each, but not together.
    #[error("{message}")]
    Contradiction {
        /// The names of the settings.
        settings: &'static [&'static str],
        /// The sentence.
        message: String,
    },
    /// The process may not use a CPU that is named, or the CPU cannot exist.
    #[error("{0}")]
    Placement(String),
    /// The lanes take more memory than the machine, its control group or the address space has.
    #[error("{message}")]
    NotEnoughMemory {
        /// What the pipeline would take.
        needed_bytes: u64,
        /// What is left under the tightest limit, `None` if that is unknown.
        left_bytes: Option<u64>,
        /// The sentence.
        message: String,
    },
}

/// All that is wrong with a configuration, at least one error; as text, a line for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Err` if there are errors.
    pub(super) fn check(errors: Vec<ConfigError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// The errors, in no particular order.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }
}

impl Display for ConfigErrors {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(ConfigError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl IntoIterator for ConfigErrors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The longest time that any setting takes: ten years as `humantime` counts them, which no sum of times overflows.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(10 * 31_557_600);

/// Range checks; each adds an error if the value is outside.
pub(super) trait Ranges {
    fn out_of_range(&mut self, setting: &'static str, value: impl Display, expected: impl Display);

    /// 1 to `max`.
    fn size(&mut self, setting: &'static str, value: usize, max: usize) {
        if !(1..=max).contains(&value) {
            self.out_of_range(setting, value, format_args!("1 to {max}"));
        }
    }

    /// 0 to 1.
    fn share(&mut self, setting: &'static str, value: f64) {
        if !(0.0..=1.0).contains(&value) {
            self.out_of_range(setting, value, "0 to 1");
        }
    }

    /// `min` to ten years.
    fn time(&mut self, setting: &'static str, value: Duration, min: Duration) {
        if !(min..=TIME_MAX).contains(&value) {
            let [value, min] = [value, min].map(humantime::format_duration);
            self.out_of_range(setting, value, format_args!("{min} to 10years"));
        }
    }
}

impl Ranges for Vec<ConfigError> {
    fn out_of_range(&mut self, setting: &'static str, value: impl Display, expected: impl Display) {
        self.push(ConfigError::OutOfRange {
            setting,
            value: value.to_string(),
            expected: expected.to_string(),
        });
    }
}
