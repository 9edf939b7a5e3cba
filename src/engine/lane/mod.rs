//! A lane: the single-producer single-consumer queue between the dispatcher and one worker.
//!
//! ```text
//!              publish                                       drain / release
//!   LaneWriter --1--> byte ring   (payload, back to back) ----> LaneReader
//!   (dispatcher) -2-> header ring (24 bytes per record)  ---->  (worker)
//!        |   '--3--> fence, wake word? --wake--> sleeping worker  |
//!        |                                                        |
//!        '--published--> Gauge <--released------------------------'
//! ```
//!
//! A structure of arrays: a batch's payload is at most two slices, ready for one `writev`, and no record is parsed for
//! its end. The header ring's release store publishes both rings, because it comes last.
//!
//! A lane closes when either end is dropped: the worker then drains what is there, or the dispatcher routes elsewhere.
//!
//! Invariants:
//! * A record leaves the lane only when the sink has accepted it. The lane is the only buffer.
//! * Nothing here allocates after start; all ring memory is touched beforehand.
//! * No call is made per record: one push per ring and burst, one commit per ring and batch.
//! * Occupancy is the difference of two single-writer counters; no thread subtracts from a shared one.
//!
//! Orderings (each non-Relaxed access and its pair):
//!
//! | here | pairs with | for |
//! |---|---|---|
//! | rtrb's release of the header ring's tail | rtrb's acquire in `LaneReader` | the records' bytes and headers |
//! | rtrb's release of the rings' heads | rtrb's acquire in `LaneWriter` | slots are free again |
//! | `Gauge` released: Release store | `Gauge::occupancy`: Acquire load | released never overtakes published |
//! | `Gauge` position: Release store | `Gauge::progress`: Acquire load | an acknowledger sees what the sink did |
//! | fence(SeqCst) in `WakeWord::check` | fence(SeqCst) in `WakeWord::arm` | no wake-up is lost |
//!
//! `model` holds the proofs, one for each claim, run on loom.

mod gauge;
mod reader;
mod ring;
mod wake;
mod writer;

pub(crate) use gauge::{Gauge, Volume};
pub(crate) use reader::{LaneReader, PendingBatch};
pub(crate) use writer::LaneWriter;

use crate::engine::record::RecordHeader;
use crate::sys::sync::Arc;
use crate::sys::wait::Waker;

/// A lane's memory, touched, so that the first lap does not pay for page faults. Touching takes time: create it before
/// the run's clock starts.
#[derive(Debug)]
pub(crate) struct LaneMemory {
    size: Volume,
    headers: (ring::Producer<RecordHeader>, ring::Consumer<RecordHeader>),
    bytes: (ring::Producer<u8>, ring::Consumer<u8>),
}

impl LaneMemory {
    pub(crate) fn new(size: Volume) -> Self {
        Self {
            size,
            headers: ring::new(size.records as usize),
            bytes: ring::new(size.bytes as usize),
        }
    }

    /// The lane's two ends. `waker` wakes the worker that owns the reader.
    pub(crate) fn lane(self, waker: Waker) -> (LaneWriter, LaneReader) {
        let gauge = Arc::new(Gauge::new(self.size));
        let wake = Arc::new(wake::WakeWord::default());
        let (headers_in, headers_out) = self.headers;
        let (bytes_in, bytes_out) = self.bytes;
        let reader = LaneReader::new(
            headers_out,
            bytes_out,
            Arc::clone(&gauge),
            Arc::clone(&wake),
        );
        let writer = LaneWriter::new(headers_in, bytes_in, gauge, wake, waker);
        (writer, reader)
    }
}

#[cfg(all(test, loom))]
mod model;
