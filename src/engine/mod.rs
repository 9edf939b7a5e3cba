//! Floor 2: THE DATA PATH, in flow order. It knows no file, socket, format or log line.
//!
//! ```text
//!           lends a burst               publish               batch / release           write
//!   source ---------------> dispatch ----------> lane x N ------------------> worker --------> sink
//!      '----- producer thread -----'     SPSC, records + bytes     '---- worker thread N ----'
//!      ^          |  throttle: usage -> pause        |                     |  spin or yield -> sleep
//!      |          |---------- control block (quiesce, halt, active) -------|
//!      |          '<------------------ room word: wake-ups ---------------'
//!      '--acknowledge-- low-water mark <-- the position after each lane's last released record
//! ```
//!
//! Invariants:
//! * After start nothing here takes a lock, allocates or makes a system call per record; a thread that waits sleeps in
//!   the kernel, in `sys::wait`.
//! * A record is copied once: from the source's buffer into its lane. The sink reads it there.
//! * A burst is routed whole or in parts, in order; within a lane positions only rise.
//! * Only the dispatcher publishes and routes; only a worker releases. Control sets flags and reads gauges.
//! * Producer and worker are machines with a `step`: what they decide is tested on one thread with a manual clock.

pub(crate) mod context;
pub(crate) mod notice;
pub(crate) mod record;

pub(crate) mod extent;
pub(crate) mod source;

pub(crate) mod producer;
pub(crate) mod producer_step;
pub(crate) mod waits;

pub(crate) mod dispatch;
pub(crate) mod dispatch_policy;
pub(crate) mod route;
pub(crate) mod throttle;

pub(crate) mod lane;

pub(crate) mod batch;
pub(crate) mod due;
pub(crate) mod latency;
pub(crate) mod retry;
pub(crate) mod worker;

pub(crate) mod sink;
pub(crate) mod sink_error;
pub(crate) mod spill;

pub(crate) mod watermark;

pub(crate) mod control_block;
pub(crate) mod room;
pub(crate) mod shard;

#[cfg(all(test, not(loom)))]
mod tests;
