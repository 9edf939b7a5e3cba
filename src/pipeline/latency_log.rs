//! The thread that writes the latency log: the reporter does not wait for it. While the log's writer is busy, intervals
//! are added up: its next lines are then of a longer interval, and no record is missing.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::threads::{caught, spawn_background};
use crate::metrics::latency::Latencies;
use crate::report::hlog::IntervalLog;

/// How long the log's writer gets to write the last interval.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// What was not written yet.
#[derive(Default)]
struct Pending {
    /// The latencies since the last lines, and when their interval ended.
    interval: Option<(Duration, Box<Latencies>)>,
    /// Cleared, for the next interval.
    spare: Option<Box<Latencies>>,
    over: bool,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next interval to write; `None` when there is none left.
    fn next(&self) -> Option<(Duration, Box<Latencies>)> {
        let mut pending = self.lock();
        loop {
            if let Some(interval) = pending.interval.take() {
                return Some(interval);
            }
            if pending.over {
                return None;
            }
            let waited = self.changed.wait(pending);
            pending = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes intervals until the run is over, or one cannot be written: the log would have a gap behind it.
    fn write(&self, writer: Box<dyn Write + Send>, began: SystemTime) -> io::Result<()> {
        let mut log = IntervalLog::begin(writer, began)?;
        while let Some((end, mut latencies)) = self.next() {
            log.add(end, &latencies)?;
            latencies.clear();
            self.lock().spare = Some(latencies);
        }
        Ok(())
    }
}

/// The handle of that thread, which ends when this is dropped.
pub(super) struct LatencyLog {
    shared: Arc<Shared>,
    done: Receiver<io::Result<()>>,
}

impl LatencyLog {
    pub(super) fn spawn(writer: Box<dyn Write + Send>, began: SystemTime) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (over, done) = mpsc::channel();
        let of_thread = Arc::clone(&shared);
        spawn_background("latency-log", move || {
            // The writer is the program's own, and may panic.
            let written = caught(|| of_thread.write(writer, began));
            let written = written.unwrap_or_else(|message| {
                Err(io::Error::other(format!("its writer panicked: {message}")))
            });
            let _ = over.send(written); // fails after END_PATIENCE
        })?;
        Ok(Self { shared, done })
    }

    /// Has the latencies of the interval that ended `end` after the run began written, soon.
    pub(super) fn add(&self, end: Duration, latencies: &Latencies) {
        let mut pending = self.shared.lock();
        let waiting = pending.interval.take().map(|(_, waiting)| waiting);
        let spare = pending.spare.take();
        let mut sum = waiting.or(spare).unwrap_or_default();
        sum.add(latencies);
        pending.interval = Some((end, sum));
        drop(pending);
        self.shared.changed.notify_one();
    }

    /// Lets the thread write the last interval, or leaves it behind after five seconds.
    ///
    /// # Errors
    ///
    /// When not everything was written.
    pub(super) fn end(self) -> io::Result<()> {
        self.shared.lock().over = true;
        self.shared.changed.notify_one();
        self.done.recv_timeout(END_PATIENCE).unwrap_or_else(|_| {
            Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "its writer was still blocked 5 s after the end: the last intervals are missing",
            ))
        })
    }
}

impl Drop for LatencyLog {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_one();
    }
}
