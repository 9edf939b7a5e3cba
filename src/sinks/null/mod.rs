//! The null sink: without any output only the pipeline's own cost remains.

#[cfg(feature = "cli")]
pub(crate) mod spec;

use crate::engine::batch::Batch;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;

/// Accepts everything without reading it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::All)
    }
}
