//! Whether a pipeline's memory, all of it touched at start, fits into what is left. Better refused now than killed for
//! it later.

use bytesize::ByteSize;

use crate::config::{Config, ConfigError, ConfigErrors};
use crate::engine::record::RecordHeader;
use crate::sys::rlimits::{Room, has_address_space};

/// What a header takes in a lane.
const HEADER_BYTES: u64 = size_of::<RecordHeader>() as u64;
/// What a worker's latencies take, about: two recorders of six histograms of 264 KiB.
const LATENCY_BYTES: u64 = 12 * (264 << 10);
/// Everything else there is, about: code, buffers, the report's histograms.
const REST_BYTES: u64 = 8 << 20;
/// The address space of a thread's stack.
const STACK_BYTES: u64 = 2 << 20;
/// The threads beside the workers.
const OTHER_THREADS: u64 = 3;

impl Config {
    /// Checks the memory that the pipeline takes against each limit.
    pub(crate) fn check_memory(&self, rooms: &[Room]) -> Result<(), ConfigErrors> {
        let workers = self.scaling.max_workers as u64;
        let [channel_size, lane_bytes] =
            [self.lanes.channel_size, self.lanes.lane_bytes].map(|size| size as u64);
        let lane = lane_bytes + channel_size * HEADER_BYTES;
        let latency = if self.latency { LATENCY_BYTES } else { 0 };
        let longest = self.lanes.max_record_bytes as u64; // what a source may hold of a line
        let needed_bytes = workers * (lane + latency) + longest + REST_BYTES;

        let short = rooms.iter().filter(|room| room.bytes < needed_bytes);
        let tightest = short.min_by_key(|room| room.bytes);
        let leaves = match tightest {
            Some(room) => format!("{} leaves {}", room.limit, iec(room.bytes)),
            None if has_address_space(needed_bytes + (workers + OTHER_THREADS) * STACK_BYTES) => {
                return Ok(());
            }
            None => "the address space (ulimit -v, ulimit -d, overcommit) has less".into(),
        };
        let message = format!(
            "not enough memory: max_workers {workers} x (lane_bytes {} + channel_size {channel_size} x {HEADER_BYTES} \
             + {} of latency) + {} is {}, but {leaves}; expected fewer workers, a smaller lane_bytes or channel_size, \
             or a larger limit",
            iec(lane_bytes),
            iec(latency),
            iec(longest + REST_BYTES),
            iec(needed_bytes),
        );
        ConfigErrors::check(vec![ConfigError::NotEnoughMemory {
            needed_bytes,
            left_bytes: tightest.map(|room| room.bytes),
            message,
        }])
    }
}

fn iec(bytes: u64) -> impl std::fmt::Display {
    ByteSize(bytes).display().iec()
}
