//! A pipeline that runs: its threads, and the thread that waits for them.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::Observer;
use crate::config::Config;
use crate::control::stop::Stop;
use crate::measure::counters::Counters;
use crate::measure::{DropReason, Dropped, Ledger, Outcome, Snapshot, StopCause, WorkerReport};
use crate::path::lane::Gauge;
use crate::path::producer::{Producer, ProducerEnd};
use crate::path::sink::SinkFactory;
use crate::path::words::ControlWords;
use crate::path::worker::{Worker, WorkerEnd};
use crate::sys::clock::Clock;
use crate::sys::cores::{Placement, pin};
use crate::sys::sync::{Arc, CachePadded};

/// How long threads get to notice a halt before they are left behind. Those between two batches leave within
/// microseconds; those inside a sink may never.
const HALT_GRACE: Duration = Duration::from_millis(200);

/// What the joining thread hears.
#[derive(Debug)]
pub(crate) enum Event {
    Asked(StopCause),
    ProducerEnded(Result<ProducerEnd, String>),
    WorkerEnded(usize, Result<WorkerEnd, String>),
}

/// What a running pipeline keeps beside its threads.
pub(crate) struct Parts {
    pub(crate) stop: Stop,
    pub(crate) counters: Arc<Counters>,
    pub(crate) words: Arc<CachePadded<ControlWords>>,
    pub(crate) gauges: Vec<Arc<Gauge>>,
    pub(crate) clock: Clock,
    pub(crate) sinks: Box<dyn SinkFactory>,
    pub(crate) config: Config,
}

/// A running pipeline. [`join`](Self::join) it to learn its outcome; dropped unjoined it stops in order by itself,
/// without anyone waiting for it.
pub struct Running {
    parts: Parts,
    heard: Receiver<Event>,
    producer: Option<JoinHandle<()>>,
    workers: Vec<Option<JoinHandle<()>>>,
    reporter: Option<(Sender<()>, JoinHandle<()>)>,
    state: State,
}

/// How far the run has come.
#[derive(Debug, Default)]
struct State {
    cause: Option<StopCause>,
    /// A signal came; the next one halts.
    signalled: bool,
    halted_by: Option<i32>,
    deadline_passed: bool,
    failures: Vec<String>,
    last_partial: Vec<Option<u64>>,
    /// Workers whose output nobody reads any more.
    reader_closed: Vec<bool>,
    drain_by: Option<Instant>,
    /// After a halt: when threads that have not ended are left behind.
    leave_by: Option<Instant>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.parts.stop.quiesce();
    }
}

impl Running {
    pub(super) fn launch(
        parts: Parts,
        (events, heard): (Sender<Event>, Receiver<Event>),
        placement: &Placement,
        producer: Producer,
        workers: Vec<Worker>,
        observer: Option<(Duration, Observer)>,
    ) -> io::Result<Self> {
        let count = workers.len();
        let mut running = Self {
            parts,
            heard,
            producer: None,
            workers: Vec::new(),
            reporter: None,
            state: State {
                last_partial: vec![None; count],
                reader_closed: vec![false; count],
                ..State::default()
            },
        };
        // A thread inherits its parent's CPUs: the reporter comes from this unpinned thread, like all the others,
        // which then pin themselves.
        if let Some((interval, observer)) = observer {
            running.reporter = Some(running.spawn_reporter(interval, observer)?);
        }
        for (worker, cpu) in workers.into_iter().zip(&placement.workers) {
            let (events, index, cpu) = (events.clone(), worker.index, *cpu);
            let body = move || {
                pin_or_warn(cpu);
                let end = caught(|| worker.run());
                let _ = events.send(Event::WorkerEnded(index, end));
            };
            let name = format!("worker-{index}");
            running
                .workers
                .push(Some(Builder::new().name(name).spawn(body)?));
        }
        let cpu = placement.producer;
        let body = move || {
            pin_or_warn(cpu);
            let end = caught(|| producer.run());
            let _ = events.send(Event::ProducerEnded(end));
        };
        running.producer = Some(Builder::new().name("producer".into()).spawn(body)?);
        Ok(running)
    }

    fn spawn_reporter(
        &self,
        interval: Duration,
        mut observer: Observer,
    ) -> io::Result<(Sender<()>, JoinHandle<()>)> {
        let (end, ended) = mpsc::channel();
        let snapshot = self.snapshots();
        let body = move || {
            let mut next = Instant::now() + interval;
            loop {
                let left = next.saturating_duration_since(Instant::now());
                if ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                observer(&snapshot());
                next += interval;
            }
        };
        Ok((end, Builder::new().name("reporter".into()).spawn(body)?))
    }

    /// A handle that stops this pipeline, for other threads.
    pub fn stopper(&self) -> Stop {
        self.parts.stop.clone()
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots()()
    }

    fn snapshots(&self) -> impl Fn() -> Snapshot + Send + 'static {
        let counters = Arc::clone(&self.parts.counters);
        let words = Arc::clone(&self.parts.words);
        let gauges = self.parts.gauges.clone();
        let clock = self.parts.clock;
        move || {
            let active = words.active().min(gauges.len());
            let mut snapshot = Snapshot {
                elapsed: Duration::from_nanos(clock.now_ns()),
                produced: counters.producer.produced.get(),
                delivered: 0,
                dropped: counters.producer.dropped.get(),
                queue: 0,
                queue_capacity: 0,
                workers: active,
            };
            for worker in &counters.workers {
                snapshot.delivered += worker.delivered.get();
            }
            for gauge in &gauges[..active] {
                snapshot.queue += gauge.occupancy().records;
                snapshot.queue_capacity += gauge.size().records as u64;
            }
            snapshot
        }
    }

    /// Waits until the run has ended and everything is delivered, or until what stops that has happened, and says
    /// what it came to.
    pub fn join(mut self) -> Outcome {
        let duration = self.parts.config.duration;
        let over = duration.and_then(|duration| Instant::now().checked_add(duration));
        while self.still_running() {
            let by = self.state.leave_by.or(self.state.drain_by).or(over);
            match self.hear(by) {
                Some(event) => self.note(event),
                None if self.state.leave_by.is_some() => break,
                None if self.state.drain_by.is_some() => {
                    self.state.deadline_passed = true;
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

    fn still_running(&self) -> bool {
        self.producer.is_some() || self.workers.iter().any(Option::is_some)
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Asked(StopCause::Signal(signal)) if self.state.signalled => {
                self.state.halted_by.get_or_insert(signal);
                self.halt();
            }
            Event::Asked(cause) => {
                self.state.signalled |= matches!(cause, StopCause::Signal(_));
                self.stop(cause);
            }
            Event::ProducerEnded(end) => {
                self.producer = None;
                match end {
                    Ok(ProducerEnd::EndOfInput) => self.stop(StopCause::EndOfInput),
                    Ok(ProducerEnd::CountReached) => self.stop(StopCause::CountReached),
                    Ok(ProducerEnd::Quiesced | ProducerEnd::NoLane) => {}
                    Ok(ProducerEnd::SourceFailed(error)) => self.fail(format!("source: {error}")),
                    Err(panic) => self.fail(format!("the source panicked: {panic}")),
                }
            }
            Event::WorkerEnded(worker, end) => {
                self.workers[worker] = None;
                match end {
                    Ok(WorkerEnd::Drained(last_partial)) => {
                        self.state.last_partial[worker] = last_partial;
                    }
                    Ok(WorkerEnd::Halted) => {}
                    Ok(WorkerEnd::ReaderClosed) => {
                        self.state.reader_closed[worker] = true;
                        self.stop(StopCause::ReaderClosed);
                    }
                    Ok(WorkerEnd::SinkFailed(error)) => {
                        self.fail(format!("worker {worker}: sink: {error}"));
                    }
                    Err(panic) => self.fail(format!("worker {worker}: the sink panicked: {panic}")),
                }
            }
        }
    }

    /// Begins the orderly stop; the first cause stays the cause.
    fn stop(&mut self, cause: StopCause) {
        self.state.cause.get_or_insert(cause);
        self.parts.stop.quiesce();
        let timeout = self.parts.config.drain_timeout;
        let by = Instant::now().checked_add(timeout);
        self.state.drain_by = self.state.drain_by.or(by);
    }

    fn fail(&mut self, failure: String) {
        self.state.failures.push(failure);
        self.stop(StopCause::Failed);
    }

    fn halt(&mut self) {
        self.parts.stop.halt();
        let by = Instant::now() + HALT_GRACE;
        self.state.leave_by.get_or_insert(by);
    }

    fn conclude(mut self) -> Outcome {
        if let Some((end, reporter)) = self.reporter.take() {
            drop(end);
            let _ = reporter.join();
        }
        let elapsed = Duration::from_nanos(self.parts.clock.now_ns());
        let left_behind = self.still_running();
        let (ledger, workers) = self.draw_up();
        self.judge(&ledger, left_behind);
        let state = std::mem::take(&mut self.state);
        let producer = &self.parts.counters.producer;
        Outcome {
            ledger,
            elapsed,
            delivered_bytes: workers.iter().map(|w| w.delivered_bytes).sum(),
            workers,
            cause: state.cause.unwrap_or(StopCause::Requested),
            halted_by: state.halted_by,
            deadline_passed: state.deadline_passed,
            failures: state.failures,
            throttle_pauses: producer.throttle_pauses.get(),
            throttle_time: Duration::from_nanos(producer.throttle_ns.get()),
            full_waits: producer.full_waits.get(),
            full_time: Duration::from_nanos(producer.full_ns.get()),
        }
    }

    /// Draws up the ledger, in total and per worker.
    fn draw_up(&self) -> (Ledger, Vec<WorkerReport>) {
        let producer = &self.parts.counters.producer;
        let mut ledger = Ledger {
            produced: producer.produced.get(),
            dropped: producer.dropped.get(),
            ..Ledger::default()
        };
        let mut workers = Vec::new();
        for (index, counters) in self.parts.counters.workers.iter().enumerate() {
            let mut report = WorkerReport {
                worker: index,
                delivered: counters.delivered.get(),
                delivered_bytes: counters.delivered_bytes.get(),
                dropped: Dropped::default(),
                abandoned: 0,
                batches_by_size: counters.batches_by_size.get(),
                batches_by_age: counters.batches_by_age.get(),
                batches_by_drain: counters.batches_by_drain.get(),
                parks: counters.parks.get(),
                last_partial: self.state.last_partial[index],
            };
            let left = self.parts.gauges[index].occupancy().records;
            if self.state.reader_closed[index] {
                report.dropped.add(DropReason::ReaderClosed, left);
            } else {
                report.abandoned = left;
            }
            ledger.delivered += report.delivered;
            ledger.dropped.merge(report.dropped);
            ledger.abandoned += report.abandoned;
            workers.push(report);
        }
        // What no lane took: nobody read any more, or it was cut off.
        let unpublished = producer.unpublished.get();
        if self.state.cause == Some(StopCause::ReaderClosed) {
            ledger.dropped.add(DropReason::ReaderClosed, unpublished);
        } else {
            ledger.abandoned += unpublished;
        }
        (ledger, workers)
    }

    /// The last checks: the ledger's, and the sinks' own.
    fn judge(&mut self, ledger: &Ledger, left_behind: bool) {
        // The counters of a thread that was left behind are still moving.
        if !ledger.balanced() && !left_behind {
            let bug = format!("the ledger does not balance, which is a bug: {ledger:?}");
            self.state.failures.push(bug);
        }
        if self.state.failures.is_empty()
            && ledger.abandoned == 0
            && !left_behind
            && let Err(wrong) = self.parts.sinks.verdict(ledger)
        {
            self.state.failures.push(wrong);
        }
    }
}

fn pin_or_warn(cpu: Option<usize>) {
    if let Some(cpu) = cpu
        && let Err(error) = pin(cpu)
    {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        tracing::warn!("{name} is not pinned: {error}");
    }
}

/// Runs a thread's work and turns a panic into its message: no thread dies unnoticed.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
