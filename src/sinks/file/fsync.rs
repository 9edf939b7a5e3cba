//! When written data is forced to the disk.

use crate::sys::text::spelled;

/// When a file's contents are forced to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fsync {
    /// Never: the system writes them when it likes, and a crash of the machine may lose what was delivered.
    #[default]
    Never,
    /// After each batch, before its records count as delivered. A failure is final: the system may have thrown away
    /// what it could not write, so that a second try proves nothing. The whole batch then counts as not delivered, and
    /// is spilled if there is a spill file, although some or all of it may be in the file.
    Batch,
}
spelled!(Fsync: Never = "never", Batch = "batch");
