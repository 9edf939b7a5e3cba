//! A configuration as serde sees it: a flat map from the settings' names to their values.

use std::collections::BTreeSet;
use std::fmt::{self, Formatter};

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::Config;
use crate::values::Value;

/// Unset settings are left out.
impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Self::names().filter_map(|name| Some((name, self.get(name)?))))
    }
}

/// Values are read, and not validated: see [`Config::validate`].
impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Settings)
    }
}

struct Settings;

impl<'de> Visitor<'de> for Settings {
    type Value = Config;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a map of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut config = Config::default();
        let mut seen = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            // A null is as good as a setting that is left out.
            let value: Option<Value> = map.next_value()?;
            if let Some(value) = value {
                match config.set(&name, &value) {
                    Some(Ok(())) => {}
                    Some(Err(expected)) => {
                        let refusal = format!("{name} = {value} is not accepted: {expected}");
                        return Err(A::Error::custom(refusal));
                    }
                    None => return Err(A::Error::custom(unknown(&name))),
                }
            }
            if let Some(name) = seen.replace(name) {
                return Err(A::Error::custom(format!("{name} is there twice")));
            }
        }
        Ok(config)
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<_> = Config::names().collect();
    let names = names.join(", ");
    format!("there is no setting {name:?} (there are: {names})")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Config;
    use crate::engine::route::Route;

    fn read(json: &str) -> Result<Config, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_configuration_reads_back_as_it_was_written_and_is_flat() {
        let config = Config::default()
            .lane_bytes(1 << 20)
            .batch_timeout(Duration::from_millis(20))
            .autoscale(false)
            .route(Route::RoundRobin)
            .cores(vec![0, 2, 3])
            .spin(Duration::from_micros(7))
            .count(u64::MAX)
            .latency(false);
        let json = serde_json::to_string(&config).expect("JSON");
        assert!(json.contains(r#""batch_timeout":"20ms""#), "{json}");
        assert!(json.contains(r#""cores":"0,2-3""#), "{json}");
        assert!(!json.contains("duration"), "{json}");
        assert_eq!(read(&json), Ok(config));
        assert_eq!(read("{}"), Ok(Config::default()));
    }

    #[test]
    fn values_may_be_text_or_have_their_own_type() {
        let json = r#"{"lane_bytes": "64KiB", "autoscale": "off", "cores": [1, 0], "count": null}"#;
        let config = read(json).expect("a configuration");
        assert_eq!(config.lanes.lane_bytes, 64 << 10);
        assert!(!config.scaling.autoscale);
        assert_eq!(config.placement.cores, Some(vec![1, 0]));
        assert_eq!(config.stop.count, None);
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        for (json, error) in [
            (
                r#"{"batch_timeout": 5}"#,
                "batch_timeout = 5 is not accepted: expected a duration",
            ),
            (
                r#"{"chanel_size": 5}"#,
                "there is no setting \"chanel_size\" (there are: channel_size, ",
            ),
            (r#"{"count": 1, "count": 2}"#, "count is there twice"),
        ] {
            let refused = read(json).expect_err(json);
            assert!(refused.contains(error), "{refused}");
        }
    }
}
