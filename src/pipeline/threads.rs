//! The threads of a shard, how each begins and ends; and threads that do something besides.

use std::io;
use std::sync::mpsc::Sender;
use std::thread::Builder;

use super::event::Event;
use super::shard::{ProducerThread, WorkerThread};
use super::start_barrier::Slot;
use crate::engine::sink::Sink;
use crate::engine::worker::{Ran, Worker, WorkerEnd};
use crate::metrics::exchange::Recorder;
pub(super) use crate::sys::panics::caught;
use crate::sys::usage::ThreadUsage;

/// Spawns a producer's thread. The handle is not kept: the thread sends an event when it ends, and one that hangs in a
/// source is abandoned.
pub(super) fn spawn_producer(
    mut thread: ProducerThread,
    slot: Slot,
    events: Sender<Event>,
) -> io::Result<()> {
    let shard = thread.shard;
    let body = move || {
        let Some(_reservation) = slot.take() else {
            return;
        };
        let before = ThreadUsage::of_this_thread();
        // Fails if the thread was abandoned and the run is over.
        let notify = |event| drop(events.send(event));
        let mut panic = None;
        thread.start.begin();
        match caught(|| {
            thread.producer.source().start(thread.context.clone());
            thread.producer.run(&mut thread.waits)
        }) {
            Ok(Some(end)) => {
                let extents = caught(|| thread.producer.source().extents());
                panic = extents.as_ref().err().cloned();
                notify(Event::ProducerClosed(Ok(end), extents.unwrap_or_default()));
                let closed = caught(|| thread.producer.run(&mut thread.waits));
                let dropped = caught(move || drop(thread.producer));
                panic = panic.or(closed.err()).or(dropped.err());
            }
            Ok(None) => {} // not reached: a producer closes the lanes before it ends
            Err(message) => {
                // Close the lanes; a source that panicked is not called again.
                let dropped = caught(move || drop(thread.producer));
                notify(Event::ProducerClosed(Err(message), Vec::new()));
                panic = dropped.err();
            }
        }
        notify(Event::ProducerEnded {
            shard,
            panic,
            usage: ThreadUsage::of_this_thread().since(before),
        });
    };
    Builder::new().name("producer".into()).spawn(body).map(drop)
}

/// Spawns a worker's thread; see [`spawn_producer`] for its handle.
pub(super) fn spawn_worker(
    thread: WorkerThread,
    slot: Slot,
    events: Sender<Event>,
) -> io::Result<()> {
    let WorkerThread {
        shard,
        mut worker,
        mut waiter,
        backoff,
        context,
    } = thread;
    let index = worker.index();
    let body = move || {
        let Some(_reservation) = slot.take() else {
            return;
        };
        let before = ThreadUsage::of_this_thread();
        let mut ran = caught(|| {
            worker.sink().start(context);
            worker.run(&mut waiter, &backoff)
        });
        worker.stop_busy_time();
        let panicked = ran.is_err();
        let spills = match &ran {
            Ok(Ran::Ended(_)) => false,
            Ok(Ran::Spills(_)) => true,
            Err(_) => worker.spill_after_panic(), // the panic left its batch in the lane
        };
        if spills {
            // Reported first: the run then stops, and this worker ends when it has.
            let _ = events.send(Event::WorkerSpills {
                shard,
                worker: index,
                end: ran.map(Ran::into_end),
            });
            ran = caught(|| worker.run(&mut waiter, &backoff));
            worker.stop_busy_time();
        }
        let rest = worker.take_recorder().map(Recorder::into_rest);
        let (end, sink) = close(worker, ran.map(Ran::into_end), panicked);
        let _ = events.send(Event::WorkerEnded {
            shard,
            worker: index,
            end,
            usage: ThreadUsage::of_this_thread().since(before),
            rest,
            sink,
        });
    };
    let name = format!("worker-{index}");
    Builder::new().name(name).spawn(body).map(drop)
}

/// Closes a worker and its sink, which may panic at that, too. A sink that panicked does not come back.
fn close(
    mut worker: Worker,
    mut end: Result<WorkerEnd, String>,
    mut panicked: bool,
) -> (Result<WorkerEnd, String>, Option<Box<dyn Sink>>) {
    if !panicked && let Err(message) = caught(|| worker.sink().close()) {
        (end, panicked) = (Err(message), true);
    }
    match caught(|| worker.close()) {
        Ok(sink) if !panicked => (end, Some(sink)),
        Ok(sink) => (caught(|| drop(sink)).and(end), None),
        Err(message) => (Err(message), None),
    }
}

/// Spawns a thread that is no part of the data path. It is not joined: it sends what it has to give.
pub(crate) fn spawn_background(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Builder::new().name(name.into()).spawn(body).map(drop)
}
