//! How far the writer has come, and the wait for its end.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the writer may take, at the end, from one write to the next.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it may take in all.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(10);

/// Moved by the writer.
#[derive(Debug, Default)]
pub(super) struct Flow {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Writes that ended.
    writes: u64,
    over: bool,
}

impl Flow {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer has written something.
    pub(super) fn wrote(&self) {
        self.lock().writes += 1;
        self.changed.notify_all();
    }

    /// The writer has written everything.
    pub(super) fn over(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Waits until the writer has written everything, or makes no progress any more.
    pub(super) fn wait_for_the_end(&self) {
        self.wait(PATIENCE, PATIENCE_IN_ALL);
    }

    fn wait(&self, patience: Duration, in_all: Duration) {
        let by = Instant::now() + in_all;
        let mut state = self.lock();
        let (mut seen, mut until) = (state.writes, Instant::now() + patience);
        while !state.over {
            let now = Instant::now();
            if state.writes != seen {
                (seen, until) = (state.writes, now + patience);
            }
            let left = until.min(by).saturating_duration_since(now);
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::Flow;

    const LONG: Duration = Duration::from_secs(3_600);
    const SHORT: Duration = Duration::from_millis(1);

    #[test]
    fn the_wait_ends_with_the_writer_or_when_that_makes_no_progress_or_takes_too_long_in_all() {
        let flow = Arc::new(Flow::default());
        flow.wait(SHORT, LONG);
        let writer = Arc::clone(&flow);
        // Moves as long as the test waits, and so for ever.
        let moving = std::thread::spawn(move || {
            while Arc::strong_count(&writer) > 1 {
                writer.wrote();
            }
        });
        flow.wait(LONG, SHORT);
        flow.over();
        flow.wait(LONG, LONG);
        drop(flow);
        moving.join().expect("no panic");
    }
}
