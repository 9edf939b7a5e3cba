//! The delay sink: an artificial I/O latency that makes backpressure visible.

use std::io;
use std::time::Duration;

use crate::engine::batch::Batch;
use crate::engine::sink::Sink;
use crate::engine::sink_error::SinkError;

/// Makes each batch of another sink take that much longer.
#[derive(Debug)]
pub struct Delay<S> {
    delay: Duration,
    sink: S,
}

impl<S: Sink> Delay<S> {
    /// Waits `delay` before each batch that goes to `sink`.
    pub fn new(delay: Duration, sink: S) -> Self {
        Self { delay, sink }
    }
}

impl<S: Sink> Sink for Delay<S> {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        std::thread::sleep(self.delay);
        self.sink.write(batch)
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush()
    }

    fn give_out(&mut self, batch: &Batch<'_>, bytes: usize, error: io::Error) -> SinkError {
        self.sink.give_out(batch, bytes, error)
    }
}
