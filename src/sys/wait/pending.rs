//! What a wait is for, beside a wake-up: a time, and descriptors.

use std::os::fd::BorrowedFd;

const DESCRIPTORS_MAX: usize = 4;

/// A descriptor, and what it should be ready for.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(loom, expect(dead_code, reason = "no descriptor is ready in a model"))]
pub(crate) struct Interest<'a> {
    pub(super) fd: BorrowedFd<'a>,
    pub(super) readable: bool,
    pub(super) writable: bool,
}

/// Nothing to do now: call again when the [`Waker`](crate::Waker) was called, at a time, or when a descriptor is ready,
/// whichever comes first. The call may also come earlier.
///
/// ```
/// use splashdam::Pending;
///
/// let stdin = std::io::stdin();
/// // Readable, or at 5 ms since the run began, or when woken.
/// let pending = Pending::readable(&stdin).or_until(5_000_000);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "an answer: return it"]
pub struct Pending<'a> {
    until_ns: Option<u64>,
    interest: [Option<Interest<'a>>; DESCRIPTORS_MAX],
}

impl<'a> Pending<'a> {
    /// How many descriptors can be named. For more, name an epoll instance that holds them.
    pub const DESCRIPTORS_MAX: usize = DESCRIPTORS_MAX;

    /// Waits for the waker only.
    pub fn woken() -> Self {
        Self {
            until_ns: None,
            interest: [None; Self::DESCRIPTORS_MAX],
        }
    }

    /// Waits until a time, in nanoseconds since the run began.
    pub fn until(at_ns: u64) -> Self {
        Self::woken().or_until(at_ns)
    }

    /// Waits until a descriptor has something to read, or has ended.
    pub fn readable(fd: &'a impl std::os::fd::AsFd) -> Self {
        Self::woken().or_readable(fd)
    }

    /// Waits until a descriptor takes bytes, or has failed.
    pub fn writable(fd: &'a impl std::os::fd::AsFd) -> Self {
        Self::woken().or_writable(fd)
    }

    /// Also ends at this time; the earliest one counts.
    pub fn or_until(mut self, at_ns: u64) -> Self {
        self.until_ns = Some(self.until_ns.map_or(at_ns, |until_ns| until_ns.min(at_ns)));
        self
    }

    /// Also ends when this descriptor has something to read, or has ended.
    ///
    /// # Panics
    ///
    /// When [`DESCRIPTORS_MAX`](Self::DESCRIPTORS_MAX) descriptors are named already.
    pub fn or_readable(self, fd: &'a impl std::os::fd::AsFd) -> Self {
        self.or(fd.as_fd(), true, false)
    }

    /// Also ends when this descriptor takes bytes, or has failed.
    ///
    /// # Panics
    ///
    /// When [`DESCRIPTORS_MAX`](Self::DESCRIPTORS_MAX) descriptors are named already.
    pub fn or_writable(self, fd: &'a impl std::os::fd::AsFd) -> Self {
        self.or(fd.as_fd(), false, true)
    }

    fn or(mut self, fd: BorrowedFd<'a>, readable: bool, writable: bool) -> Self {
        let free = self.interest.iter_mut().find(|place| place.is_none());
        #[expect(clippy::expect_used, reason = "documented; a caller's mistake")]
        let free = free.expect("at most DESCRIPTORS_MAX descriptors; name an epoll instance");
        *free = Some(Interest {
            fd,
            readable,
            writable,
        });
        self
    }

    /// The time at which the wait ends, if any.
    pub fn until_ns(&self) -> Option<u64> {
        self.until_ns
    }

    /// The descriptors that it waits for.
    #[cfg(not(loom))]
    pub(crate) fn interest(&self) -> impl Iterator<Item = &Interest<'a>> + Clone {
        self.interest.iter().flatten()
    }

    /// Whether a descriptor is named.
    pub(crate) fn names_descriptors(&self) -> bool {
        self.interest[0].is_some()
    }
}
