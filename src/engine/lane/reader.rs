//! The worker's end of a lane.

use std::time::Instant;

use crate::engine::batch::Batch;
use crate::engine::lane::gauge::{Extent, Gauge};
use crate::engine::lane::mutation::planted;
use crate::engine::lane::ring::Consumer;
use crate::engine::lane::wake::WakeWord;
use crate::engine::record::RecordHeader;
use crate::sys::sync::{Arc, Parker};

/// Takes batches out of a lane, and sleeps when there is nothing to take.
#[derive(Debug)]
pub(crate) struct LaneReader {
    headers: Consumer<RecordHeader>,
    bytes: Consumer<u8>,
    gauge: Arc<Gauge>,
    wake: Arc<WakeWord>,
    parker: Parker,
    released: Extent,
    /// The records at the front that were already looked at, so that waiting for a batch to fill looks at each once.
    ready: Ready,
}

/// The next batch as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ready {
    pub(crate) extent: Extent,
    /// Whether the batch is full: one more record would exceed one of its limits.
    pub(crate) full: bool,
    /// When the first of its records was published.
    pub(crate) oldest_ns: u64,
}

impl LaneReader {
    pub(super) fn new(
        headers: Consumer<RecordHeader>,
        bytes: Consumer<u8>,
        gauge: Arc<Gauge>,
        wake: Arc<WakeWord>,
        parker: Parker,
    ) -> Self {
        Self {
            headers,
            bytes,
            gauge,
            wake,
            parker,
            released: Extent::default(),
            ready: Ready::default(),
        }
    }

    /// Whether the dispatcher has gone. Read this *before* the last [`scan`](Self::scan): what was published before
    /// it went is then seen by that scan.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.headers.is_abandoned()
    }

    /// Whether this much is there, in one of the units, and [`scan`](Self::scan) has not seen all of it.
    ///
    /// Bytes arrive before their headers. Without a header that is new a scan would find nothing, and the worker would
    /// look again and again for as long as a dispatcher is kept from publishing it.
    #[inline]
    pub(crate) fn holds(&self, extent: Extent) -> bool {
        let records = self.headers.slots() as u64;
        let is_new = records > self.ready.extent.records || planted("bytes without headers");
        records >= extent.records || is_new && self.bytes.slots() as u64 >= extent.bytes
    }

    /// Looks at what has arrived and says how far the next batch has come: at most `limit`, but always one record.
    #[inline]
    pub(crate) fn scan(&mut self, limit: Extent) -> Ready {
        let seen = self.ready.extent.records as usize;
        let want = (limit.records as usize).min(self.headers.slots());
        if !self.ready.full
            && want > seen
            && let Ok(chunk) = self.headers.read_chunk(want)
        {
            let (first, second) = chunk.as_slices();
            let split = seen.min(first.len());
            self.ready.extend(&first[split..], limit);
            self.ready.extend(&second[seen - split..], limit);
        }
        self.ready
    }

    /// Hands the batch that was last scanned to `accept`, and releases as many records of it as `accept` says were
    /// delivered or given up.
    pub(crate) fn take<R>(&mut self, accept: impl FnOnce(&Batch<'_>) -> (Extent, R)) -> Option<R> {
        let extent = self.ready.extent;
        let headers = self.headers.read_chunk(extent.records as usize).ok()?;
        let bytes = self.bytes.read_chunk(extent.bytes as usize).ok()?;
        let batch = Batch::new(headers.as_slices(), bytes.as_slices());
        let (done, result) = accept(&batch);
        bytes.commit(done.bytes as usize);
        headers.commit(done.records as usize);
        self.released += done;
        self.gauge.set_released(self.released);
        self.ready = Ready::default();
        Some(result)
    }

    /// Parks until the lane holds `wait_for` (in one of the units), someone unparks this worker, or `until` has come.
    /// Says whether it parked.
    ///
    /// May return early; the caller looks again at everything it waits for. A control word needs no re-check here:
    /// whoever sets one unparks afterwards, and an unpark is kept for a park that comes later.
    pub(crate) fn sleep(&self, wait_for: Extent, until: Option<Instant>) -> bool {
        let at = Extent {
            records: self.released.records.saturating_add(wait_for.records),
            bytes: self.released.bytes.saturating_add(wait_for.bytes),
        };
        let too_late = planted("announced after the re-check");
        if !too_late {
            self.wake.announce(at);
        }
        let arrived = self.holds(wait_for) && !planted("no re-check");
        if too_late {
            self.wake.announce(at);
        }
        if !arrived {
            match until {
                Some(until) => self.parker.park_deadline(until),
                None => self.parker.park(),
            }
        }
        self.wake.withdraw();
        !arrived
    }
}

impl Ready {
    /// Adds the records that still fit.
    #[inline]
    fn extend(&mut self, headers: &[RecordHeader], limit: Extent) {
        if self.full || headers.is_empty() {
            return;
        }
        if self.extent.records == 0 {
            self.oldest_ns = headers[0].published_ns();
        }
        let all = Extent {
            records: headers.len() as u64,
            bytes: headers.iter().map(|header| u64::from(header.len)).sum(),
        };
        self.extent += if self.extent.bytes + all.bytes <= limit.bytes {
            all // nearly always: a sum alone costs a fifth of looking where a limit is passed
        } else {
            self.full = true;
            self.within(headers, limit)
        };
        let Extent { records, bytes } = self.extent;
        self.full |= records == limit.records || bytes >= limit.bytes;
    }

    /// How far the records go before the next one would exceed the limit of bytes; always one.
    fn within(&self, headers: &[RecordHeader], limit: Extent) -> Extent {
        let mut within = Extent::default();
        for header in headers {
            let with = within.bytes + u64::from(header.len);
            let is_first = self.extent.records + within.records == 0;
            if self.extent.bytes + with > limit.bytes && !is_first {
                break;
            }
            within = Extent {
                records: within.records + 1,
                bytes: with,
            };
        }
        within
    }
}
