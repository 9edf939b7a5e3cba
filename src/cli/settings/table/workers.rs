//! Workers, their batches and their number.

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{bytes, duration, on_or_off, samples, share, size, text_of};

const GROUP: &str = "Workers and batches";

pub(crate) static ROWS: &[Setting] = &[
    setting(
        GROUP,
        "min_workers",
        "N",
        "The fewest active workers (1 to 1024)",
        |job, text| size(text).map(|n| job.config.scaling.min_workers = n),
        |job| job.config.scaling.min_workers.into(),
    ),
    setting(
        GROUP,
        "max_workers",
        "N",
        "The workers there are, each a pinned thread; those not active are parked (1 to 1024)",
        |job, text| size(text).map(|n| job.config.scaling.max_workers = n),
        |job| job.config.scaling.max_workers.into(),
    ),
    setting(
        GROUP,
        "batch_size",
        "N",
        "A batch is flushed when it has this many records (1 to channel_size)",
        |job, text| size(text).map(|n| job.config.batch.batch_size = n),
        |job| job.config.batch.batch_size.into(),
    ),
    setting(
        GROUP,
        "batch_bytes",
        "SIZE",
        "Or when one more record would take it beyond this size",
        |job, text| bytes(text).map(|n| job.config.batch.batch_bytes = n),
        |job| job.config.batch.batch_bytes.into(),
    ),
    setting(
        GROUP,
        "batch_timeout",
        "DURATION",
        "Or when its oldest record has waited this long; 0 takes what is there. A paced generator wakes at most once per twentieth of it (5ms at most)",
        |job, text| duration(text).map(|d| job.config.batch.batch_timeout = d),
        |job| text_of(job.config.batch.batch_timeout),
    ),
    setting(
        GROUP,
        "autoscale",
        "ON",
        "Whether the number of active workers follows the load: on or off (all of them, always)",
        |job, text| on_or_off(text).map(|on| job.config.scaling.autoscale = on),
        |job| {
            if job.config.scaling.autoscale {
                "on"
            } else {
                "off"
            }
            .into()
        },
    ),
    setting(
        GROUP,
        "autoscale_interval",
        "DURATION",
        "How often the number of active workers is reconsidered (1ms and up)",
        |job, text| duration(text).map(|d| job.config.scaling.autoscale_interval = d),
        |job| text_of(job.config.scaling.autoscale_interval),
    ),
    setting(
        GROUP,
        "scale_up_threshold",
        "USAGE",
        "Queue usage above which a worker is added (0 to 1)",
        |job, text| share(text).map(|n| job.config.scaling.scale_up_threshold = n),
        |job| job.config.scaling.scale_up_threshold.into(),
    ),
    setting(
        GROUP,
        "scale_down_threshold",
        "USAGE",
        "Queue usage below which a worker is retired (0 to 1)",
        |job, text| share(text).map(|n| job.config.scaling.scale_down_threshold = n),
        |job| job.config.scaling.scale_down_threshold.into(),
    ),
    setting(
        GROUP,
        "scale_up_samples",
        "N",
        "How many intervals in a row must ask for one more worker",
        |job, text| samples(text).map(|n| job.config.scaling.scale_up_samples = n),
        |job| job.config.scaling.scale_up_samples.into(),
    ),
    setting(
        GROUP,
        "scale_down_samples",
        "N",
        "How many intervals in a row must ask for one worker fewer",
        |job, text| samples(text).map(|n| job.config.scaling.scale_down_samples = n),
        |job| job.config.scaling.scale_down_samples.into(),
    ),
    setting(
        GROUP,
        "scale_cooldown",
        "DURATION",
        "How long after a step no step the other way is taken",
        |job, text| duration(text).map(|d| job.config.scaling.scale_cooldown = d),
        |job| text_of(job.config.scaling.scale_cooldown),
    ),
];
