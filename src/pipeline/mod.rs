//! Floor 4: assembles the path, owns every thread, keeps the stop order and draws up the ledger.
//!
//! ```text
//!   Pipeline --start--> Running --join--> Outcome
//!                          |  spawns: reporter, scaler, watch (unpinned), producer, worker 0..N (each pins itself,
//!                          |          then waits for the others: no record moves before all are in place)
//!                          '- hears:  Event::{Asked, ProducerEnded, WorkerEnded}, one channel
//! ```
//!
//! Invariants:
//! * No thread is spawned anywhere else, and none by a pinned thread.
//! * The number of active workers does not change any more once a stop has begun.
//! * A panic in a source or a sink ends that thread with a name and a reason; the others stop in order.
//! * `join` returns: when the drain deadline has passed, or on a halt, threads that hang are left behind and their
//!   records counted as abandoned. Those that spill are waited for, 10 s at most.

mod assess;
mod calibrate;
mod monitor;
mod outcome_builder;
mod running;
mod sampler;
mod source_limit;
mod start_barrier;
mod threads;

use std::io::{self, Write};
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use assess::Before;
pub use running::Running;
pub(crate) use running::SPILL_GRACE;
use running::{Crew, Event, Parts};
use sampler::{Probe, Reporter};
pub(crate) use start_barrier::plan;

use crate::config::{Config, ConfigErrors, TIME_MAX};
use crate::control::autoscale::Policy;
use crate::control::scaler::Scaler;
use crate::control::stall_detector::Watchdog;
use crate::control::stop::Stop;
use crate::engine::control_block::ControlWords;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher};
use crate::engine::lane::{Extent, Gauge, LaneReader, LaneSize, LaneWriter, lane};
use crate::engine::producer::{Producer, linger_ns};
use crate::engine::retry::{Notice, Retry};
use crate::engine::sink::{Sink, SinkFactory};
use crate::engine::source::Source;
use crate::engine::spill::Spill;
use crate::engine::worker::{BatchLimits, Worker};
use crate::metrics::counters::Counters;
use crate::metrics::exchange::{Gatherer, Recorder, exchange};
use crate::outcome::Snapshot;
use crate::sinks::FileSink;
use crate::sys::clock::Clock;
use crate::sys::sync::{Arc, CachePadded, Unparker};
use crate::sys::wait::backoff::Idle;
use crate::sys::wait::bell::{Bell, bell};

/// Why a pipeline did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration contradicts itself, or names CPUs that the process may not use.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A sink could not be made.
    #[error("{0}")]
    Sink(io::Error),
    /// A thread is not pinned, and the configuration's [`pin`](Config::pin) is strict.
    #[error("pin is strict, and threads are {0}")]
    Placement(String),
    /// The system has no thread or descriptor left.
    #[error("cannot start the pipeline: {0}")]
    System(io::Error),
}

/// A pipeline that has not started yet: a source, a sink per worker, and what to do with them.
///
/// ```
/// use splashdam::{Batch, Config, Pipeline};
/// use splashdam::{Sink, SinkError};
/// use splashdam::sources::{Generator, Rate};
///
/// /// Adds up what arrives.
/// #[derive(Default)]
/// struct Meter {
///     bytes: usize,
/// }
///
/// impl Sink for Meter {
///     fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
///         self.bytes += batch.byte_len();
///         Ok(())
///     }
/// }
///
/// let mut config = Config::default();
/// config.count = Some(100_000);
/// config.max_workers = 2;
/// let source = Generator::new(Rate::Max, None, 0);
/// let running = Pipeline::new(source, |_worker: usize| Ok(Meter::default())).config(config).start()?;
/// let outcome = running.join();
/// assert_eq!(outcome.ledger.delivered, 100_000);
/// assert_eq!(outcome.exit_code(), 0);
/// # Ok::<(), splashdam::StartError>(())
/// ```
pub struct Pipeline {
    source: Box<dyn Source>,
    sinks: Box<dyn SinkFactory>,
    config: Config,
    observer: Option<(Duration, Observer)>,
    latency_log: Option<Box<dyn Write + Send>>,
    spill: Option<FileSink>,
}

/// The intervals of a latency log that nobody observes.
const LOG_EACH: Duration = Duration::from_secs(1);

/// Called by the reporter thread, each interval.
pub(crate) type Observer = Box<dyn FnMut(&Snapshot) + Send>;

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Pipeline {
    /// A pipeline from `source` to the sinks that `sinks` makes, one per worker, with the default configuration.
    pub fn new(source: impl Source + 'static, sinks: impl SinkFactory + 'static) -> Self {
        Self {
            source: Box::new(source),
            sinks: Box::new(sinks),
            config: Config::default(),
            observer: None,
            latency_log: None,
            spill: None,
        }
    }

    /// Sets the configuration.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Has `observer` called with the counters each `interval` (1 ms to ten years), on a thread of its own, until the run ends.
    #[must_use]
    pub fn observe(
        mut self,
        interval: Duration,
        observer: impl FnMut(&Snapshot) + Send + 'static,
    ) -> Self {
        let interval = interval.clamp(Duration::from_millis(1), TIME_MAX);
        self.observer = Some((interval, Box::new(observer)));
        self
    }

    /// Has the latencies of each interval - [`observe`](Self::observe)'s, or a second - written to `log` as an `HdrHistogram`
    /// interval log: two lines an interval, tagged `response` and `service`, in nanoseconds, by the reporter thread. Together
    /// they are the run's distributions. A log that cannot be written fails the run at its end, and only then. Writes nothing
    /// where latency is not recorded.
    #[must_use]
    pub fn log_latency(mut self, log: impl Write + Send + 'static) -> Self {
        self.latency_log = Some(Box::new(log));
        self
    }

    /// Has the records that cannot be delivered - at the drain deadline, after a final failure of a sink or a panic, on a
    /// second signal - written to a file, whole, so that they can be fed in again.
    ///
    /// Each worker writes what its lane holds; a worker that hangs in its sink cannot, and its records are abandoned. A
    /// record that the sink had accepted in part is written whole: this one may then be in both outputs.
    #[must_use]
    pub fn spill(mut self, spill: FileSink) -> Self {
        self.spill = Some(spill);
        self
    }

    /// Validates the configuration, makes the sinks, allocates every lane, places the threads and lets them go.
    ///
    /// Call it on a thread that is not pinned: the pipeline's threads can have the CPUs that their parent has.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing runs then.
    pub fn start(mut self) -> Result<Running, StartError> {
        let planned = start_barrier::place(&self.config)?;
        let before = Before::of(self.source.as_ref(), planned.producer_cpu(0));
        let config = &self.config;
        let workers = config.max_workers;
        let sinks: io::Result<Vec<_>> =
            (0..workers).map(|worker| self.sinks.open(worker)).collect();
        let sinks = sinks.map_err(StartError::Sink)?;
        let (bell, ringer) = bell().map_err(StartError::System)?;
        let size = LaneSize {
            records: config.channel_size,
            bytes: config.lane_bytes,
        };
        let (writers, readers): (Vec<_>, Vec<_>) = (0..workers).map(|_| lane(size)).unzip();
        let gauges: Vec<Arc<Gauge>> = writers.iter().map(|w| Arc::clone(w.gauge())).collect();
        let unparkers: Vec<_> = writers.iter().map(|w| w.unparker().clone()).collect();
        let policy = config.autoscale_policy();
        let active = policy.map_or(workers, |policy| policy.min_workers);
        let (events, heard) = mpsc::channel();
        let exchanges = (0..workers).map(|_| config.latency.then(exchange));
        let (recorders, collectors): (Vec<_>, Vec<_>) = exchanges.map(Option::unzip).unzip();
        let collectors: Option<Vec<_>> = collectors.into_iter().collect();
        let gatherer = collectors.map(Gatherer::new);
        // Behind all that takes its time, and whose time would count as the first records' lateness.
        let clock = Clock::start();
        let shared = Shared {
            words: Arc::new(ControlWords::new(active)),
            counters: Arc::new(Counters::new(workers)),
            clock,
            idle: Idle::new(clock, planned.placement.spin_ns),
            spill: self.spill,
        };
        let probe = Probe {
            counters: Arc::clone(&shared.counters),
            words: Arc::clone(&shared.words),
            gauges,
            clock,
        };
        let (report_each, observer) = self.observer.unzip();
        let log = self.latency_log.filter(|_| gatherer.is_some());
        let report_each = report_each.or(log.is_some().then_some(LOG_EACH));
        let reporter = Reporter::new(probe.clone(), gatherer, unparkers.clone(), log, observer);
        let notices = mpsc::channel();
        let watchdog = Watchdog::new(
            probe.gauges.clone(),
            Arc::clone(&shared.counters),
            shared.clock,
        );
        let crew = Crew {
            reporter,
            report_each,
            scaler: policy.map(|policy| shared.scaler(policy, &probe, &unparkers)),
            producer: shared.producer(config, self.source, writers, bell),
            workers: shared.workers(config, readers, sinks, recorders, &notices.0),
            watch: (watchdog, notices),
            planned,
        };
        let tell = events.clone();
        // Nobody hears a request any more once the pipeline has been joined.
        let tell = move |cause| drop(tell.send(Event::Asked(cause)));
        let parts = Parts {
            stop: Stop::new(Arc::clone(&probe.words), ringer, unparkers, tell),
            probe,
            sinks: self.sinks,
            config: self.config,
            before,
            spills: shared.spill.is_some(),
        };
        Running::launch(parts, (events, heard), crew)
    }
}

/// What every thread of the path shares.
struct Shared {
    words: Arc<CachePadded<ControlWords>>,
    counters: Arc<Counters>,
    clock: Clock,
    idle: Idle,
    spill: Option<FileSink>,
}

impl Shared {
    /// A thread's own way to the spill file.
    fn spill(&self) -> Option<Spill> {
        self.spill.clone().map(Spill::new)
    }

    fn scaler(&self, policy: Policy, probe: &Probe, workers: &[Unparker]) -> Scaler {
        Scaler::new(
            policy,
            Arc::clone(&self.words),
            probe.gauges.clone(),
            Arc::clone(&self.counters),
            workers.to_vec(),
            self.clock,
        )
    }

    fn producer(
        &self,
        config: &Config,
        source: Box<dyn Source>,
        lanes: Vec<LaneWriter>,
        bell: Bell,
    ) -> Producer {
        let policy = DispatchPolicy {
            route: config.route,
            when_full: config.when_full,
            throttle: config.throttle.clone(),
            max_record_bytes: config.max_record_bytes,
        };
        Producer {
            source,
            dispatcher: Dispatcher::new(
                lanes,
                policy,
                Arc::clone(&self.words),
                Arc::clone(&self.counters),
                self.clock,
                self.idle,
            )
            .spill_to(self.spill()),
            bell,
            words: Arc::clone(&self.words),
            clock: self.clock,
            idle: self.idle,
            left: config.count.unwrap_or(u64::MAX),
            linger_ns: linger_ns(config.batch_timeout),
            woke_ns: 0,
        }
    }

    fn workers(
        &self,
        config: &Config,
        readers: Vec<LaneReader>,
        sinks: Vec<Box<dyn Sink>>,
        recorders: Vec<Option<Recorder>>,
        notices: &Sender<Notice>,
    ) -> Vec<Worker> {
        let limits = BatchLimits {
            extent: Extent {
                records: config.batch_size as u64,
                bytes: config.batch_bytes as u64,
            },
            timeout: config.batch_timeout,
        };
        let make = |(index, ((lane, sink), recorder))| Worker {
            index,
            lane,
            sink,
            limits,
            words: Arc::clone(&self.words),
            counters: Arc::clone(&self.counters),
            clock: self.clock,
            idle: self.idle,
            recorder,
            last_partial: None,
            retry: Retry::new(config.on_sink_error, index as u64, Some(notices.clone())),
            spill: self.spill(),
        };
        readers
            .into_iter()
            .zip(sinks)
            .zip(recorders)
            .enumerate()
            .map(make)
            .collect()
    }
}
