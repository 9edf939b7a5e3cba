//! When a run ends, and how.

use crate::cli::settings::Setting;
use crate::values::{path, word};

const GROUP: &str = "Stopping";

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_config(
        GROUP,
        "count",
        "N",
        "Stop after this many records; a file on standard input is left at the next line",
    )
    .in_short("Stop after this many records"),
    Setting::of_config(
        GROUP,
        "duration",
        "DURATION",
        "Stop after this long (10, 10s, 2m); a paced generator makes exactly what falls due before",
    )
    .in_short("Stop after this long (10, 10s, 2m)"),
    Setting::of_config(
        GROUP,
        "drain_timeout",
        "DURATION",
        "How long draining may take after a stop; what is left then is spilled, or abandoned and counted (exit code 4)",
    )
    .in_short("How long draining may take after a stop"),
    Setting::of_run(
        GROUP,
        "spill",
        "FILE",
        "Append what cannot be delivered - at the drain timeout, after a final failure, on a second signal - to \
         this file, as whole lines that --source file:FILE reads again. Created at the start; a worker that hangs \
         in its sink cannot spill",
        |args, value| path::read(value).map(|path| args.spill = Some(path)),
        |args| args.spill.as_deref().map(path::write),
    )
    .in_short("Keep what cannot be delivered in this file")
    .apart_from_work(),
    Setting::of_run(
        GROUP,
        "on_hangup",
        "ACTION",
        "What SIGHUP does: stop the run, reopen its outputs (after a log rotation), or auto (stop if standard error is \
         a terminal, else reopen)",
        |args, value| word::read(value).map(|value| args.on_hangup = value),
        |args| Some(word::write(&args.on_hangup)),
    )
    .apart_from_work(),
];
