//! A failed write: whether trying again may help, and how many records had been accepted.

use std::io;

use rustix::io::Errno;

use crate::sys::text::spelled;

/// How a run treats a sink's retryable failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnSinkError {
    /// The worker keeps its batch and tries again, at first after 10 ms, later after up to 1 s. Its lane fills
    /// meanwhile, which slows the source down: a failing sink costs time but no records.
    #[default]
    Retry,
    /// The failure is final: the run stops, the other workers drain.
    Stop,
}
spelled!(OnSinkError: Retry = "retry", Stop = "stop");

/// What a failed write means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkErrorKind {
    /// Trying again may help: a full disk, a quota, a disk that reports an error, a reader that has left, an
    /// interruption.
    Retryable,
    /// The reader of the output closed it, as `head` does: the run ends in order, and the rest counts as dropped. Only
    /// a sink knows that its reader may do so; it says so with [`SinkError::with_kind`].
    ReaderClosed,
    /// The sink cannot be used any more: the run stops, the other workers drain, and the run counts as failed.
    Final,
}

impl SinkErrorKind {
    /// Classifies an error of the system.
    ///
    /// Retryable are those whose cause something outside the process can remove: no space (ENOSPC), a quota
    /// (EDQUOT), a size limit (EFBIG), a file system that turned read-only (EROFS), a device that fails (EIO), short
    /// memory (ENOMEM), a lost file server (ESTALE, ETIMEDOUT), a reader that has left (EPIPE), and what passes by
    /// itself (EAGAIN, EINTR, EBUSY, a write of nothing). All others are final: the same write would fail again. None
    /// is [`ReaderClosed`](Self::ReaderClosed).
    pub fn of(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        let is_io = error.raw_os_error() == Some(Errno::IO.raw_os_error());
        match error.kind() {
            Kind::BrokenPipe
            | Kind::StorageFull
            | Kind::QuotaExceeded
            | Kind::FileTooLarge
            | Kind::ReadOnlyFilesystem
            | Kind::OutOfMemory
            | Kind::StaleNetworkFileHandle
            | Kind::TimedOut
            | Kind::WouldBlock
            | Kind::Interrupted
            | Kind::ResourceBusy
            | Kind::WriteZero => Self::Retryable,
            _ if is_io => Self::Retryable,
            _ => Self::Final,
        }
    }
}

/// A failed write.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct SinkError {
    kind: SinkErrorKind,
    accepted: usize,
    source: io::Error,
}

impl SinkError {
    /// A failure after the batch's first `accepted` records had been accepted; [`SinkErrorKind::of`] classifies it.
    pub fn new(source: io::Error, accepted: usize) -> Self {
        Self {
            kind: SinkErrorKind::of(&source),
            accepted,
            source,
        }
    }

    /// The same failure with another kind, for a sink that knows better.
    #[must_use]
    pub fn with_kind(self, kind: SinkErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// The same failure, its text preceded by the name of what failed.
    #[must_use]
    pub fn with_name(self, name: &str) -> Self {
        let source = io::Error::new(self.source.kind(), format!("{name}: {}", self.source));
        Self { source, ..self }
    }

    /// The same failure, after this many more records had been accepted.
    pub(crate) fn after(self, records: usize) -> Self {
        let accepted = self.accepted.saturating_add(records);
        Self { accepted, ..self }
    }

    /// What the failure means for the run.
    pub fn kind(&self) -> SinkErrorKind {
        self.kind
    }

    /// The number of the batch's records that were accepted before the failure.
    pub fn accepted(&self) -> usize {
        self.accepted
    }
}

impl From<io::Error> for SinkError {
    /// A failure before anything was accepted.
    fn from(source: io::Error) -> Self {
        Self::new(source, 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustix::io::Errno;

    use super::{SinkError, SinkErrorKind};

    #[test]
    fn an_error_is_retryable_if_something_outside_can_remove_its_cause() {
        let kind = |errno: Errno| SinkError::from(io::Error::from(errno)).kind();
        for errno in [
            Errno::NOSPC,
            Errno::IO,
            Errno::DQUOT,
            Errno::FBIG,
            Errno::AGAIN,
            Errno::INTR,
            Errno::ROFS,
            Errno::NOMEM,
            Errno::BUSY,
            Errno::STALE,
            Errno::TIMEDOUT,
            Errno::PIPE,
        ] {
            assert_eq!(kind(errno), SinkErrorKind::Retryable, "{errno}");
        }
        for errno in [Errno::BADF, Errno::INVAL, Errno::ACCESS, Errno::FAULT] {
            assert_eq!(kind(errno), SinkErrorKind::Final, "{errno}");
        }
        let other = SinkError::from(io::Error::other("a sentence"));
        assert_eq!(other.kind(), SinkErrorKind::Final);
    }

    #[test]
    fn a_name_before_the_reason_changes_neither_kind_nor_count() {
        let error = SinkError::new(Errno::IO.into(), 7).with_name("out");
        assert_eq!(error.kind(), SinkErrorKind::Retryable);
        assert_eq!(error.accepted(), 7);
        assert!(error.to_string().starts_with("out: "), "{error}");
    }
}
