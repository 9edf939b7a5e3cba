//! Workers, their batches and their number.

use crate::cli::settings::Setting;

const GROUP: &str = "Workers and batches";

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_config(
        GROUP,
        "min_workers",
        "N",
        "The fewest active workers (1 to 1024)",
    ),
    Setting::of_config(
        GROUP,
        "max_workers",
        "N",
        "The number of workers, each a pinned thread; those that are not active are parked (1 to 1024)",
    )
    .in_short("The number of workers [default: by CPUs, at most 8]")
    .default_is("one per CPU beside the producer's, or per CPU of cores; at most 8"),
    Setting::of_config(
        GROUP,
        "batch_size",
        "N",
        "A batch is flushed when it has this many records (1 to channel_size)",
    )
    .in_short("A batch is flushed when it has this many records"),
    Setting::of_config(
        GROUP,
        "batch_bytes",
        "SIZE",
        "Or when one more record would take it beyond this size",
    ),
    Setting::of_config(
        GROUP,
        "batch_timeout",
        "DURATION",
        "Or when its oldest record has waited this long; with 0 whatever is there is delivered at once",
    )
    .in_short("Or when its oldest record has waited this long"),
    Setting::of_config(
        GROUP,
        "pacing_rest",
        "DURATION",
        "How long a paced generator may rest while records fall due (0 to 1s): fewer wake-ups, and part of the \
         response time, as pacing; with 0 it wakes for each record",
    )
    .default_is("a twentieth of batch_timeout, at most 5ms"),
    Setting::of_config(
        GROUP,
        "autoscale",
        "ON",
        "Whether the number of active workers follows the load: on or off (all of them, always)",
    ),
    Setting::of_config(
        GROUP,
        "autoscale_interval",
        "DURATION",
        "How often the number of active workers is reconsidered (1ms and up)",
    ),
    Setting::of_config(
        GROUP,
        "scale_up_threshold",
        "USAGE",
        "Queue usage above which a worker is added (0 to 1)",
    ),
    Setting::of_config(
        GROUP,
        "scale_down_threshold",
        "USAGE",
        "Queue usage below which a worker is retired (0 to 1)",
    ),
    Setting::of_config(
        GROUP,
        "scale_up_samples",
        "N",
        "How many intervals in a row must ask for one more worker",
    ),
    Setting::of_config(
        GROUP,
        "scale_down_samples",
        "N",
        "How many intervals in a row must ask for one worker fewer",
    ),
    Setting::of_config(
        GROUP,
        "scale_cooldown",
        "DURATION",
        "How long after a step no step the other way is taken",
    ),
];
