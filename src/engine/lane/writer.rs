//! The dispatcher's end of a lane.

use crate::engine::lane::gauge::{Gauge, Volume};
use crate::engine::lane::ring::Producer;
use crate::engine::lane::wake::WakeWord;
use crate::engine::record::RecordHeader;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::Waker;

/// Publishes records into a lane and wakes the worker that waits for them.
#[derive(Debug)]
pub(crate) struct LaneWriter {
    headers: Producer<RecordHeader>,
    bytes: Producer<u8>,
    gauge: Arc<Gauge>,
    wake: Arc<WakeWord>,
    waker: Waker,
    /// Running total; equals the gauge's, which others read.
    published: Volume,
    /// The wake word that the last wake-up was for. A worker sleeps again on the same word only if its re-check failed
    /// to see the publish, which the two fences rule out, so one wake-up per word is enough. A torn read of the two
    /// halves is harmless: we wake only when a threshold was reached, and an early wake-up costs one extra look.
    served: Volume,
    /// The fill of one record, and of one byte.
    per_record: u64,
    per_byte: u64,
}

impl LaneWriter {
    pub(super) fn new(
        headers: Producer<RecordHeader>,
        bytes: Producer<u8>,
        gauge: Arc<Gauge>,
        wake: Arc<WakeWord>,
        waker: Waker,
    ) -> Self {
        Self {
            per_record: Self::FULL / gauge.size().records,
            per_byte: Self::FULL / gauge.size().bytes,
            headers,
            bytes,
            gauge,
            wake,
            waker,
            published: Volume::default(),
            served: Volume::default(),
        }
    }

    /// The fill of a full lane. Fill is a whole number here, because the dispatcher compares lanes by it for every
    /// burst: 14 bits are left for the smallest byte of the largest lane, and 13 for the sum of all lanes.
    pub(crate) const FULL: u64 = 1 << 50;

    /// How full the lane is, 0 to [`FULL`](Self::FULL): the larger of records and bytes. May overstate by what the
    /// worker released during the call.
    #[inline]
    pub(crate) fn fill(&self) -> u64 {
        let occupancy = self.published - self.gauge.released();
        (occupancy.records * self.per_record).max(occupancy.bytes * self.per_byte)
    }

    /// Whether the lane holds this many records or bytes. May be true although the worker has just released them.
    pub(crate) fn holds(&self, volume: Volume) -> bool {
        let occupancy = self.published - self.gauge.released();
        occupancy.records >= volume.records || occupancy.bytes >= volume.bytes
    }

    /// The fill that this burst would add; more than [`FULL`](Self::FULL) if it is larger than the lane.
    #[inline]
    pub(crate) fn fill_of(&self, burst: Volume) -> u64 {
        let by_records = burst.records.saturating_mul(self.per_record);
        by_records.max(burst.bytes.saturating_mul(self.per_byte))
    }

    /// Whether a record of `len` bytes fits now.
    #[inline]
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.headers.slots() > 0 && self.bytes.slots() >= len
    }

    pub(crate) fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// The worker's waker. A woken worker checks the control block, whatever it waits for.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Whether the worker has gone, so that published records would never be taken.
    #[inline]
    pub(crate) fn reader_is_gone(&self) -> bool {
        self.headers.is_abandoned()
    }

    /// Publishes as many of the first records as fit, and returns how many.
    ///
    /// `bytes` are the records back to back, `headers` their headers.
    #[inline]
    pub(crate) fn publish(&mut self, headers: &[RecordHeader], bytes: &[u8]) -> usize {
        let (records, len) = self.fit(headers, bytes.len());
        if records == 0 {
            return 0;
        }
        self.published += Volume {
            records: records as u64,
            bytes: len as u64,
        };
        #[cfg(loom)]
        if mutated(Mutant::CountAfterPush) {
            return self.publish_then_count(headers, bytes, records, len);
        }
        self.gauge.set_published(self.published);
        // fit() checked the room, and only this thread uses it up. The headers come last: their release publishes the
        // bytes too.
        let (_, no_bytes) = self.bytes.push_partial_slice(&bytes[..len]);
        let (_, no_headers) = self.headers.push_partial_slice(&headers[..records]);
        debug_assert!(no_bytes.is_empty() && no_headers.is_empty());
        self.wake_reader();
        records
    }

    /// Wrong on purpose: see [`Mutant::CountAfterPush`].
    #[cfg(loom)]
    fn publish_then_count(
        &mut self,
        headers: &[RecordHeader],
        bytes: &[u8],
        records: usize,
        len: usize,
    ) -> usize {
        let (_, _) = self.bytes.push_partial_slice(&bytes[..len]);
        let (_, _) = self.headers.push_partial_slice(&headers[..records]);
        self.gauge.set_published(self.published);
        self.wake_reader();
        records
    }

    /// How many records fit, and their bytes.
    #[inline]
    fn fit(&self, headers: &[RecordHeader], len: usize) -> (usize, usize) {
        // The cached slots cost no cache miss; the worker's index is read only if they are too few.
        if self.headers.cached_slots() >= headers.len() && self.bytes.cached_slots() >= len {
            return (headers.len(), len);
        }
        let (slots, room) = (self.headers.slots(), self.bytes.slots());
        if slots >= headers.len() && room >= len {
            return (headers.len(), len);
        }
        let mut fit = (0, 0);
        for header in headers.iter().take(slots) {
            let with = fit.1 + header.len as usize;
            if with > room {
                break;
            }
            fit = (fit.0 + 1, with);
        }
        fit
    }

    /// Wakes the worker if the lane now has what it waits for.
    #[inline]
    fn wake_reader(&mut self) {
        let at = self.wake.check();
        let reached = self.published.records >= at.records || self.published.bytes >= at.bytes;
        let never_again = mutated(Mutant::OneWakeEver) && self.served != Volume::default();
        if reached && at != self.served && !never_again && !mutated(Mutant::NoWake) {
            self.served = at;
            self.waker.wake();
        }
    }
}
