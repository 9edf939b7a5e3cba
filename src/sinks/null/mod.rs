//! The null sink: what is left is the pipeline's own cost.

#[cfg(feature = "cli")]
pub(crate) mod spec;

use crate::engine::batch::Batch;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;

/// Accepts everything and looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::All)
    }
}
