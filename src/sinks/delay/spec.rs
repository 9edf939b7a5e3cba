//! `delay:DURATION[,SINK]`, as text and as a table.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::sink::SinkFactory;
use crate::sinks::decorator::{inner, split, wrapped};
use crate::sinks::spec::SinkSpec;
use crate::sinks::{Delay, Fsync};
use crate::values::{Kind, Value, time};

pub(crate) const KIND: Kind<dyn SinkSpec> = Kind {
    name: "delay",
    form: "delay:DURATION[,SINK]",
    example: "delay:20ms,file:out.ndjson",
    help: "each batch takes that much longer",
    table: r#"type = "delay", delay = "20ms", sink = "file:out.ndjson""#,
    from_text: |rest, kinds| {
        let (delay, sink) = split(rest, kinds)?;
        let delay = time::read(&Value::from(delay)).map_err(|_| kinds.expected())?;
        Ok(Arc::new(Spec { delay, sink }))
    },
    from_table: |fields, kinds| {
        let delay = fields.required("delay", time::read);
        let sink = inner(fields, kinds);
        Some(Arc::new(Spec {
            delay: delay?,
            sink,
        }))
    },
};

#[derive(Debug)]
struct Spec {
    delay: Duration,
    sink: Arc<dyn SinkSpec>,
}

impl Display for Spec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let delay = humantime::format_duration(self.delay);
        write!(f, "delay:{delay},{}", self.sink)
    }
}

impl SinkSpec for Spec {
    fn open(&self, fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        let delay = self.delay;
        let wrap = move |_, sink| Delay::new(delay, sink);
        Ok(wrapped(self.sink.open(fsync)?, wrap))
    }

    fn inner(&self) -> Option<&dyn SinkSpec> {
        Some(&*self.sink)
    }
}
