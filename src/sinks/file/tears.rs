//! What became of the records that a write stopped in.

use std::io;

use crate::engine::sink_error::{SinkError, SinkErrorKind};

/// A record that a write stopped in, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tear(u64);

#[derive(Debug)]
enum Fate {
    /// The file was deleted with it.
    Lost,
    /// It was finished, and for this reason not forced to the disk.
    Unforced(String),
}

/// The torn records of a file that sinks share: any of them may finish the last one, and the sink that began it learns
/// of it at its next write.
#[derive(Debug, Default)]
pub(super) struct Tears {
    count: u64,
    /// Of those that were not simply finished.
    fates: Vec<(Tear, Fate)>,
}

impl Tears {
    /// The next record is torn.
    pub(super) fn add(&mut self) -> Tear {
        self.count += 1;
        Tear(self.count)
    }

    /// The last one was deleted with its file.
    pub(super) fn lose(&mut self) {
        self.fates.push((Tear(self.count), Fate::Lost));
    }

    /// The last one was finished, but not forced to the disk.
    pub(super) fn finish_unforced(&mut self, error: &SinkError) {
        let unforced = Fate::Unforced(error.to_string());
        self.fates.push((Tear(self.count), unforced));
    }

    /// Whether this one is in the file now, whoever finished it; `false` if it must be written again, because its
    /// beginning is gone.
    ///
    /// # Errors
    ///
    /// If it was not forced to the disk. The system tells such a failure once: a later success says nothing about this
    /// record.
    pub(super) fn is_written(&mut self, tear: Tear) -> Result<bool, SinkError> {
        let Some(at) = self.fates.iter().position(|(other, _)| *other == tear) else {
            return Ok(true);
        };
        match self.fates.swap_remove(at).1 {
            Fate::Lost => Ok(false),
            Fate::Unforced(text) => {
                let error = SinkError::from(io::Error::other(text));
                Err(error.with_kind(SinkErrorKind::Final))
            }
        }
    }
}
