//! The observer's thread: the reporter does not wait for it.

use std::io;
use std::sync::mpsc::{self, Receiver};

use super::logger::END_PATIENCE;
use super::threads::{caught, spawn_background};
use crate::outcome::Snapshot;
use crate::sys::mailbox::{Mail, Mailbox};

/// Called each interval.
pub(crate) type Observer = Box<dyn FnMut(&Snapshot) + Send>;

/// How many snapshots may wait for a slow observer; it misses those that come while so many wait.
const SNAPSHOTS_MAX: usize = 64;

/// The handle of the observer's thread, which ends when this is dropped.
pub(super) struct Observing {
    snapshots: Mailbox<Box<Snapshot>>,
    /// The message of the observer's panic, if it panicked.
    done: Receiver<Option<String>>,
}

impl Observing {
    pub(super) fn spawn(mut observer: Observer) -> io::Result<Self> {
        let snapshots = Mailbox::<Box<Snapshot>>::holding(SNAPSHOTS_MAX);
        let (over, done) = mpsc::channel();
        let received = snapshots.clone();
        spawn_background("observer", move || {
            let mut seen = Ok(());
            while let Some(mail) = received.take() {
                if let Mail::Item(snapshot) = mail {
                    seen = caught(|| observer(snapshot.as_ref()));
                }
                if seen.is_err() {
                    received.close();
                    break;
                }
            }
            let dropped = caught(move || drop(observer));
            let _ = over.send(seen.and(dropped).err()); // fails after END_PATIENCE
        })?;
        Ok(Self { snapshots, done })
    }

    /// Has the observer called with this snapshot, soon.
    pub(super) fn show(&self, snapshot: &Snapshot) {
        self.snapshots.post(Box::new(*snapshot));
    }

    /// Lets the observer see what waits for it, and ends the thread, or leaves it behind after a second; returns the
    /// message of its panic, if it panicked.
    pub(super) fn end(self) -> Option<String> {
        self.snapshots.close();
        self.done.recv_timeout(END_PATIENCE).ok()?
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        self.snapshots.close();
    }
}
