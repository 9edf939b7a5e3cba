//! The spill: where records go that no sink took.

use std::fmt;

use crate::engine::batch::Batch;
use crate::engine::sink::Sink;
use crate::engine::sink_error::SinkError;

/// One thread's way to the spill file: a sink like any other, so that the engine knows no file.
pub(crate) struct Spill(Box<dyn Sink>);

impl Spill {
    pub(crate) fn new(sink: impl Sink + 'static) -> Self {
        Self(Box::new(sink))
    }

    /// Writes a batch whole.
    pub(crate) fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.0.write(batch)
    }
}

impl fmt::Debug for Spill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spill")
    }
}
