//! Floor 2: THE DATA PATH, in flow order.
//!
//! ```text
//!           lends a burst              publish               batch / release           write
//!   source ---------------> dispatch ----------> lane x N ------------------> worker --------> sink
//!      '----- producer thread -----'     SPSC, records + bytes     '---- worker thread N ----'
//!                 |                                                        |
//!                 |  throttle: usage -> pause                              |  spin -> yield -> park
//!                 '-------------- words (quiesce, halt, active) -----------'
//! ```
//!
//! Invariants:
//! * After start nothing here takes a lock, allocates or makes a system call per record; the file sink takes its lock
//!   once per batch, and whatever waits sleeps in the kernel.
//! * A record is copied once: from the source's buffer into its lane. The sink reads it there.
//! * A burst is routed whole or in parts, in order; a worker never sees positions fall.
//! * Only the dispatcher publishes and routes; only a worker releases. Control sets words and reads gauges.

pub(crate) mod record;

pub(crate) mod source;

pub(crate) mod producer;

pub(crate) mod throttle;

pub(crate) mod dispatch;

pub(crate) mod lane;

pub(crate) mod batch;

pub(crate) mod retry;

pub(crate) mod worker;

pub(crate) mod sink;
pub(crate) mod sink_error;

pub(crate) mod spill;

pub(crate) mod control_block;
