//! The rows.

use serde_json::Value;

use super::values::{
    bytes, cpus, duration, number, on_or_off, parse, samples, share, size, text_of,
};
use super::{Job, Setting};
use crate::cli::spec::{SinkSpec, SourceSpec};
use crate::path::dispatch::{Route, WhenFull};
use crate::path::sink::Fsync;
use crate::path::throttle::Throttle;
use crate::sys::cores::{CpuList, Pin};

const fn setting(
    group: &'static str,
    name: &'static str,
    value: &'static str,
    help: &'static str,
    set: fn(&mut Job, &str) -> Result<(), String>,
    get: fn(&Job) -> Value,
) -> Setting {
    Setting {
        name,
        value,
        group,
        help,
        many: false,
        set,
        get,
    }
}

const INPUT: &str = "Input";
const QUEUE: &str = "Lanes and backpressure";
const WORKERS: &str = "Workers and batches";
const PLACEMENT: &str = "Placement";
const OUTPUT: &str = "Output";
const STOP: &str = "Stopping";

/// Every setting, in the order of `--help`.
pub(in crate::cli) static SETTINGS: &[Setting] = &[
    Setting {
        many: true,
        ..setting(
            INPUT,
            "source",
            "SOURCE",
            "Where records come from: generator, stdin or file:PATH; several files are read in the order given",
            |job, text| text.parse().map(|source| job.sources.push(source)),
            |job| job.sources().iter().map(SourceSpec::to_string).collect(),
        )
    },
    setting(
        INPUT,
        "producer_rate",
        "RATE",
        "How fast the generator produces: max, an interval (100us: one record each) or a rate (50000/s). \
         The schedule is absolute: what falls due during a stall comes right after it",
        |job, text| parse(text, &mut job.producer_rate),
        |job| job.producer_rate.to_string().into(),
    ),
    setting(
        INPUT,
        "load",
        "SHAPE",
        "How that rate varies: constant, poisson (random gaps, by --seed), square:PERIOD,LOW (every second half period \
         at LOW times the rate), step:AT,FACTOR (FACTOR times the rate from AT on), ramp:DURATION,FROM (from FROM times \
         the rate to the rate) or burst:PERIOD,SHARE (each period's records within its first SHARE)",
        |job, text| parse(text, &mut job.load),
        |job| job.load.to_string().into(),
    ),
    setting(
        INPUT,
        "record_bytes",
        "SIZE",
        "Length of a generated line, newline included (76 to 16MiB); its message is padded or cut. \
         Unset: natural length, 75 to 95 bytes",
        |job, text| bytes(text).map(|n| job.record_bytes = Some(n)),
        |job| job.record_bytes.into(),
    ),
    setting(
        INPUT,
        "seed",
        "N",
        "Which generated line has which level",
        |job, text| number(text).map(|n| job.seed = n),
        |job| job.seed.into(),
    ),
    setting(
        INPUT,
        "max_record_bytes",
        "SIZE",
        "The longest record, newline included (1 to 1GiB); longer ones are dropped and counted; of lines that are read the first few are named in warnings",
        |job, text| bytes(text).map(|n| job.config.max_record_bytes = n),
        |job| job.config.max_record_bytes.into(),
    ),
    setting(
        QUEUE,
        "channel_size",
        "N",
        "Records that each worker's lane holds (1 to 67108864)",
        |job, text| size(text).map(|n| job.config.channel_size = n),
        |job| job.config.channel_size.into(),
    ),
    setting(
        QUEUE,
        "lane_bytes",
        "SIZE",
        "Payload that each worker's lane holds (up to 64GiB)",
        |job, text| bytes(text).map(|n| job.config.lane_bytes = n),
        |job| job.config.lane_bytes.into(),
    ),
    setting(
        QUEUE,
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
        QUEUE,
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
        QUEUE,
        "throttle",
        "STEPS",
        "Above which queue usage the producer pauses how long before its next burst: off, or rising steps. \
         A pause ends early when usage is back at the lowest step",
        |job, text| parse::<Throttle>(text, &mut job.config.throttle),
        |job| job.config.throttle.to_string().into(),
    ),
    setting(
        WORKERS,
        "min_workers",
        "N",
        "The fewest active workers (1 to 1024)",
        |job, text| size(text).map(|n| job.config.min_workers = n),
        |job| job.config.min_workers.into(),
    ),
    setting(
        WORKERS,
        "max_workers",
        "N",
        "The workers there are, each a pinned thread; those not active are parked (1 to 1024)",
        |job, text| size(text).map(|n| job.config.max_workers = n),
        |job| job.config.max_workers.into(),
    ),
    setting(
        WORKERS,
        "batch_size",
        "N",
        "A batch is flushed when it has this many records (1 to channel_size)",
        |job, text| size(text).map(|n| job.config.batch_size = n),
        |job| job.config.batch_size.into(),
    ),
    setting(
        WORKERS,
        "batch_bytes",
        "SIZE",
        "Or when one more record would take it beyond this size",
        |job, text| bytes(text).map(|n| job.config.batch_bytes = n),
        |job| job.config.batch_bytes.into(),
    ),
    setting(
        WORKERS,
        "batch_timeout",
        "DURATION",
        "Or when its oldest record has waited this long; 0 takes what is there. A paced generator wakes at most once per twentieth of it (5ms at most)",
        |job, text| duration(text).map(|d| job.config.batch_timeout = d),
        |job| text_of(job.config.batch_timeout),
    ),
    setting(
        WORKERS,
        "autoscale",
        "ON",
        "Whether the number of active workers follows the load: on or off (all of them, always)",
        |job, text| on_or_off(text).map(|on| job.config.autoscale = on),
        |job| if job.config.autoscale { "on" } else { "off" }.into(),
    ),
    setting(
        WORKERS,
        "autoscale_interval",
        "DURATION",
        "How often the number of active workers is reconsidered (1ms and up)",
        |job, text| duration(text).map(|d| job.config.autoscale_interval = d),
        |job| text_of(job.config.autoscale_interval),
    ),
    setting(
        WORKERS,
        "scale_up_threshold",
        "USAGE",
        "Queue usage above which a worker is added (0 to 1)",
        |job, text| share(text).map(|n| job.config.scale_up_threshold = n),
        |job| job.config.scale_up_threshold.into(),
    ),
    setting(
        WORKERS,
        "scale_down_threshold",
        "USAGE",
        "Queue usage below which a worker is retired (0 to 1)",
        |job, text| share(text).map(|n| job.config.scale_down_threshold = n),
        |job| job.config.scale_down_threshold.into(),
    ),
    setting(
        WORKERS,
        "scale_up_samples",
        "N",
        "How many intervals in a row must ask for one more worker",
        |job, text| samples(text).map(|n| job.config.scale_up_samples = n),
        |job| job.config.scale_up_samples.into(),
    ),
    setting(
        WORKERS,
        "scale_down_samples",
        "N",
        "How many intervals in a row must ask for one worker fewer",
        |job, text| samples(text).map(|n| job.config.scale_down_samples = n),
        |job| job.config.scale_down_samples.into(),
    ),
    setting(
        WORKERS,
        "scale_cooldown",
        "DURATION",
        "How long after a step no step the other way is taken",
        |job, text| duration(text).map(|d| job.config.scale_cooldown = d),
        |job| text_of(job.config.scale_cooldown),
    ),
    Setting {
        many: true,
        ..setting(
            PLACEMENT,
            "cores",
            "CPUS",
            "The CPUs of the workers, in turn (0,2,4-7), out of those the process may use. Unset: a physical core per \
             thread as long as there are any, then SMT siblings, then shares",
            |job, text| {
                let named = cpus(text)?;
                job.config.cores.get_or_insert_default().extend(named);
                Ok(())
            },
            |job| match &job.config.cores {
                Some(cores) => CpuList(cores).to_string().into(),
                None => Value::Null,
            },
        )
    },
    setting(
        PLACEMENT,
        "producer_core",
        "CPU",
        "The CPU of the producer. Unset: one that no worker has, if there is one",
        |job, text| match cpus(text)?[..] {
            [cpu] => {
                job.config.producer_core = Some(cpu);
                Ok(())
            }
            _ => Err("expected one CPU".into()),
        },
        |job| job.config.producer_core.into(),
    ),
    setting(
        PLACEMENT,
        "pin",
        "HOW",
        "Whether threads stay on their CPU: strict (or the run does not start), best-effort (or it warns) or off",
        |job, text| {
            job.config.pin = match text {
                "strict" => Pin::Strict,
                "best-effort" => Pin::BestEffort,
                "off" => Pin::Off,
                _ => return Err("expected strict, best-effort or off".into()),
            };
            Ok(())
        },
        |job| match job.config.pin {
            Pin::Strict => "strict".into(),
            Pin::BestEffort => "best-effort".into(),
            Pin::Off => "off".into(),
        },
    ),
    setting(
        PLACEMENT,
        "spin",
        "DURATION",
        "How long a wait spins before it sleeps (0 to 100ms), or auto: what a park costs here, measured at start, and 0 \
         where threads share a CPU or exceed the CPU quota",
        |job, text| {
            let spin = (text != "auto").then(|| duration(text)).transpose();
            job.config.spin = spin.map_err(|expected| format!("{expected}, or auto"))?;
            Ok(())
        },
        |job| job.config.spin.map_or("auto".into(), text_of),
    ),
    setting(
        OUTPUT,
        "sink",
        "SINK",
        "Where records go: null, check (reads every byte; proves framing, order and completeness), stdout, file:PATH (appends; {worker} in the path \
         makes one file per worker), or delay:DURATION[,SINK] (each batch takes that much longer)",
        |job, text| parse::<SinkSpec>(text, &mut job.sink),
        |job| job.sink.to_string().into(),
    ),
    setting(
        OUTPUT,
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
        OUTPUT,
        "latency",
        "ON",
        "Whether latency is recorded: on or off (a few per cent faster at full speed)",
        |job, text| on_or_off(text).map(|on| job.config.latency = on),
        |job| if job.config.latency { "on" } else { "off" }.into(),
    ),
    setting(
        OUTPUT,
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
        STOP,
        "count",
        "N",
        "Stop after this many records",
        |job, text| number(text).map(|n| job.config.count = Some(n)),
        |job| job.config.count.into(),
    ),
    setting(
        STOP,
        "duration",
        "DURATION",
        "Stop after this long (10s, 2m)",
        |job, text| duration(text).map(|d| job.config.duration = Some(d)),
        |job| job.config.duration.map_or(Value::Null, text_of),
    ),
    setting(
        STOP,
        "drain_timeout",
        "DURATION",
        "How long draining may take after a stop; what is left then is abandoned and counted (exit code 4)",
        |job, text| duration(text).map(|d| job.config.drain_timeout = d),
        |job| text_of(job.config.drain_timeout),
    ),
];
