//! A batch: what a sink gets at a time, a view of the lane.

use crate::path::record::RecordHeader;

/// Whole records, in order, as they lie in the lane: nothing is copied for a batch.
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
    /// What the path knows about it.
    pub header: &'a RecordHeader,
    /// Its bytes, the newline last: in one part, or in two where the lane's end splits it.
    pub parts: [&'a [u8]; 2],
}

impl<'a> Batch<'a> {
    /// A batch over a lane's slices - or over any others, so that a stage before a sink can hand on its own. The
    /// headers' lengths must add up to the bytes.
    pub fn new(
        headers: (&'a [RecordHeader], &'a [RecordHeader]),
        bytes: (&'a [u8], &'a [u8]),
    ) -> Self {
        Self {
            headers: [headers.0, headers.1],
            bytes: [bytes.0, bytes.1],
        }
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.headers[0].len() + self.headers[1].len()
    }

    /// Whether there are none; the engine hands no such batch to a sink.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes, newlines included.
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

    /// The records one by one. Costs a few nanoseconds each; a sink that wants bytes takes [`bytes`](Self::bytes).
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let [mut first, mut second] = self.bytes;
        self.headers.into_iter().flatten().map(move |header| {
            let len = header.len as usize;
            let (head, first_rest) = first.split_at(len.min(first.len()));
            let (tail, second_rest) = second.split_at(len - head.len());
            (first, second) = (first_rest, second_rest);
            Record {
                header,
                parts: [head, tail],
            }
        })
    }

    /// How many whole records lie within the first `bytes` bytes, and how many bytes they take.
    pub(crate) fn whole_records_in(&self, bytes: usize) -> (usize, usize) {
        let mut within = (0, 0);
        for header in self.headers.into_iter().flatten() {
            let with = within.1 + header.len as usize;
            if with > bytes {
                break;
            }
            within = (within.0 + 1, with);
        }
        within
    }
}
