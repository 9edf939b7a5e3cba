//! The spill: the way to the file for records that no sink accepted.

use std::fmt;
use std::io;

use crate::engine::batch::Batch;
use crate::engine::context::Context;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;
use crate::sys::clock::Clock;
use crate::sys::wait::Waiter;

/// How long to wait for a spill file that accepts nothing.
const WRITES_WITHIN_NS: u64 = 1_000_000_000;

/// One thread's spill: a sink like any other, so that the engine needs no knowledge of files.
pub(crate) struct Spill {
    sink: Box<dyn Sink>,
    /// The sink did not accept all that [`write_all`](Self::write_all) was called with, and gets nothing more: it
    /// expects the rest of that, and would take the first record of anything else for one that it has half of.
    given_up: bool,
}

impl Spill {
    pub(crate) fn new(sink: impl Sink) -> Self {
        Self {
            sink: Box::new(sink),
            given_up: false,
        }
    }

    /// The same, with the context of the thread that it is for.
    pub(crate) fn started(mut self, context: Context) -> Self {
        self.sink.start(context);
        self
    }

    pub(crate) fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        self.sink.write(batch)
    }

    /// Writes a batch, and waits while the file accepts nothing; returns how many records were written, and the
    /// failure. Writes nothing more after a failure.
    pub(crate) fn write_all(
        &mut self,
        batch: &Batch<'_>,
        clock: Clock,
        waiter: &Waiter,
    ) -> (usize, Option<SinkError>) {
        if self.given_up {
            return (0, None);
        }
        let by_ns = clock.now_ns().saturating_add(WRITES_WITHIN_NS);
        let mut written = 0;
        while written < batch.len() && clock.now_ns() < by_ns {
            match self.sink.write(&batch.split_at(written).1) {
                Ok(Wrote::All) => written = batch.len(),
                Ok(Wrote::Part { records, pending }) => {
                    written = (written + records).min(batch.len());
                    // Rare, and only after a halt: a short sleep is simpler than polling.
                    let soon_ns = clock.now_ns().saturating_add(1_000_000);
                    waiter.sleep(Some(pending.until_ns().unwrap_or(soon_ns).min(by_ns)));
                }
                Err(error) => {
                    written = (written + error.accepted()).min(batch.len());
                    self.given_up = true;
                    return (written, Some(error));
                }
            }
        }
        self.given_up = written < batch.len();
        let late = || io::Error::new(io::ErrorKind::TimedOut, "accepts nothing for 1 s");
        (written, self.given_up.then(|| late().into()))
    }

    /// Opens its file again, if that was moved away.
    pub(crate) fn reopen(&mut self) -> Result<(), SinkError> {
        self.sink.reopen()
    }

    pub(crate) fn close(&mut self) {
        self.sink.close();
    }
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spill")
    }
}
