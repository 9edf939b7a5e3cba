//! Floor 4: the result of a run, as data: no printing, no thread, no clock.
//!
//! ```text
//!   counters, ends of threads --pipeline--> Outcome --Report::new--> Report --report--> summary, JSON, page
//!   Snapshots --differences--> Series: what happened in each interval
//!   looks at a run --LoadWatch (pure)--> when it was behind its schedule
//!   evidence of a run --assess (pure)--> Validity: what its figures are worth
//! ```

pub(crate) mod failure;
pub(crate) mod interference;
pub(crate) mod interval;
mod overload;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod saturation;
pub(crate) mod series;
pub(crate) mod sinks;
pub(crate) mod snapshot;
#[cfg(feature = "cli")]
pub(crate) mod status;
pub(crate) mod validity;

pub use failure::Failure;
pub use interval::{Interval, IntervalResponse};
pub use report::{Report, ReportError};
pub use run::{Outcome, ThreadReport, WorkerReport};
pub use saturation::{Limit, Stretch};
pub use sinks::Sinks;
pub use snapshot::Snapshot;
pub use validity::Validity;
