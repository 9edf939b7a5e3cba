//! A pipeline inside another program: records pushed from its threads, runs that nobody joins, metrics, sinks.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use splashdam::sinks::Null;
use splashdam::{
    Batch, Config, Failure, Outcome, Pending, Pipeline, Running, Sink, SinkError, StopCause, Wrote,
};

use crate::support::library::{self, Feed, config, generator, null, telling};
use crate::support::{PATIENCE, patiently};

/// Batches wait for nothing.
fn at_once(config: &mut Config) {
    config.batch.batch_timeout = Duration::ZERO;
}

#[track_caller]
fn start(pipeline: Pipeline, set: impl FnOnce(&mut Config)) -> Running {
    pipeline.config(config(set)).start().unwrap()
}

#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    patiently(|| is_so().then_some(())).unwrap_or_else(|| panic!("never: {what}"));
}

/// 10,000 records/s for half a second, each pushed when it is due.
fn push_at_10_000_per_s(batch_timeout: Duration, from_schedule: bool) -> Outcome {
    const EACH_NS: u64 = 100_000;
    let feed = Feed::default();
    let pipeline = Pipeline::new(feed.source(), null());
    let running = pipeline.config(config(|c| {
        c.lanes.channel_size = 16_384;
        c.batch.batch_size = 1_024;
        c.batch.batch_timeout = batch_timeout;
    }));
    let running = running.start().unwrap();
    let clock = feed.started().clock();
    let first_ns = clock.now_ns() + EACH_NS;
    for due_ns in (first_ns..).step_by(EACH_NS as usize).take(5_000) {
        // The records' own pace, not a wait for the run.
        thread::sleep(Duration::from_nanos(due_ns.saturating_sub(clock.now_ns())));
        feed.push_due(from_schedule.then_some(due_ns));
    }
    feed.close();
    let outcome = library::join(running);
    assert_eq!(outcome.ledger.delivered, 5_000);
    outcome
}

fn wake_ups_per_s(outcome: &Outcome) -> f64 {
    let switches = outcome.threads.iter().map(|t| t.voluntary_switches);
    switches.sum::<u64>() as f64 / outcome.elapsed.as_secs_f64()
}

#[test]
fn pushed_records_at_10_000_per_s_wake_all_threads_less_than_300_times_a_second() {
    let outcome = push_at_10_000_per_s(Duration::from_millis(100), false);
    let wake_ups = wake_ups_per_s(&outcome);
    assert!(wake_ups < 300.0, "{:?}", outcome.threads);
}

#[test]
fn the_response_of_each_pushed_record_is_recorded_where_batches_do_not_wait() {
    for from_schedule in [false, true] {
        let outcome = push_at_10_000_per_s(Duration::ZERO, from_schedule);
        let response = outcome.latency.unwrap().response;
        assert_eq!(response.count, 5_000);
    }
}

#[test]
fn a_waker_ends_a_wait_from_another_thread() {
    const TIMES: usize = 200;
    let feed = Feed::default();
    let (sinks, heard) = telling();
    let running = start(Pipeline::new(feed.source(), sinks), at_once);
    feed.started();
    // The source waits for nothing but the waker.
    let mut took: Vec<_> = (0..TIMES)
        .map(|_| {
            let pushed = Instant::now();
            feed.push();
            let batch = heard.recv_timeout(PATIENCE).expect("a batch");
            assert_eq!(batch.len(), 1);
            pushed.elapsed()
        })
        .collect();
    feed.close();
    assert_eq!(library::join(running).ledger.delivered, TIMES as u64);
    // A producer that rested first would take 5 ms each time; a busy machine delays many, and not nearly all.
    took.sort_unstable();
    assert!(took[TIMES / 20] < Duration::from_millis(3), "{took:?}");
}

#[test]
fn several_threads_wait_for_the_same_run() {
    let feed = Feed::default();
    let running = start(Pipeline::new(feed.source(), null()), at_once);
    assert!(!running.wait_timeout(Duration::ZERO));
    thread::scope(|scope| {
        let wait = || scope.spawn(|| running.wait_timeout(PATIENCE));
        let waiting = [wait(), wait()];
        feed.push();
        until("delivered", || running.snapshot().delivered == 1);
        assert!(!running.is_finished());
        feed.close();
        assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap()));
    });
    assert!(running.is_finished());
    assert!(running.wait_timeout(Duration::ZERO));
    assert_eq!(running.join().ledger.delivered, 1);
}

#[test]
fn metrics_are_read_while_another_thread_joins_and_after_the_end() {
    let feed = Feed::default();
    let running = start(Pipeline::new(feed.source(), null()), at_once);
    let metrics = running.metrics();
    let joining = thread::spawn(move || running.join());
    let recorded = || metrics.latency().unwrap().response.count;
    for records in 1..=10 {
        feed.push();
        until("delivered", || metrics.snapshot().delivered == records);
        until("recorded", || recorded() == records);
        assert_eq!(metrics.workers()[0].delivered, records);
        assert!(!joining.is_finished());
    }
    feed.close();
    until("joined", || joining.is_finished());
    let outcome = joining.join().unwrap();
    assert_eq!(outcome.ledger.delivered, 10);
    assert_eq!(outcome.latency.unwrap().response.count, 10);
    assert_eq!((metrics.snapshot().delivered, recorded()), (10, 10));
}

/// Never accepts a record. Its token is gone when the sink is.
struct Refusing {
    _token: Arc<()>,
    error: fn() -> SinkError,
}

fn refusing(token: &Arc<()>, error: fn() -> SinkError) -> Refusing {
    Refusing {
        _token: Arc::clone(token),
        error,
    }
}

impl Sink for Refusing {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Err((self.error)())
    }
}

fn disk_full() -> SinkError {
    io::Error::from(io::ErrorKind::StorageFull).into()
}

#[test]
fn a_dropped_run_ends_within_its_drain_timeout_although_nobody_joins() {
    let feed = Feed::default();
    let token = Arc::new(());
    let of_sinks = Arc::clone(&token);
    // The factory has the token too: the control thread owns it until its end.
    let sinks = move |_: usize| Ok(refusing(&of_sinks, disk_full));
    let running = start(Pipeline::new(feed.source(), sinks), |c| {
        at_once(c);
        c.stop.drain_timeout = Duration::from_millis(100);
    });
    let metrics = running.metrics();
    (0..5).for_each(|_| feed.push());
    until("retried", || metrics.workers()[0].retries > 0);
    until("produced", || metrics.snapshot().produced == 5);
    let dropped = Instant::now();
    drop(running);
    until("producer gone", || feed.is_alone());
    until("others gone", || Arc::strong_count(&token) == 1);
    let took = dropped.elapsed();
    assert!(took >= Duration::from_millis(100), "no time to drain");
    assert_eq!(metrics.workers()[0].abandoned, 5);
}

#[test]
fn a_run_with_a_duration_ends_although_nobody_joins() {
    let running = start(Pipeline::new(generator(None), null()), |c| {
        c.stop.duration = Some(Duration::from_millis(30));
    });
    until("finished", || running.is_finished());
    let outcome = running.join();
    assert_eq!(outcome.cause, StopCause::DurationOver);
    assert_eq!(outcome.exit_code(), 0);
}

#[test]
fn a_sink_that_fails_for_good_ends_a_run_that_nobody_joins() {
    let feed = Feed::default();
    let broken = || io::Error::other("broken").into();
    let sinks = move |_: usize| Ok(refusing(&Arc::default(), broken));
    let running = start(Pipeline::new(feed.source(), sinks), at_once);
    feed.push();
    until("finished", || running.is_finished());
    let outcome = running.join();
    assert_eq!((outcome.cause, outcome.exit_code()), (StopCause::Failed, 1));
    assert!(outcome.ledger.balanced());
    let failure = outcome.into_result().unwrap_err();
    assert!(
        matches!(&failure, Failure::Sink { worker: 0, .. }),
        "{failure:?}"
    );
}

#[test]
fn an_observer_that_panics_is_a_failure_and_costs_no_figures() {
    let feed = Feed::default();
    let (tell, told) = mpsc::channel();
    let pipeline = Pipeline::new(feed.source(), null());
    let pipeline = pipeline.observe(Duration::from_millis(1), move |_| {
        tell.send(()).unwrap();
        panic!("seen enough");
    });
    let running = start(pipeline, at_once);
    told.recv_timeout(PATIENCE).expect("an observation");
    // The observer is dropped: it is not called again.
    let gone = told.recv_timeout(PATIENCE);
    assert_eq!(gone, Err(RecvTimeoutError::Disconnected));
    (0..100).for_each(|_| feed.push());
    feed.close();
    let outcome = library::join(running);
    assert_eq!(outcome.latency.unwrap().response.count, 100);
    let intervals = outcome.intervals.iter();
    assert_eq!(intervals.map(|i| i.delivered).sum::<u64>(), 100);
    assert!(
        matches!(&outcome.failures[..], [Failure::Panic { thread, message }]
            if thread == "the observer" && message == "seen enough"),
        "{:?}",
        outcome.failures
    );
}

#[test]
fn an_observer_that_blocks_is_left_behind_and_costs_no_figures() {
    let feed = Feed::default();
    let (tell, told) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let pipeline = Pipeline::new(feed.source(), null());
    let pipeline = pipeline.observe(Duration::from_millis(1), move |_| {
        tell.send(()).unwrap();
        let _ = released.recv(); // until the test is over
    });
    let running = start(pipeline, at_once);
    told.recv_timeout(PATIENCE).expect("an observation");
    (0..100).for_each(|_| feed.push());
    feed.close();
    let outcome = library::join(running);
    assert_eq!(outcome.ledger.delivered, 100);
    assert_eq!(outcome.latency.map(|all| all.response.count), Some(100));
    let intervals = outcome.intervals.iter();
    assert_eq!(intervals.map(|i| i.delivered).sum::<u64>(), 100);
    assert_eq!(outcome.exit_code(), 0);
    drop(release);
}

#[test]
fn an_observer_that_panics_when_it_is_dropped_is_a_failure() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("as asked");
        }
    }
    let (feed, held) = (Feed::default(), Panics);
    let pipeline = Pipeline::new(feed.source(), null());
    let running = start(
        pipeline.observe(Duration::from_secs(1), move |_| {
            let _ = &held;
        }),
        at_once,
    );
    feed.close();
    let failures = library::join(running).failures;
    assert!(
        matches!(&failures[..], [Failure::Panic { message, .. }] if message == "as asked"),
        "{failures:?}"
    );
}

/// A writer that takes nothing more until it is released.
struct Blocked(mpsc::Receiver<()>);

impl io::Write for Blocked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_latency_log_that_blocks_costs_no_figures_and_holds_nobody_up() {
    let feed = Feed::default();
    let (release, released) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let pipeline = Pipeline::new(feed.source(), null());
    let pipeline = pipeline.log_latency(Blocked(released));
    let pipeline = pipeline.observe(Duration::from_millis(1), move |now| {
        let _ = tell.send(now.delivered);
    });
    let running = start(pipeline, at_once);
    (0..100).for_each(|_| feed.push());
    // The reporter goes on, although the log is stuck in its first line.
    until("reported", || told.try_recv() == Ok(100));
    let latency = running.metrics().latency();
    assert_eq!(latency.map(|all| all.response.count), Some(100));
    feed.close();
    let outcome = library::join(running);
    assert_eq!(outcome.latency.map(|all| all.response.count), Some(100));
    let intervals = outcome.intervals.iter();
    assert_eq!(intervals.map(|i| i.delivered).sum::<u64>(), 100);
    let failures = &outcome.failures;
    assert!(
        matches!(failures[..], [Failure::LatencyLog(_)]),
        "{failures:?}"
    );
    drop(release);
}

/// Counts the records of its worker.
struct Counting {
    worker: usize,
    records: u64,
}

impl Sink for Counting {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        self.records += batch.len() as u64;
        Ok(Wrote::All)
    }
}

#[test]
fn a_join_gives_the_sinks_back() {
    let sinks = |worker| Ok(Counting { worker, records: 0 });
    let mut outcome = library::join(start(Pipeline::new(generator(None), sinks), |c| {
        c.scaling.max_workers = 3;
        c.stop.count = Some(10_000);
    }));
    assert_eq!(outcome.sinks.of::<Null>().count(), 0);
    let reported = outcome.workers.iter().map(|worker| worker.delivered);
    let counted = outcome.sinks.of::<Counting>().map(|sink| sink.records);
    assert!(counted.eq(reported));
    let taken = outcome.sinks.take::<Counting>();
    assert!(taken.iter().map(|sink| sink.worker).eq(0..3));
    assert_eq!(taken.iter().map(|sink| sink.records).sum::<u64>(), 10_000);
    assert!(outcome.sinks.is_empty());
}

/// Is never ready.
struct Closed;

impl Sink for Closed {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::Part {
            records: 0,
            pending: Pending::woken(),
        })
    }
}

#[test]
fn a_halt_ends_a_run_with_exit_code_4_and_a_balanced_ledger() {
    let feed = Feed::default();
    let pipeline = Pipeline::new(feed.source(), |_: usize| Ok(Closed));
    let running = start(pipeline, at_once);
    (0..5).for_each(|_| feed.push());
    until("produced", || running.snapshot().produced == 5);
    running.halt();
    let outcome = library::join(running);
    assert_eq!((outcome.halted, outcome.exit_code()), (true, 4));
    assert!(outcome.ledger.balanced());
    assert_eq!((outcome.ledger.delivered, outcome.ledger.abandoned), (0, 5));
    assert_eq!(outcome.sinks.len(), 1, "it was left behind");
}
