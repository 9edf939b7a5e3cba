//! A lane: the single-producer single-consumer queue between the dispatcher and one worker.
//!
//! ```text
//!              publish                                       take / release
//!   LaneWriter --1--> byte ring   (payload, back to back) ----> LaneReader
//!   (dispatcher) -2-> header ring (24 bytes per record)  ---->  (worker)
//!        |   '--3--> fence, wake word? --unpark--> parked worker  |
//!        |                                                        |
//!        '--published--> Gauge <--released------------------------'
//! ```
//!
//! A structure of arrays: a batch's payload is at most two slices, ready for one `writev`, and nothing is parsed to
//! find a record's end. The header ring's release store publishes both rings, because it comes last.
//!
//! Invariants:
//! * A record leaves the lane only when the sink has accepted it. The lane is the only buffer.
//! * Nothing here allocates after start; all ring memory is touched beforehand.
//! * No call is made per record: one push per ring and burst, one commit per ring and batch.
//! * Occupancy is the difference of two single-writer counters; nobody subtracts from a shared one.
//!
//! Orderings (each non-Relaxed access and its pair):
//!
//! | here | pairs with | for |
//! |---|---|---|
//! | rtrb's release of the header ring's tail | rtrb's acquire in `LaneReader` | the records' bytes and headers |
//! | rtrb's release of the rings' heads | rtrb's acquire in `LaneWriter` | slots are free again |
//! | `Gauge` released: Release store | `Gauge::occupancy`: Acquire load | released never overtakes published |
//! | fence(SeqCst) in `WakeWord::look` | fence(SeqCst) in `WakeWord::announce` | no wake-up is lost |
//!
//! `model` holds the proofs, one for each claim, run on loom.

mod gauge;
pub(super) mod mutation;
mod reader;
mod ring;
mod wake;
mod writer;

pub(crate) use gauge::{Extent, Gauge};
pub(crate) use reader::{LaneReader, Ready};
pub(crate) use writer::LaneWriter;

use crate::sys::sync::{Arc, Parker};

/// How much a lane holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneSize {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

/// Makes a lane and touches its memory, so that the first lap does not pay for page faults.
pub(crate) fn lane(size: LaneSize) -> (LaneWriter, LaneReader) {
    let (headers_in, headers_out) = ring::new(size.records);
    let (bytes_in, bytes_out) = ring::new(size.bytes);
    let gauge = Arc::new(Gauge::new(size));
    let wake = Arc::new(wake::WakeWord::default());
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    (
        LaneWriter::new(
            headers_in,
            bytes_in,
            Arc::clone(&gauge),
            Arc::clone(&wake),
            unparker,
        ),
        LaneReader::new(headers_out, bytes_out, gauge, wake, parker),
    )
}

#[cfg(all(test, loom))]
mod model;
