//! `fault:FAULTS[,SINK]`, as text and as a table with a key for each fault.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::sync::Arc;

use crate::engine::sink::SinkFactory;
use crate::sinks::decorator::{inner, split, wrapped};
use crate::sinks::spec::SinkSpec;
use crate::sinks::{Fault, Faults, Fsync};
use crate::sys::text::ValueError;
use crate::values::{Fields, Kind, Value};

pub(crate) const KIND: Kind<dyn SinkSpec> = Kind {
    name: "fault",
    form: "fault:FAULTS[,SINK]",
    example: "fault:retry=0.1,file:out.ndjson",
    help: "it fails as planned, for tests: retry=0.1+short=0.2+seed=7",
    table: r#"type = "fault", retry = 0.1, sink = "file:out.ndjson""#,
    from_text: |rest, kinds| {
        let (faults, sink) = split(rest, kinds)?;
        let faults = faults.parse().map_err(|e: ValueError| e.to_string())?;
        Ok(Arc::new(Spec { faults, sink }))
    },
    from_table: |fields, kinds| {
        let faults = faults(fields);
        let sink = inner(fields, kinds);
        Some(Arc::new(Spec {
            faults: faults?,
            sink,
        }))
    },
};

/// The keys of the table, and what each takes. With hyphens for underscores they are the names in the text.
const KEYS: [(&str, &str); 10] = [
    ("retry", "a share from 0 to 1"),
    ("short", "a share from 0 to 1"),
    ("final", "a share from 0 to 1"),
    ("stall", r#"SHARE:DURATION ("0.1:20ms")"#),
    ("stall_after", r#"RECORDS:DURATION ("5000:2s")"#),
    ("final_after", "a number of records"),
    ("panic_after", "a number of records"),
    ("full_after", r#"SIZE or SIZE:TRIES ("1MiB:20")"#),
    ("worker", "the number of a worker"),
    ("seed", "a whole number"),
];

fn faults(fields: &mut Fields<'_>) -> Option<Faults> {
    let mut parts = Vec::new();
    for (key, accepted) in KEYS {
        let name = key.replace('_', "-");
        let part = fields.optional(key, |value| {
            part(&name, value).ok_or(format!("expected {accepted}"))
        });
        parts.extend(part);
    }
    if parts.is_empty() {
        fields.missing("retry");
    }
    parts.join("+").parse().ok()
}

/// One fault as text, if the value is accepted.
fn part(name: &str, value: &Value) -> Option<String> {
    let value = value.plain().filter(|text| !text.contains('+'))?;
    let part = format!("{name}={value}");
    part.parse::<Faults>().ok().map(|_| part)
}

#[derive(Debug)]
struct Spec {
    faults: Faults,
    sink: Arc<dyn SinkSpec>,
}

impl Display for Spec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "fault:{},{}", self.faults, self.sink)
    }
}

impl SinkSpec for Spec {
    fn open(&self, fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        let faults = self.faults.clone();
        if let Some(files) = self.sink.open_files(fsync) {
            let mut files = files?;
            return Ok(Box::new(move |worker: usize| {
                Ok(Fault::of_file(faults.clone(), worker, files(worker)?))
            }));
        }
        let wrap = move |worker, sink| Fault::new(faults.clone(), worker, sink);
        Ok(wrapped(self.sink.open(fsync)?, wrap))
    }

    fn inner(&self) -> Option<&dyn SinkSpec> {
        Some(&*self.sink)
    }
}
