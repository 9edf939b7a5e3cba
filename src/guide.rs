//! Programs to start from: embed a pipeline, push records from a thread of your own, write to an output that is not
//! always ready, and read the metrics of a run. They are run as tests.
//!
//! # Embed
//!
//! Build a [`Pipeline`](crate::Pipeline) from a source and a factory of sinks, configure it, start it, join it. The
//! [`Outcome`](crate::Outcome) says where every record went, and gives the sinks back.
//!
//! ```
//! use std::time::Duration;
//!
//! use splashdam::sources::{Generator, Rate};
//! use splashdam::{Batch, Config, Pipeline, Sink, SinkError, StopCause, Wrote};
//!
//! /// Finds the longest record.
//! #[derive(Default)]
//! struct Longest(u32);
//!
//! impl Sink for Longest {
//!     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
//!         let lengths = batch.headers().into_iter().flatten().map(|header| header.len);
//!         self.0 = lengths.fold(self.0, u32::max);
//!         Ok(Wrote::All)
//!     }
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Config::default()
//!         .count(50_000)
//!         .max_workers(2)
//!         .batch_timeout(Duration::from_millis(20))
//!         .drain_timeout(Duration::from_secs(10));
//!     config.validate()?; // start() does it too; here to show everything that is wrong, at once
//!
//!     let source = Generator::new(Rate::Max, None, 7);
//!     let pipeline = Pipeline::new(source, |_worker: usize| Ok(Longest::default())).config(config);
//!     let running = pipeline.start()?; // dropped instead of joined, it stops in order by itself
//!     let mut outcome = running.join();
//!
//!     println!("{} in {:?}: {:?}", outcome.ledger.delivered, outcome.elapsed, outcome.cause);
//!     for failure in &outcome.failures {
//!         eprintln!("{failure}");
//!     }
//!     for sink in outcome.sinks.take::<Longest>() {
//!         println!("longest record: {} bytes", sink.0);
//!     }
//!     # assert_eq!((outcome.cause, outcome.ledger.delivered), (StopCause::CountReached, 50_000));
//!     assert!(outcome.ledger.balanced());
//!     assert_eq!(outcome.exit_code(), 0);
//!     Ok(())
//! }
//! ```
//!
//! # Push records from a thread of your own
//!
//! A source is asked for records; a program that has records to hand in puts a queue between the two. The source
//! answers [`Pending::woken`](crate::Pending::woken) while the queue is empty, so nothing polls: whoever pushes calls
//! the [`Waker`](crate::Waker) from the source's [`Context`](crate::Context) *after* the push.
//!
//! [`wake`](crate::Waker::wake) lets the producer finish a rest, in which records gather: at 10,000 records/s and a
//! `batch_timeout` of 100 ms all threads of the pipeline together wake some 230 times a second.
//! [`wake_now`](crate::Waker::wake_now) ends that rest; call it when the queue is full. With a `batch_timeout` of 0
//! there is no rest, and each record goes to its sink at once.
//!
//! The queue is closed from both sides. When the program drops its end the source lends what is left and ends. When the
//! run stops, [`lend_buffered`](crate::Source::lend_buffered) closes it: what was pushed before is delivered, and later
//! pushes get their line back.
//!
//! ```
//! use std::collections::VecDeque;
//! use std::io;
//! use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
//! use std::time::{Duration, Instant};
//!
//! use splashdam::{BurstBuffer, Config, Context, Demand, Lent, Pending, Pipeline, Source};
//!
//! #[derive(Default)]
//! struct Queue {
//!     /// Each with the moment at which it was pushed.
//!     lines: VecDeque<(u64, String)>,
//!     /// Set when the run starts.
//!     context: Option<Context>,
//!     closed: bool,
//! }
//!
//! #[derive(Clone, Default)]
//! struct Shared(Arc<(Mutex<Queue>, Condvar)>);
//!
//! impl Shared {
//!     fn lock(&self) -> MutexGuard<'_, Queue> {
//!         self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
//!     }
//!
//!     /// Nothing more is pushed; whoever waits for room is woken.
//!     fn close(&self) {
//!         self.lock().closed = true;
//!         self.0.1.notify_all();
//!     }
//! }
//!
//! /// The program's end.
//! struct Feed(Shared);
//!
//! impl Feed {
//!     const CAPACITY: usize = 1_024;
//!
//!     /// Pushes a line, and waits while the queue is full; gives the line back when the run has stopped.
//!     fn push(&self, line: String) -> Result<(), String> {
//!         let mut queue = self.0.lock();
//!         while queue.lines.len() >= Self::CAPACITY && !queue.closed {
//!             if let Some(context) = &queue.context {
//!                 context.waker().wake_now();
//!             }
//!             queue = self.0.0.1.wait(queue).unwrap_or_else(PoisonError::into_inner);
//!         }
//!         if queue.closed {
//!             return Err(line);
//!         }
//!         let context = queue.context.clone();
//!         let now_ns = context.as_ref().map_or(0, |context| context.clock().now_ns());
//!         queue.lines.push_back((now_ns, line));
//!         drop(queue);
//!         if let Some(context) = context {
//!             context.waker().wake(); // after the push: what the source is to find is there
//!         }
//!         Ok(())
//!     }
//! }
//!
//! impl Drop for Feed {
//!     fn drop(&mut self) {
//!         self.0.close();
//!         if let Some(context) = &self.0.lock().context {
//!             context.waker().wake();
//!         }
//!     }
//! }
//!
//! /// The pipeline's end.
//! #[derive(Default)]
//! struct Pushed {
//!     shared: Shared,
//!     buffer: BurstBuffer,
//! }
//!
//! impl Source for Pushed {
//!     fn start(&mut self, context: Context) {
//!         self.shared.lock().context = Some(context);
//!     }
//!
//!     fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
//!         self.buffer.clear();
//!         let mut queue = self.shared.lock();
//!         let was_full = queue.lines.len() >= Feed::CAPACITY;
//!         let mut bytes = 0;
//!         while self.buffer.len() < demand.records && bytes < demand.bytes {
//!             let Some((pushed_ns, line)) = queue.lines.pop_front() else { break };
//!             bytes += line.len();
//!             self.buffer.push(pushed_ns, line.as_bytes());
//!         }
//!         let closed = queue.closed;
//!         drop(queue);
//!         if was_full {
//!             self.shared.0.1.notify_all();
//!         }
//!         Ok(match self.buffer.is_empty() {
//!             false => Lent::Burst(self.buffer.burst()),
//!             true if closed => Lent::End,
//!             true => Lent::Pending(Pending::woken()),
//!         })
//!     }
//!
//!     fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
//!         self.shared.close();
//!         self.lend(demand)
//!     }
//!
//!     fn close(&mut self) {
//!         self.shared.close();
//!     }
//! }
//!
//! let config = Config::default().batch_timeout(Duration::from_millis(100));
//! let source = Pushed::default();
//! let feed = Feed(source.shared.clone());
//! let running = Pipeline::new(source, |_worker: usize| Ok(splashdam::sinks::Null)).config(config).start()?;
//!
//! // 10,000 records/s for half a second.
//! let pushing = std::thread::spawn(move || {
//!     let start = Instant::now();
//!     for number in 0..5_000 {
//!         let due = start + number * Duration::from_micros(100);
//!         std::thread::sleep(due.saturating_duration_since(Instant::now()));
//!         feed.push(format!("record {number}")).expect("a run that nobody stops");
//!     }
//! });
//! let outcome = running.join(); // ends when the feed is dropped
//! # pushing.join().unwrap();
//! assert_eq!(outcome.ledger.delivered, 5_000);
//!
//! let wake_ups: u64 = outcome.threads.iter().map(|thread| thread.voluntary_switches).sum();
//! let per_second = wake_ups as f64 / outcome.elapsed.as_secs_f64();
//! println!("{per_second:.0} wake-ups/s");
//! assert!(per_second < 300.0, "{:?}", outcome.threads);
//! # Ok::<(), splashdam::StartError>(())
//! ```
//!
//! # A sink that is not ready
//!
//! A socket that takes nothing now is no failure. The sink says how many records it accepted and what it waits for; its
//! worker waits, heeds a halt meanwhile, and then calls again with the rest of *the same* batch. That guarantee keeps
//! this sink small: it accepts a batch when all of it is out, and needs to remember only how far it got. Accepted is
//! then what the kernel has, and there is nothing to flush.
//!
//! ```
//! use std::io::{self, BufRead, BufReader, Write};
//! use std::os::unix::net::UnixStream;
//!
//! use splashdam::sources::{Generator, Rate};
//! use splashdam::{Batch, Config, Pending, Pipeline, Sink, SinkError, Wrote};
//!
//! struct Socket {
//!     stream: UnixStream,
//!     /// Bytes of the batch at hand that are out.
//!     sent: usize,
//! }
//!
//! impl Sink for Socket {
//!     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
//!         let [first, second] = batch.bytes();
//!         while self.sent < batch.byte_len() {
//!             let rest = first.get(self.sent..).filter(|rest| !rest.is_empty());
//!             let rest = rest.unwrap_or_else(|| &second[self.sent - first.len()..]);
//!             match (&self.stream).write(rest) {
//!                 Ok(0) => return Err(SinkError::from(io::Error::from(io::ErrorKind::WriteZero))),
//!                 Ok(sent) => self.sent += sent,
//!                 Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
//!                     return Ok(Wrote::Part { records: 0, pending: Pending::writable(&self.stream) });
//!                 }
//!                 Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
//!                 Err(error) => return Err(error.into()), // retryable or final: by the system's error
//!             }
//!         }
//!         self.sent = 0;
//!         Ok(Wrote::All)
//!     }
//! }
//!
//! let (stream, reader) = UnixStream::pair()?;
//! stream.set_nonblocking(true)?;
//! let mut stream = Some(stream);
//! let sinks = move |_worker: usize| {
//!     let stream = stream.take().ok_or_else(|| io::Error::other("one worker only"))?;
//!     Ok(Socket { stream, sent: 0 })
//! };
//!
//! let config = Config::default().count(20_000);
//! let running = Pipeline::new(Generator::new(Rate::Max, None, 0), sinks).config(config).start()?;
//! let reading = std::thread::spawn(move || BufReader::new(reader).lines().count());
//! let mut outcome = running.join().into_result()?;
//! assert_eq!((outcome.ledger.delivered, outcome.retries()), (20_000, 0));
//! drop(outcome.sinks.take::<Socket>()); // closes the socket
//! assert_eq!(reading.join().unwrap(), 20_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A sink may also accept some of the records, and wait for a moment: this one takes 50 records each millisecond.
//!
//! ```
//! use splashdam::{Batch, Clock, Context, Pending, RecordHeader, Sink, SinkError, Wrote};
//!
//! #[derive(Default)]
//! struct Metered {
//!     clock: Option<Clock>,
//!     next_ns: u64,
//! }
//!
//! impl Sink for Metered {
//!     fn start(&mut self, context: Context) {
//!         self.clock = Some(context.clock());
//!     }
//!
//!     fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
//!         let now_ns = self.clock.get_or_insert_with(Clock::start).now_ns();
//!         if now_ns < self.next_ns {
//!             return Ok(Wrote::Part { records: 0, pending: Pending::until(self.next_ns) });
//!         }
//!         self.next_ns = now_ns + 1_000_000;
//!         let records = batch.len().min(50);
//!         let (accepted, rest) = batch.split_at(records);
//!         // ... accepted.bytes() go out here ...
//!         # let _ = accepted;
//!         if rest.is_empty() {
//!             return Ok(Wrote::All);
//!         }
//!         Ok(Wrote::Part { records, pending: Pending::until(self.next_ns) })
//!     }
//! }
//!
//! // A sink is tested by itself, with a clock that is moved by hand.
//! let (clock, hand) = Clock::manual();
//! let mut sink = Metered::default();
//! sink.start(Context::standalone(clock));
//! hand.set(5);
//! let headers = [RecordHeader::new(0, 0, 1); 60];
//! let batch = Batch::new((&headers, &[]), (&[b'\n'; 60], &[]));
//! let Wrote::Part { records: 50, pending } = sink.write(&batch)? else { panic!("not 50") };
//! assert_eq!(pending.until_ns(), Some(1_000_005));
//! let (_, rest) = batch.split_at(50);
//! assert!(matches!(sink.write(&rest)?, Wrote::Part { records: 0, .. }));
//! hand.advance(1_000_000);
//! assert!(matches!(sink.write(&rest)?, Wrote::All));
//! # Ok::<(), SinkError>(())
//! ```
//!
//! # Observe a run
//!
//! [`Running::metrics`](crate::Running::metrics) gives a handle that reads counters and latencies from any thread,
//! while another one joins the run and after it has ended. Reading takes no lock that the data path takes.
//! [`Pipeline::observe`](crate::Pipeline::observe) calls back each interval instead.
//!
//! ```
//! use std::time::Duration;
//!
//! use splashdam::sources::{Generator, Rate};
//! use splashdam::{Config, Pipeline};
//!
//! let config = Config::default().duration(Duration::from_millis(60));
//! let source = Generator::new(Rate::Max, None, 0);
//! let running = Pipeline::new(source, |_worker: usize| Ok(splashdam::sinks::Null)).config(config).start()?;
//! let metrics = running.metrics();
//! let joining = std::thread::spawn(move || running.join());
//!
//! while !joining.is_finished() {
//!     let now = metrics.snapshot();
//!     println!("{:?}: {} delivered, {} in the lanes", now.elapsed, now.delivered, now.queue);
//!     if let Some(latency) = metrics.latency() {
//!         println!("response, 99 %: {} ns", latency.response.p99_ns);
//!     }
//!     std::thread::sleep(Duration::from_millis(10));
//! }
//! let outcome = joining.join().expect("no panic");
//! for worker in metrics.workers() {
//!     println!("worker {}: {} records, {} batches by size", worker.worker, worker.delivered, worker.batches_by_size);
//! }
//! assert_eq!(metrics.snapshot().delivered, outcome.ledger.delivered);
//! assert_eq!(metrics.latency().map(|all| all.response.count), outcome.latency.map(|all| all.response.count));
//! # Ok::<(), splashdam::StartError>(())
//! ```
