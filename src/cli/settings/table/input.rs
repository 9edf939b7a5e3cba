//! Where records come from, and how fast.

use crate::cli::settings::Setting;
use crate::components::{self, SOURCES};
use crate::values::{Value, bytes, number, word};

const GROUP: &str = "Input";

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_component(
        GROUP,
        "source",
        "SOURCE",
        "Where records come from: {kinds}; several files are read in the order given",
        || SOURCES.help(),
        |args, value| components::sources(value).map(|sources| args.sources = sources),
        |args| Value::List(args.sources.iter().map(word::write).collect()),
    )
    .in_short("generator, stdin or file:PATH; several files are read in turn")
    .many(),
    Setting::of_run(
        GROUP,
        "producer_rate",
        "RATE",
        "How fast the generator produces: max, an interval (100us: one record each) or a rate (50000/s, 50k/s). The \
         schedule is absolute: records that fall due during a stall follow right after it",
        |args, value| word::read(value).map(|value| args.producer_rate = value),
        |args| Some(word::write(&args.producer_rate)),
    )
    .in_short("How fast the generator produces, such as 50k/s"),
    Setting::of_run(
        GROUP,
        "load",
        "SHAPE",
        "How the rate varies: constant, poisson (random gaps, by --seed), square:PERIOD,LOW (the second half of \
         each period at LOW times the rate), step:AT,FACTOR (FACTOR times the rate from AT on), \
         ramp:DURATION,FROM (from FROM times the rate to the rate) or burst:PERIOD,SHARE (each period's records \
         within its first SHARE)",
        |args, value| word::read(value).map(|value| args.load = value),
        |args| Some(word::write(&args.load)),
    )
    .in_short("How the rate varies, such as square:10s,0.2"),
    Setting::of_run(
        GROUP,
        "record_bytes",
        "SIZE",
        "Length of a generated line, newline included (76 to 16MiB); its message is padded or cut. Default: \
         natural length, 75 to 95 bytes",
        |args, value| bytes::read(value).map(|bytes| args.record_bytes = Some(bytes)),
        |args| args.record_bytes.as_ref().map(bytes::write),
    ),
    Setting::of_run(
        GROUP,
        "seed",
        "N",
        "Seed of the generator: which line has which level, and the gaps of --load poisson",
        |args, value| number::read(value).map(|seed| args.seed = seed),
        |args| Some(number::write(&args.seed)),
    ),
    Setting::of_config(
        GROUP,
        "max_record_bytes",
        "SIZE",
        "The longest record, newline included (1 to 1GiB). A longer one is dropped and counted; the first few \
         such lines of an input are reported",
    ),
];
