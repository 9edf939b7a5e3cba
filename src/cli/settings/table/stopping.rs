//! When a run ends, and how.

use serde_json::Value;

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{duration, number, text_of};

const GROUP: &str = "Stopping";

pub(crate) static ROWS: &[Setting] = &[
    setting(
        GROUP,
        "count",
        "N",
        "Stop after this many records",
        |job, text| number(text).map(|n| job.config.stop.count = Some(n)),
        |job| job.config.stop.count.into(),
    ),
    setting(
        GROUP,
        "duration",
        "DURATION",
        "Stop after this long (10s, 2m)",
        |job, text| duration(text).map(|d| job.config.stop.duration = Some(d)),
        |job| job.config.stop.duration.map_or(Value::Null, text_of),
    ),
    setting(
        GROUP,
        "drain_timeout",
        "DURATION",
        "How long draining may take after a stop; what is left then is abandoned and counted (exit code 4)",
        |job, text| duration(text).map(|d| job.config.stop.drain_timeout = d),
        |job| text_of(job.config.stop.drain_timeout),
    ),
    setting(
        GROUP,
        "spill",
        "FILE",
        "Append what cannot be delivered - at the drain timeout, after a final failure, on a second signal - to this file, whole lines that --source \
         file:FILE reads again. Made at the start; a worker that hangs in its sink cannot spill",
        |job, text| {
            job.spill = Some(text.into());
            Ok(())
        },
        |job| job.spill.as_ref().map(|p| p.display().to_string()).into(),
    ),
];
