//! The worker's end of a lane.

use crate::engine::batch::Batch;
use crate::engine::lane::gauge::{Gauge, Volume};
use crate::engine::lane::ring::Consumer;
use crate::engine::lane::wake::WakeWord;
use crate::engine::record::RecordHeader;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::Arc;
use crate::sys::wait::Waiter;

/// Takes batches out of a lane, and sleeps while there is none.
#[derive(Debug)]
pub(crate) struct LaneReader {
    headers: Consumer<RecordHeader>,
    bytes: Consumer<u8>,
    gauge: Arc<Gauge>,
    wake: Arc<WakeWord>,
    released: Volume,
    /// The records that [`peek`](Self::peek) has already counted, so that waiting for a batch to fill reads each header
    /// once.
    pending: PendingBatch,
}

/// The next batch, as far as its records have arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PendingBatch {
    pub(crate) volume: Volume,
    /// Whether the batch is complete: one more record would exceed one of its limits, or it is the rest of one that the
    /// sink did not accept whole.
    pub(crate) full: bool,
    /// When the first of its records was published.
    pub(crate) oldest_ns: u64,
    /// When it was due.
    pub(crate) oldest_due_ns: u64,
}

impl LaneReader {
    pub(super) fn new(
        headers: Consumer<RecordHeader>,
        bytes: Consumer<u8>,
        gauge: Arc<Gauge>,
        wake: Arc<WakeWord>,
    ) -> Self {
        Self {
            headers,
            bytes,
            gauge,
            wake,
            released: Volume::default(),
            pending: PendingBatch::default(),
        }
    }

    /// Whether the dispatcher has gone. Call this *before* the last [`peek`](Self::peek), which then sees everything
    /// that was published.
    #[inline]
    pub(crate) fn writer_is_gone(&self) -> bool {
        self.headers.is_abandoned()
    }

    /// Whether the lane has this many records or bytes, and not all of them were seen by [`peek`](Self::peek).
    ///
    /// Bytes arrive before their headers. Without a new header `peek` would find nothing, and the worker would poll in
    /// vain for as long as the dispatcher is kept from publishing it.
    #[inline]
    pub(crate) fn has(&self, volume: Volume) -> bool {
        let records = self.headers.slots() as u64;
        let is_new = records > self.pending.volume.records || mutated(Mutant::BytesWithoutHeaders);
        records >= volume.records || is_new && self.bytes.slots() as u64 >= volume.bytes
    }

    /// Returns the next batch as far as its records have arrived: at most `limit`, but always one record if there is
    /// one.
    #[inline]
    pub(crate) fn peek(&mut self, limit: Volume) -> PendingBatch {
        let seen = self.pending.volume.records as usize;
        let want = (limit.records as usize).min(self.headers.slots());
        if !self.pending.full
            && want > seen
            && let Ok(chunk) = self.headers.read_chunk(want)
        {
            let (first, second) = chunk.as_slices();
            let split = seen.min(first.len());
            self.pending.extend(&first[split..], limit);
            self.pending.extend(&second[seen - split..], limit);
        }
        self.pending
    }

    /// When the oldest record that [`peek`](Self::peek) saw, and that was not released, was due; 0 if there is none.
    #[inline]
    pub(crate) fn oldest_due_ns(&self) -> u64 {
        match self.pending.volume.records {
            0 => 0,
            _ => self.pending.oldest_due_ns.max(1),
        }
    }

    /// Passes the batch that [`peek`](Self::peek) returned last to `accept`, and releases as many of its first records
    /// as `accept` returns. If these are not all, the rest is the next batch, and does not grow.
    pub(crate) fn drain<R>(
        &mut self,
        accept: impl FnOnce(&Batch<'_>) -> (usize, R),
    ) -> Option<(Volume, R)> {
        let pending = self.pending;
        let headers = self
            .headers
            .read_chunk(pending.volume.records as usize)
            .ok()?;
        let bytes = self.bytes.read_chunk(pending.volume.bytes as usize).ok()?;
        let batch = Batch::new(headers.as_slices(), bytes.as_slices());
        let (records, result) = accept(&batch);
        let (done, rest) = if records >= batch.len() {
            (pending.volume, PendingBatch::default())
        } else {
            let (taken, rest) = batch.split_at(records);
            let volume = |batch: Batch<'_>| Volume {
                records: batch.len() as u64,
                bytes: batch.byte_len() as u64,
            };
            let rest_pending = PendingBatch {
                volume: volume(rest),
                full: true,
                oldest_ns: pending.oldest_ns,
                oldest_due_ns: rest.records().next().map_or(0, |first| first.header.due_ns),
            };
            (volume(taken), rest_pending)
        };
        let position = batch.position_after(done.records as usize);
        bytes.commit(done.bytes as usize);
        headers.commit(done.records as usize);
        self.released += done;
        if let Some(position) = position {
            self.gauge.set_released(self.released, position);
        }
        self.pending = rest;
        Some((done, result))
    }

    /// How full the lane is, 0 to 1.
    pub(crate) fn usage(&self) -> f64 {
        self.gauge.usage()
    }

    /// Sleeps until the lane has `wait_for` (in records or in bytes), a waker wakes this worker, or `until_ns` has
    /// passed. Returns whether it slept.
    ///
    /// May return early; the caller checks everything it waits for again. The control block needs no re-check here: its
    /// writer wakes the worker afterwards, and a wake-up before the sleep ends that sleep.
    pub(crate) fn sleep(&self, waiter: &Waiter, wait_for: Volume, until_ns: Option<u64>) -> bool {
        #[cfg(loom)]
        if mutated(Mutant::ArmAfterRecheck) {
            return self.sleep_armed_too_late(waiter, wait_for, until_ns);
        }
        self.wake.arm(self.released_and(wait_for));
        let arrived = self.has(wait_for) && !mutated(Mutant::NoRecheck);
        if !arrived {
            waiter.sleep(until_ns);
        }
        self.wake.disarm();
        !arrived
    }

    /// Wrong on purpose: see [`Mutant::ArmAfterRecheck`].
    #[cfg(loom)]
    fn sleep_armed_too_late(
        &self,
        waiter: &Waiter,
        wait_for: Volume,
        until_ns: Option<u64>,
    ) -> bool {
        let arrived = self.has(wait_for);
        self.wake.arm(self.released_and(wait_for));
        if !arrived {
            waiter.sleep(until_ns);
        }
        self.wake.disarm();
        !arrived
    }

    /// The totals at which the lane has this much.
    fn released_and(&self, more: Volume) -> Volume {
        Volume {
            records: self.released.records.saturating_add(more.records),
            bytes: self.released.bytes.saturating_add(more.bytes),
        }
    }
}

impl PendingBatch {
    /// Adds the records that still fit.
    #[inline]
    fn extend(&mut self, headers: &[RecordHeader], limit: Volume) {
        if self.full || headers.is_empty() {
            return;
        }
        if self.volume.records == 0 {
            self.oldest_ns = headers[0].published_ns();
            self.oldest_due_ns = headers[0].due_ns;
        }
        let all = Volume {
            records: headers.len() as u64,
            bytes: headers.iter().map(|header| u64::from(header.len)).sum(),
        };
        self.volume += if self.volume.bytes + all.bytes <= limit.bytes {
            all // nearly always: the sum alone costs a fifth of finding where a limit is passed
        } else {
            self.full = true;
            self.within(headers, limit)
        };
        let Volume { records, bytes } = self.volume;
        self.full |= records == limit.records || bytes >= limit.bytes;
    }

    /// The records before the first one that would exceed the limit in bytes; at least one.
    fn within(&self, headers: &[RecordHeader], limit: Volume) -> Volume {
        let mut within = Volume::default();
        for header in headers {
            let with = within.bytes + u64::from(header.len);
            let is_first = self.volume.records + within.records == 0;
            if self.volume.bytes + with > limit.bytes && !is_first {
                break;
            }
            within = Volume {
                records: within.records + 1,
                bytes: with,
            };
        }
        within
    }
}
