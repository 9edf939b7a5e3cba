//! Records that end in a newline.

use std::mem;

use crate::framing::Frame;

/// Divides a stream into records at its newlines.
///
/// What is left unread at the end of a stream is a record without a newline; the caller decides whether it counts. The
/// next stream starts with a new framer.
///
/// After a record a framer has no state: a caller that leaves the next frame for later gets it again from a new framer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newline {
    limit: usize,
    /// How many of the unread bytes have been searched, without finding a newline.
    searched: usize,
    /// Inside a record that was too long.
    skipping: bool,
}

impl Newline {
    /// A framer at the beginning of a stream whose records have at most `limit` bytes, newline included.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            searched: 0,
            skipping: false,
        }
    }

    /// Returns what `unread` begins with: the bytes of the stream after those of the frames returned so far.
    ///
    /// After a frame with a length the caller counts that many bytes as read. After [`Frame::NeedMore`] it calls again
    /// with the same bytes and more.
    #[inline]
    pub(crate) fn next(&mut self, unread: &[u8]) -> Frame {
        let Some(newline) = memchr::memchr(b'\n', &unread[self.searched..]) else {
            return self.without_newline(unread.len());
        };
        let len = self.searched + newline + 1;
        self.searched = 0;
        if mem::take(&mut self.skipping) {
            Frame::Skip(len)
        } else if len > self.limit {
            Frame::TooLong(len)
        } else {
            Frame::Record(len)
        }
    }

    /// The frame for `len` bytes without a newline.
    fn without_newline(&mut self, len: usize) -> Frame {
        let is_too_long = len >= self.limit; // the newline would be one byte more
        self.searched = 0;
        match (len, self.skipping) {
            (1.., true) => Frame::Skip(len),
            (1.., false) if is_too_long => {
                self.skipping = true;
                Frame::TooLong(len)
            }
            _ => {
                self.searched = len;
                Frame::NeedMore
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    /// What a stream holds: records, in order, `None` for one that was too long.
    type Records = Vec<Option<Vec<u8>>>;

    /// Frames a stream that arrives in pieces, as a caller with a growing buffer does.
    fn frame<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Records {
        let mut framer = Newline::new(limit);
        let (mut unread, mut records) = (Vec::new(), Vec::new());
        for piece in pieces {
            unread.extend_from_slice(piece);
            loop {
                let len = match framer.next(&unread) {
                    Frame::Record(len) => {
                        records.push(Some(unread[..len].to_vec()));
                        len
                    }
                    Frame::TooLong(len) => {
                        records.push(None);
                        len
                    }
                    Frame::Skip(len) => len,
                    Frame::NeedMore => break,
                };
                assert!(len > 0, "a frame without a length goes nowhere");
                unread.drain(..len);
            }
            assert!(unread.len() < limit, "more than a record is held back");
        }
        if !unread.is_empty() {
            records.push(Some(unread));
        }
        records
    }

    /// The same by the definition: split at newlines; one that is missing at the end counts towards the limit.
    fn model(stream: &[u8], limit: usize) -> Records {
        let records = stream.split_inclusive(|&byte| byte == b'\n');
        let len = |record: &[u8]| record.len() + usize::from(!record.ends_with(b"\n"));
        records
            .map(|record| (len(record) <= limit).then(|| record.to_vec()))
            .collect()
    }

    #[test]
    fn a_record_of_the_limit_is_whole_and_one_byte_more_is_too_long() {
        let mut framer = Newline::new(4);
        assert_eq!(framer.next(b"abc\nx"), Frame::Record(4));
        assert_eq!(framer.next(b"abcd\nx"), Frame::TooLong(5));
        assert_eq!(framer.next(b"x"), Frame::NeedMore);
    }

    #[test]
    fn a_record_is_too_long_as_soon_as_its_newline_could_not_fit() {
        let mut framer = Newline::new(4);
        assert_eq!(framer.next(b"abc"), Frame::NeedMore);
        assert_eq!(framer.next(b"abcd"), Frame::TooLong(4));
        assert_eq!(framer.next(b""), Frame::NeedMore);
        assert_eq!(framer.next(b"efghi"), Frame::Skip(5));
        assert_eq!(framer.next(b"\n\n"), Frame::Skip(1));
        assert_eq!(framer.next(b"\n"), Frame::Record(1));
    }

    #[test]
    fn bytes_that_were_searched_are_not_searched_again() {
        let mut framer = Newline::new(100);
        assert_eq!(framer.next(b"abc"), Frame::NeedMore);
        // The newline stands where it cannot have been overlooked.
        assert_eq!(framer.next(b"\nbcd"), Frame::NeedMore);
        assert_eq!(framer.next(b"\nbcd\n"), Frame::Record(5));
    }

    #[test]
    fn a_new_framer_returns_the_frame_behind_a_record_again() {
        for unread in [&b"abcd"[..], b"abcde\n", b"abc\n", b"ab"] {
            let mut framer = Newline::new(4);
            assert_eq!(framer.next(b"a\n"), Frame::Record(2));
            let frame = framer.next(unread);
            assert_eq!(Newline::new(4).next(unread), frame);
        }
    }

    #[test]
    fn an_endless_record_is_reported_once() {
        let mebibyte = vec![b'x'; 1 << 20];
        assert_eq!(frame(vec![&mebibyte[..]; 5], 1000), [None]);
    }

    proptest! {
        #[test]
        fn records_are_the_same_in_whatever_pieces_they_arrive(
            stream in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), any::<u8>()], 0..300),
            cuts in prop::collection::vec(any::<Index>(), 0..40),
            limit in 1..40_usize,
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain([stream.len()]);
            let pieces = starts.zip(ends).map(|(start, end)| &stream[start..end]);
            let wanted = model(&stream, limit);
            prop_assert_eq!(frame([&stream[..]], limit), wanted.clone());
            prop_assert_eq!(frame(pieces, limit), wanted);
        }
    }
}
