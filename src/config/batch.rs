//! What makes a batch due.

use std::time::Duration;

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::config::lanes::{CHANNEL_SIZE_MAX, LANE_BYTES_MAX};
use crate::engine::waits::rest_ns;
use crate::sys::clock::saturating_ns;

/// The longest rest of a producer.
const PACING_REST_MAX: Duration = Duration::from_secs(1);

group! {
    /// The batches: whichever limit is reached first makes a batch due.
    Batching {
        /// A batch is handed to the sink when it has this many records. At most `channel_size`: a full lane then always
        /// holds a due batch, so a blocked producer never waits for a sleeping worker.
        batch_size: usize = 1_024, as number;
        /// Or when one more record would take it beyond this many bytes. With `max_record_bytes` at most `lane_bytes`,
        /// for the same reason.
        batch_bytes: usize = 256 << 10, as bytes;
        /// Or when its oldest record has been in the lane this long. 0: the worker takes whatever is there at once.
        batch_timeout: Duration = Duration::from_millis(100), as time;
    }
    optional {
        /// How long a producer may let records gather before it looks again, at most 1 s: the grid of its wake-ups, and
        /// part of the response time (`pacing`). 0: it wakes for each record that falls due, and each call of its
        /// waker. `None`: a twentieth of `batch_timeout`, 5 ms at most. A full lane and a stop end it.
        pacing_rest: Duration, as time;
    }
}

impl Batching {
    pub(super) fn check(&self, wrong: &mut Vec<ConfigError>) {
        wrong.size("batch_size", self.batch_size, CHANNEL_SIZE_MAX);
        wrong.size("batch_bytes", self.batch_bytes, LANE_BYTES_MAX);
        wrong.time("batch_timeout", self.batch_timeout, Duration::ZERO);
        let rest = self.pacing_rest();
        if rest > PACING_REST_MAX {
            wrong.out_of_range("pacing_rest", humantime::format_duration(rest), "0s to 1s");
        }
    }

    /// The rest of the producer: the one that is set, or what follows from the batch timeout.
    pub(crate) fn pacing_rest(&self) -> Duration {
        let derived = || Duration::from_nanos(rest_ns(saturating_ns(self.batch_timeout)));
        self.pacing_rest.unwrap_or_else(derived)
    }
}
