//! What makes a batch due.

use std::time::Duration;

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::config::lanes::{CHANNEL_SIZE_MAX, LANE_BYTES_MAX};

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
    optional {}
}

impl Batching {
    pub(super) fn check(&self, wrong: &mut Vec<ConfigError>) {
        wrong.size("batch_size", self.batch_size, CHANNEL_SIZE_MAX);
        wrong.size("batch_bytes", self.batch_bytes, LANE_BYTES_MAX);
        wrong.time("batch_timeout", self.batch_timeout, Duration::ZERO);
    }
}
