//! Floor 1: which numbered records arrived, and which are missing, repeated or torn.
//!
//! ```text
//!   lines --parse_seq--> seq --Accounting--> Verdict              the `verify` command, by the payload of each record
//!                               |
//!                          SequenceSet of SeqRange
//!                               |
//!   headers --> position --> sinks::Check --> verdict             the check sink, by the position of each record
//! ```
//!
//! Invariants:
//! * The order in which records arrive makes no difference to the result.
//! * Memory grows with the ranges that the numbers form, with torn lines up to a limit, and with files; not with
//!   records.
//! * Every line is a record, a repeated record or torn; the three counts add up to the number of lines.
//! * Nothing here reads, opens a file or prints: callers do.

pub(crate) mod accounting;
pub(crate) mod parse;
pub(crate) mod range;
pub(crate) mod sequence_set;
pub(crate) mod verdict;
