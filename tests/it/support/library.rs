//! For tests of the library: sources that follow orders or are pushed to, and sinks that report the batches they get.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex};

use splashdam::sinks::Null;
use splashdam::sources::{Generator, Rate};
use splashdam::{
    Batch, BurstBuffer, Config, Context, Demand, Lent, Outcome, Pending, Pipeline, Running, Sink,
    SinkError, SinkFactory, Source, Wrote,
};

use super::patiently;

/// A configuration with small lanes and workers that are always active; batches are due by size only.
pub(crate) fn config(set: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.lanes.channel_size = 1_024;
    config.batch.batch_size = 64;
    config.lanes.lane_bytes = 256 << 10;
    config.batch.batch_bytes = 64 << 10;
    config.lanes.max_record_bytes = 64 << 10;
    config.batch.batch_timeout = std::time::Duration::from_secs(3_600);
    set(&mut config);
    config.scaling.min_workers = config.scaling.max_workers;
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

#[derive(Default)]
struct Queue {
    /// Due times of records.
    records: Vec<u64>,
    /// Set when the run starts.
    context: Option<Context>,
    closed: bool,
}

/// A queue that any thread may push to; it never polls.
#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Mutex<Queue>>);

pub(crate) struct Pushed {
    feed: Feed,
    buffer: BurstBuffer,
}

impl Feed {
    pub(crate) fn source(&self) -> Pushed {
        Pushed {
            feed: self.clone(),
            buffer: BurstBuffer::default(),
        }
    }

    /// Pushes a record that is due when the run's clock says so; `None`: now.
    pub(crate) fn push_due(&self, due_ns: Option<u64>) {
        self.change(|queue| {
            let now_ns = || queue.context.as_ref().map_or(0, |run| run.clock().now_ns());
            let due_ns = due_ns.unwrap_or_else(now_ns);
            queue.records.push(due_ns);
        });
    }

    pub(crate) fn push(&self) {
        self.push_due(None);
    }

    /// The source ends when it has lent what is left.
    pub(crate) fn close(&self) {
        self.change(|queue| queue.closed = true);
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.0.lock().unwrap();
        change(&mut queue);
        let context = queue.context.clone();
        drop(queue);
        if let Some(context) = context {
            context.waker().wake();
        }
    }

    /// Waits until the run has started.
    pub(crate) fn started(&self) -> Context {
        patiently(|| self.0.lock().unwrap().context.clone()).expect("a start")
    }

    /// Whether the run has dropped its source.
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl Source for Pushed {
    fn start(&mut self, context: Context) {
        self.feed.0.lock().unwrap().context = Some(context);
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        self.buffer.clear();
        let mut queue = self.feed.0.lock().unwrap();
        let records = queue.records.len().min(demand.records);
        for due_ns in queue.records.drain(..records) {
            self.buffer.push(due_ns, b"pushed");
        }
        Ok(if records > 0 {
            Lent::Burst(self.buffer.burst())
        } else if queue.closed {
            Lent::End
        } else {
            Lent::Pending(Pending::woken())
        })
    }

    fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        self.lend(demand)
    }
}

pub(crate) fn null() -> impl SinkFactory {
    |_worker: usize| Ok(Null)
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
