//! Floor 4: the configuration of a pipeline: plain values in groups, validated together, once, before anything starts.
//!
//! ```text
//!   Config = Lanes + Batching + Scaling + Placing + Stopping + latency
//!     fluent   one method per setting            flat     serde: one key per setting, as in the program's TOML file
//!     validate each group's ranges, then what must hold between them, then (memory) what the machine has
//! ```

mod batch;
mod error;
mod flat;
mod fluent;
mod group;
mod lanes;
mod memory;
mod placement;
mod scaling;
mod stop;

pub use batch::Batching;
pub(crate) use error::TIME_MAX;
pub use error::{ConfigError, ConfigErrors};
pub use lanes::Lanes;
pub use placement::Placing;
pub use scaling::Scaling;
pub use stop::Stopping;

use crate::sys::cpu::Request;
use crate::values::{Value, on_off};

/// The settings of a pipeline. [`Config::default`] is a sane configuration; change what matters.
///
/// ```
/// use std::time::Duration;
///
/// let config = splashdam::Config::default()
///     .max_workers(3)
///     .batch_size(100_000)
///     .batch_timeout(Duration::from_millis(20));
/// let refused = config.validate().unwrap_err();
/// assert!(refused.to_string().contains("batch_size 100000 is more than channel_size 16384"));
/// ```
///
/// With serde a configuration is flat: one key per setting, which is the key in the program's TOML file and its flag
/// (with hyphens). Durations are text such as `"20ms"`; sizes are numbers or text such as `"256KiB"`. A key that is
/// left out has its default; an unknown key is an error.
///
/// ```
/// let config: splashdam::Config = serde_json::from_str(r#"{ "batch_timeout": "20ms", "lane_bytes": "1MiB" }"#)?;
/// assert_eq!(config.lanes.lane_bytes, 1 << 20);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The lanes, and what happens when they are full.
    pub lanes: Lanes,
    /// What makes a batch due.
    pub batch: Batching,
    /// How many workers there are, and how many of them are active.
    pub scaling: Scaling,
    /// Which thread runs where, and how it waits.
    pub placement: Placing,
    /// When a run ends, and how.
    pub stop: Stopping,
    /// Whether latency is recorded: costs a few per cent of the highest throughput.
    pub latency: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lanes: Lanes::default(),
            batch: Batching::default(),
            scaling: Scaling::default(),
            placement: Placing::default(),
            stop: Stopping::default(),
            latency: true,
        }
    }
}

const LATENCY: &str = "latency";

impl Config {
    /// The groups, each with the names of its settings.
    pub(crate) const GROUPS: [(&str, &[&str]); 5] = [
        ("lanes", Lanes::NAMES),
        ("batch", Batching::NAMES),
        ("scaling", Scaling::NAMES),
        ("placement", Placing::NAMES),
        ("stop", Stopping::NAMES),
    ];

    /// The names of all settings.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let of_groups = Self::GROUPS.into_iter().flat_map(|(_, names)| names);
        of_groups.copied().chain([LATENCY])
    }

    /// The value of the setting with this name, `None` if it is unset or there is no such setting.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        let latency = || (name == LATENCY).then(|| on_off::write(&self.latency));
        let found = self.lanes.get(name).or_else(|| self.batch.get(name));
        let found = found.or_else(|| self.scaling.get(name));
        let found = found.or_else(|| self.placement.get(name));
        found.or_else(|| self.stop.get(name)).or_else(latency)
    }

    /// Sets the setting with this name; `None` if there is none. The error names what is accepted.
    pub(crate) fn set(&mut self, name: &str, value: &Value) -> Option<Result<(), String>> {
        if name == LATENCY {
            return Some(on_off::read(value).map(|on| self.latency = on));
        }
        let set = self.lanes.set(name, value);
        let set = set.or_else(|| self.batch.set(name, value));
        let set = set.or_else(|| self.scaling.set(name, value));
        let set = set.or_else(|| self.placement.set(name, value));
        set.or_else(|| self.stop.set(name, value))
    }

    /// What it asks for in placement.
    pub(crate) fn request(&self) -> Request<'_> {
        self.placement.request(self.scaling.max_workers)
    }

    /// Looks for impossible values and contradictions, all of them. Whether this process may use the CPUs that are
    /// named is checked by [`Pipeline::start`](crate::Pipeline::start).
    ///
    /// # Errors
    ///
    /// One error per problem.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        self.validate_on(&[])
    }

    /// The same for a process that may use these CPUs; empty if that is not known.
    pub(crate) fn validate_on(&self, cpus: &[usize]) -> Result<(), ConfigErrors> {
        let mut wrong = Vec::new();
        self.lanes.check(&mut wrong);
        self.batch.check(&mut wrong);
        self.scaling.check(&mut wrong);
        self.placement.check(cpus, &mut wrong);
        self.stop.check(&mut wrong);
        if wrong.is_empty() {
            self.check_relations(&mut wrong);
        }
        ConfigErrors::check(wrong)
    }

    fn check_relations(&self, wrong: &mut Vec<ConfigError>) {
        let mut contradicts = |settings, message| {
            wrong.push(ConfigError::Contradiction { settings, message });
        };
        let (batch_size, channel_size) = (self.batch.batch_size, self.lanes.channel_size);
        if batch_size > channel_size {
            contradicts(
                &["batch_size", "channel_size"],
                format!(
                    "batch_size {batch_size} is more than channel_size {channel_size}: no batch could ever fill; \
                     expected 1 to {channel_size}, or a larger channel_size"
                ),
            );
        }
        let (batch_bytes, lane_bytes) = (self.batch.batch_bytes, self.lanes.lane_bytes);
        let max_record_bytes = self.lanes.max_record_bytes;
        if batch_bytes + max_record_bytes > lane_bytes {
            contradicts(
                &["batch_bytes", "max_record_bytes", "lane_bytes"],
                format!(
                    "batch_bytes {batch_bytes} and max_record_bytes {max_record_bytes} together are more than \
                     lane_bytes {lane_bytes}: a long record could wait for ever; expected a sum of at most \
                     {lane_bytes}, or a larger lane_bytes"
                ),
            );
        }
        let (min, max) = (self.scaling.min_workers, self.scaling.max_workers);
        if min > max {
            contradicts(
                &["min_workers", "max_workers"],
                format!(
                    "min_workers {min} is more than max_workers {max}: expected 1 to {max}, or a larger max_workers"
                ),
            );
        }
        let (up, down) = (
            self.scaling.scale_up_threshold,
            self.scaling.scale_down_threshold,
        );
        if down >= up {
            contradicts(
                &["scale_down_threshold", "scale_up_threshold"],
                format!(
                    "scale_down_threshold {down} is not below scale_up_threshold {up}: workers would be added and \
                     retired in turn; expected less than {up}"
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError};

    #[test]
    fn every_problem_is_an_error_of_its_own_with_the_names_of_its_settings() {
        let config = Config::default().channel_size(0).scale_up_threshold(7.0);
        let errors = config.validate().expect_err("two values out of range");
        let settings: Vec<_> = errors
            .iter()
            .map(|error| match error {
                ConfigError::OutOfRange { setting, .. } => *setting,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(settings, ["channel_size", "scale_up_threshold"]);

        let config = Config::default().min_workers(3).max_workers(2);
        let errors = config.validate().expect_err("a contradiction");
        let [ConfigError::Contradiction { settings, .. }] = &Vec::from_iter(&errors)[..] else {
            panic!("{errors:?}");
        };
        assert_eq!(*settings, ["min_workers", "max_workers"]);

        let config = Config::default().cores(vec![5, 5]);
        let errors = config.validate().expect_err("a CPU named twice");
        assert!(matches!(
            Vec::from_iter(errors)[..],
            [ConfigError::Placement(_)]
        ));
    }
}
