//! A thread that does something each interval, until it is ended.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::threads::spawn_background;

/// The handle of such a thread, which must never wait for anything but the end of its interval.
pub(super) struct Ticker<T> {
    end: Sender<()>,
    state: Receiver<T>,
}

impl<T: Send + 'static> Ticker<T> {
    /// Calls `tick` with `state` each interval, on a schedule that does not drift; ticks that were missed are skipped.
    pub(super) fn spawn(
        name: &str,
        interval: Duration,
        mut state: T,
        tick: impl Fn(&mut T) + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let (give, given) = mpsc::channel();
        spawn_background(name, move || {
            let mut next = Instant::now() + interval;
            loop {
                let left = next.saturating_duration_since(Instant::now());
                if ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                    let _ = give.send(state); // fails if the handle was dropped
                    return;
                }
                tick(&mut state);
                while next <= Instant::now() {
                    next += interval;
                }
            }
        })?;
        Ok(Self { end, state: given })
    }

    /// Ends the thread and returns its state; `None` if it panicked.
    pub(super) fn end(self) -> Option<T> {
        drop(self.end);
        self.state.recv().ok()
    }
}
