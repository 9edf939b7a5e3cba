//! Wakes a thread inside `poll(2)`: a pipe that a waker writes a byte to.
//!
//! A signal handler installed with `SA_RESTART` leaves a thread in `read(2)` where it is, so a thread that waits for a
//! descriptor waits in `poll` for it *and* for this pipe. Bytes stay until they are read, which makes a wake-up sticky.

#[cfg(not(loom))]
mod real {
    use std::io::{self, PipeReader, PipeWriter, Read, Write};
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::time::Timespec;

    use crate::sys::wait::Pending;

    /// The end that is written to.
    #[derive(Debug)]
    pub(in crate::sys::wait) struct WakeEnd(PipeWriter);

    /// The end that is polled.
    #[derive(Debug)]
    pub(in crate::sys::wait) struct PollEnd(PipeReader);

    /// Makes a pipe of which neither end blocks.
    ///
    /// # Errors
    ///
    /// The system's, when the process has no descriptors left.
    pub(in crate::sys::wait) fn pipe() -> io::Result<(PollEnd, WakeEnd)> {
        let (reader, writer) = io::pipe()?;
        fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
        fcntl_setfl(&writer, fcntl_getfl(&writer)? | OFlags::NONBLOCK)?;
        Ok((PollEnd(reader), WakeEnd(writer)))
    }

    impl WakeEnd {
        pub(in crate::sys::wait) fn wake(&self) {
            // A full pipe wakes as well as one more byte; a pipe whose other end is closed has no waiter.
            let _ = (&self.0).write(&[1]);
        }
    }

    impl PollEnd {
        /// Waits for a byte, for what `pending` names, or until `timeout_ns` has passed; takes the bytes out.
        ///
        /// # Errors
        ///
        /// The system's, when it refuses to poll; an interruption is no error.
        pub(in crate::sys::wait) fn wait(
            &self,
            pending: &Pending<'_>,
            timeout_ns: Option<u64>,
        ) -> io::Result<()> {
            wait_for(Some(&self.0), pending, timeout_ns)?;
            let mut bytes = [0; 64];
            while (&self.0).read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
            Ok(())
        }
    }

    /// Waits for what `pending` names, without a way to be woken.
    ///
    /// # Errors
    ///
    /// As for [`PollEnd::wait`].
    pub(in crate::sys::wait) fn wait_unwoken(
        pending: &Pending<'_>,
        timeout_ns: u64,
    ) -> io::Result<()> {
        wait_for(None, pending, Some(timeout_ns))
    }

    fn wait_for(
        pipe: Option<&PipeReader>,
        pending: &Pending<'_>,
        timeout_ns: Option<u64>,
    ) -> io::Result<()> {
        let pipe = pipe.map(|pipe| (pipe.as_fd(), PollFlags::IN));
        let named = pending.interest().map(|interest| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, interest.readable);
            flags.set(PollFlags::OUT, interest.writable);
            (interest.fd, flags)
        });
        let mut wanted = pipe.into_iter().chain(named);
        let Some((any, _)) = wanted.clone().next() else {
            return Ok(());
        };
        let count = wanted.clone().count();
        let mut fds: [_; 1 + Pending::DESCRIPTORS_MAX] = std::array::from_fn(|_| {
            let (fd, flags) = wanted.next().unwrap_or((any, PollFlags::empty()));
            PollFd::from_borrowed_fd(fd, flags)
        });
        let timeout = timeout_ns.map(|ns| Timespec {
            tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (ns % 1_000_000_000).cast_signed(),
        });
        match poll(&mut fds[..count], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// For the models: a second parker, as sticky as a byte in a pipe. No descriptor is ever ready there.
#[cfg(loom)]
mod modelled {
    use std::io;

    use crate::sys::sync::{Parker, Unparker};
    use crate::sys::wait::Pending;

    #[derive(Debug)]
    pub(in crate::sys::wait) struct WakeEnd(Unparker);

    #[derive(Debug)]
    pub(in crate::sys::wait) struct PollEnd(Parker);

    pub(in crate::sys::wait) fn pipe() -> io::Result<(PollEnd, WakeEnd)> {
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        Ok((PollEnd(parker), WakeEnd(unparker)))
    }

    impl WakeEnd {
        pub(in crate::sys::wait) fn wake(&self) {
            self.0.unpark();
        }
    }

    impl PollEnd {
        pub(in crate::sys::wait) fn wait(
            &self,
            _pending: &Pending<'_>,
            _timeout_ns: Option<u64>,
        ) -> io::Result<()> {
            self.0.park();
            Ok(())
        }
    }

    pub(in crate::sys::wait) fn wait_unwoken(
        _pending: &Pending<'_>,
        _timeout_ns: u64,
    ) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(loom)]
pub(super) use modelled::{PollEnd, WakeEnd, pipe, wait_unwoken};
#[cfg(not(loom))]
pub(super) use real::{PollEnd, WakeEnd, pipe, wait_unwoken};
