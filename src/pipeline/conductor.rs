//! The control thread: receives the events of the data path's threads, keeps the stop order, and draws up the outcome.

use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use super::assess::Baseline;
use super::error::StartError;
use super::event::Event;
use super::logger::{Logger, Messages};
use super::metrics::Metrics;
use super::monitor::Monitor;
use super::outcome_builder::ThreadStates;
use super::reporter::{Reporter, finish_without_reporter};
use super::running::{Finished, Running};
use super::scaling::Scaling;
use super::shard::Shard;
use super::start_barrier::{Planned, StartBarrier};
use super::stopping::{Actions, Input, Stopping};
use super::threads::{caught, spawn_background, spawn_producer, spawn_worker};
use super::ticker::Ticker;
use crate::config::Config;
use crate::control::stall_detector::StallDetector;
use crate::control::stop::{Request, Stop};
use crate::control::{ScaleEvent, StopCause};
use crate::engine::producer::ProducerEnd;
use crate::engine::sink::SinkFactory;
use crate::engine::worker::WorkerEnd;
use crate::metrics::latency::Latencies;
use crate::outcome::{Failure, Outcome};
use crate::sys::clock::saturating_ns;
use crate::sys::cpu::{Placement, Reservation, Role};

/// The threads to start.
pub(super) struct Threads {
    pub(super) shards: Vec<Shard>,
    pub(super) reporter: Reporter,
    /// The reporter's interval; `None` without an observer and a latency log.
    pub(super) report_each: Option<Duration>,
    pub(super) detectors: Vec<StallDetector>,
    pub(super) messages: Messages,
    pub(super) planned: Planned,
}

/// The reporter, with a thread of its own or without.
enum Reporting {
    Threaded(Ticker<Reporter>),
    Unobserved(Box<Reporter>),
}

/// The parts of a run that no thread of the data path owns.
pub(super) struct Run {
    pub(super) metrics: Metrics,
    pub(super) sinks: Box<dyn SinkFactory>,
    pub(super) config: Config,
    pub(super) baseline: Baseline,
    /// Whether there is a spill file.
    pub(super) has_spill_file: bool,
}

/// What the control thread owns.
struct Conductor {
    run: Run,
    events: Receiver<Event>,
    stopping: Stopping,
    states: ThreadStates,
    scalers: Vec<Scaling>,
    scaling: Vec<ScaleEvent>,
    reporting: Option<Reporting>,
    monitor: Option<Monitor>,
    logger: Option<Logger>,
    /// Of the CPUs.
    reservation: Reservation,
    rests: Vec<Box<Latencies>>,
    /// When the workers had ended.
    elapsed_ns: Option<u64>,
}

/// Starts the threads, and releases those of the data path when all of them are in place.
///
/// # Errors
///
/// When there is no thread left, or a pin failed that must not. No record has moved then.
pub(super) fn launch(
    run: Run,
    threads: Threads,
    (sender, events): (Sender<Event>, Receiver<Event>),
    stop: Stop,
) -> Result<Running, StartError> {
    let (duration, drain_timeout) = (run.config.stop.duration, run.config.stop.drain_timeout);
    let workers = threads.shards.iter().map(|shard| shard.workers.len());
    let metrics = run.metrics.clone();
    let mut conductor = Conductor {
        stopping: Stopping::new(
            threads.shards.len(),
            workers.clone().sum(),
            saturating_ns(drain_timeout),
            run.has_spill_file,
        ),
        states: ThreadStates::of(workers),
        run,
        events,
        scalers: Vec::new(),
        scaling: Vec::new(),
        reporting: None,
        monitor: None,
        logger: None,
        reservation: threads.planned.reservation.clone(),
        rests: Vec::new(),
        elapsed_ns: None,
    };
    let barrier = conductor.spawn(threads, &sender)?;
    if let Some(duration) = duration {
        conductor.stopping.over_at(saturating_ns(duration));
    }
    let finished = Finished::default();
    let outcome = finished.clone();
    // Spawned before the threads are released: without it nothing would end them.
    let (release, released) = std::sync::mpsc::channel();
    let spawned = spawn_background("control", move || {
        if let Ok(placement) = released.recv() {
            // Set in any case: whoever joins would wait for ever.
            outcome.set(caught(|| conductor.conduct(placement)));
        }
    });
    spawned.map_err(StartError::System)?;
    // Cannot fail: the thread waits for it.
    let _ = release.send(barrier.release());
    Ok(Running::new(stop, metrics, finished))
}

impl Conductor {
    /// Spawns every thread. A thread inherits its parent's CPUs, and this one is not pinned; those of the data path pin
    /// themselves. The others come last, because their first interval begins with them.
    fn spawn(
        &mut self,
        threads: Threads,
        events: &Sender<Event>,
    ) -> Result<StartBarrier, StartError> {
        let mut barrier = StartBarrier::new(threads.planned);
        let mut scalers = Vec::new();
        for shard in threads.shards {
            scalers.extend(shard.scaler);
            for worker in shard.workers {
                let (shard, index) = (worker.shard, worker.worker.index());
                let slot = barrier.slot(Role::Worker { shard, index });
                spawn_worker(worker, slot, events.clone()).map_err(StartError::System)?;
            }
            let slot = barrier.slot(Role::Producer {
                shard: shard.producer.shard,
            });
            spawn_producer(shard.producer, slot, events.clone()).map_err(StartError::System)?;
        }
        barrier.record_pins(self.run.config.placement.pin)?;
        self.reporting = Some(match threads.report_each {
            Some(interval) => {
                let ticker = Ticker::spawn("reporter", interval, threads.reporter, Reporter::tick);
                Reporting::Threaded(ticker.map_err(StartError::System)?)
            }
            None => Reporting::Unobserved(Box::new(threads.reporter)),
        });
        let messages = threads.messages;
        let logger = Logger::spawn(messages.clone());
        self.logger = Some(logger.map_err(StartError::System)?);
        let monitor = Monitor::spawn(threads.detectors, messages.clone());
        self.monitor = Some(monitor.map_err(StartError::System)?);
        for scaler in scalers {
            let interval = self.run.config.scaling.autoscale_interval;
            let scaling = Scaling::spawn(interval, scaler, messages.clone());
            self.scalers.push(scaling.map_err(StartError::System)?);
        }
        Ok(barrier)
    }

    /// Handles events until the run is over, then draws up the outcome.
    fn conduct(mut self, placement: Placement) -> Outcome {
        // Not logged here: this thread must hear of a stop, whatever blocks.
        if let Some(logger) = &self.logger {
            let warnings = placement.warnings.iter();
            warnings.for_each(|warning| logger.warn(warning.to_string()));
        }
        self.states.placement = placement;
        if let Err(message) = caught(|| self.handle_events()) {
            // Nobody keeps the order any more: the threads leave by themselves.
            for shard in &self.run.metrics.shards {
                shard.halt();
                shard.workers_ended();
            }
            let thread = "control".into();
            self.states
                .failures
                .push(Failure::Panic { thread, message });
        }
        self.conclude()
    }

    fn handle_events(&mut self) {
        let clock = self.run.metrics.shards[0].clock;
        while !self.stopping.is_over() {
            let deadline = self
                .stopping
                .next_look_ns()
                .and_then(|at_ns| clock.instant(at_ns));
            let event = match deadline {
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    self.events.recv_timeout(left).ok()
                }
                None => self.events.recv().ok(),
            };
            match event {
                Some(event) => self.on_event(event),
                None => self.input(Input::Time),
            }
        }
    }

    fn input(&mut self, input: Input) {
        let now_ns = self.run.metrics.shards[0].clock.now_ns();
        let Actions {
            quiesce,
            halt,
            workers_ended,
        } = self.stopping.on(input, now_ns);
        for shard in &self.run.metrics.shards {
            if quiesce {
                shard.quiesce();
            }
            if halt {
                shard.halt();
            }
            if workers_ended {
                shard.workers_ended();
            }
        }
        if quiesce || halt {
            self.end_scaling();
        }
        if workers_ended {
            self.elapsed_ns = Some(now_ns);
        }
    }

    /// The active set stays as it is from now on.
    fn end_scaling(&mut self) {
        self.scaling
            .extend(self.scalers.drain(..).flat_map(Scaling::end));
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Asked(Request::Stop(cause)) => self.input(Input::Stop(cause)),
            Event::Asked(Request::Halt) => self.input(Input::Halt),
            Event::ProducerClosed(end, extents) => {
                self.states.inputs.extend(extents);
                let stop = Input::Stop;
                match end {
                    Ok(ProducerEnd::EndOfInput) => self.input(stop(StopCause::EndOfInput)),
                    Ok(ProducerEnd::CountReached) => self.input(stop(StopCause::CountReached)),
                    Ok(ProducerEnd::DurationOver) => self.input(stop(StopCause::DurationOver)),
                    Ok(ProducerEnd::Quiesced) => {}
                    // The workers' own events carry the reason.
                    Ok(ProducerEnd::NoLane) => self.input(Input::Drain),
                    Ok(ProducerEnd::SourceFailed(error)) => self.fail(Failure::Source(error)),
                    Err(message) => self.source_panicked(message),
                }
                self.input(Input::ProducerClosed);
            }
            Event::ProducerEnded {
                shard,
                panic,
                usage,
            } => {
                self.states.producer_ended(shard, usage);
                if let Some(message) = panic {
                    self.source_panicked(message);
                }
                self.input(Input::ProducerEnded);
            }
            Event::WorkerSpills { shard, worker, end } => {
                self.states.worker(shard, worker).spills = true;
                self.input(Input::WorkerSpills);
                self.worker_end(shard, worker, end);
            }
            Event::WorkerEnded {
                shard,
                worker,
                end,
                usage,
                rest,
                sink,
            } => {
                self.rests.extend(rest);
                if let Some(sink) = sink {
                    let number = self.states.number(shard, worker);
                    self.states.sinks.add(number, sink);
                }
                let state = self.states.worker(shard, worker);
                state.usage = Some(usage);
                let was_spilling = state.spills;
                self.worker_end(shard, worker, end);
                self.input(Input::WorkerEnded { was_spilling });
            }
        }
    }

    fn worker_end(&mut self, shard: usize, worker: usize, end: Result<WorkerEnd, String>) {
        let number = self.states.number(shard, worker);
        let state = self.states.worker(shard, worker);
        match end {
            Ok(WorkerEnd::Drained(last_partial)) => {
                state.drained = true;
                state.last_partial = last_partial;
            }
            Ok(WorkerEnd::Halted | WorkerEnd::Spilled) => {}
            Ok(WorkerEnd::ReaderClosed) => {
                state.reader_closed = true;
                self.input(Input::Stop(StopCause::ReaderClosed));
            }
            Ok(WorkerEnd::SpillFailed(error)) => self.fail(Failure::Spill {
                worker: number,
                error,
            }),
            Ok(WorkerEnd::SinkFailed(error)) => self.fail(Failure::Sink {
                worker: number,
                error,
            }),
            Err(message) => self.fail(Failure::Panic {
                thread: format!("worker {number}: the sink"),
                message,
            }),
        }
    }

    fn source_panicked(&mut self, message: String) {
        let thread = "the source".into();
        self.fail(Failure::Panic { thread, message });
    }

    fn fail(&mut self, failure: Failure) {
        self.states.failures.push(failure);
        self.input(Input::Stop(StopCause::Failed));
    }

    fn conclude(mut self) -> Outcome {
        self.end_scaling();
        let _ = self.monitor.take().map(Monitor::end);
        let _ = self.logger.take().map(Logger::end);
        let shared_later = self.reservation.release();
        self.states.placement.warnings.extend(shared_later);
        let scaling = std::mem::take(&mut self.scaling);
        let metrics = &self.run.metrics;
        let mut outcome = self.states.outcome(metrics, &self.stopping, scaling);
        if let Some(elapsed_ns) = self.elapsed_ns {
            outcome.elapsed = Duration::from_nanos(elapsed_ns);
        }
        // The line of the last interval must precede the summary.
        let reporter = match self.reporting.take() {
            Some(Reporting::Threaded(ticker)) => ticker.end(),
            Some(Reporting::Unobserved(reporter)) => Some(*reporter),
            None => None,
        };
        match reporter {
            Some(reporter) => reporter.finish(&self.rests, &mut outcome),
            None => finish_without_reporter(metrics, &self.rests, &mut outcome),
        }
        outcome.validity = self.run.baseline.assess(metrics, &outcome);
        if !self.stopping.all_ended() {
            // The counters of an abandoned thread still change, so they need not balance.
            return outcome;
        }
        self.check(outcome)
    }

    /// The last checks: of the ledger, and the sink factory's.
    fn check(&mut self, mut outcome: Outcome) -> Outcome {
        let ledger = outcome.ledger;
        if !ledger.balanced() {
            outcome.failures.push(Failure::Unbalanced(ledger));
        }
        if outcome.failures.is_empty() && ledger.is_delivered() && self.states.all_drained() {
            match caught(|| self.run.sinks.verdict(&ledger)) {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => outcome.failures.push(Failure::Verdict(reason)),
                Err(message) => outcome.failures.push(Failure::Panic {
                    thread: "the sinks' verdict".into(),
                    message,
                }),
            }
        }
        outcome
    }
}
