//! The threads of a pipeline: how each begins and ends.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::engine::producer::Producer;
use crate::engine::worker::{Worker, WorkerEnd};
use crate::metrics::exchange::Recorder;
use crate::pipeline::running::Event;
use crate::pipeline::start_barrier::Slot;
use crate::sys::usage::ThreadUsage;

/// How long a control thread gets to end: it may be stuck in a write that nobody reads.
pub(super) const END_PATIENCE: Duration = Duration::from_secs(1);

/// A control thread that does something each interval, until it is ended.
pub(super) struct Ticker<T> {
    end: Sender<()>,
    state: Receiver<T>,
}

impl<T: Send + 'static> Ticker<T> {
    /// Calls `tick` with `state` each interval, on a schedule that does not drift; after a delay the ticks that were
    /// missed are left out.
    pub(super) fn spawn(
        name: &str,
        interval: Duration,
        mut state: T,
        tick: impl Fn(&mut T) + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let (give, given) = mpsc::channel();
        let body = move || {
            let mut next = Instant::now() + interval;
            loop {
                let left = next.saturating_duration_since(Instant::now());
                if ended.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                    let _ = give.send(state); // nobody takes it any more after END_PATIENCE
                    return;
                }
                tick(&mut state);
                while next <= Instant::now() {
                    next += interval;
                }
            }
        };
        Builder::new().name(name.into()).spawn(body)?;
        Ok(Self { end, state: given })
    }

    /// Ends the thread and gives its state back; none if it panicked, or is stuck and left behind.
    pub(super) fn end(self) -> Option<T> {
        drop(self.end);
        self.state.recv_timeout(END_PATIENCE).ok()
    }
}

/// Spawns the producer's thread. The handle is not kept: the thread says itself that it ended, and one that hangs in a
/// source is left behind.
pub(super) fn spawn_producer(
    producer: Producer,
    slot: Slot,
    events: Sender<Event>,
) -> io::Result<()> {
    let body = move || {
        let Some(_reservation) = slot.take() else {
            return;
        };
        let end = caught(|| producer.run());
        // Nobody listens any more when the thread was left behind.
        let _ = events.send(Event::ProducerEnded(end, ThreadUsage::of_this_thread()));
    };
    Builder::new().name("producer".into()).spawn(body).map(drop)
}

/// Spawns a worker's thread; see [`spawn_producer`] for its handle.
pub(super) fn spawn_worker(
    mut worker: Worker,
    slot: Slot,
    events: Sender<Event>,
) -> io::Result<()> {
    let index = worker.index;
    let body = move || {
        let Some(_reservation) = slot.take() else {
            return;
        };
        let mut end = caught(|| worker.run());
        worker.rest();
        // A panic left its batch in the lane.
        let leaves_records = end.as_ref().map_or(true, WorkerEnd::leaves_records);
        if leaves_records && let Some(spill) = worker.spill.take() {
            // Told first: the run is to stop, and this worker ends when it has.
            let _ = events.send(Event::WorkerSpills { worker: index, end });
            end = caught(|| worker.spill(spill));
        }
        let rest = worker.recorder.take().map(Recorder::into_rest);
        // The lane closes, so that nothing more is published to it; a sink may panic even when it is dropped.
        let end = caught(|| drop(worker)).and(end);
        let _ = events.send(Event::WorkerEnded {
            worker: index,
            end,
            usage: ThreadUsage::of_this_thread(),
            rest,
        });
    };
    let name = format!("worker-{index}");
    Builder::new().name(name).spawn(body).map(drop)
}

/// Runs a thread's work and turns a panic into its message: no thread dies unnoticed.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}
