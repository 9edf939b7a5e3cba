//! Splashdam moves log records from a source to a sink through lock-free lanes, on pinned threads, at the speed of
//! memory, and loses nothing - and it measures honestly while it does so. This page is its architecture document.
//!
//! Splash dams were gates on logging rivers: they held logs back, let a head of water build up, and flushed the whole
//! batch downstream.
//!
//! ```text
//!          lends a burst               publish                batch / release          write
//!   Source ------------> Dispatcher ------------------> Lane ------------------> Worker -------> Sink
//!   (producer thread, pinned)                 one per worker, SPSC          (pinned, parks)
//!                       |  usage -> throttle; full -> WhenFull        |  size | age | drain
//!    counters  <--------+---------------------------------------------+   measure
//!                       ^ quiesce, halt, active set                   ^
//!                       +-------------------- control ----------------+
//! ```
//!
//! Start with [`Pipeline`] to embed it, with [`Source`] and [`Sink`] to extend it, and with `engine/mod.rs` to
//! understand it.
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
//! | 4 | `components`, `config`, `outcome` | text to components; settings; what a run came to |
//! | 3 | `sources`, `sinks`, `control` | what records come from and go to; autoscaler, stall detector, stop, signals |
//! | 2 | `engine` | the data path: source, producer, dispatch, lane, worker, sink |
//! | 1 | `metrics`, `framing`, `verify` | counters, latencies, the ledger; where records end; which numbers came |
//! | 0 | `sys` | clock, waiting, placement, the only re-export of atomics |
//!
//! # Laws
//!
//! 1. No `unsafe`, anywhere.
//! 2. Atomics come from `sys::sync` and are used only in `engine::lane`, `metrics`, the control words, `sys`, and where
//!    a signal's number is noted; every
//!    ordering other than Relaxed names its pair.
//! 3. After start there is no lock, channel, allocation or system call per record on the data path. (Per batch a file
//!    sink takes a lock and makes a system call; a thread with nothing to do sleeps in the kernel.)
//! 4. Control never sees a record, a lane's bytes or a sink. It sets words; only the dispatcher routes.
//! 5. No thread is spawned outside `pipeline`; nothing prints outside `cli` and `report`.
//! 6. Every record is accounted for: `produced = delivered + dropped + spilled + abandoned`, checked at the end of each
//!    run.
//!
//! # Threads
//!
//! `main` is never pinned: it waits, joins and reports. `producer` owns the source and the dispatcher; `worker-N` owns
//! its lane's reading end and its sink; both pin themselves. `scaler` samples
//! and sets the active set; `reporter` calls the observer; `watch` says which sink
//! fails or stalls. `ctrlc` has a thread for
//! signals. All of them are started by unpinned threads, because a thread inherits its parent's CPUs.
//!
//! # The stop
//!
//! Quiesce the source: the producer takes nothing more in, publishes what it has, and drops the lanes' writing ends.
//! That closes the lanes; the producer unparks every worker. Each worker drains its lane, hands over the last partial
//! batch, flushes its sink and ends. `main` joins them and draws up the ledger. A halt (drain deadline, second signal)
//! makes every thread leave at its next look; what is left in the lanes is counted as abandoned, or written to the
//! spill file by each worker for its own lane - a lane's reading end never changes hands, so a worker that hangs in its
//! sink cannot spill, and is left behind.
//!
//! # When a sink fails
//!
//! A failure is retryable, final, or a reader that closed. After a retryable one the worker keeps its batch in the
//! lane, parks for 10 ms to 1 s and tries again behind the bytes that were accepted; the lane fills, and the source
//! slows down. That goes on through a stop, until the drain deadline. After a final one, or a panic, the run stops in
//! order; where there is a spill file the worker goes on to empty its lane into that.
//!
//! Workers print nothing: `watch`, a thread of its own, says what they report of their sinks, and which of them has not
//! moved for 5 s while records wait.
//!
//! # Words
//!
//! *Record*: any bytes ending in a newline. *Position*: its number at the source. *Burst*: what a source lends and
//! the dispatcher publishes. *Batch*: what a worker takes and, after its sink accepted it, releases. *Lane*: one
//! worker's queue, two rings. *Occupancy*: what is in a lane; *usage*: its share of what fits, the larger of records
//! and bytes. *Route*: how a lane is chosen. *Throttle*: pauses of the producer by usage. *Quiesce*, *drain*,
//! *flush*, *halt*: take nothing more in; deliver what was accepted; push buffers out; leave now. *Due*, *published*,
//! *delivered*: when a record should have been produced, entered its lane, was accepted by the sink. *Ledger*: where
//! every record went. Units are suffixes: `_ns`, `_bytes`.
//!
//! # Decisions that a measurement made
//!
//! * A throttle pause ends as soon as usage is back at the lowest step. Served in full, the default table's shortest
//!   pause (500 us) is longer than a worker at 50 M records/s takes to empty the default lane (0.3 ms).
//! * The wait in a header between due and published is a small floating-point number, not fixed units: exact to the
//!   nanosecond below 134 ms and still right after hours of overload.

#[cfg(not(target_pointer_width = "64"))]
compile_error!("Splashdam is for 64-bit machines: lengths and totals share one width");

#[doc(hidden)]
pub mod bench_support;
pub mod cli;
mod components;
mod config;
mod control;
mod engine;
mod metrics;
mod outcome;
mod pipeline;
pub mod report;
pub mod sinks;
pub mod sources;
mod sys;
mod verify;

pub use config::{Config, ConfigErrors};
pub use control::signals::{SignalError, on_stop_signals};
pub use control::stop::Stop;
pub use control::{ScaleEvent, ScaleReason, StopCause};
pub use engine::batch::{Batch, Record};
pub use engine::context::Context;
pub use engine::dispatch::WhenFull;
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
    Failure, Interval, IntervalResponse, Outcome, Report, ReportError, Sinks, Snapshot,
    ThreadReport, Validity, WorkerReport,
};
pub use pipeline::{Metrics, Pipeline, Running, StartError};
pub use sys::clock::{Clock, ClockHand};
pub use sys::cpu::{Pin, PlacedThread, Placement};
pub use sys::provenance::Provenance;
pub use sys::wait::{Pending, Waker};
pub use sys::warning::Warning;

/// The README's program compiles.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
