//! What comes in, and how fast.

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{bytes, number, parse};
use crate::components::SourceSpec;

const GROUP: &str = "Input";

pub(crate) static ROWS: &[Setting] = &[
    Setting {
        many: true,
        ..setting(
            GROUP,
            "source",
            "SOURCE",
            "Where records come from: generator, stdin or file:PATH; several files are read in the order given",
            |job, text| text.parse().map(|source| job.sources.push(source)),
            |job| job.sources().iter().map(SourceSpec::to_string).collect(),
        )
    },
    setting(
        GROUP,
        "producer_rate",
        "RATE",
        "How fast the generator produces: max, an interval (100us: one record each) or a rate (50000/s). \
         The schedule is absolute: what falls due during a stall comes right after it",
        |job, text| parse(text, &mut job.producer_rate),
        |job| job.producer_rate.to_string().into(),
    ),
    setting(
        GROUP,
        "load",
        "SHAPE",
        "How that rate varies: constant, poisson (random gaps, by --seed), square:PERIOD,LOW (every second half period \
         at LOW times the rate), step:AT,FACTOR (FACTOR times the rate from AT on), ramp:DURATION,FROM (from FROM times \
         the rate to the rate) or burst:PERIOD,SHARE (each period's records within its first SHARE)",
        |job, text| parse(text, &mut job.load),
        |job| job.load.to_string().into(),
    ),
    setting(
        GROUP,
        "record_bytes",
        "SIZE",
        "Length of a generated line, newline included (76 to 16MiB); its message is padded or cut. \
         Unset: natural length, 75 to 95 bytes",
        |job, text| bytes(text).map(|n| job.record_bytes = Some(n)),
        |job| job.record_bytes.into(),
    ),
    setting(
        GROUP,
        "seed",
        "N",
        "Which generated line has which level",
        |job, text| number(text).map(|n| job.seed = n),
        |job| job.seed.into(),
    ),
    setting(
        GROUP,
        "max_record_bytes",
        "SIZE",
        "The longest record, newline included (1 to 1GiB); longer ones are dropped and counted; of lines that are read the first few are named in warnings",
        |job, text| bytes(text).map(|n| job.config.lanes.max_record_bytes = n),
        |job| job.config.lanes.max_record_bytes.into(),
    ),
];
