//! Reads an input line by line, in memory that an endless line cannot fill.

use std::io::{self, ErrorKind, Read};

use crate::framing::Frame;
use crate::framing::newline::Newline;
use crate::verify::accounting::{LONGEST_LINE, Line};

/// Bytes requested per read: enough to make the call cheap, few enough to stay in the cache.
const CHUNK: usize = 512 << 10;

/// The lines of an input.
pub(super) struct LineReader<R> {
    input: R,
    framer: Newline,
    /// The bytes of an unfinished line, then room for the next read. Never longer than the longest line and its
    /// newline.
    buffer: Vec<u8>,
    /// Bytes of the unfinished line.
    held: usize,
}

impl<R: Read> LineReader<R> {
    /// The lines of an input that has not been read yet.
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            framer: Newline::new(LONGEST_LINE + 1),
            buffer: vec![0; CHUNK],
            held: 0,
        }
    }

    /// Reads once, and hands over the lines that this completes, in order. Returns whether there may be more: `false`
    /// at the end of the input.
    ///
    /// # Errors
    ///
    /// Those of the input. Lines that were completed before have been handed over.
    pub(super) fn step(&mut self, mut take: impl FnMut(Line<'_>)) -> io::Result<bool> {
        match self.input.read(&mut self.buffer[self.held..]) {
            Ok(0) => {
                if self.held > 0 {
                    take(Line::Unended(&self.buffer[..self.held]));
                    self.held = 0;
                }
                Ok(false)
            }
            Ok(read) => {
                self.hand_over(self.held + read, &mut take);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Hands over the lines that end in the first `filled` bytes of the buffer, and holds the rest for the next read
    /// to continue.
    fn hand_over(&mut self, filled: usize, take: &mut impl FnMut(Line<'_>)) {
        let mut start = 0;
        loop {
            let unread = &self.buffer[start..filled];
            start += match self.framer.next(unread) {
                Frame::Record(len) => {
                    take(Line::Ended(&unread[..len - 1]));
                    len
                }
                Frame::TooLong(len) => {
                    take(Line::TooLong(&unread[..len]));
                    len
                }
                Frame::Skip(len) => len,
                Frame::NeedMore => break,
            };
        }
        self.buffer.copy_within(start..filled, 0);
        self.held = filled - start;
        if self.held == self.buffer.len() {
            self.buffer.resize((2 * self.held).min(LONGEST_LINE + 1), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes a few at a time, as a pipe may.
    struct Drip<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.step.min(buffer.len());
            self.bytes.read(&mut buffer[..step])
        }
    }

    fn each_line(input: impl Read, mut take: impl FnMut(Line<'_>)) -> io::Result<()> {
        let mut lines = LineReader::new(input);
        while lines.step(&mut take)? {}
        Ok(())
    }

    /// Each line as its kind and its length.
    fn kinds(input: impl Read) -> Vec<(&'static str, usize)> {
        let mut kinds = Vec::new();
        each_line(input, |line| {
            kinds.push(match line {
                Line::Ended(text) => ("ended", text.len()),
                Line::Unended(text) => ("unended", text.len()),
                Line::TooLong(_) => ("too long", 0),
            });
        })
        .expect("memory reads");
        kinds
    }

    #[test]
    fn a_line_may_be_longer_than_a_chunk() {
        let text = [&vec![b'x'; 3 * CHUNK][..], b"\nend"].concat();
        assert_eq!(kinds(&text[..]), [("ended", 3 * CHUNK), ("unended", 3)]);
    }

    #[test]
    fn the_longest_line_is_whole_and_one_byte_more_is_too_long() {
        for step in [CHUNK, LONGEST_LINE + 2] {
            let bytes = &[&vec![b'x'; LONGEST_LINE][..], b"\na\n"].concat()[..];
            assert_eq!(
                kinds(Drip { bytes, step }),
                [("ended", LONGEST_LINE), ("ended", 1)]
            );
            let bytes = &[&vec![b'x'; LONGEST_LINE + 1][..], b"\na\n"].concat()[..];
            assert_eq!(kinds(Drip { bytes, step }), [("too long", 0), ("ended", 1)]);
        }
    }

    #[test]
    fn an_endless_line_is_handed_over_once_and_not_held() {
        let endless = io::repeat(b'x').take(5 * LONGEST_LINE as u64);
        assert_eq!(kinds(endless), [("too long", 0)]);
    }

    #[test]
    fn a_failing_input_gives_its_lines_and_then_its_error() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::PermissionDenied.into())
            }
        }
        let mut lines = 0;
        let error =
            each_line(b"a\nb\nc".chain(Fails), |_| lines += 1).expect_err("the last read fails");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert_eq!(lines, 2);
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_arrive(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), Just(b'\r')], 0..200),
            step in 1..20_usize,
        ) {
            let mut got = Vec::new();
            each_line(Drip { bytes: &bytes, step }, |line| match line {
                Line::Ended(text) => got.push([text, b"\n"].concat()),
                Line::Unended(text) | Line::TooLong(text) => got.push(text.to_vec()),
            })
            .expect("memory reads");
            let wanted: Vec<_> = bytes.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
            prop_assert_eq!(got, wanted);
        }
    }
}
