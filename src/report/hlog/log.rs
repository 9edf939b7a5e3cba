//! `.hlog`: the latencies of each interval, as an interval log that the Java, Python, Rust and other readers of
//! `HdrHistogram` accept.
//!
//! Two lines an interval, tagged `response` and `service`, in nanoseconds. All lines of a tag together are the
//! distribution of the whole run: every record once.

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogWriterBuilder, IntervalLogWriterError, Tag,
};

use crate::metrics::latency::Latencies;

/// Writes an interval log, line by line as the run goes on: what was written survives a crash of the program. Flushes
/// behind the header and behind each interval.
pub(crate) struct IntervalLog {
    writer: Box<dyn Write + Send>,
    serializer: V2DeflateSerializer,
    end: Duration,
}

impl IntervalLog {
    /// Begins a log.
    ///
    /// # Errors
    ///
    /// When its header cannot be written.
    pub(crate) fn begin(mut writer: Box<dyn Write + Send>, began: SystemTime) -> io::Result<Self> {
        let mut serializer = V2DeflateSerializer::new();
        IntervalLogWriterBuilder::default()
            .add_comment("[Logged with splashdam; values and Interval_Max are nanoseconds]")
            .add_comment("[Histogram log format version 1.3]")
            .with_start_time(began)
            .with_base_time(began)
            .begin_log_with(&mut writer, &mut serializer)?;
        // The reader in Java treats this line as the legend.
        let legend = [
            "StartTimestamp",
            "Interval_Length",
            "Interval_Max",
            "Interval_Compressed_Histogram",
        ];
        writeln!(
            writer,
            "{}",
            legend.map(|name| format!("\"{name}\"")).join(",")
        )?;
        writer.flush()?;
        Ok(Self {
            writer,
            serializer,
            end: Duration::ZERO,
        })
    }

    /// Adds the interval that ended `end` after the run began; it began when the one before ended.
    ///
    /// # Errors
    ///
    /// When a line cannot be written.
    pub(crate) fn add(&mut self, end: Duration, latencies: &Latencies) -> io::Result<()> {
        let start = std::mem::replace(&mut self.end, end);
        let mut lines = Vec::new();
        let mut log =
            IntervalLogWriterBuilder::default().begin_log_with(&mut lines, &mut self.serializer)?;
        for (tag, distribution) in [
            ("response", &latencies.response),
            ("service", &latencies.service),
        ] {
            let length = end.saturating_sub(start);
            let written =
                log.write_histogram(distribution.histogram(), start, length, Tag::new(tag));
            written.map_err(|error| match error {
                IntervalLogWriterError::IoError(error) => error,
                IntervalLogWriterError::SerializeError(error) => io::Error::other(error),
            })?;
        }
        // In one write, so that either all lines of an interval are there or none.
        self.writer.write_all(&lines)?;
        self.writer.flush()
    }
}
