//! The watch: a thread that says what workers report of failing sinks, and what the watchdog sees. Workers do not speak
//! for themselves, because standard error may be a pipe that nobody reads.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::control::stall_detector::Watchdog;
use crate::engine::retry::Notice;
use crate::pipeline::threads::END_PATIENCE;

/// How often the watchdog looks.
const INTERVAL: Duration = Duration::from_millis(500);

/// The watch's handle.
pub(super) struct Watch {
    notices: Sender<Notice>,
    done: Receiver<()>,
}

impl Watch {
    /// Starts the thread; the workers have senders for what it hears.
    pub(super) fn spawn(
        mut watchdog: Watchdog,
        (notices, heard): (Sender<Notice>, Receiver<Notice>),
    ) -> io::Result<Self> {
        let (tell, done) = mpsc::channel();
        let body = move || {
            let mut next = Instant::now() + INTERVAL;
            loop {
                let left = next.saturating_duration_since(Instant::now());
                match heard.recv_timeout(left) {
                    Ok(Notice::Over) | Err(RecvTimeoutError::Disconnected) => break,
                    Ok(notice) => notice.say(),
                    Err(RecvTimeoutError::Timeout) => {
                        watchdog.tick();
                        next = Instant::now() + INTERVAL;
                    }
                }
            }
            watchdog.tick();
            let _ = tell.send(()); // nobody waits any more after END_PATIENCE
        };
        Builder::new().name("watch".into()).spawn(body)?;
        Ok(Self { notices, done })
    }

    /// Has it say what it has heard, and ends it; or leaves it behind, where it is stuck in a write that nobody reads.
    pub(super) fn end(self) {
        let _ = self.notices.send(Notice::Over);
        let _ = self.done.recv_timeout(END_PATIENCE);
    }
}
