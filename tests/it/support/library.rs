//! For tests of the library: a source that follows orders, and sinks that report the batches they get.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use splashdam::sources::{Generator, Rate};
use splashdam::{
    Batch, BurstBuffer, Config, Demand, Lent, Outcome, Pending, Pipeline, Running, Sink, SinkError,
    Source, Wrote,
};

use super::patiently;

/// A configuration with small lanes and workers that are always active; batches are due by size only.
pub(crate) fn config(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.channel_size = 1_024;
    config.batch_size = 64;
    config.lane_bytes = 256 << 10;
    config.batch_bytes = 64 << 10;
    config.max_record_bytes = 64 << 10;
    config.batch_timeout = std::time::Duration::from_secs(3_600);
    set(&mut config);
    config.min_workers = config.max_workers;
    config
}

/// A generator that is as fast as the pipeline allows.
pub(crate) fn generator(record_bytes: Option<usize>) -> Generator {
    Generator::new(Rate::Max, record_bytes, 0)
}

/// Waits for a run's end, with a timeout.
#[track_caller]
pub(crate) fn join(running: Running) -> Outcome {
    let joined = std::thread::spawn(move || running.join());
    patiently(|| joined.is_finished().then_some(())).expect("a run that ends");
    joined.join().unwrap()
}

/// Runs a pipeline to its end.
#[track_caller]
pub(crate) fn run(pipeline: Pipeline) -> Outcome {
    join(pipeline.start().unwrap())
}

/// What to do next, for [`Told`].
pub(crate) enum Order {
    /// Lend that many short lines at once.
    Lend(usize),
    Fail(&'static str),
    Panic(&'static str),
}

/// A source that follows orders, and ends when their sender is dropped.
pub(crate) struct Told {
    orders: Receiver<Order>,
    buffer: BurstBuffer,
}

pub(crate) fn told() -> (Sender<Order>, Told) {
    let (tell, orders) = mpsc::channel();
    let buffer = BurstBuffer::default();
    (tell, Told { orders, buffer })
}

impl Source for Told {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        match self.orders.try_recv() {
            Ok(Order::Lend(records)) => {
                self.buffer.clear();
                for _ in 0..records {
                    self.buffer.push(demand.now_ns, b"told");
                }
                Ok(Lent::Burst(self.buffer.burst()))
            }
            Ok(Order::Fail(why)) => Err(io::Error::other(why)),
            Ok(Order::Panic(why)) => panic!("{why}"),
            // Whoever orders has no waker: ask again soon.
            Err(TryRecvError::Empty) => {
                Ok(Lent::Pending(Pending::until(demand.now_ns + 1_000_000)))
            }
            Err(TryRecvError::Disconnected) => Ok(Lent::End),
        }
    }
}

/// A batch as a sink saw it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) worker: usize,
    pub(crate) positions: Vec<u64>,
    pub(crate) bytes: usize,
}

impl Seen {
    pub(crate) fn len(&self) -> usize {
        self.positions.len()
    }
}

/// A sink that reports each batch.
pub(crate) struct Telling {
    worker: usize,
    to: Sender<Seen>,
}

/// A factory of sinks that report their batches, and the receiver of those reports.
pub(crate) fn telling() -> (
    impl FnMut(usize) -> io::Result<Telling> + Send,
    Receiver<Seen>,
) {
    let (to, heard) = mpsc::channel();
    let open = move |worker| {
        let to = to.clone();
        Ok(Telling { worker, to })
    };
    (open, heard)
}

impl Sink for Telling {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let headers = batch.headers().into_iter().flatten();
        let seen = Seen {
            worker: self.worker,
            positions: headers.map(|header| header.position).collect(),
            bytes: batch.byte_len(),
        };
        self.to
            .send(seen)
            .map(|()| Wrote::All)
            .map_err(|_| SinkError::from(io::Error::other("nobody listens")))
    }
}

/// The next batch.
#[track_caller]
pub(crate) fn next(heard: &Receiver<Seen>) -> Seen {
    patiently(|| heard.try_recv().ok()).expect("a batch")
}
