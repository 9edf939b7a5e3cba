//! Floor 1: which numbered records came, which are missing, doubled or torn.

pub(crate) mod accounting;
pub(crate) mod line_reader;
pub(crate) mod parse;
pub(crate) mod range;
pub(crate) mod sequence_set;
pub(crate) mod verdict;
