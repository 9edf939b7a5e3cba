//! The logger: the thread that logs for workers, sources, the scaler and the monitor. They do not log themselves,
//! because whoever receives log messages may block.

use std::cmp::Ordering;
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::threads::spawn_background;
use crate::control::stall_detector::Stall;
use crate::control::{SCALING, ScaleEvent};
use crate::engine::notice::{Notice, Notices};
use crate::sys::mailbox::{Mail, Mailbox};
use crate::sys::printed::Grouped;

/// How long the logger and the observer get to end, because they may be blocked in code that is not ours.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(1);
/// How many messages may wait to be logged; more than that are counted.
const MESSAGES_MAX: usize = 1_024;

/// What the logger receives.
#[derive(Debug)]
pub(super) enum Message {
    Notice(Notice),
    Scaled(ScaleEvent),
    Stall(Stall),
}

/// The way to the logger, for any thread: a message never waits.
#[derive(Clone, Debug)]
pub(super) struct Messages(Mailbox<Message>);

impl Messages {
    pub(super) fn new() -> Self {
        Self(Mailbox::holding(MESSAGES_MAX))
    }

    pub(super) fn send(&self, message: Message) {
        self.0.post(message);
    }

    /// Sends notices to the logger.
    pub(super) fn notices(&self) -> Notices {
        let messages = self.clone();
        Notices::new(move |notice| messages.send(Message::Notice(notice)))
    }
}

/// The logger's handle. The thread ends when it is dropped.
pub(super) struct Logger {
    messages: Messages,
    done: Receiver<()>,
}

impl Logger {
    /// Starts the thread, which logs what is sent to clones of `messages`.
    pub(super) fn spawn(messages: Messages) -> io::Result<Self> {
        Self::spawn_with(messages, log)
    }

    fn spawn_with(
        messages: Messages,
        log: impl Fn(Mail<Message>) + Send + 'static,
    ) -> io::Result<Self> {
        let (over, done) = mpsc::channel();
        let received = messages.0.clone();
        spawn_background("logger", move || {
            while let Some(message) = received.take() {
                log(message);
            }
            let _ = over.send(()); // fails after END_PATIENCE
        })?;
        Ok(Self { messages, done })
    }

    /// Has the thread log a warning.
    pub(super) fn warn(&self, text: String) {
        self.messages.send(Message::Notice(Notice::Warning(text)));
    }

    /// Lets the thread log what is queued and ends it, or leaves it behind after a second if it is blocked.
    pub(super) fn end(self) {
        self.messages.0.close();
        let _ = self.done.recv_timeout(END_PATIENCE);
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        self.messages.0.close();
    }
}

fn log(message: Mail<Message>) {
    match message {
        Mail::Item(Message::Notice(notice)) => log_notice(&notice),
        Mail::Item(Message::Scaled(event)) => log_scaling(&event),
        Mail::Item(Message::Stall(stall)) => log_stall(stall),
        Mail::Lost(messages) => {
            let messages = Grouped(messages);
            tracing::warn!("{messages} messages were lost: more came than could be logged");
        }
    }
}

fn log_notice(notice: &Notice) {
    match notice {
        Notice::SinkFailing { worker, error } => {
            // An error, so that whoever wants errors only learns why nothing moves.
            tracing::error!(
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
            target: SCALING,
            t_ns,
            usage,
            held,
            load,
            from,
            reason,
            "Scaler: scaling UP, workers = {to}"
        ),
        Ordering::Less => tracing::info!(
            target: SCALING,
            t_ns,
            usage,
            held,
            load,
            from,
            reason,
            "Scaler: scaling Down, workers = {to}"
        ),
        Ordering::Equal => tracing::debug!(
            target: SCALING,
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{Logger, Message, Messages};
    use crate::engine::notice::Notice;
    use crate::sys::mailbox::Mail;

    #[test]
    fn a_flood_of_notices_to_a_blocked_logger_waits_for_nothing_and_is_counted() {
        let messages = Messages::new();
        let (tell, seen) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let log = move |message| {
            let _ = released.recv(); // fails, and waits no more, once it is released
            let _ = tell.send(message);
        };
        let logger = Logger::spawn_with(messages.clone(), log).expect("a thread");
        let notices = messages.notices();
        (0..5_000).for_each(|n| notices.send(Notice::Information(n.to_string())));
        drop(release);
        logger.end();
        let (mut said, mut lost) = (0, 0);
        for message in seen {
            match message {
                Mail::Item(Message::Notice(_)) => said += 1,
                Mail::Lost(n) => lost += n,
                Mail::Item(other) => panic!("{other:?}"),
            }
        }
        assert!(lost > 3_000, "{lost}");
        assert_eq!(said + lost, 5_000);
    }
}
