//! The monitor: the thread that logs for workers, sources, the scaler and the stall detector. They do not log
//! themselves, because standard error may be a pipe that nobody reads.

use std::cmp::Ordering;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::ticker::END_PATIENCE;
use crate::control::ScaleEvent;
use crate::control::stall_detector::{Stall, StallDetector};
use crate::engine::notice::{Notice, Notices};
use crate::sys::printed::Grouped;

/// How often the stall detectors run.
const INTERVAL: Duration = Duration::from_millis(500);

/// What the monitor receives.
#[derive(Debug)]
pub(super) enum Message {
    Notice(Notice),
    Scaled(ScaleEvent),
    /// The run is over.
    Over,
}

/// Sends notices to the monitor.
pub(super) fn notices(messages: Sender<Message>) -> Notices {
    // Fails only at the very end of a run, when the monitor has ended.
    Notices::new(move |notice| drop(messages.send(Message::Notice(notice))))
}

/// The monitor's handle.
pub(super) struct Monitor {
    messages: Sender<Message>,
    done: Receiver<()>,
}

impl Monitor {
    /// Starts the thread, which logs what is sent to clones of `messages`.
    pub(super) fn spawn(
        mut detectors: Vec<StallDetector>,
        (messages, received): (Sender<Message>, Receiver<Message>),
    ) -> io::Result<Self> {
        let (over, done) = mpsc::channel();
        let body = move || {
            let mut next = Instant::now() + INTERVAL;
            loop {
                let left = next.saturating_duration_since(Instant::now());
                match received.recv_timeout(left) {
                    Ok(Message::Notice(notice)) => log_notice(&notice),
                    Ok(Message::Scaled(event)) => log_scaling(&event),
                    Ok(Message::Over) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        look(&mut detectors);
                        next = Instant::now() + INTERVAL;
                    }
                }
            }
            look(&mut detectors);
            let _ = over.send(()); // fails after END_PATIENCE
        };
        Builder::new().name("monitor".into()).spawn(body)?;
        Ok(Self { messages, done })
    }

    /// Has the thread log a warning.
    pub(super) fn warn(&self, text: String) {
        // Nobody listens any more at the very end of a run.
        let _ = self.messages.send(Message::Notice(Notice::Warning(text)));
    }

    /// Lets the thread log what is queued and ends it, or abandons it after a second if it is blocked on standard
    /// error.
    pub(super) fn end(self) {
        let _ = self.messages.send(Message::Over);
        let _ = self.done.recv_timeout(END_PATIENCE);
    }
}

fn look(detectors: &mut [StallDetector]) {
    let stalls = detectors.iter_mut().flat_map(StallDetector::tick);
    stalls.for_each(log_stall);
}

fn log_notice(notice: &Notice) {
    match notice {
        Notice::SinkFailing { worker, error } => {
            tracing::warn!(
                worker,
                "worker {worker}: sink: {error}; trying again, its records wait"
            );
        }
        Notice::SinkRecovered {
            worker,
            failures,
            after,
        } => {
            let ms = after.as_millis();
            tracing::info!(
                worker,
                failures,
                "worker {worker}: sink: works again after {failures} failures in {ms} ms"
            );
        }
        Notice::SpillFailed { error } => tracing::warn!("spill: {error}"),
        Notice::Warning(text) => tracing::warn!("{text}"),
        Notice::Information(text) => tracing::info!("{text}"),
    }
}

fn log_stall(stall: Stall) {
    let whole_s = |ns: u64| ns / 1_000_000_000;
    match stall {
        Stall::Lasts {
            worker,
            for_ns,
            waiting,
        } => {
            let s = whole_s(for_ns);
            tracing::warn!(
                worker,
                waiting,
                "worker {worker}: no progress for {s} s, {} records wait",
                Grouped(waiting)
            );
        }
        Stall::Ended { worker, after_ns } => {
            let s = whole_s(after_ns);
            tracing::info!(worker, "worker {worker}: moves again after {s} s");
        }
    }
}

fn log_scaling(event: &ScaleEvent) {
    let ScaleEvent {
        t_ns,
        usage,
        held,
        load,
        from,
        to,
        reason,
    } = event;
    let reason = reason.name();
    match to.cmp(from) {
        Ordering::Greater => tracing::info!(
            t_ns,
            usage,
            held,
            load,
            from,
            reason,
            "Scaler: scaling UP, workers = {to}"
        ),
        Ordering::Less => tracing::info!(
            t_ns,
            usage,
            held,
            load,
            from,
            reason,
            "Scaler: scaling Down, workers = {to}"
        ),
        Ordering::Equal => tracing::debug!(
            t_ns,
            usage,
            held,
            load,
            from,
            reason,
            "Scaler: step suppressed"
        ),
    }
}
