//! The occupancy gauge: what went in, what came out, each counted by the one thread that knows.

use std::ops::{AddAssign, Sub};

use crate::engine::lane::LaneSize;
use crate::engine::lane::mutation::{planted, relaxed_if};
use crate::sys::sync::{AtomicU64, CachePadded, Ordering};

/// An amount in both of a lane's units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl AddAssign for Extent {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

impl Sub for Extent {
    type Output = Self;

    #[inline]
    fn sub(self, other: Self) -> Self {
        Self {
            records: self.records - other.records,
            bytes: self.bytes - other.bytes,
        }
    }
}

/// Both halves of an extent, written by one thread. They are not read together: a reader may see the records of one
/// moment and the bytes of the next.
#[derive(Debug, Default)]
pub(super) struct ExtentCell {
    records: AtomicU64,
    bytes: AtomicU64,
}

impl ExtentCell {
    #[inline]
    pub(super) fn store(&self, extent: Extent, order: Ordering) {
        self.records.store(extent.records, order);
        self.bytes.store(extent.bytes, order);
    }

    #[inline]
    pub(super) fn load(&self, order: Ordering) -> Extent {
        Extent {
            records: self.records.load(order),
            bytes: self.bytes.load(order),
        }
    }
}

/// How full a lane is, for anyone who asks: two running totals that only grow.
#[derive(Debug)]
pub(crate) struct Gauge {
    /// Written by the dispatcher, before the records become visible to the worker.
    published: CachePadded<ExtentCell>,
    /// Written by the worker, after the sink has accepted the records.
    released: CachePadded<ExtentCell>,
    size: LaneSize,
}

impl Gauge {
    pub(super) fn new(size: LaneSize) -> Self {
        Self {
            published: CachePadded::default(),
            released: CachePadded::default(),
            size,
        }
    }

    pub(crate) fn size(&self) -> LaneSize {
        self.size
    }

    /// Relaxed: the header ring's release store follows and orders it for the worker.
    #[inline]
    pub(super) fn set_published(&self, total: Extent) {
        self.published.store(total, Ordering::Relaxed);
    }

    /// Release: pairs with the Acquire in [`occupancy`](Self::occupancy). Who sees these records released also sees
    /// that they were published, because the worker saw it before.
    #[inline]
    pub(super) fn set_released(&self, total: Extent) {
        let release = relaxed_if("released without Release", Ordering::Release);
        self.released.store(total, release);
    }

    /// Records the worker released. For the dispatcher, which knows by itself what it published.
    #[inline]
    pub(super) fn released(&self) -> Extent {
        self.released.load(Ordering::Relaxed)
    }

    /// How full the lane is, 0 to 1: the larger of records and bytes.
    pub(crate) fn usage(&self) -> f64 {
        let occupancy = self.occupancy();
        let by_records = occupancy.records as f64 / self.size.records as f64;
        by_records.max(occupancy.bytes as f64 / self.size.bytes as f64)
    }

    /// What is in the lane, give or take what moves meanwhile; never negative, and never less than what is there.
    #[inline]
    pub(crate) fn occupancy(&self) -> Extent {
        let published = || self.published.load(Ordering::Relaxed);
        let too_early = planted("published read first").then(published);
        // Acquire: pairs with the Release in set_released. Released is read first, so that published is at least it.
        let released = self.released.load(Ordering::Acquire);
        too_early.unwrap_or_else(published) - released
    }
}
