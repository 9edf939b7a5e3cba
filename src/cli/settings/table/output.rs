//! Where records go, and what a run reports.

use std::time::Duration;

use crate::cli::settings::Setting;
use crate::components::SINKS;
use crate::values::{path, seconds, word};

const GROUP: &str = "Output";
const INTERVAL_MIN: Duration = Duration::from_millis(10);

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_component(
        GROUP,
        "sink",
        "SINK",
        "Where records go: {kinds}",
        || SINKS.help(),
        |args, value| SINKS.read(value, "").map(|sink| args.sink = sink),
        |args| word::write(&args.sink),
    )
    .in_short("null, check, stdout, file:PATH, delay:... or fault:..."),
    Setting::of_run(
        GROUP,
        "fsync",
        "WHEN",
        "When a file sink forces its data to disk: never, or batch (before the records count as delivered; needs \
         regular files)",
        |args, value| word::read(value).map(|value| args.fsync = value),
        |args| Some(word::write(&args.fsync)),
    )
    .in_short("When a file is forced to disk: never or batch"),
    Setting::of_config(
        GROUP,
        "on_sink_error",
        "POLICY",
        "After a failed write that may succeed later (no space, quota, I/O error, read-only, a FIFO's reader that \
         left): retry (10 ms later at first, 1 s at most, until it succeeds or the drain timeout has passed; the \
         source slows down and nothing is lost) or stop (exit code 1)",
    )
    .in_short("After a failed write: retry or stop"),
    Setting::of_config(
        GROUP,
        "latency",
        "ON",
        "Whether latency is recorded: on or off (a few per cent faster at full speed)",
    ),
    Setting::of_run(
        GROUP,
        "report",
        "FILE",
        "Write the outcome as JSON to this file, which is replaced at the end, or not at all",
        |args, value| path::read(value).map(|path| args.report = Some(path)),
        |args| args.report.as_deref().map(path::write),
    )
    .in_short("Write the outcome as JSON to this file")
    .apart_from_work(),
    Setting::of_run(
        GROUP,
        "html",
        "FILE",
        "Write the outcome as a page to this file: charts and tables, for any browser, without a network",
        |args, value| path::read(value).map(|path| args.html = Some(path)),
        |args| args.html.as_deref().map(path::write),
    )
    .in_short("Write the outcome as a page to this file")
    .apart_from_work(),
    Setting::of_run(
        GROUP,
        "hgrm",
        "FILE",
        "Write response by percentile to this file, in milliseconds, for HdrHistogram's plotter; {latency} in the \
         path makes two files, response and service",
        |args, value| path::read(value).map(|path| args.hgrm = Some(path)),
        |args| args.hgrm.as_deref().map(path::write),
    )
    .apart_from_work(),
    Setting::of_run(
        GROUP,
        "hlog",
        "FILE",
        "Log the latencies of each metrics interval to this file, tagged response and service, in nanoseconds, \
         for readers of HdrHistogram's interval logs",
        |args, value| path::read(value).map(|path| args.hlog = Some(path)),
        |args| args.hlog.as_deref().map(path::write),
    )
    .apart_from_work(),
    Setting::of_run(
        GROUP,
        "metrics_interval",
        "DURATION",
        "How often a line of metrics is printed, and how finely the report's time series is resolved (10ms and \
         up)",
        |args, value| {
            let interval = seconds::read(value)?;
            if interval < INTERVAL_MIN {
                return Err("expected 10ms or more".into());
            }
            args.metrics_interval = interval;
            Ok(())
        },
        |args| Some(seconds::write(&args.metrics_interval)),
    ),
    Setting::of_run(
        GROUP,
        "format",
        "FORMAT",
        "Format of standard error: text, or json (every line is one object whose type is metrics, with the keys of \
         the report's intervals, or summary, error, warning or info)",
        |args, value| word::read(value).map(|value| args.format = value),
        |args| Some(word::write(&args.format)),
    )
    .formerly("metrics_format")
    .apart_from_work(),
];
