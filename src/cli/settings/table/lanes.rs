//! The lanes, and what happens when they fill up.

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{bytes, parse, size};
use crate::engine::throttle::Throttle;

const GROUP: &str = "Lanes and backpressure";

pub(crate) static ROWS: &[Setting] = &[
    setting(
        GROUP,
        "channel_size",
        "N",
        "Records that each worker's lane holds (1 to 67108864)",
        |job, text| size(text).map(|n| job.config.lanes.channel_size = n),
        |job| job.config.lanes.channel_size.into(),
    ),
    setting(
        GROUP,
        "lane_bytes",
        "SIZE",
        "Payload that each worker's lane holds (up to 64GiB)",
        |job, text| bytes(text).map(|n| job.config.lanes.lane_bytes = n),
        |job| job.config.lanes.lane_bytes.into(),
    ),
    setting(
        GROUP,
        "route",
        "POLICY",
        "How a lane is chosen for each burst: least-occupied or round-robin",
        |job, text| parse(text, &mut job.config.lanes.route),
        |job| job.config.lanes.route.to_string().into(),
    ),
    setting(
        GROUP,
        "when_full",
        "POLICY",
        "When no lane has room: block (the producer waits, nothing is lost) or drop-newest (counted; exit code 3)",
        |job, text| parse(text, &mut job.config.lanes.when_full),
        |job| job.config.lanes.when_full.to_string().into(),
    ),
    setting(
        GROUP,
        "throttle",
        "STEPS",
        "Above which queue usage the producer pauses how long before its next burst: off, or rising steps. \
         A pause ends early when usage is back at the lowest step",
        |job, text| parse::<Throttle>(text, &mut job.config.lanes.throttle),
        |job| job.config.lanes.throttle.to_string().into(),
    ),
];
