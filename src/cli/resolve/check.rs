//! Contradictions between the source, the sink, the files and the settings for them.

use crate::cli::args::RunArgs;
use crate::cli::artifacts;
use crate::sinks::Fsync;
use crate::sources::{Generator, Load, Rate};
use crate::sys::printed::Printable;

/// Adds a sentence for each contradiction.
pub(super) fn check(args: &RunArgs, wrong: &mut Vec<String>) {
    for check in [
        check_sources,
        check_generator,
        check_latency,
        check_html,
        check_record_bytes,
        check_fsync,
        check_load,
    ] {
        check(args, wrong);
    }
}

fn check_sources(args: &RunArgs, wrong: &mut Vec<String>) {
    if args.sources.len() > 1 && args.sources.iter().any(|source| source.file().is_none()) {
        wrong.push(
            "only files can be read one after the other: give one --source, or file:PATH several times".into(),
        );
    }
}

/// Settings of the generator need a generator.
fn check_generator(args: &RunArgs, wrong: &mut Vec<String>) {
    if args.is_generated() {
        return;
    }
    // A value that asks for nothing fits every source.
    let default = RunArgs::default();
    for (name, is_default) in [
        ("producer_rate", args.producer_rate == default.producer_rate),
        ("load", args.load == default.load),
        ("record_bytes", args.record_bytes == default.record_bytes),
        ("seed", args.seed == default.seed),
    ] {
        if !is_default {
            wrong.push(format!(
                "{name} is for the generator, but the source is {}: leave it out, or use --source generator",
                Printable(&args.sources[0])
            ));
        }
    }
}

fn check_latency(args: &RunArgs, wrong: &mut Vec<String>) {
    for (name, given) in [("hgrm", args.hgrm.is_some()), ("hlog", args.hlog.is_some())] {
        if given && !args.config.latency {
            wrong.push(format!(
                "{name} holds latencies, but latency is off: leave one of the two out"
            ));
        }
    }
}

fn check_html(args: &RunArgs, wrong: &mut Vec<String>) {
    if cfg!(not(feature = "html")) && args.html.is_some() {
        wrong.push(format!("html: {}", artifacts::NO_PAGES));
    }
}

fn check_record_bytes(args: &RunArgs, wrong: &mut Vec<String>) {
    let Some(bytes) = args.record_bytes else {
        return;
    };
    let (min, max) = (Generator::RECORD_BYTES_MIN, Generator::RECORD_BYTES_MAX);
    let longest = args.config.lanes.max_record_bytes;
    if !(min..=max).contains(&bytes) {
        wrong.push(format!(
            "record_bytes {bytes} is out of range: expected {min} to {max}"
        ));
    } else if bytes > longest {
        wrong.push(format!(
            "record_bytes {bytes} is more than max_record_bytes {longest}: every record would be dropped; expected at \
             most that, or a larger max_record_bytes"
        ));
    }
}

fn check_fsync(args: &RunArgs, wrong: &mut Vec<String>) {
    if args.fsync != Fsync::Never && args.sink.file().is_none() {
        wrong.push(format!(
            "fsync is for file sinks, but the sink is {}: leave it out, or use --sink file:PATH",
            Printable(&args.sink)
        ));
    }
}

/// A load needs a rate to vary, and must not keep a run waiting for ever.
fn check_load(args: &RunArgs, wrong: &mut Vec<String>) {
    let load = args.load;
    if load == Load::default() || !args.is_generated() {
        return;
    }
    let Rate::Paced(schedule) = args.producer_rate else {
        wrong.push(format!(
            "load {load} needs a producer_rate other than max: give one (--producer-rate 50000/s), or leave load out"
        ));
        return;
    };
    let (Load::Shaped(shape), Some(count)) = (load, args.config.stop.count) else {
        return;
    };
    let due = schedule.shaped(shape).due_by(u64::MAX - 1);
    if due < count && args.config.stop.duration.is_none() {
        wrong.push(format!(
            "count {count} is never reached: under load {load} no more than {due} records fall due; expected at most \
             that, or a duration"
        ));
    }
}

/// Small lanes derive a small `max_record_bytes`, with which every generated line would be dropped.
pub(super) fn check_natural_length(args: &RunArgs, wrong: &mut Vec<String>) {
    let (max, natural) = (
        args.config.lanes.max_record_bytes,
        Generator::RECORD_BYTES_NATURAL,
    );
    let natural_length = args.record_bytes.is_none() && args.is_generated();
    if natural_length && max < natural {
        wrong.push(format!(
            "max_record_bytes {max} is less than a generated line may take: expected {natural} or more, a larger \
             lane_bytes, or a record_bytes that fits"
        ));
    }
}
