//! What moves: a record's header, and the burst that a source lends.

/// A record's metadata. 24 bytes, so that the 256 headers of a burst take 6 KiB and stay in L1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RecordHeader {
    /// When the record was due, in nanoseconds since the run began: for a paced source the time that its schedule fixed
    /// beforehand, otherwise the time when the source obtained it.
    pub due_ns: u64,
    /// The record's number at its source: 0, 1, 2, ... A record that the source drops uses up a number too.
    pub position: u64,
    /// Length in bytes, the newline included; never 0.
    pub len: u32,
    lag: Lag,
}

const _: () = assert!(size_of::<RecordHeader>() == 24);

impl RecordHeader {
    /// A header as a source makes it; the dispatcher adds the time of publication.
    #[inline]
    pub fn new(due_ns: u64, position: u64, len: u32) -> Self {
        Self {
            due_ns,
            position,
            len,
            lag: Lag(0),
        }
    }

    /// When the record's burst reached the dispatcher, in nanoseconds since the run began. A wait for room in a lane
    /// comes after it.
    #[inline]
    pub fn published_ns(&self) -> u64 {
        self.due_ns.saturating_add(self.lag.ns())
    }

    /// Whether its wait before publication was the producer's rest, for the greater part.
    #[inline]
    pub(crate) fn is_paced(&self) -> bool {
        self.lag.is_paced()
    }

    /// Whether both were due, and published, at the same time.
    #[inline]
    pub(crate) fn shares_stamps(&self, other: &Self) -> bool {
        (self.due_ns, self.lag) == (other.due_ns, other.lag)
    }

    #[inline]
    pub(crate) fn stamp(&mut self, lag: Lag) {
        self.lag = lag;
    }
}

/// Stamps each header with the time of publication; returns the total and the longest length of the records. `None` if
/// a record is empty, or if there is none. The producer let records gather until `rested_until_ns`.
#[inline]
pub(crate) fn stamp_and_measure(
    headers: &mut [RecordHeader],
    now_ns: u64,
    rested_until_ns: u64,
) -> Option<(usize, usize)> {
    // Compare `len - 1`, so that a length of 0 wraps to the maximum and one comparison after the loop catches it.
    let (mut total, mut longest) = (0, 0);
    let mut due_ns = headers.first()?.due_ns;
    let mut lag = Lag::between(due_ns, now_ns, rested_until_ns);
    for header in headers {
        if header.due_ns != due_ns {
            due_ns = header.due_ns;
            lag = Lag::between(due_ns, now_ns, rested_until_ns);
        }
        header.stamp(lag);
        total += header.len as usize;
        longest = longest.max(header.len.wrapping_sub(1));
    }
    (longest < u32::MAX).then_some((total, longest as usize + 1))
}

/// A span of nanoseconds in 31 bits, a mantissa of 26 and an exponent of 5; and whether it was the producer's rest.
///
/// Exact below 67 ms, then within one part in 33 million, up to four years. Fixed units would either blur the
/// microseconds or end after minutes of overload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag(u32);

impl Lag {
    const MANTISSA_BITS: u32 = 26;
    const EXPONENT_BITS: u32 = 5;
    const PACED: u32 = 1 << (Self::MANTISSA_BITS + Self::EXPONENT_BITS);

    /// From due to published. It counts as the producer's rest if that was at least half of it; the other half is the
    /// wake-up and the records before this one.
    #[inline]
    pub(crate) fn between(due_ns: u64, published_ns: u64, rested_until_ns: u64) -> Self {
        let lag_ns = published_ns.saturating_sub(due_ns);
        let rest_ns = rested_until_ns.saturating_sub(due_ns);
        let lag = Self::from_ns(lag_ns);
        if rest_ns > 0 && rest_ns >= lag_ns / 2 {
            Self(lag.0 | Self::PACED)
        } else {
            lag
        }
    }

    #[inline]
    fn is_paced(self) -> bool {
        self.0 & Self::PACED != 0
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the shift leaves 26 bits, beyond 2^57 ns it is clamped"
    )]
    pub(crate) fn from_ns(ns: u64) -> Self {
        let ns = ns.min((1 << (Self::MANTISSA_BITS + 31)) - 1);
        let shift = (64 - ns.leading_zeros()).saturating_sub(Self::MANTISSA_BITS);
        Self((shift << Self::MANTISSA_BITS) | (ns >> shift) as u32)
    }

    #[inline]
    pub(crate) fn ns(self) -> u64 {
        let mantissa = self.0 & ((1 << Self::MANTISSA_BITS) - 1);
        let exponent = (self.0 & !Self::PACED) >> Self::MANTISSA_BITS;
        u64::from(mantissa) << exponent
    }
}

/// What a source lends in one call: slices of its own buffers with whole records, back to back.
///
/// `bytes` holds the records of `headers` in order, each ending in its newline, and nothing else.
#[derive(Debug)]
pub struct Burst<'a> {
    /// One header per record, in order; the dispatcher stamps them as it publishes.
    pub headers: &'a mut [RecordHeader],
    /// The records themselves; their length is the sum of the headers' lengths.
    pub bytes: &'a [u8],
}

/// A buffer to build bursts in, for sources that create their records one at a time.
///
/// Positions are assigned in order, from 0. The buffer keeps its memory from burst to burst.
#[derive(Debug, Default)]
pub struct BurstBuffer {
    headers: Vec<RecordHeader>,
    bytes: Vec<u8>,
    next_position: u64,
}

impl BurstBuffer {
    /// Empties the buffer for the next burst.
    pub fn clear(&mut self) {
        self.headers.clear();
        self.bytes.clear();
    }

    /// Adds one record, and a newline if `line` does not end in one.
    ///
    /// # Panics
    ///
    /// When the line is 4 GiB or longer: no lane could carry it.
    pub fn push(&mut self, due_ns: u64, line: &[u8]) {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(line);
        if line.last() != Some(&b'\n') {
            self.bytes.push(b'\n');
        }
        let len = u32::try_from(self.bytes.len() - before);
        #[expect(clippy::expect_used, reason = "documented; a caller's mistake")]
        let len = len.expect("a record shorter than 4 GiB");
        self.headers
            .push(RecordHeader::new(due_ns, self.next_position, len));
        self.next_position += 1;
    }

    /// The number of records in the buffer.
    pub fn len(&self) -> usize {
        self.headers.len()
    }

    /// Whether the buffer has no records.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    /// Lends the records in the buffer.
    pub fn burst(&mut self) -> Burst<'_> {
        Burst {
            headers: &mut self.headers,
            bytes: &self.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lag;

    #[test]
    fn a_lag_is_exact_when_short_and_close_when_long() {
        for ns in [0, 1, 999, 67_108_863] {
            assert_eq!(Lag::from_ns(ns).ns(), ns);
        }
        for ns in [67_108_864_u64, 1_000_000_007, 3_600_000_000_001, 1 << 56] {
            let error = ns - Lag::from_ns(ns).ns();
            assert!(error <= ns >> 25, "{ns} is off by {error}");
        }
        assert!(Lag::from_ns(u64::MAX).ns() > 1 << 56);
    }

    #[test]
    fn a_wait_is_the_producers_rest_if_that_was_at_least_half_of_it() {
        let paced = |due_ns, published_ns, rested_until_ns| {
            let lag = Lag::between(due_ns, published_ns, rested_until_ns);
            assert_eq!(lag.ns(), published_ns - due_ns);
            lag.is_paced()
        };
        assert!(paced(1_000, 5_100, 5_000));
        assert!(paced(4_900, 5_100, 5_000));
        assert!(!paced(4_950, 5_100, 5_000), "most of it was the wake-up");
        assert!(!paced(1_000, 90_000, 5_000), "the producer came late");
        assert!(!paced(5_000, 5_100, 5_000), "due as the rest ended");
        assert!(!paced(1_000, 5_100, 0), "it did not rest");
    }
}
