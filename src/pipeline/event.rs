//! What the threads of the data path tell the control thread.

use crate::control::stop::Request;
use crate::engine::producer::ProducerEnd;
use crate::engine::sink::Sink;
use crate::engine::worker::WorkerEnd;
use crate::metrics::latency::Latencies;
use crate::sys::usage::ThreadUsage;

/// One of a shard's threads, or whoever asks for a stop, has something to say. A panic comes as its message.
pub(super) enum Event {
    Asked(Request),
    /// The lanes are closed, and this is why.
    ProducerClosed(Result<ProducerEnd, String>),
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
