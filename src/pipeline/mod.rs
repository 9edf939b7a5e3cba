//! Floor 6: assembles shards, owns every thread, keeps the stop order and draws up the ledger.
//!
//! ```text
//!   Pipeline --start--> Running --join--> Outcome
//!      builder              |
//!                           '- control: Event --> Stopping (pure) --> quiesce, halt, ended; then the outcome
//!   shard: producer, worker 0..N (each pins itself, and no record moves before all are in place)
//!   besides, unpinned: reporter --> observer, latency log;  scaler, monitor, data path --> logger;  signals
//! ```
//!
//! Invariants:
//! * No thread is spawned anywhere else, and none by a pinned thread.
//! * The stop order is kept by the control thread, whether or not the pipeline is joined.
//! * The number of active workers does not change any more once a stop has begun.
//! * A panic in a source or a sink ends that thread with a name and a reason; the others stop in order.
//! * A run ends: after the drain deadline, or on a halt, threads that hang are abandoned, and their records count as
//!   abandoned. Those that spill get up to 10 s.
//! * Only the logger logs, and an observer may. They, and the writer of a latency log, run code that may block: each
//!   has a thread of its own that nobody waits for, except for a while at the end.

mod assess;
mod builder;
mod calibrate;
mod collector;
mod conductor;
mod error;
mod event;
mod latency_log;
mod logger;
mod metrics;
mod monitor;
mod observing;
mod outcome_builder;
mod reporter;
mod running;
mod sampler;
mod scaling;
mod shard;
#[cfg(feature = "cli")]
mod signals;
mod source_limit;
mod start_barrier;
mod stopping;
mod threads;
mod ticker;

pub use builder::Pipeline;
pub use error::StartError;
pub use metrics::Metrics;
pub use running::Running;
#[cfg(feature = "cli")]
pub(crate) use signals::listen;
#[cfg(feature = "cli")]
pub use signals::on_stop_signals;
pub(crate) use start_barrier::plan;
pub(crate) use stopping::{SECOND_SIGNAL_AFTER, SPILL_GRACE};
#[cfg(feature = "cli")]
pub(crate) use threads::spawn_background;
