//! The public builder: a source, sinks, a configuration, an observer, a latency log, a spill file.

use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

use super::assess::Baseline;
use super::collector::Collector;
use super::conductor::{Run, Threads, launch};
use super::error::StartError;
use super::event::Event;
use super::latency_log::LatencyLog;
use super::logger::Messages;
use super::metrics::Metrics;
use super::observing::{Observer, Observing};
use super::reporter::Reporter;
use super::running::Running;
use super::shard::{Ingredients, Shard, lane_memory};
use super::start_barrier;
use crate::config::{Config, TIME_MAX};
use crate::control::stall_detector::StallDetector;
use crate::control::stop::Stop;
use crate::engine::sink::SinkFactory;
use crate::engine::source::Source;
use crate::metrics::exchange::{Gatherer, exchange};
use crate::outcome::Snapshot;
use crate::sinks::FileSink;
use crate::sys::clock::Clock;
use crate::sys::sync::Arc;

/// A pipeline that has not started yet: a source, a sink per worker, and how to run them.
///
/// ```
/// use splashdam::{Batch, Config, Pipeline, Sink, SinkError, Wrote};
/// use splashdam::sources::{Generator, Rate};
///
/// /// Counts the bytes that arrive.
/// #[derive(Default)]
/// struct Meter {
///     bytes: usize,
/// }
///
/// impl Sink for Meter {
///     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
///         self.bytes += batch.byte_len();
///         Ok(Wrote::All)
///     }
/// }
///
/// let config = Config::default().count(100_000).max_workers(2);
/// let source = Generator::new(Rate::Max, None, 0);
/// let running = Pipeline::new(source, |_worker: usize| Ok(Meter::default())).config(config).start()?;
/// let outcome = running.join();
/// assert_eq!(outcome.ledger.delivered, 100_000);
/// assert_eq!(outcome.exit_code(), 0);
/// let bytes: usize = outcome.sinks.of::<Meter>().map(|meter| meter.bytes).sum();
/// assert_eq!(bytes as u64, outcome.delivered_bytes);
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

/// The interval of a latency log without an observer.
const LOG_EACH: Duration = Duration::from_secs(1);

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

    /// Calls `observer` with the counters each `interval` (1 ms to ten years), on a thread of its own, until the run
    /// ends.
    ///
    /// An observer that is slow, blocked or panics costs no figures. Up to 64 calls wait for a slow one; beyond that it
    /// misses intervals. At the end of the run it has a second to see what waits, and is left behind after that. One
    /// that panics is not called again, and the run has failed.
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

    /// Writes the latencies of each interval - [`observe`](Self::observe)'s, or a second - to `log` as an
    /// `HdrHistogram` interval log: two lines an interval, tagged `response` and `service`, in nanoseconds, on a thread
    /// of its own. Together the lines of a tag are the run's distribution. Writes nothing if latency is not recorded.
    /// Needs the feature `hlog`, which is on by default.
    ///
    /// While a write takes longer than an interval, the next intervals are added up to one. A write that blocks is left
    /// behind 5 s after the end. A log that cannot be written fails the run at its end, and only then.
    #[cfg(feature = "hlog")]
    #[must_use]
    pub fn log_latency(mut self, log: impl Write + Send + 'static) -> Self {
        self.latency_log = Some(Box::new(log));
        self
    }

    /// Writes the records that cannot be delivered - at the drain deadline, after a final failure of a sink or a panic,
    /// on a second signal - to a file, whole, so that a later run can read them.
    ///
    /// Each worker writes what its lane holds; a worker that hangs in its sink cannot, and its records are abandoned.
    /// A record that the sink had accepted in part is written whole: this one may then be in both outputs; after a
    /// failed fsync or a panic it may be a whole batch. A spill file that fails is not tried again: the rest is
    /// abandoned, and the run fails.
    #[must_use]
    pub fn spill(mut self, spill: FileSink) -> Self {
        self.spill = Some(spill);
        self
    }

    /// Validates the configuration, makes the sinks, allocates every lane, places the threads and starts them.
    ///
    /// Call it on a thread that is not pinned, because the pipeline's threads inherit its CPUs.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing runs then.
    pub fn start(mut self) -> Result<Running, StartError> {
        let planned = start_barrier::place(&self.config)?;
        let config = &self.config;
        let cpu = planned.producer_cpu(0);
        let mut baseline = Baseline::of(self.source.as_ref(), cpu, config.batch.batch_timeout);
        let sinks = (0..config.scaling.max_workers).map(|worker| self.sinks.open(worker));
        let sinks = sinks
            .collect::<io::Result<Vec<_>>>()
            .map_err(StartError::Sink)?;
        let memory = lane_memory(config);
        let recorded = if config.latency { sinks.len() } else { 0 };
        let (recorders, collectors) = (0..recorded).map(|_| exchange()).unzip();
        let gatherer = config.latency.then(|| Gatherer::new(collectors));
        let messages = Messages::new();
        // The producer begins it: setup time must not count as schedule lag of the first records.
        let (clock, start) = Clock::held();
        let shard = Shard::new(
            config,
            Ingredients {
                id: 0,
                source: self.source,
                sinks,
                memory,
                recorders,
                spill: self.spill.clone(),
                notices: messages.notices(),
                clock,
                start,
                spin_ns: planned.placement.spin_ns,
            },
        );
        let shards = vec![shard];
        let handles: Vec<_> = shards
            .iter()
            .map(|shard| Arc::clone(&shard.handle))
            .collect();
        baseline.watch(&handles);
        let metrics = Metrics {
            collector: gatherer.map(|gatherer| Collector::shared(gatherer, handles.clone())),
            shards: handles.clone(),
        };
        let (report_each, observer) = self.observer.unzip();
        let log = self.latency_log.filter(|_| config.latency);
        let report_each = report_each.or(log.is_some().then_some(LOG_EACH));
        let log = log.map(|log| LatencyLog::spawn(log, clock.began()));
        let log = log.transpose().map_err(StartError::System)?;
        let observing = observer.map(Observing::spawn);
        let observing = observing.transpose().map_err(StartError::System)?;
        let (sender, events) = mpsc::channel();
        let requests = sender.clone();
        // Fails once the run is over; the request is then void.
        let notify = move |request| drop(requests.send(Event::Asked(request)));
        let stop = Stop::new(handles.clone(), notify);
        let threads = Threads {
            shards,
            reporter: Reporter::new(metrics.clone(), log, observing),
            report_each,
            detectors: handles.into_iter().map(StallDetector::new).collect(),
            messages,
            planned,
        };
        let run = Run {
            metrics,
            sinks: self.sinks,
            config: self.config,
            baseline,
            has_spill_file: self.spill.is_some(),
        };
        launch(run, threads, (sender, events), stop)
    }
}
