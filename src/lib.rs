//! Splashdam moves log records from a source to a sink through lock-free lanes, on pinned threads, at the speed of
//! memory. It loses nothing without counting it, and it measures honestly while it does so. (Splash dams were gates on
//! logging rivers: they held logs back, let a head of water build up, and flushed the whole batch downstream.)
//!
//! ```
//! use splashdam::sources::{Generator, Rate};
//! use splashdam::{Batch, Config, Pipeline, Sink, SinkError, Wrote};
//!
//! /// Adds up the bytes that arrive.
//! #[derive(Default)]
//! struct Meter(usize);
//!
//! impl Sink for Meter {
//!     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
//!         self.0 += batch.byte_len();
//!         Ok(Wrote::All)
//!     }
//! }
//!
//! let config = Config::default().count(100_000);
//! let pipeline = Pipeline::new(Generator::new(Rate::Max, None, 0), |_worker: usize| Ok(Meter::default()));
//! let outcome = pipeline.config(config).start()?.join().into_result()?;
//! let bytes: usize = outcome.sinks.of::<Meter>().map(|meter| meter.0).sum();
//! println!("{} records, {bytes} bytes", outcome.ledger.delivered);
//! # assert_eq!((outcome.ledger.delivered, bytes as u64), (100_000, outcome.delivered_bytes));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The [guide] has programs to start from: embed a pipeline, push records from a thread of your own, write to an output
//! that is not always ready, and read the metrics of a run. The rest of this page is the architecture.
//!
//! # The picture
//!
//! ```text
//!          lends a burst               publish                batch / release          write
//!   Source ------------> Dispatcher ------------------> Lane ------------------> Worker -------> Sink
//!   ^  (producer thread, pinned)              one per worker, SPSC         (pinned)
//!   |                   |  usage -> throttle; full -> WhenFull        |  size | age | drain
//!   |  counters <-------+---------------------------------------------+   measure
//!   |                   ^ quiesce, halt, active set           ^
//!   |                   +-------------- control thread ---------------+
//!   '--acknowledge-- low-water mark <-- the position behind each lane's last released record
//! ```
//!
//! # Extending
//!
//! *A source* implements [`Source`]: asked for records it lends a [`Burst`] of its own buffer, or says with a
//! [`Pending`] what it waits for - a moment, up to four descriptors, or its [`Waker`], which any thread may call. It
//! never waits itself. Sources that keep a checkpoint ask for [acknowledgements](Source::wants_acknowledgements).
//!
//! *A sink* implements [`Sink`]; each worker owns one, which a [`SinkFactory`] (a closure, mostly) made. It takes a
//! [`Batch`] as it lies in the lane and answers [`Wrote::All`], or [`Wrote::Part`] with a [`Pending`] when its output
//! is not ready. [`SinkError`] is for what failed.
//!
//! Both receive a [`Context`] at the start: the run's clock, their waker, and a way to log. They log through it alone.
//! Records are any bytes ending in a newline.
//!
//! # Floors
//!
//! Imports run downward only; a test checks it.
//!
//! | floor | module | what |
//! |---|---|---|
//! | 8 | `cli`, `main` | arguments and files to a run, a run to an exit code |
//! | 7 | `bench_support` | the engine's parts one by one, for the benches; no part of the library's promise |
//! | 6 | `pipeline` | assembles; owns every thread, the stop order and the ledger |
//! | 5 | `report` | what people and programs get to see |
//! | 4 | `components`, `config`, `outcome` | text or tables to components; settings; the result of a run |
//! | 3 | `sources`, `sinks`, `control` | what records come from and go to; autoscaler, stall detector, stop, signals |
//! | 2 | `engine` | the data path: source, producer, dispatch, lane, worker, sink |
//! | 1 | `metrics`, `framing`, `verify`, `values` | counters, latencies, ledger; framing; sequence numbers; values |
//! | 0 | `sys` | clock, waiting, placement, the only re-export of atomics |
//!
//! # Laws
//!
//! 1. No `unsafe`, anywhere.
//! 2. Atomics come from `sys::sync` and are used only in `engine::lane`, the control block, `metrics` and `sys`; every
//!    ordering other than Relaxed names its pair.
//! 3. After start there is no lock, channel, allocation or system call per record on the data path. A thread with
//!    nothing to do sleeps in the kernel, in `sys::wait` and nowhere else. (Per batch a file sink takes a lock and
//!    makes a system call.)
//! 4. Control never sees a record, a lane's bytes or a sink. It sets flags and reads gauges through a shard's handle;
//!    only the dispatcher routes. What is settled flows back as one word per lane.
//! 5. No thread is spawned outside `pipeline`; nothing prints outside `cli` and `report`; nothing below `pipeline`
//!    logs.
//! 6. Every record is accounted for: `produced = delivered + dropped + spilled + abandoned`, checked at the end of each
//!    run.
//! 7. The engine knows no component: no file, no socket, no format.
//!
//! # Threads
//!
//! | thread | pinned | what it does |
//! |---|---|---|
//! | `producer` | yes | owns the source and the dispatcher |
//! | `worker-N` | yes | owns the reading end of its lane, and its sink |
//! | `control` | no | `pipeline::conductor`: keeps the stop order and draws up the [`Outcome`] |
//! | `monitor` | no | looks every 500 ms which worker does not move |
//! | `logger` | no | logs for all others |
//! | `sampler` | no | looks ten times a second how much waits; only for a source with a schedule |
//! | `scaler` | no | samples the lanes and sets how many workers are active; only with `autoscale` |
//! | `reporter` | no | gathers each interval's figures; only with an observer or a latency log |
//! | `observer` | no | calls the observer; only where there is one |
//! | `latency-log` | no | writes the latency log; only where there is one |
//!
//! The caller's thread starts them and must not be pinned itself, because a thread inherits its parent's CPUs. No
//! record moves before all pinned threads are in place; the run's clock begins when the producer does. With
//! [`on_stop_signals`] there are two more: `signals`, and the `ctrlc` crate's; in the program also `stderr`.
//!
//! Whoever logs, observes or writes the latency log runs code that may block. Three threads do nothing else, and
//! nothing waits for them: what does not fit into the queues to them is counted or added up, and one that is blocked
//! at the end is left behind. In the program they hand lines to the thread `stderr`, which alone writes to standard
//! error: a pipe that nobody reads, or a terminal that Ctrl-S has stopped, blocks nothing else.
//!
//! # Waiting
//!
//! Producer and workers sleep in one way: until a wake-up, a moment or a descriptor, whichever comes first. A wake-up
//! is sticky and means "look again". It costs nothing to wake a thread that is awake.
//!
//! A producer whose batches may wait in their lane anyway need not wake for each record: after a wake-up it lets
//! records gather for `pacing_rest` - a twentieth of `batch_timeout`, 5 ms at most, if nothing else is set - unless it
//! is woken with [`Waker::wake_now`]. With 0 every wake-up counts at once. What a record waits for that is a part of
//! its response of its own, `pacing`.
//!
//! # The stop
//!
//! The control thread keeps the order, whether or not anybody joins:
//!
//! 1. *Quiesce.* The producer takes nothing more in; what the source has read already, or what fell due before, it
//!    still lends ([`Source::lend_buffered`]). At the end of a duration the producer begins this by itself.
//! 2. *Drain.* The producer closes the lanes. Each worker delivers what its lane holds, the last partial batch too.
//! 3. *Flush.* Each worker flushes its sink, closes it and ends.
//! 4. *Acknowledge*, for the last time: no worker releases anything any more, so the low-water mark is final.
//! 5. *Close the source*; the producer ends.
//! 6. *Join.* Each thread reports its own end to the control thread, with its sink and its last latencies.
//! 7. *Ledger.* The control thread adds up, checks that every record is accounted for, asks the sinks' verdict, and
//!    hands the outcome to [`Running::join`].
//!
//! In `pipeline::stopping` steps 1 to 3 are the phase `Draining`, 4 and 5 `Closing`, the rest `Over`. When the drain
//! timeout has passed, on [`Running::halt`] and on a second signal (1 s or more after the first) the run *halts*: every
//! thread leaves at its next look; what is left in the lanes is abandoned and counted, or spilled. Each worker spills
//! its own lane: a lane's reading end never changes hands. A thread that hangs in a source or a sink is left behind:
//! its records count as abandoned, and its sink does not come back. Time in which the process does not run moves every
//! deadline.
//!
//! | what | gets |
//! |---|---|
//! | draining, and with it spilling after a final failure | `drain_timeout` |
//! | threads, to leave after a halt; the source, to close | 200 ms |
//! | workers, to begin to spill after a halt | 2 s |
//! | workers, to spill after a halt | 10 s |
//! | the producer, to close the lanes after a halt, before a worker that spills ends | 1 s |
//! | the logger and the observer, to end | 1 s each |
//! | the latency log, to write its last interval | 5 s |
//! | in the program, standard error, to be read | 1 s from write to write, 10 s in all |
//!
//! # Settled records
//!
//! A record is *settled* when it needs no further care: its sink accepted it, a policy dropped and counted it, or it
//! was spilled. What accepted is worth is the sink's to say. The *low-water mark* is the position below which every
//! record is settled. Each lane publishes the position behind the last record that it released; the mark is the least
//! of these over the lanes that are not empty, or else the position behind everything dispatched. It never falls, and
//! never passes a record that a halt or a failure cut off. Below it a source may forget: commit an offset, delete a
//! file. No source in this crate asks for it yet; a program's own may.
//!
//! # Shards
//!
//! A shard is a producer with its lanes, workers and sinks. A pipeline has one now, and everything that watches or
//! steers takes a list of them. A record's identity is (shard, position): [`Context::shard`] and
//! [`RecordHeader::position`].
//!
//! # When a sink fails, or is not ready
//!
//! *Not ready* is no failure. A sink that answers [`Wrote::Part`] is called again, with the rest of the same batch,
//! when what it waits for has happened. The worker waits meanwhile and heeds a halt.
//!
//! A *failure* is retryable, final, or a reader that closed and may ([`SinkErrorKind`]). EPIPE by itself is retryable;
//! only the sink of standard output takes it for the end. After a retryable failure the worker keeps its batch in the
//! lane, waits 10 ms to 1 s and tries the rest of the same batch again, behind the records that were accepted. That
//! goes on through a stop, until the drain deadline. After a final one, or a panic, the run stops in order; if there is
//! a spill file the worker empties its lane into that.
//!
//! An output that is not ready, and a retryable failure, cost time and no records: the lane fills, and a full lane
//! slows the source down. After a final failure what the lane holds is spilled, or without a spill file abandoned and
//! counted; either way the exit code is 1. A final failure is reported when the run has ended, with the others.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | record | any bytes ending in a newline |
//! | position | a record's number at its source: 0, 1, 2, ... |
//! | shard | a producer with its lanes, workers and sinks |
//! | burst | what a source lends and the dispatcher publishes |
//! | batch | what a worker takes and, after its sink accepted it, releases |
//! | lane | one worker's queue: two rings, headers and bytes |
//! | occupancy, usage | what is in a lane; its share of what fits, the larger of records and bytes |
//! | route | how a lane is chosen |
//! | throttle | pauses of the producer by usage |
//! | pending | what a source or a sink waits for |
//! | waker | wakes the one thread that calls a source or a sink |
//! | quiesce, drain, flush, halt | take nothing more in; deliver what was accepted; push buffers out; leave now |
//! | settled | delivered, dropped and counted, or spilled |
//! | low-water mark | the position below which every record is settled |
//! | due, published | when a record should have been produced; when its burst reached the dispatcher, before any wait |
//! | taken, delivered | when its batch was handed to the sink; when the sink accepted it |
//! | response, service | from due to delivered; from published to delivered |
//! | pacing, schedule lag | from due to published: because the producer rested; because it came late |
//! | ledger | where every record went |
//! | spill | write records that cannot be delivered to a file, whole |
//!
//! Units are suffixes: `_ns`, `_bytes`.
//!
//! # Features
//!
//! All are on by default. Without them the library has what a pipeline in a program of your own needs: 31 crates
//! instead of 70.
//!
//! | feature | what |
//! |---|---|
//! | `cli` | the program, and `on_stop_signals` |
//! | `html` | `report::page` |
//! | `hlog` | `Pipeline::log_latency`; `cli` needs it |
//!
//! # Decisions that a measurement made
//!
//! * A throttle pause ends as soon as usage is back at the lowest step. Served in full, the default table's shortest
//!   pause (500 us) is longer than a worker at 50 M records/s takes to empty the default lane (0.3 ms).
//! * There is no pause while no lane holds a whole batch. With batches as large as a lane it would only delay the
//!   records that make one: 52 M records/s became 1.3.
//! * The wait in a header between due and published is a small floating-point number, not fixed units: exact to the
//!   nanosecond below 67 ms and still right after hours of overload.
//! * A producer lets records gather. To wake from a sleep costs about 5 us of CPU time on bare metal and 40 to 60 us on
//!   a virtual machine; at a wake-up per record that would be most of the cost of a slow pipeline.
//! * A sink is called dynamically: a nanosecond or two per batch, and the engine is one piece of code for all sinks.

#![cfg_attr(
    not(all(feature = "cli", feature = "html")),
    allow(
        dead_code,
        unused_imports,
        reason = "what only the program or the page uses; the full build finds what nobody uses"
    )
)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("Splashdam is for 64-bit machines: lengths and totals share one width");

#[doc(hidden)]
pub mod bench_support;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod components;
pub mod config;
mod control;
mod engine;
mod framing;
pub mod guide;
mod metrics;
mod outcome;
mod pipeline;
pub mod reference;
pub mod report;
pub mod sinks;
pub mod sources;
mod sys;
mod values;
mod verify;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::{fuzzing, main as cli_main};
pub use config::{Config, ConfigError, ConfigErrors};
#[cfg(feature = "cli")]
pub use control::signals::SignalError;
pub use control::stop::Stop;
pub use control::{ScaleEvent, ScaleReason, StopCause};
pub use engine::batch::{Batch, Record};
pub use engine::context::Context;
pub use engine::dispatch::WhenFull;
pub use engine::extent::Extent;
pub use engine::record::{Burst, BurstBuffer, RecordHeader};
pub use engine::route::Route;
pub use engine::sink::{Sink, SinkFactory, Wrote};
pub use engine::sink_error::{OnSinkError, SinkError, SinkErrorKind};
pub use engine::source::{Demand, Lent, Source};
pub use engine::throttle::Throttle;
pub use metrics::{
    DropReason, Dropped, LatencyReport, LatencySummary, Ledger, Percentile, Percentiles,
};
pub use outcome::{
    Failure, Interval, IntervalResponse, Limit, Outcome, Report, ReportError, Sinks, Snapshot,
    Stretch, ThreadReport, Validity, WorkerReport,
};
#[cfg(feature = "cli")]
pub use pipeline::on_stop_signals;
pub use pipeline::{Metrics, Pipeline, Running, StartError};
pub use sys::clock::{Clock, ClockHand};
pub use sys::cpu::{Pin, PlacedThread, Placement};
pub use sys::provenance::Provenance;
pub use sys::text::ValueError;
pub use sys::wait::{Pending, Waker};
pub use sys::warning::Warning;

/// The README's program compiles.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
