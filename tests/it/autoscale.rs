//! Workers that park, wake, scale and retire.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use splashdam::sinks::{Check, Delay, Null};
use splashdam::{
    BurstBuffer, Config, Demand, Ledger, Lent, Outcome, Pending, Pipeline, Running, Sink,
    SinkFactory, Source,
};

use crate::support::{Folder, PATIENCE, library};

/// A source that floods the lanes on demand and is silent otherwise.
struct Tide {
    floods: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    lent: Arc<AtomicU64>,
    buffer: BurstBuffer,
}

/// Switches a tide on and off.
#[derive(Clone, Default)]
struct Moon {
    floods: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    lent: Arc<AtomicU64>,
}

impl Moon {
    fn tide(&self) -> Tide {
        Tide {
            floods: Arc::clone(&self.floods),
            ended: Arc::clone(&self.ended),
            lent: Arc::clone(&self.lent),
            buffer: BurstBuffer::default(),
        }
    }

    fn flood(&self, on: bool) {
        self.floods.store(on, Ordering::Relaxed);
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

impl Source for Tide {
    fn lend(&mut self, demand: Demand) -> std::io::Result<Lent<'_>> {
        if self.ended.load(Ordering::Relaxed) {
            return Ok(Lent::End);
        }
        if !self.floods.load(Ordering::Relaxed) {
            return Ok(Lent::Pending(Pending::until(demand.now_ns + 1_000_000)));
        }
        self.buffer.clear();
        for _ in 0..demand.records.min(64) {
            self.buffer.push(demand.now_ns, b"tide");
        }
        self.lent
            .fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        Ok(Lent::Burst(self.buffer.burst()))
    }
}

/// Small lanes, short intervals and no wait between steps.
fn quick(max_workers: usize) -> Config {
    library::config(|config| {
        config.scaling.max_workers = max_workers;
        config.scaling.autoscale_interval = Duration::from_millis(1);
        config.scaling.scale_down_samples = 1;
        config.scaling.scale_cooldown = Duration::ZERO;
    })
}

/// The check sink, slow enough for a flood to fill the lanes.
#[derive(Default)]
struct SlowCheck(Check);

impl SinkFactory for SlowCheck {
    fn open(&mut self, worker: usize) -> std::io::Result<Box<dyn Sink>> {
        let delay = Duration::from_micros(100);
        Ok(Box::new(Delay::new(delay, self.0.open(worker)?)))
    }

    fn verdict(&mut self, ledger: &Ledger) -> Result<(), String> {
        self.0.verdict(ledger)
    }
}

/// Waits until that many workers are active, which must be the most or the fewest there can be.
#[track_caller]
fn wait_for_workers(running: &Running, workers: usize) {
    wait_until_workers(running, |active| active == workers);
}

/// Waits until the number of active workers is as wanted.
#[track_caller]
fn wait_until_workers(running: &Running, wanted: impl Fn(usize) -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !wanted(running.snapshot().workers) {
        assert!(
            Instant::now() < patience,
            "never so many workers: {:?}",
            running.snapshot()
        );
        std::thread::yield_now();
    }
}

fn steps(outcome: &Outcome) -> (usize, usize) {
    let count = |up: bool| {
        let steps = outcome
            .scaling
            .iter()
            .filter(|e| e.from != e.to && (e.to > e.from) == up);
        steps.count()
    };
    (count(true), count(false))
}

#[test]
fn a_flood_activates_workers_one_by_one_and_silence_retires_them() {
    let moon = Moon::default();
    let mut config = quick(4);
    config.scaling.min_workers = 1;
    let sinks = |_: usize| Ok(Delay::new(Duration::from_millis(1), Null));
    let running = Pipeline::new(moon.tide(), sinks)
        .config(config)
        .start()
        .unwrap();
    assert_eq!(running.snapshot().workers, 1);
    moon.flood(true);
    wait_for_workers(&running, 4);
    moon.flood(false);
    wait_for_workers(&running, 1);
    moon.end();
    let outcome = library::join(running);
    assert_eq!(outcome.exit_code(), 0, "{outcome:?}");
    assert!(
        steps(&outcome).0 >= 3 && steps(&outcome).1 >= 3,
        "{outcome:?}"
    );
    let single = outcome.scaling.iter().all(|e| e.from.abs_diff(e.to) <= 1);
    assert!(single, "one step at a time: {:?}", outcome.scaling);
}

#[test]
fn a_thousand_activations_and_retirements_under_load_lose_nothing_and_keep_the_order() {
    let cycles = crate::support::wanted("SPLASHDAM_CYCLES", 1_000);
    let moon = Moon::default();
    let mut config = quick(2);
    config.scaling.min_workers = 1;
    let running = Pipeline::new(moon.tide(), SlowCheck::default())
        .config(config)
        .start()
        .unwrap();
    for _ in 0..cycles {
        moon.flood(true);
        wait_for_workers(&running, 2);
        moon.flood(false);
        wait_for_workers(&running, 1);
    }
    moon.end();
    let outcome = library::join(running);
    // The check sink has compared every position: rising on each worker, each exactly once over both.
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    assert_eq!(outcome.ledger.delivered, moon.lent.load(Ordering::Relaxed));
    let (ups, downs) = steps(&outcome);
    let cycles = usize::try_from(cycles).unwrap();
    assert!(ups >= cycles && downs >= cycles, "{ups} up, {downs} down");
    assert!(outcome.workers[1].delivered > 0, "{outcome:?}");
}

#[test]
fn a_retired_worker_flushes_its_partial_batch_at_once() {
    // The batch timeout is an hour, and nothing ends: only the retirement can flush what worker 1 holds.
    let moon = Moon::default();
    let mut config = quick(2);
    config.scaling.min_workers = 1;
    let running = Pipeline::new(moon.tide(), SlowCheck::default())
        .config(config)
        .start()
        .unwrap();
    moon.flood(true);
    wait_for_workers(&running, 2);
    moon.flood(false);
    wait_for_workers(&running, 1);
    // What is left is at most the partial batch of worker 0, which stays active.
    let patience = Instant::now() + PATIENCE;
    loop {
        let now = running.snapshot();
        if now.produced - now.delivered == now.queue && now.queue < 64 {
            break;
        }
        assert!(Instant::now() < patience, "{now:?}");
        std::thread::yield_now();
    }
    moon.end();
    assert_eq!(library::join(running).exit_code(), 0);
}

#[test]
fn no_worker_is_added_or_retired_once_a_stop_has_begun() {
    let moon = Moon::default();
    let mut config = quick(8);
    config.scaling.min_workers = 1;
    let slow = |_: usize| Ok(Delay::new(Duration::from_millis(2), Null));
    let running = Pipeline::new(moon.tide(), slow)
        .config(config)
        .start()
        .unwrap();
    moon.flood(true);
    // At least: between two looks more than one step may pass.
    wait_until_workers(&running, |active| active >= 3);
    running.stopper().request(splashdam::StopCause::Requested);
    let stopped_ns = running.snapshot().elapsed.as_nanos() as u64;
    let outcome = library::join(running);
    assert_eq!((outcome.exit_code(), outcome.ledger.abandoned), (0, 0));
    // The drain takes many intervals with emptying lanes, in any of which a worker would have been retired.
    let late = outcome
        .scaling
        .iter()
        .filter(|event| event.t_ns > stopped_ns);
    assert_eq!(late.count(), 0, "{:?}", outcome.scaling);
}

#[test]
fn every_step_is_printed_and_reported_with_its_reason() {
    let folder = Folder::new();
    let ended = folder.run(
        "--sink delay:20ms --batch-size 50 --producer-rate 5000/s --channel-size 500 --max-workers 4 \
         --autoscale-interval 20ms --duration 2s",
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .stderr
            .lines()
            .any(|line| line == "Scaler: scaling UP, workers = 2"),
        "{ended:?}"
    );
    let report = &ended.report;
    let scaling = report["scaling"].as_array().unwrap();
    let up = scaling.iter().find(|event| event["to"] == 2).unwrap();
    assert_eq!(
        (&up["from"], &up["reason"]),
        (&1.into(), &"queue_full".into())
    );
    assert!(up["t_ns"].as_u64() > Some(0) && up["usage"].as_f64() > Some(0.0));
}

#[test]
fn without_the_autoscaler_all_workers_are_always_active() {
    let folder = Folder::new();
    let ended = folder.run("--count 100000 --max-workers 3 --autoscale off --sink check");
    let report = &ended.report;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let workers = report["workers"].as_array().unwrap();
    assert!(
        workers
            .iter()
            .all(|worker| worker["records"].as_u64() > Some(0))
    );
    assert_eq!(report["scaling"], serde_json::json!([]));
}
