//! Floor 1: where one record ends and the next begins.
//!
//! ```text
//!   read(2) --> | done | unread: whole records, then the beginning of one |      the caller's buffer
//!                      '-- next(unread) --> Record(len) | TooLong(len) | Skip(len) | NeedMore
//! ```
//!
//! A framer looks at bytes and returns lengths. The buffer, the reading and the copying belong to its caller: a source
//! lends the records where they lie, `verify` parses them there.
//!
//! Invariants:
//! * Records do not depend on how the bytes arrived: any split of a stream into reads gives the same frames, apart from
//!   how a record that is too long is divided into `TooLong` and `Skip`.
//! * No byte is searched twice while a record grows, and nothing is copied or allocated.
//! * A record above the limit is reported once, at the latest when that many bytes of it are there: no stream can make
//!   a caller buffer more than the limit.

pub(crate) mod newline;

/// What the unread bytes of a stream begin with. Lengths are in bytes, counted from the first unread one, and never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A whole record of this length, its newline included.
    Record(usize),
    /// A record above the limit, or as much of it as is there. It is reported once; the rest of it follows as
    /// [`Skip`](Self::Skip).
    TooLong(usize),
    /// Bytes that belong to no record.
    Skip(usize),
    /// The beginning of a record, or nothing: read on.
    NeedMore,
}
