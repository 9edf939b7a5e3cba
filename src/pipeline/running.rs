//! A pipeline that runs, and the thread that waits for it: the stop order is kept here.

use std::io;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::control::scaler::Scaler;
use crate::control::stall_detector::Watchdog;
use crate::control::stop::Stop;
use crate::control::{ScaleEvent, StopCause};
use crate::engine::producer::{Producer, ProducerEnd};
use crate::engine::retry::Notice;
use crate::engine::sink::SinkFactory;
use crate::engine::worker::{Worker, WorkerEnd};
use crate::metrics::latency::Latencies;
use crate::outcome::{Outcome, Snapshot};
use crate::pipeline::StartError;
use crate::pipeline::assess::Before;
use crate::pipeline::monitor::Watch;
use crate::pipeline::outcome_builder::Ends;
use crate::pipeline::sampler::{Probe, Reporter};
use crate::pipeline::start_barrier::{Planned, StartBarrier};
use crate::pipeline::threads::{Ticker, spawn_producer, spawn_worker};
use crate::sys::cpu::{Reservation, Role};
use crate::sys::usage::ThreadUsage;

/// How long threads get to notice a halt before they are left behind. Those between two batches leave within
/// microseconds; those inside a sink may never.
const HALT_GRACE: Duration = Duration::from_millis(200);

/// The same where they are to spill then: on a machine that is busy a thread may not run for a second, and its records
/// would count as abandoned only because of that.
const SPILL_BEGINS_WITHIN: Duration = Duration::from_secs(2);
/// How long those that are writing to the spill file get, from the halt on.
pub(crate) const SPILL_GRACE: Duration = Duration::from_secs(10);

/// What the joining thread hears.
#[derive(Debug)]
pub(super) enum Event {
    Asked(StopCause),
    ProducerEnded(Result<ProducerEnd, String>, ThreadUsage),
    /// Its sink is of no more use, or it was halted: it writes the rest of its lane to the spill file.
    WorkerSpills {
        worker: usize,
        end: Result<WorkerEnd, String>,
    },
    WorkerEnded {
        worker: usize,
        end: Result<WorkerEnd, String>,
        usage: ThreadUsage,
        /// The latencies it had not handed over.
        rest: Option<Box<Latencies>>,
    },
}

/// What a running pipeline keeps beside its threads.
pub(super) struct Parts {
    pub(super) stop: Stop,
    pub(super) probe: Probe,
    pub(super) sinks: Box<dyn SinkFactory>,
    pub(super) config: Config,
    pub(super) before: Before,
    /// Whether there is a spill file.
    pub(super) spills: bool,
}

/// The threads that are to be started.
pub(super) struct Crew {
    pub(super) producer: Producer,
    pub(super) workers: Vec<Worker>,
    pub(super) scaler: Option<Scaler>,
    pub(super) reporter: Reporter,
    /// How often the reporter reports; none where nobody observes.
    pub(super) report_each: Option<Duration>,
    pub(super) watch: (Watchdog, (Sender<Notice>, Receiver<Notice>)),
    pub(super) planned: Planned,
}

/// A running pipeline. [`join`](Self::join) it to learn its outcome; dropped unjoined it stops in order by itself,
/// without anyone waiting for it.
pub struct Running {
    parts: Parts,
    heard: Receiver<Event>,
    scaler: Option<Ticker<Scaler>>,
    reporter: Option<Ticker<Reporter>>,
    /// The reporter, where it has no thread.
    silent: Option<Reporter>,
    watch: Option<Watch>,
    rests: Vec<Box<Latencies>>,
    ends: Ends,
    reservation: Reservation,
    scaling: Vec<ScaleEvent>,
    /// A signal came; the next one halts.
    signalled: bool,
    over_by: Option<Instant>,
    drain_by: Option<Instant>,
    /// After a halt: when threads that have not ended are left behind.
    leave_by: Option<Instant>,
    halted_at: Option<Instant>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.parts.stop.quiesce();
    }
}

impl Running {
    /// Starts the threads, and lets those of the path work when all of them are in place.
    ///
    /// # Errors
    ///
    /// When there is no thread left, or a pin failed that must not. Nothing has worked then.
    pub(super) fn launch(
        parts: Parts,
        (events, heard): (Sender<Event>, Receiver<Event>),
        crew: Crew,
    ) -> Result<Self, StartError> {
        let pin = parts.config.pin;
        let duration = parts.config.duration;
        let mut running = Self {
            ends: Ends::of(crew.workers.len()),
            reservation: crew.planned.reservation.clone(),
            parts,
            heard,
            scaler: None,
            reporter: None,
            silent: None,
            watch: None,
            rests: Vec::new(),
            scaling: Vec::new(),
            signalled: false,
            over_by: duration.and_then(|duration| Instant::now().checked_add(duration)),
            drain_by: None,
            leave_by: None,
            halted_at: None,
        };
        let spawned = running.spawn(crew, &events);
        let mut barrier = spawned.map_err(StartError::System)?;
        barrier.record_pins(pin)?;
        running.ends.placement = barrier.release();
        for warning in &running.ends.placement.warnings {
            tracing::warn!("{warning}");
        }
        Ok(running)
    }

    /// Spawns every thread. A thread inherits its parent's CPUs, and this one is not pinned; those of the path pin
    /// themselves.
    fn spawn(&mut self, crew: Crew, events: &Sender<Event>) -> io::Result<StartBarrier> {
        match crew.report_each {
            Some(interval) => {
                let ticker = Ticker::spawn("reporter", interval, crew.reporter, Reporter::tick)?;
                self.reporter = Some(ticker);
            }
            None => self.silent = Some(crew.reporter),
        }
        let (watchdog, notices) = crew.watch;
        self.watch = Some(Watch::spawn(watchdog, notices)?);
        if let Some(scaler) = crew.scaler {
            let interval = self.parts.config.autoscale_interval;
            self.scaler = Some(Ticker::spawn("scaler", interval, scaler, Scaler::tick)?);
        }
        let mut barrier = StartBarrier::new(crew.planned);
        for worker in crew.workers {
            let (shard, index) = (0, worker.index);
            let slot = barrier.slot(Role::Worker { shard, index });
            spawn_worker(worker, slot, events.clone())?;
        }
        let slot = barrier.slot(Role::Producer { shard: 0 });
        spawn_producer(crew.producer, slot, events.clone())?;
        Ok(barrier)
    }

    /// A handle that stops this pipeline, for other threads.
    pub fn stopper(&self) -> Stop {
        self.parts.stop.clone()
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        self.parts.probe.snapshot()
    }

    /// Waits until the run has ended and everything is delivered, or until what stops that has happened, and says
    /// what it came to.
    pub fn join(mut self) -> Outcome {
        while self.ends.any_runs() {
            let by = self.leave_by.or(self.drain_by).or(self.over_by);
            match self.hear(by) {
                Some(event) => self.note(event),
                None if self.leave_by.is_some() => {
                    if !self.waits_for_spills() {
                        break;
                    }
                }
                None if self.drain_by.is_some() => {
                    self.ends.deadline_passed = true;
                    self.halt();
                }
                None => self.stop(StopCause::DurationOver),
            }
        }
        self.conclude()
    }

    fn hear(&self, by: Option<Instant>) -> Option<Event> {
        match by {
            Some(by) => {
                let left = by.saturating_duration_since(Instant::now());
                self.heard.recv_timeout(left).ok()
            }
            None => self.heard.recv().ok(),
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Asked(StopCause::Signal(signal)) if self.signalled => {
                self.ends.halted_by.get_or_insert(signal);
                self.halt();
            }
            Event::Asked(cause) => {
                self.signalled |= matches!(cause, StopCause::Signal(_));
                self.stop(cause);
            }
            Event::ProducerEnded(end, usage) => {
                self.ends.producer = Some(usage);
                match end {
                    Ok(ProducerEnd::EndOfInput) => self.stop(StopCause::EndOfInput),
                    Ok(ProducerEnd::CountReached) => self.stop(StopCause::CountReached),
                    Ok(ProducerEnd::Quiesced) => {}
                    // Why every worker has gone, they say themselves.
                    Ok(ProducerEnd::NoLane) => self.begin_drain(),
                    Ok(ProducerEnd::SourceFailed(error)) => self.fail(format!("source: {error}")),
                    Err(panic) => self.fail(format!("the source panicked: {panic}")),
                }
            }
            Event::WorkerEnded {
                worker,
                end,
                usage,
                rest,
            } => {
                self.ends.workers[worker].usage = Some(usage);
                self.rests.extend(rest);
                self.note_end(worker, end);
            }
            Event::WorkerSpills { worker, end } => {
                self.ends.workers[worker].spills = true;
                self.note_end(worker, end);
            }
        }
    }

    fn note_end(&mut self, worker: usize, end: Result<WorkerEnd, String>) {
        match end {
            Ok(WorkerEnd::Drained(last_partial)) => {
                self.ends.workers[worker].drained = true;
                self.ends.workers[worker].last_partial = last_partial;
            }
            Ok(WorkerEnd::Halted | WorkerEnd::Spilled) => {}
            Ok(WorkerEnd::SpillFailed(error)) => {
                self.fail(format!("worker {worker}: spill: {error}"));
            }
            Ok(WorkerEnd::ReaderClosed) => {
                self.ends.workers[worker].reader_closed = true;
                self.stop(StopCause::ReaderClosed);
            }
            Ok(WorkerEnd::SinkFailed(error)) => {
                self.fail(format!("worker {worker}: sink: {error}"));
            }
            Err(panic) => self.fail(format!("worker {worker}: the sink panicked: {panic}")),
        }
    }

    /// Begins the orderly stop; the first cause stays the cause. The active set stays as it is from now on.
    fn stop(&mut self, cause: StopCause) {
        self.ends.cause.get_or_insert(cause);
        self.begin_drain();
    }

    fn begin_drain(&mut self) {
        self.parts.stop.quiesce();
        let timeout = self.parts.config.drain_timeout;
        let by = Instant::now().checked_add(timeout);
        self.drain_by = self.drain_by.or(by);
        let scaler = self.scaler.take().and_then(Ticker::end);
        self.scaling
            .extend(scaler.map(Scaler::into_events).into_iter().flatten());
    }

    fn fail(&mut self, failure: String) {
        self.ends.failures.push(failure);
        self.stop(StopCause::Failed);
    }

    fn halt(&mut self) {
        self.parts.stop.halt();
        let grace = if self.parts.spills {
            SPILL_BEGINS_WITHIN
        } else {
            HALT_GRACE
        };
        let now = Instant::now();
        self.halted_at.get_or_insert(now);
        self.leave_by.get_or_insert(now + grace);
    }

    /// After a halt: whether workers are to be waited for a little longer, because they spill.
    fn waits_for_spills(&mut self) -> bool {
        let halted = self.halted_at.map(|at| at.elapsed());
        let waits = self.ends.any_spills() && halted.is_some_and(|since| since < SPILL_GRACE);
        if waits {
            self.leave_by = Some(Instant::now() + HALT_GRACE);
        }
        waits
    }

    fn conclude(mut self) -> Outcome {
        let _ = self.watch.take().map(Watch::end);
        let shared_later = self.reservation.release();
        self.ends.placement.warnings.extend(shared_later);
        let scaling = std::mem::take(&mut self.scaling);
        let mut outcome = self.ends.outcome(&self.parts.probe, scaling);
        // The last interval's line comes before the summary.
        let reporter = self.reporter.take().and_then(Ticker::end);
        if let Some(reporter) = reporter.or_else(|| self.silent.take()) {
            reporter.finish(std::mem::take(&mut self.rests), &mut outcome);
        }
        outcome.validity = self.parts.before.judged(&self.parts.probe, &outcome);
        if self.ends.any_runs() {
            // The counters of a thread that was left behind are still moving: they prove nothing.
            return outcome;
        }
        self.judged(outcome)
    }

    /// The last checks: the ledger's, and the sinks' own.
    fn judged(&mut self, mut outcome: Outcome) -> Outcome {
        let ledger = outcome.ledger;
        if !ledger.balanced() {
            let bug = format!("the ledger does not balance, which is a bug: {ledger:?}");
            outcome.failures.push(bug);
        }
        if outcome.failures.is_empty()
            && ledger.is_delivered()
            && self.ends.all_drained()
            && let Err(wrong) = self.parts.sinks.verdict(&ledger)
        {
            outcome.failures.push(wrong);
        }
        outcome
    }
}
