//! Floor 5: what people and programs see of a run. [`Report`](crate::Report) holds all of it; this folder shows it.
//!
//! ```text
//!   Snapshot, each interval --metrics_line--> [METRICS] ... --.        Report --summary--> text, --json--> FILE
//!                           --progress--> a bar ------------- stderr          '--html--> FILE
//!   events, panics, messages --------format-----------------'
//! ```
//!
//! Invariants:
//! * Only this folder and `cli` print. Messages go to standard error, the rest to the requested files: standard output
//!   belongs to the sink, or to the command that prints.
//! * Figures are shown as they were counted; nothing here computes a figure that the library does not offer.

#[cfg(feature = "cli")]
pub(crate) mod ending;
#[cfg(feature = "cli")]
pub(crate) mod events;
#[cfg(feature = "cli")]
pub(crate) mod format;
#[cfg(feature = "cli")]
pub(crate) mod hgrm;
pub(crate) mod hlog;
#[cfg(feature = "html")]
pub(crate) mod html;
#[cfg(any(feature = "cli", feature = "html"))]
pub(crate) mod human_duration;
#[cfg(any(feature = "cli", feature = "html"))]
pub(crate) mod human_number;
#[cfg(feature = "cli")]
pub(crate) mod json;
#[cfg(feature = "cli")]
mod metrics_line;
#[cfg(feature = "cli")]
pub(crate) mod progress;
#[cfg(feature = "cli")]
pub(crate) mod status;
#[cfg(feature = "cli")]
pub(crate) mod stderr;
#[cfg(feature = "cli")]
pub(crate) mod summary;

pub use crate::outcome::report::{
    Backpressure, BatchCounts, Interval, LatencyPercentiles, Ledger, Origin, Setting, SinkTotals,
    Stop, Throughput, Worker,
};
#[cfg(feature = "html")]
pub use html::page;
#[cfg(feature = "cli")]
pub(crate) use stderr::{say, say_as, say_error};
