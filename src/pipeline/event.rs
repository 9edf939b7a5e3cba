//! Events: what the threads of the data path send to the control thread.

use crate::control::stop::Request;
use crate::engine::extent::Extent;
use crate::engine::producer::ProducerEnd;
use crate::engine::sink::Sink;
use crate::engine::worker::WorkerEnd;
use crate::metrics::latency::Latencies;
use crate::sys::usage::ThreadUsage;

/// An event of a shard's thread, or a request to stop. A panic is passed on as its message.
pub(super) enum Event {
    Asked(Request),
    /// The lanes are closed, for this reason; the inputs that have an end were read so far.
    ProducerClosed(Result<ProducerEnd, String>, Vec<Extent>),
    /// The source is closed, or panicked, and the producer's thread is over.
    ProducerEnded {
        shard: usize,
        panic: Option<String>,
        usage: ThreadUsage,
    },
    /// Its sink is of no more use, or the run was halted: the worker writes the rest of its lane to the spill file.
    /// A [`WorkerEnded`](Self::WorkerEnded) follows, with how the spilling ended.
    WorkerSpills {
        shard: usize,
        worker: usize,
        end: Result<WorkerEnd, String>,
    },
    WorkerEnded {
        shard: usize,
        worker: usize,
        end: Result<WorkerEnd, String>,
        usage: ThreadUsage,
        /// The latencies that it had not handed over.
        rest: Option<Box<Latencies>>,
        /// `None` after a panic.
        sink: Option<Box<dyn Sink>>,
    },
}
