//! How far the inputs were read.

use std::path::Path;

use super::Lines;
use super::input::Input;
use crate::engine::extent::Extent;

impl Lines {
    /// Notes that the current input was read to its end.
    pub(super) fn finish_input(&mut self) {
        if let Some(input) = self.input.take().filter(|input| input.len().is_some()) {
            let bytes = input.began_at() + self.read_bytes;
            self.finished.push(Extent::finished(input.name, bytes));
        }
    }

    /// Of every input that has an end: those before the current one, that one, and those that were not opened.
    pub(super) fn all_extents(&self) -> Vec<Extent> {
        let current = self.input.as_ref().and_then(|input| self.extent(input));
        let ahead = self.ahead.iter().rev();
        let ahead = ahead.filter_map(|(path, name)| unopened(path, name));
        let finished = self.finished.iter().cloned();
        finished.chain(current).chain(ahead).collect()
    }

    /// Of the current input: up to the first byte that was not lent.
    fn extent(&self, input: &Input) -> Option<Extent> {
        let total_bytes = input.len()?;
        // At its end the last line may have got a newline that is not in the input.
        let kept = (self.end - self.start) as u64;
        let kept = kept.saturating_sub(u64::from(input.has_ended()));
        let read_bytes = input.began_at() + self.read_bytes - kept;
        let mut extent = Extent::new(&input.name, read_bytes, total_bytes);
        if input.began_at() + self.read_bytes > total_bytes {
            // It was cut while it was read: what is in it now is not what was read.
            extent.finished = false;
        }
        if total_bytes == 0 {
            // Files that the kernel generates, as in /proc, have no length: only their end counts.
            extent.finished = kept == 0 && (input.has_ended() || self.read_bytes == 0);
        }
        Some(extent)
    }
}

/// Of a file whose turn did not come; `None` if it is none. One that has gone was not read either.
fn unopened(path: &Path, name: &str) -> Option<Extent> {
    match std::fs::metadata(path) {
        Ok(file) => file.is_file().then(|| Extent::new(name, 0, file.len())),
        Err(_) => Some(Extent {
            finished: false,
            ..Extent::new(name, 0, 0)
        }),
    }
}
