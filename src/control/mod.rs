//! Floor 3: what steers the data path from outside.
//!
//! ```text
//!   ShardHandle --sample--> Scaler --calls-> autoscale (pure) --set--> active set, read by the dispatcher
//!   signal, duration, caller --request--> Stop --quiesce, halt--> control block, wakers
//!   ShardHandle --read--> StallDetector --> which worker stalls, and for how long
//! ```
//!
//! Invariants:
//! * Nothing here sees a record, a lane's bytes or a sink: its only access to the data path is a shard's handle.
//! * Nothing here logs or spawns a thread: `pipeline` does, with the returned values.

pub(crate) mod autoscale;
pub(crate) mod scale_event;
pub(crate) mod scaler;
#[cfg(feature = "cli")]
pub(crate) mod signals;
pub(crate) mod stall_detector;
pub(crate) mod stop;
pub(crate) mod stop_cause;

pub(crate) use scale_event::SCALING;
pub use scale_event::{ScaleEvent, ScaleReason};
pub use stop_cause::StopCause;
