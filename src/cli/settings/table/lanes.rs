//! The lanes, and what happens when they fill up.

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{bytes, parse, size};
use crate::engine::dispatch::WhenFull;
use crate::engine::route::Route;
use crate::engine::throttle::Throttle;

const GROUP: &str = "Lanes and backpressure";

pub(crate) static ROWS: &[Setting] = &[
    setting(
        GROUP,
        "channel_size",
        "N",
        "Records that each worker's lane holds (1 to 67108864)",
        |job, text| size(text).map(|n| job.config.channel_size = n),
        |job| job.config.channel_size.into(),
    ),
    setting(
        GROUP,
        "lane_bytes",
        "SIZE",
        "Payload that each worker's lane holds (up to 64GiB)",
        |job, text| bytes(text).map(|n| job.config.lane_bytes = n),
        |job| job.config.lane_bytes.into(),
    ),
    setting(
        GROUP,
        "route",
        "POLICY",
        "How a lane is chosen for each burst: least-occupied or round-robin",
        |job, text| {
            let route = match text {
                "least-occupied" => Route::LeastOccupied,
                "round-robin" => Route::RoundRobin,
                _ => return Err("expected least-occupied or round-robin".into()),
            };
            job.config.route = route;
            Ok(())
        },
        |job| match job.config.route {
            Route::LeastOccupied => "least-occupied".into(),
            Route::RoundRobin => "round-robin".into(),
        },
    ),
    setting(
        GROUP,
        "when_full",
        "POLICY",
        "When no lane has room: block (the producer waits, nothing is lost) or drop-newest (counted; exit code 3)",
        |job, text| {
            let when_full = match text {
                "block" => WhenFull::Block,
                "drop-newest" => WhenFull::DropNewest,
                _ => return Err("expected block or drop-newest".into()),
            };
            job.config.when_full = when_full;
            Ok(())
        },
        |job| match job.config.when_full {
            WhenFull::Block => "block".into(),
            WhenFull::DropNewest => "drop-newest".into(),
        },
    ),
    setting(
        GROUP,
        "throttle",
        "STEPS",
        "Above which queue usage the producer pauses how long before its next burst: off, or rising steps. \
         A pause ends early when usage is back at the lowest step",
        |job, text| parse::<Throttle>(text, &mut job.config.throttle),
        |job| job.config.throttle.to_string().into(),
    ),
];
