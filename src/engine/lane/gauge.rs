//! The occupancy gauge: what went in and what went out, each counted by a single writer.

use std::ops::{AddAssign, Sub};

use crate::engine::watermark::LaneProgress;
use crate::sys::mutant::{Mutant, mutated};
use crate::sys::sync::{AtomicU64, CachePadded, Ordering};

/// Records and bytes: a lane's capacity, what it holds, or a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl AddAssign for Volume {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

impl Sub for Volume {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self {
            records: self.records - other.records,
            bytes: self.bytes - other.bytes,
        }
    }
}

/// A volume that one thread writes. Its halves are not read together: a reader may see the records of one moment and
/// the bytes of the next.
#[derive(Debug, Default)]
pub(super) struct VolumeCell {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl VolumeCell {
    #[inline]
    pub(super) fn store(&self, volume: Volume, order: Ordering) {
        self.records.store(volume.records, order);
        self.bytes.store(volume.bytes, order);
    }

    #[inline]
    pub(super) fn load(&self, order: Ordering) -> Volume {
        Volume {
            records: self.records.load(order),
            bytes: self.bytes.load(order),
        }
    }
}

/// What the worker writes when it releases records.
#[derive(Debug, Default)]
struct Released {
    total: VolumeCell,
    /// The position after the last released record.
    position: AtomicU64,
}

/// How full a lane is and how far its worker has come, readable by any thread: running totals that only grow.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Written by the dispatcher, before the records become visible to the worker.
    published: CachePadded<VolumeCell>,
    /// Written by the worker, after the sink has accepted the records.
    released: CachePadded<Released>,
    size: Volume,
}

impl Gauge {
    pub(super) fn new(size: Volume) -> Self {
        Self {
            published: CachePadded::default(),
            released: CachePadded::default(),
            size,
        }
    }

    pub(crate) fn size(&self) -> Volume {
        self.size
    }

    /// Relaxed: the header ring's release store follows and orders it for the worker.
    #[inline]
    pub(super) fn set_published(&self, total: Volume) {
        self.published.store(total, Ordering::Relaxed);
    }

    /// Publishes the total of released records and the position after the last of them.
    ///
    /// Release: pairs with the Acquire in [`occupancy`](Self::occupancy) and [`progress`](Self::progress). A thread
    /// that sees these records released also sees that they were published, and what their sink did with them.
    #[inline]
    pub(super) fn set_released(&self, total: Volume, position: u64) {
        let release = if mutated(Mutant::ReleasedWithoutRelease) {
            Ordering::Relaxed
        } else {
            Ordering::Release // pairs with the Acquire in occupancy
        };
        self.released.position.store(position, Ordering::Release); // pairs with the Acquire in progress
        self.released.total.store(total, release);
    }

    /// What the worker released. For the dispatcher, which keeps the published total itself.
    #[inline]
    pub(super) fn released(&self) -> Volume {
        self.released.total.load(Ordering::Relaxed)
    }

    /// How full the lane is, 0 to 1: the larger of records and bytes.
    pub(crate) fn usage(&self) -> f64 {
        let occupancy = self.occupancy();
        let by_records = occupancy.records as f64 / self.size.records as f64;
        by_records.max(occupancy.bytes as f64 / self.size.bytes as f64)
    }

    /// Records and bytes in the lane. May overstate by what was released during the call; never understates, never
    /// negative.
    #[inline]
    pub(crate) fn occupancy(&self) -> Volume {
        #[cfg(loom)]
        if mutated(Mutant::PublishedReadFirst) {
            return wrong::occupancy(self);
        }
        // Acquire: pairs with the Release in set_released. Released is read first, so that published is at least it.
        let released = self.released.total.load(Ordering::Acquire);
        self.published.load(Ordering::Relaxed) - released
    }

    /// How far the worker has come: whether the lane is empty, and the position after the last record it released.
    ///
    /// Call it on the thread that publishes: to others a lane may look empty while records arrive.
    pub(crate) fn progress(&self) -> LaneProgress {
        // Read the position first: the occupancy is then at least as new as it.
        let position = self.released.position.load(Ordering::Acquire); // pairs with the Release in set_released
        LaneProgress {
            is_empty: self.occupancy().records == 0,
            position,
        }
    }
}

/// Wrong on purpose: see [`Mutant`].
#[cfg(loom)]
mod wrong {
    use crate::engine::lane::gauge::{Gauge, Volume};
    use crate::sys::sync::Ordering;

    pub(super) fn occupancy(gauge: &Gauge) -> Volume {
        let published = gauge.published.load(Ordering::Relaxed);
        // Acquire: pairs with the Release in set_released.
        published - gauge.released.total.load(Ordering::Acquire)
    }
}
