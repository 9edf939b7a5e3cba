//! Notices: log messages of the data path. Its threads do not log themselves, because standard error may be a pipe that
//! nobody reads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Sent to the thread that logs.
#[derive(Debug)]
pub(crate) enum Notice {
    /// A worker's sink failed and is tried again.
    SinkFailing { worker: usize, error: String },
    /// The sink accepts records again.
    SinkRecovered {
        worker: usize,
        failures: u64,
        after: Duration,
    },
    /// The producer could not write to the spill file.
    SpillFailed { error: String },
    /// A component's warning.
    Warning(String),
    /// A component's information.
    Information(String),
}

/// Sends notices to that thread, from any thread, and never waits.
#[derive(Clone, Default)]
pub(crate) struct Notices(Option<Arc<dyn Fn(Notice) + Send + Sync>>);

impl Notices {
    pub(crate) fn new(send: impl Fn(Notice) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(send)))
    }

    pub(crate) fn send(&self, notice: Notice) {
        if let Some(send) = &self.0 {
            send(notice);
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}
