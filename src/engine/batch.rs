//! A batch: what a sink gets at a time, a view of the lane.

use crate::engine::record::RecordHeader;

/// Whole records, in order, as they lie in the lane: nothing is copied for a batch.
///
/// The lane is a ring, so a batch that wraps around its end comes in two parts; the second is empty otherwise. One
/// record at most is split by the wrap.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    headers: [&'a [RecordHeader]; 2],
    bytes: [&'a [u8]; 2],
    /// How many bytes of the first record come no more.
    resumed: usize,
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
            resumed: 0,
        }
    }

    /// The same batch without its first `accepted` bytes, which lie within its first record.
    pub(crate) fn resumed_at(self, accepted: usize) -> Self {
        Self {
            bytes: behind(self.bytes, accepted),
            resumed: self.resumed + accepted,
            ..self
        }
    }

    /// The same batch as far as its first `records` records go, which take `bytes` bytes.
    pub(crate) fn first(self, records: usize, bytes: usize) -> Self {
        let [first, second] = self.headers;
        let of_first = records.min(first.len());
        Self {
            headers: [&first[..of_first], &second[..records - of_first]],
            bytes: until(self.bytes, bytes),
            ..self
        }
    }

    /// How many bytes of the first record were accepted before, by a write that failed inside it; 0 but in a retry.
    /// They are not among [`bytes`](Self::bytes) any more.
    pub fn resumed(&self) -> usize {
        self.resumed
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

    /// The records one by one; of the first, what was not [accepted before](Self::resumed). Costs a few nanoseconds
    /// each; a sink that wants bytes takes [`bytes`](Self::bytes).
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let [mut first, mut second] = self.bytes;
        let mut resumed = self.resumed;
        self.headers.into_iter().flatten().map(move |header| {
            let len = header.len as usize - std::mem::take(&mut resumed);
            let (head, first_rest) = first.split_at(len.min(first.len()));
            let (tail, second_rest) = second.split_at(len - head.len());
            (first, second) = (first_rest, second_rest);
            Record {
                header,
                parts: [head, tail],
            }
        })
    }

    /// How many records end within the first `bytes` bytes, and where the last of them does.
    pub(crate) fn whole_records_in(&self, bytes: usize) -> (usize, usize) {
        let mut within = (0, 0);
        for (records, end) in self.ends() {
            if end > bytes {
                break;
            }
            within = (records, end);
        }
        within
    }

    /// Where the record ends that is cut behind the first `bytes` bytes; `bytes` itself where none is.
    pub(crate) fn end_of_record(&self, bytes: usize) -> usize {
        if bytes == 0 && self.resumed == 0 {
            return 0;
        }
        let mut ends = self.ends().map(|(_, end)| end);
        ends.find(|end| *end >= bytes).unwrap_or(bytes)
    }

    /// The number of each record, from 1, and where it ends among the bytes.
    fn ends(&self) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let mut end = 0;
        let mut resumed = self.resumed;
        let headers = self.headers.into_iter().flatten().enumerate();
        headers.map(move |(index, header)| {
            end += header.len as usize - std::mem::take(&mut resumed);
            (index + 1, end)
        })
    }
}

/// What lies behind the first `at` bytes of two parts.
pub(crate) fn behind([first, second]: [&[u8]; 2], at: usize) -> [&[u8]; 2] {
    let of_first = at.min(first.len());
    [&first[of_first..], &second[at - of_first..]]
}

/// The first `at` bytes of two parts.
pub(crate) fn until([first, second]: [&[u8]; 2], at: usize) -> [&[u8]; 2] {
    let of_first = at.min(first.len());
    [&first[..of_first], &second[..at - of_first]]
}

#[cfg(test)]
mod tests {
    use super::{Batch, RecordHeader};

    #[test]
    fn a_batch_that_is_resumed_shows_what_is_left_wherever_the_lane_wraps() {
        let headers = [3, 2, 4].map(|len| RecordHeader::new(0, 0, len));
        let bytes = b"ab\nc\ndef\n";
        for wrap in 0..=bytes.len() {
            let lane = Batch::new(headers.split_at(1), bytes.split_at(wrap));
            for accepted in 0..3 {
                let batch = lane.resumed_at(accepted);
                assert_eq!(batch.resumed(), accepted);
                assert_eq!(batch.bytes().concat(), bytes[accepted..]);
                let records = batch.records().map(|record| record.parts.concat());
                let records: Vec<_> = records.collect();
                assert_eq!(records, [&bytes[accepted..3], b"c\n", b"def\n"]);
                let first = 3 - accepted;
                assert_eq!(batch.whole_records_in(first - 1), (0, 0));
                assert_eq!(batch.whole_records_in(first + 1), (1, first));
                assert_eq!(batch.whole_records_in(first + 6), (3, first + 6));
                assert_eq!(batch.end_of_record(first - 1), first);
                assert_eq!(batch.end_of_record(first), first);
                let at_once = if accepted == 0 { 0 } else { first };
                assert_eq!(batch.end_of_record(0), at_once);
                assert_eq!(batch.end_of_record(first + 1), first + 2);
                let two = batch.first(2, first + 2);
                assert_eq!((two.len(), two.byte_len()), (2, first + 2));
                assert_eq!(two.bytes().concat(), bytes[accepted..5]);
            }
        }
    }
}
