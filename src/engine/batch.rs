//! A batch: the records that a sink gets in one call, a view of the lane.

use crate::engine::record::RecordHeader;

/// Whole records, in order, borrowed from the lane: a batch copies nothing.
///
/// The lane is a ring, so a batch that wraps around its end comes in two parts; the second is empty otherwise. One
/// record at most is split by the wrap.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    headers: [&'a [RecordHeader]; 2],
    bytes: [&'a [u8]; 2],
}

/// One record of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its position, due time and length.
    pub header: &'a RecordHeader,
    /// Its bytes, the newline last: in one part, or in two where the lane's end splits it.
    pub parts: [&'a [u8]; 2],
}

impl<'a> Batch<'a> {
    /// A batch over a lane's slices, or over any others, so that a sink that wraps another can pass on its own. The
    /// headers' lengths must add up to the bytes.
    pub fn new(
        headers: (&'a [RecordHeader], &'a [RecordHeader]),
        bytes: (&'a [u8], &'a [u8]),
    ) -> Self {
        Self {
            headers: headers.into(),
            bytes: bytes.into(),
        }
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.headers[0].len() + self.headers[1].len()
    }

    /// Whether the batch has no records; the engine never passes such a batch to a sink.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of bytes, newlines included.
    pub fn byte_len(&self) -> usize {
        self.bytes[0].len() + self.bytes[1].len()
    }

    /// All the records' bytes, back to back, in two parts.
    pub fn bytes(&self) -> [&'a [u8]; 2] {
        self.bytes
    }

    /// The headers in order, in two parts that need not break where the bytes do.
    pub fn headers(&self) -> [&'a [RecordHeader]; 2] {
        self.headers
    }

    /// The records one by one, at a few nanoseconds each. A sink that only needs the bytes calls
    /// [`bytes`](Self::bytes).
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let mut bytes = self.bytes;
        self.headers.into_iter().flatten().map(move |header| {
            let (parts, rest) = split(bytes, header.len as usize);
            bytes = rest;
            Record { header, parts }
        })
    }

    /// The first `records` of this batch, and the rest of it; costs an addition for each of the first.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    pub fn split_at(&self, records: usize) -> (Self, Self) {
        let (headers, headers_after) = split(self.headers, records);
        let len = byte_len(headers);
        let (bytes, bytes_after) = split(self.bytes, len);
        let rest = Self {
            headers: headers_after,
            bytes: bytes_after,
        };
        (Self { headers, bytes }, rest)
    }

    /// The position after that of record number `records`, counted from 1; `None` if `records` is 0.
    pub(crate) fn position_after(&self, records: usize) -> Option<u64> {
        let [first, second] = self.headers;
        let last = records.checked_sub(1)?;
        let header = first.get(last).or_else(|| second.get(last - first.len()));
        header.map(|header| header.position.saturating_add(1))
    }

    /// How many records end within the first `bytes` bytes, and where the last of them does.
    pub(crate) fn whole_records_in(&self, bytes: usize) -> (usize, usize) {
        let (mut records, mut end) = (0, 0);
        for header in self.headers.into_iter().flatten() {
            if end + header.len as usize > bytes {
                break;
            }
            records += 1;
            end += header.len as usize;
        }
        (records, end)
    }
}

/// The total length of these records in bytes.
pub(crate) fn byte_len(headers: [&[RecordHeader]; 2]) -> usize {
    let all = headers.into_iter().flatten();
    all.map(|header| header.len as usize).sum()
}

/// Splits a pair of slices after their first `at` elements.
///
/// # Panics
///
/// When there are fewer.
pub(crate) fn split<T>([first, second]: [&[T]; 2], at: usize) -> ([&[T]; 2], [&[T]; 2]) {
    let (front, first_rest) = first.split_at(at.min(first.len()));
    let (back, second_rest) = second.split_at(at - front.len());
    ([front, back], [first_rest, second_rest])
}

#[cfg(test)]
mod tests {
    use super::{Batch, RecordHeader};

    #[test]
    fn a_batch_splits_between_records_wherever_the_lane_wraps() {
        let headers = [3, 2, 4].map(|len| RecordHeader::new(0, 0, len));
        let bytes = b"ab\nc\ndef\n";
        let ends = [0, 3, 5, 9];
        for wrap in 0..=bytes.len() {
            for at in 0..=headers.len() {
                let batch = Batch::new(headers.split_at(1), bytes.split_at(wrap));
                let (first, rest) = batch.split_at(at);
                assert_eq!((first.len(), rest.len()), (at, 3 - at));
                assert_eq!(first.bytes().concat(), bytes[..ends[at]]);
                assert_eq!(rest.bytes().concat(), bytes[ends[at]..]);
                let lines: Vec<_> = rest.records().map(|r| r.parts.concat()).collect();
                let wanted: [&[u8]; 3] = [b"ab\n", b"c\n", b"def\n"];
                assert_eq!(lines, wanted[at..]);
            }
            let batch = Batch::new(headers.split_at(2), bytes.split_at(wrap));
            let whole = |bytes| batch.whole_records_in(bytes);
            assert_eq!([0, 2, 3].map(whole), [(0, 0), (0, 0), (1, 3)]);
            assert_eq!([4, 5, 9].map(whole), [(1, 3), (2, 5), (3, 9)]);
        }
    }
}
