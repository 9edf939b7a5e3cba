//! The lanes, and what happens when they are full.

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::engine::dispatch::WhenFull;
use crate::engine::route::Route;
use crate::engine::throttle::Throttle;

/// The most records in a lane (24 bytes each: 1.5 GiB).
pub(super) const CHANNEL_SIZE_MAX: usize = 1 << 26;
/// The most payload in a lane, 64 GiB.
pub(super) const LANE_BYTES_MAX: usize = 1 << 36;
/// The longest record that can be allowed, 1 GiB.
const RECORD_BYTES_MAX: usize = 1 << 30;

group! {
    /// The lanes: how much each holds, how one is chosen, and what happens when none has room.
    Lanes {
        /// Records that one worker's lane holds, 1 to 67,108,864. Each takes 24 bytes of memory beside its payload,
        /// allocated at start.
        channel_size: usize = 16_384, as number;
        /// Payload bytes that one worker's lane holds, at most 64 GiB; allocated at start. A lane beyond the size of a
        /// core's L2 cache costs throughput, because every record then travels through L3.
        lane_bytes: usize = 4 << 20, as bytes;
        /// The longest record in bytes, newline included, at most 1 GiB. A longer one is dropped and counted.
        max_record_bytes: usize = 1 << 20, as bytes;
        /// How a lane is chosen.
        route: Route = Route::default(), as word;
        /// What happens when no lane has room.
        when_full: WhenFull = WhenFull::default(), as word;
    }
    optional {
        /// How long the producer pauses at which usage. `None`: [`Throttle::default`], or off where a full lane drops
        /// records: a pause would keep the lane from filling up, and the records late instead of dropped.
        throttle: Throttle, as word;
    }
}

impl Lanes {
    pub(super) fn check(&self, wrong: &mut Vec<ConfigError>) {
        wrong.size("channel_size", self.channel_size, CHANNEL_SIZE_MAX);
        wrong.size("lane_bytes", self.lane_bytes, LANE_BYTES_MAX);
        wrong.size("max_record_bytes", self.max_record_bytes, RECORD_BYTES_MAX);
    }

    /// The throttle: the one that is set, or what suits the policy for full lanes.
    pub(crate) fn throttle(&self) -> Throttle {
        let suited = || match self.when_full {
            WhenFull::Block => Throttle::default(),
            WhenFull::DropNewest => Throttle::off(),
        };
        self.throttle.clone().unwrap_or_else(suited)
    }
}
