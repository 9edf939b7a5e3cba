//! Where records go, and what a run says of itself.

use super::setting;
use crate::cli::settings::Setting;
use crate::cli::settings::values::{on_or_off, parse};
use crate::cli::spec::SinkSpec;
use crate::path::sink::{Fsync, OnSinkError};

const GROUP: &str = "Output";

pub(super) static ROWS: &[Setting] = &[
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
        |job, text| {
            let fsync = match text {
                "never" => Fsync::Never,
                "batch" => Fsync::Batch,
                _ => return Err("expected never or batch".into()),
            };
            job.fsync = fsync;
            Ok(())
        },
        |job| match job.fsync {
            Fsync::Never => "never".into(),
            Fsync::Batch => "batch".into(),
        },
    ),
    setting(
        GROUP,
        "on_sink_error",
        "POLICY",
        "What a write that failed for now comes to (no space, quota, I/O error, read-only): retry (after 10 ms at first and 1 s at last, until it works or \
         the drain timeout has passed; the source slows down and nothing is lost) or stop (exit code 1)",
        |job, text| {
            job.config.on_sink_error = match text {
                "retry" => OnSinkError::Retry,
                "stop" => OnSinkError::Stop,
                _ => return Err("expected retry or stop".into()),
            };
            Ok(())
        },
        |job| match job.config.on_sink_error {
            OnSinkError::Retry => "retry".into(),
            OnSinkError::Stop => "stop".into(),
        },
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
];
