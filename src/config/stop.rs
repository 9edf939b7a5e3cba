//! When a run ends, and how.

use std::time::Duration;

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::engine::sink_error::OnSinkError;

group! {
    /// What ends a run, and how long its end may take.
    Stopping {
        /// What happens after a failed write that may succeed when it is tried again.
        on_sink_error: OnSinkError = OnSinkError::default(), as word;
        /// How long draining may take after a stop; what is not delivered by then is spilled, or
        /// abandoned and counted.
        drain_timeout: Duration = Duration::from_secs(30), as seconds;
    }
    optional {
        /// Stop after this many records.
        count: u64, as number;
        /// Stop after this long; 1 ms or more.
        duration: Duration, as seconds;
    }
}

impl Stopping {
    pub(super) fn check(&self, wrong: &mut Vec<ConfigError>) {
        wrong.time("drain_timeout", self.drain_timeout, Duration::ZERO);
        if let Some(duration) = self.duration {
            wrong.time("duration", duration, Duration::from_millis(1));
        }
        if self.count == Some(0) {
            wrong.out_of_range("count", 0, "1 or more, or no count at all");
        }
    }
}
