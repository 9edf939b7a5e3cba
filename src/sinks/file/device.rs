//! A device that fails on a plan: it sits between a file sink and its file in tests of the layers above.

use std::fs::File;
use std::io::{self, IoSlice, Write};

use crate::engine::batch::split;

/// Writes that stop half way, and space that ends.
#[derive(Debug)]
pub(crate) struct FaultyDevice {
    /// Share of the writes that stop at a random byte, 0 to 1.
    short: f64,
    /// Bytes after which there is no space, and the refused writes after which there is space for as many again.
    full_after: Option<(u64, Option<u64>)>,
    rng: fastrand::Rng,
    /// Bytes that it accepted.
    taken: u64,
    full_at: u64,
    refused: u64,
    /// Whether the next call is the rest of a short write, which fails.
    fails_next: bool,
    /// Whether nothing can be forced to it.
    fails_to_sync: bool,
}

impl FaultyDevice {
    pub(crate) fn new(short: f64, full_after: Option<(u64, Option<u64>)>, seed: u64) -> Self {
        Self {
            short,
            full_after,
            rng: fastrand::Rng::with_seed(seed),
            taken: 0,
            full_at: full_after.map_or(u64::MAX, |(bytes, _)| bytes),
            refused: 0,
            fails_next: false,
            fails_to_sync: false,
        }
    }

    /// The same, but nothing can be forced to it.
    #[cfg(test)]
    pub(super) fn failing_to_sync(self) -> Self {
        Self {
            fails_to_sync: true,
            ..self
        }
    }

    /// Forces what was written to the disk; like `sync_data`.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        if self.fails_to_sync {
            return Err(rustix::io::Errno::IO.into());
        }
        file.sync_data()
    }

    /// Writes as far as the plan goes; like `write_vectored`.
    pub(super) fn write(&mut self, mut file: &File, bytes: [&[u8]; 2]) -> io::Result<usize> {
        let takes = self.takes(bytes[0].len() + bytes[1].len())?;
        let (bytes, _) = split(bytes, takes);
        let written = file.write_vectored(&bytes.map(IoSlice::new))?;
        self.taken += written as u64;
        Ok(written)
    }

    /// How many of this many bytes it accepts now, at least one.
    fn takes(&mut self, len: usize) -> io::Result<usize> {
        if std::mem::take(&mut self.fails_next) {
            return Err(for_now());
        }
        let room = self.full_at.saturating_sub(self.taken);
        if room == 0 {
            self.refused += 1;
            if let Some((bytes, Some(tries))) = self.full_after
                && self.refused >= tries
            {
                self.full_at = self.full_at.saturating_add(bytes);
                self.refused = 0;
            }
            return Err(rustix::io::Errno::NOSPC.into());
        }
        // Draw no random number for a fault that is not planned.
        if self.short > 0.0 && self.rng.f64() < self.short {
            let takes = self.rng.usize(0..len);
            if takes == 0 {
                return Err(for_now());
            }
            self.fails_next = true;
            return Ok(takes.min(usize::try_from(room).unwrap_or(usize::MAX)));
        }
        Ok(len.min(usize::try_from(room).unwrap_or(usize::MAX)))
    }
}

/// A failure that trying again removes.
pub(crate) fn for_now() -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the sink fails for now, as planned",
    )
}
