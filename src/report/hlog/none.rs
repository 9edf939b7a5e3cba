//! No interval log: the feature `hlog` is off, and with it what compresses and encodes a histogram.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use crate::metrics::latency::Latencies;

/// Cannot exist.
pub(crate) enum IntervalLog {}

impl IntervalLog {
    pub(crate) fn begin(_writer: Box<dyn Write + Send>, _began: SystemTime) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn add(&mut self, _end: Duration, _latencies: &Latencies) -> io::Result<()> {
        match *self {}
    }
}
