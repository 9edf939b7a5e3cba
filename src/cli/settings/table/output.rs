//! Where records go, and what a run says of itself.

use std::time::Duration;

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{duration, on_or_off, parse, text_of};
use crate::components::SinkSpec;

const GROUP: &str = "Output";

pub(crate) static ROWS: &[Setting] = &[
    setting(
        GROUP,
        "sink",
        "SINK",
        "Where records go: null, check (reads every byte; proves framing, order and completeness), stdout, file:PATH (appends; {worker} in the path \
         makes one file per worker), delay:DURATION[,SINK] (each batch takes that much longer) or fault:FAULTS[,SINK] (it fails as planned, for tests: see the \
         README)",
        |job, text| parse::<SinkSpec>(text, &mut job.sink),
        |job| job.sink.to_string().into(),
    ),
    setting(
        GROUP,
        "fsync",
        "WHEN",
        "When a file sink forces its data to disk: never, or batch (before the records count as delivered)",
        |job, text| parse(text, &mut job.fsync),
        |job| job.fsync.to_string().into(),
    ),
    setting(
        GROUP,
        "on_sink_error",
        "POLICY",
        "What a write that failed for now comes to (no space, quota, I/O error, read-only): retry (after 10 ms at first and 1 s at last, until it works or \
         the drain timeout has passed; the source slows down and nothing is lost) or stop (exit code 1)",
        |job, text| parse(text, &mut job.config.stop.on_sink_error),
        |job| job.config.stop.on_sink_error.to_string().into(),
    ),
    setting(
        GROUP,
        "latency",
        "ON",
        "Whether latency is recorded: on or off (a few per cent faster at full speed)",
        |job, text| on_or_off(text).map(|on| job.config.latency = on),
        |job| if job.config.latency { "on" } else { "off" }.into(),
    ),
    setting(
        GROUP,
        "report",
        "FILE",
        "Write the outcome as JSON to this file",
        |job, text| {
            job.report = Some(text.into());
            Ok(())
        },
        |job| job.report.as_ref().map(|p| p.display().to_string()).into(),
    ),
    setting(
        GROUP,
        "html",
        "FILE",
        "Write the outcome as a page to this file: charts and tables, for any browser, without a network",
        |job, text| {
            job.html = Some(text.into());
            Ok(())
        },
        |job| job.html.as_ref().map(|p| p.display().to_string()).into(),
    ),
    setting(
        GROUP,
        "hgrm",
        "FILE",
        "Write response by percentile to this file, in milliseconds, for HdrHistogram's plotter; {latency} in the path \
         makes two files, response and service",
        |job, text| {
            job.hgrm = Some(text.into());
            Ok(())
        },
        |job| job.hgrm.clone().into(),
    ),
    setting(
        GROUP,
        "hlog",
        "FILE",
        "Log the latencies of each metrics interval to this file, tagged response and service, in nanoseconds, for the \
         readers of HdrHistogram's interval logs",
        |job, text| {
            job.hlog = Some(text.into());
            Ok(())
        },
        |job| job.hlog.as_ref().map(|p| p.display().to_string()).into(),
    ),
    setting(
        GROUP,
        "metrics_interval",
        "DURATION",
        "How often a line says how it goes, and how finely the report's time series is drawn (10ms and up)",
        |job, text| {
            let interval = duration(text)?;
            if interval < Duration::from_millis(10) {
                return Err("expected 10ms or more".into());
            }
            job.metrics_interval = interval;
            Ok(())
        },
        |job| text_of(job.metrics_interval),
    ),
    setting(
        GROUP,
        "metrics_format",
        "FORMAT",
        "How that line is written: text, or json (one object a line, as in the report's intervals)",
        |job, text| parse(text, &mut job.metrics_format),
        |job| job.metrics_format.to_string().into(),
    ),
];
