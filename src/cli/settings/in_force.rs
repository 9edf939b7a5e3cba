//! The settings of a run as its report has them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::args::RunArgs;
use crate::cli::settings::settings;
use crate::outcome::report::Setting;

/// Each setting's value, null if it is unset, and where the value comes from.
pub(crate) fn in_force(args: &RunArgs) -> BTreeMap<String, Setting> {
    let settings = settings().map(|setting| {
        let value = setting.get(args);
        let value = value.and_then(|value| serde_json::to_value(value).ok());
        let value = value.unwrap_or(Value::Null);
        let origin = args.origin(setting.name);
        (setting.name.to_owned(), Setting::new(value, origin))
    });
    settings.collect()
}
