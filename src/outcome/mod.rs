//! Floor 4: what a run came to, as data: no printing, no thread, no clock.
//!
//! ```text
//!   counters, ends of threads --pipeline--> Outcome --report--> summary, JSON, page
//!   Snapshots --differences--> Series: what each interval brought
//!   evidence of a run --assess (pure)--> Validity: what its figures are worth
//! ```

pub(crate) mod run;
pub(crate) mod series;
pub(crate) mod snapshot;
pub(crate) mod validity;

pub use run::{Outcome, ThreadReport, WorkerReport};
pub use series::{Interval, IntervalResponse};
pub use snapshot::Snapshot;
pub use validity::Validity;
