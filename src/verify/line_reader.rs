//! Cutting an input into lines, in memory that an endless line cannot fill.

use std::io::{self, ErrorKind, Read};
use std::mem;

use memchr::memchr_iter;

/// Bytes asked of the input at once: enough to forget the cost of a call, few enough to stay in the cache.
const CHUNK: usize = 512 << 10;

/// The longest line that is looked at, in bytes without its newline.
const LONGEST: usize = 16 << 20;

/// A line, without its newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// It ended with a newline.
    Ended(&'a [u8]),
    /// The input ended before the line did.
    Unended(&'a [u8]),
    /// It is longer than 16 MiB. This is how it begins.
    TooLong(&'a [u8]),
}

/// An input, cut into lines.
pub(crate) struct Lines<R> {
    input: R,
    /// Begins with the bytes held over. Never longer than the longest line and its newline.
    buffer: Vec<u8>,
    /// Bytes of a line whose newline has not been read yet.
    held: usize,
    /// Inside a line that was too long, and has been handed over.
    skipping: bool,
}

impl<R: Read> Lines<R> {
    /// The lines of an input that has not been read yet.
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            held: 0,
            skipping: false,
        }
    }

    /// Reads once, and hands over the lines that this completes, in order. False at the end of the input.
    ///
    /// # Errors
    ///
    /// What reading gives.
    pub(crate) fn step(&mut self, mut take: impl FnMut(Line<'_>)) -> io::Result<bool> {
        match self.input.read(&mut self.buffer[self.held..]) {
            Ok(0) => {
                let held = mem::take(&mut self.held);
                if held > 0 {
                    take(Line::Unended(&self.buffer[..held]));
                }
                Ok(false)
            }
            Ok(read) => {
                let filled = self.held + read;
                let cut = self.cut(filled, &mut take);
                self.hold(cut, filled, &mut take);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Hands over the lines that end in the buffer, and gives where the last of them ended. The bytes held over have
    /// been searched before.
    fn cut(&mut self, filled: usize, take: &mut impl FnMut(Line<'_>)) -> usize {
        let mut start = 0;
        for newline in memchr_iter(b'\n', &self.buffer[self.held..filled]) {
            let end = self.held + newline;
            if !mem::take(&mut self.skipping) {
                take(Line::Ended(&self.buffer[start..end]));
            }
            start = end + 1;
        }
        start
    }

    /// Keeps what is left for the next read to continue, and makes room for it.
    fn hold(&mut self, start: usize, filled: usize, take: &mut impl FnMut(Line<'_>)) {
        self.held = 0;
        if self.skipping {
            return;
        }
        let left = filled - start;
        if left > LONGEST {
            take(Line::TooLong(&self.buffer[start..filled]));
            self.skipping = true;
            return;
        }
        self.buffer.copy_within(start..filled, 0);
        self.held = left;
        if left == self.buffer.len() {
            self.buffer.resize((2 * left).min(LONGEST + 1), 0);
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
        let mut lines = Lines::new(input);
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
        for step in [CHUNK, LONGEST + 2] {
            let bytes = &[&vec![b'x'; LONGEST][..], b"\na\n"].concat()[..];
            assert_eq!(
                kinds(Drip { bytes, step }),
                [("ended", LONGEST), ("ended", 1)]
            );
            let bytes = &[&vec![b'x'; LONGEST + 1][..], b"\na\n"].concat()[..];
            assert_eq!(kinds(Drip { bytes, step }), [("too long", 0), ("ended", 1)]);
        }
    }

    #[test]
    fn an_endless_line_is_handed_over_once_and_not_held() {
        let endless = io::repeat(b'x').take(5 * LONGEST as u64);
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
