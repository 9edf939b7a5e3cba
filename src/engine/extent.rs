//! How far a source has read an input that has an end.

use serde::{Deserialize, Serialize};

/// How far an input that has an end, such as a file, was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Extent {
    /// The input's name, for people: a path, or `standard input`.
    pub name: String,
    /// The offset behind the last record that the run took from it, in bytes from the input's beginning.
    pub read_bytes: u64,
    /// The input's length in bytes, when it was asked for.
    pub total_bytes: u64,
    /// Whether it was read to its end.
    pub finished: bool,
}

impl Extent {
    /// An input that was read up to `read_bytes` of `total_bytes`; it is finished if that is all.
    pub fn new(name: impl Into<String>, read_bytes: u64, total_bytes: u64) -> Self {
        Self {
            name: name.into(),
            read_bytes,
            total_bytes,
            finished: read_bytes >= total_bytes,
        }
    }

    /// An input whose end was seen after this many bytes.
    pub fn finished(name: impl Into<String>, bytes: u64) -> Self {
        Self::new(name, bytes, bytes)
    }
}
