//! The lanes, and what happens when they fill up.

use crate::cli::settings::Setting;

const GROUP: &str = "Lanes and backpressure";

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_config(
        GROUP,
        "channel_size",
        "N",
        "Records that each worker's lane holds (1 to 67108864)",
    ),
    Setting::of_config(
        GROUP,
        "lane_bytes",
        "SIZE",
        "Payload that each worker's lane holds (up to 64GiB)",
    ),
    Setting::of_config(
        GROUP,
        "route",
        "POLICY",
        "How a lane is chosen for each burst: least-occupied or round-robin",
    ),
    Setting::of_config(
        GROUP,
        "when_full",
        "POLICY",
        "When no lane has room: block (the producer waits, nothing is lost) or drop-newest (counted; exit code 3)",
    )
    .in_short("When no lane has room: block or drop-newest"),
    Setting::of_config(
        GROUP,
        "throttle",
        "STEPS",
        "Pauses of the producer before its next burst, by queue usage: off, or rising steps USAGE:PAUSE. A pause \
         ends early when usage is back at the lowest step, or no lane holds a whole batch",
    )
    .default_is("0.8:500us,0.9:1ms,0.95:2ms; off with drop-newest"),
];
