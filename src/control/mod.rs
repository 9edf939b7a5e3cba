//! Floor 3: what steers the data path from outside.
//!
//! ```text
//!   counters, gauges --sample--> Scaler --asks--> autoscale (pure) --set--> active set, read by the dispatcher
//!   signal, duration, caller --request--> Stop --quiesce, halt--> words --read by--> path
//!                                           '--event--> the thread that joins the pipeline
//!   counters, gauges --look--> Watchdog --says--> a warning, and how long who stalled
//! ```
//!
//! Invariants:
//! * Nothing here sees a record, a lane's bytes or a sink.
//! * Control reaches the path only through the words of `engine::control_block`, a bell and unparks.

pub(crate) mod autoscale;
pub(crate) mod scale_event;
pub(crate) mod scaler;
pub(crate) mod signals;
pub(crate) mod stall_detector;
pub(crate) mod stop;
pub(crate) mod stop_cause;

pub use scale_event::{ScaleEvent, ScaleReason};
pub use stop_cause::StopCause;
