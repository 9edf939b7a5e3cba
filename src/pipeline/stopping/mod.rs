//! The stop order, as a machine without threads or clocks: events and time in, actions out.
//!
//! ```text
//!   Running --stop, end of input, duration--> Draining --all workers ended--> Closing --source closed--> Over
//!      |                                         | deadline, second signal, halt  ^   ^ patience is over |
//!      '------------------ halt ---------------> Halting --all ended, or left ----'   '------------------'
//! ```
//!
//! *Draining*: the producer takes nothing more in and closes the lanes; the workers deliver what is there. *Halting*:
//! every thread leaves at its next look. *Closing*: no worker releases records any more; the producer acknowledges for
//! the last time and closes the source. *Over*: what still runs is left behind.
//!
//! A deadline is time in which the process could run: the control thread looks each [`LOOK_EACH_NS`], and a longer gap
//! between two looks - a SIGSTOP, a machine that stood still - moves the deadline.

use std::time::Duration;

use crate::control::StopCause;

/// How long threads get to notice a halt before they are abandoned. Those between two batches end within microseconds;
/// those inside a sink may never end.
const HALT_GRACE_NS: u64 = 200_000_000;
/// The same if they spill: on a busy machine a thread may not run for a second, and its records would count as
/// abandoned only because of that.
const SPILL_BEGINS_WITHIN_NS: u64 = 2_000_000_000;
/// How long after the first signal another one halts. `timeout` and a terminal's Ctrl-C signal a process twice within
/// microseconds, and that is no impatience.
pub(crate) const SECOND_SIGNAL_AFTER: Duration = Duration::from_secs(1);
const SECOND_SIGNAL_AFTER_NS: u64 = 1_000_000_000;
/// How often the control thread looks while it waits for a deadline.
const LOOK_EACH_NS: u64 = 100_000_000;
/// How long threads that write to the spill file get, from the halt on.
pub(crate) const SPILL_GRACE: Duration = Duration::from_secs(10);
const SPILL_GRACE_NS: u64 = 10_000_000_000;

/// Where a run is in its stop order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running { over_ns: Option<u64> },
    Draining { by_ns: u64 },
    Halting { since_ns: u64, leave_ns: u64 },
    Closing { by_ns: u64 },
    Over,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Stop(StopCause),
    /// A stop whose cause another thread's event carries.
    Drain,
    Halt,
    ProducerClosed,
    ProducerEnded,
    WorkerSpills,
    WorkerEnded {
        was_spilling: bool,
    },
    /// No event before the [deadline](Stopping::deadline_ns).
    Time,
}

/// What to do now, to every shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Actions {
    pub(super) quiesce: bool,
    pub(super) halt: bool,
    pub(super) workers_ended: bool,
}

/// The stop order of a run.
#[derive(Debug)]
pub(super) struct Stopping {
    phase: Phase,
    drain_timeout_ns: u64,
    /// Whether there is a spill file.
    has_spill_file: bool,
    /// Producers that have not closed their lanes, and that have not ended.
    open: usize,
    producers: usize,
    /// Workers that have not ended, and those of them that spill.
    workers: usize,
    spilling: usize,
    /// When the first signal arrived.
    signalled_ns: Option<u64>,
    /// When the control thread last looked.
    looked_ns: u64,
    pub(super) cause: Option<StopCause>,
    pub(super) halted_by: Option<i32>,
    /// The program halted the run.
    pub(super) halted: bool,
    pub(super) deadline_passed: bool,
}

impl Stopping {
    /// A run of so many shards and workers.
    pub(super) fn new(
        shards: usize,
        workers: usize,
        drain_timeout_ns: u64,
        has_spill_file: bool,
    ) -> Self {
        Self {
            phase: Phase::Running { over_ns: None },
            drain_timeout_ns,
            has_spill_file,
            open: shards,
            producers: shards,
            workers,
            spilling: 0,
            signalled_ns: None,
            looked_ns: 0,
            cause: None,
            halted_by: None,
            halted: false,
            deadline_passed: false,
        }
    }

    /// Sets when the run's duration is over.
    pub(super) fn over_at(&mut self, over_ns: u64) {
        self.phase = Phase::Running {
            over_ns: Some(over_ns),
        };
    }

    /// When [`Input::Time`] has an effect; `None` for never.
    fn deadline_ns(&self) -> Option<u64> {
        match self.phase {
            Phase::Running { over_ns } => over_ns,
            Phase::Draining { by_ns } | Phase::Closing { by_ns } => Some(by_ns),
            Phase::Halting { leave_ns, .. } => Some(leave_ns),
            Phase::Over => None,
        }
    }

    /// When the control thread looks next, whether or not something happens; `None` for never.
    pub(super) fn next_look_ns(&self) -> Option<u64> {
        let deadline_ns = self.deadline_ns()?;
        Some(match self.phase {
            Phase::Running { .. } => deadline_ns,
            _ => deadline_ns.min(self.looked_ns.saturating_add(LOOK_EACH_NS)),
        })
    }

    /// Moves the deadline by the time in which the process did not run.
    fn look(&mut self, now_ns: u64) {
        let gap_ns = now_ns.saturating_sub(self.looked_ns);
        self.looked_ns = now_ns;
        let lost_ns = gap_ns.saturating_sub(LOOK_EACH_NS);
        match &mut self.phase {
            Phase::Draining { by_ns } | Phase::Closing { by_ns } => {
                *by_ns = by_ns.saturating_add(lost_ns);
            }
            Phase::Halting { since_ns, leave_ns } => {
                *since_ns = since_ns.saturating_add(lost_ns);
                *leave_ns = leave_ns.saturating_add(lost_ns);
            }
            // A duration is time on the clock.
            Phase::Running { .. } | Phase::Over => {}
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether every thread of the data path has ended.
    pub(super) fn all_ended(&self) -> bool {
        self.producers == 0 && self.workers == 0
    }

    /// Handles an event, and returns what to do.
    pub(super) fn on(&mut self, input: Input, now_ns: u64) -> Actions {
        let mut actions = Actions::default();
        self.look(now_ns);
        match input {
            Input::Stop(cause) => self.stop(cause, now_ns, &mut actions),
            Input::Drain => self.drain(now_ns, &mut actions),
            Input::Halt => {
                self.halted |= self.halted_by.is_none();
                self.cause.get_or_insert(StopCause::Requested);
                self.halt(now_ns, &mut actions);
            }
            Input::ProducerClosed => self.open = self.open.saturating_sub(1),
            Input::ProducerEnded => self.producers = self.producers.saturating_sub(1),
            Input::WorkerSpills => self.spilling += 1,
            Input::WorkerEnded { was_spilling } => {
                self.workers = self.workers.saturating_sub(1);
                self.spilling = self.spilling.saturating_sub(usize::from(was_spilling));
            }
            Input::Time => self.time(now_ns, &mut actions),
        }
        self.advance(now_ns, &mut actions);
        actions
    }

    fn stop(&mut self, cause: StopCause, now_ns: u64, actions: &mut Actions) {
        if let StopCause::Signal(signal) = cause {
            if let Some(first_ns) = self.signalled_ns {
                if now_ns.saturating_sub(first_ns) >= SECOND_SIGNAL_AFTER_NS {
                    self.halt_by_signal(signal, now_ns, actions);
                }
                return;
            }
            self.signalled_ns = Some(now_ns);
        }
        self.cause.get_or_insert(cause); // the first cause is the one that is reported
        self.drain(now_ns, actions);
    }

    /// A second signal: of no effect on the outcome once the workers have ended, or leave anyway.
    fn halt_by_signal(&mut self, signal: i32, now_ns: u64, actions: &mut Actions) {
        if matches!(self.phase, Phase::Running { .. } | Phase::Draining { .. }) {
            self.halted_by = Some(signal);
        }
        self.halt(now_ns, actions);
    }

    fn drain(&mut self, now_ns: u64, actions: &mut Actions) {
        if matches!(self.phase, Phase::Running { .. }) {
            let by_ns = now_ns.saturating_add(self.drain_timeout_ns);
            self.phase = Phase::Draining { by_ns };
            actions.quiesce = true;
        }
    }

    fn halt(&mut self, now_ns: u64, actions: &mut Actions) {
        if matches!(self.phase, Phase::Running { .. } | Phase::Draining { .. }) {
            let grace_ns = if self.has_spill_file {
                SPILL_BEGINS_WITHIN_NS
            } else {
                HALT_GRACE_NS
            };
            self.phase = Phase::Halting {
                since_ns: now_ns,
                leave_ns: now_ns.saturating_add(grace_ns),
            };
            actions.halt = true;
        }
        // Only a source is waited for any more, and no longer than a halt waits.
        if let Phase::Closing { by_ns } = &mut self.phase {
            *by_ns = (*by_ns).min(now_ns.saturating_add(HALT_GRACE_NS));
        }
    }

    fn time(&mut self, now_ns: u64, actions: &mut Actions) {
        match self.phase {
            Phase::Running {
                over_ns: Some(over_ns),
            } if now_ns >= over_ns => self.stop(StopCause::DurationOver, now_ns, actions),
            Phase::Draining { by_ns } if now_ns >= by_ns => {
                self.deadline_passed = true;
                self.halt(now_ns, actions);
            }
            Phase::Halting { since_ns, leave_ns } if now_ns >= leave_ns => {
                if self.spilling > 0 && now_ns < since_ns.saturating_add(SPILL_GRACE_NS) {
                    let leave_ns = now_ns.saturating_add(HALT_GRACE_NS);
                    self.phase = Phase::Halting { since_ns, leave_ns };
                } else {
                    self.close(now_ns.saturating_add(HALT_GRACE_NS), actions);
                }
            }
            Phase::Closing { by_ns } if now_ns >= by_ns => self.phase = Phase::Over,
            _ => {}
        }
    }

    /// Moves on when the threads that were waited for have ended.
    fn advance(&mut self, now_ns: u64, actions: &mut Actions) {
        let is_quiet = self.workers == 0 && self.open == 0;
        match self.phase {
            // Before a stop workers only end when all have gone; the source then ends by itself.
            Phase::Running { .. } | Phase::Draining { .. } if is_quiet => {
                let by_ns = match self.phase {
                    Phase::Draining { by_ns } => by_ns,
                    _ => now_ns.saturating_add(self.drain_timeout_ns),
                };
                self.close(by_ns.max(now_ns.saturating_add(HALT_GRACE_NS)), actions);
            }
            Phase::Halting { .. } if is_quiet => {
                self.close(now_ns.saturating_add(HALT_GRACE_NS), actions);
            }
            _ => {}
        }
        // Those that were left behind have had their grace: the workers, and a producer that hangs in its source.
        let is_closed = matches!(self.phase, Phase::Closing { .. }) && self.producers == self.open;
        if is_closed || self.all_ended() {
            self.phase = Phase::Over;
        }
    }

    fn close(&mut self, by_ns: u64, actions: &mut Actions) {
        self.phase = Phase::Closing { by_ns };
        actions.workers_ended = true;
    }
}

#[cfg(test)]
mod tests;
