//! Whether a run's figures say when it was behind its schedule, what waits, and who spends the time.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use splashdam::sources::{Generator, Rate};
use splashdam::{Batch, Limit, Pipeline, Sink, SinkError, Wrote};

use crate::support::library::{self, config, null};
use crate::support::{Ended, Folder, SMALL};

/// Takes 20 ms for each batch.
struct Slow;

impl Sink for Slow {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        thread::sleep(Duration::from_millis(20));
        Ok(Wrote::All)
    }
}

/// The stretches that the report names, by their limit.
fn stretches(ended: &Ended, limit: &str) -> Vec<(f64, f64)> {
    let stretches = ended.report["validity"]["saturated_stretches"]
        .as_array()
        .unwrap();
    let figure = |stretch: &Value, key: &str| stretch[key].as_f64().unwrap();
    let of = stretches.iter().filter(|stretch| stretch["limit"] == limit);
    of.map(|stretch| (figure(stretch, "from_s"), figure(stretch, "until_s")))
        .collect()
}

fn has_code(ended: &Ended, code: &str) -> bool {
    let warnings = ended.report["validity"]["warnings"].as_array().unwrap();
    warnings.iter().any(|warning| warning["code"] == code)
}

#[test]
fn a_step_that_fills_the_queue_for_a_while_is_told_though_the_run_ends_in_time() {
    // 10 records each 20 ms are 500/s; for the first half of each 4 s the schedule asks for 1000/s, and then for 50/s.
    let ended = Folder::new().run(
        "--producer-rate 1000/s --load square:4s,0.05 --duration 4s --sink delay:20ms --workers 1 --channel-size 100 \
         --batch-size 10 --lane-bytes 128KiB --batch-bytes 32KiB --max-record-bytes 4KiB",
    );
    let ended = ended.delivers_everything();
    assert_eq!(ended.report["validity"]["saturated"], true);
    assert!(
        has_code(&ended, "saturated"),
        "{}",
        ended.report["validity"]
    );
    let full = stretches(&ended, "queue_full");
    assert!(
        full.iter()
            .any(|(from, until)| *from < 1.5 && until - from > 1.0),
        "{full:?}"
    );
}

#[test]
fn a_queue_that_grows_all_through_is_told_though_it_is_never_full() {
    // The sink takes 20 records each 20 ms, 1000/s at most; 2000/s are offered.
    let ended = Folder::new().run(
        "--producer-rate 2000/s --duration 3s --sink delay:20ms --workers 1 --channel-size 16384 --batch-size 20 \
         --batch-timeout 5ms",
    );
    let ended = ended.delivers_everything();
    assert_eq!(ended.figure("/backpressure/full_waits"), 0);
    assert_eq!(
        ended.report["validity"]["saturated"], true,
        "{}",
        ended.report["validity"]
    );
    let grows = stretches(&ended, "queue_grows");
    assert!(
        grows.iter().any(|(from, until)| until - from > 1.0),
        "{grows:?}"
    );
    ended.says(": its queue grew, and in the end the oldest record had waited ");
}

#[test]
fn a_producer_that_stands_still_until_the_end_is_behind_schedule() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--producer-rate 1000/s --duration 2s --batch-timeout 1ms --workers 1 --metrics-interval 100ms {SMALL}"
    ));
    live.wait_for_words("[METRICS]");
    live.send(Signal::STOP);
    // It stands still until its time is over.
    live.wait_until("the end of its time", {
        let began = Instant::now();
        move || began.elapsed() > Duration::from_millis(2_500)
    });
    live.send(Signal::CONT);
    let ended = live.end().balances();
    let validity = &ended.report["validity"];
    assert_eq!(validity["saturated"], true, "{validity}");
    // All of it is produced after the end, and late.
    assert_eq!(ended.figure("/ledger/produced"), 2_000);
    let behind_ns = validity["saturated_stretches"][0]["behind_ns"].as_u64();
    assert!(behind_ns.is_some_and(|ns| ns > 500_000_000), "{validity}");
    assert!(has_code(&ended, "producer_bound"), "{validity}");
}

#[test]
fn an_interval_in_which_nothing_was_delivered_shows_the_age_of_the_oldest_record() {
    let ended = Folder::new().run(
        "--producer-rate 1000/s --sink fault:stall-after=100:1h --workers 1 --duration 1500ms --drain-timeout 200ms \
         --metrics-interval 100ms --channel-size 10000 --batch-size 50",
    );
    let ended = ended.exits(4).says("| oldest=");
    let intervals = ended.report["intervals"].as_array().unwrap();
    let stuck = intervals
        .iter()
        .filter(|interval| interval["processed"] == 0);
    let ages: Vec<_> = stuck
        .filter_map(|interval| interval["oldest_ns"].as_u64())
        .collect();
    assert!(ages.len() >= 5, "{intervals:?}");
    // All of them wait, so that the oldest stays the same, and gets older.
    assert!(
        ages.is_sorted() && ages[ages.len() - 1] > 500_000_000,
        "{ages:?}"
    );
}

#[test]
fn the_rest_of_a_paced_generator_is_a_part_of_response_of_its_own_and_a_setting() {
    let run = |flags: &str| {
        let ended = Folder::new().run(&format!(
            "--producer-rate 5000/s --duration 1s --workers 1 {flags} {SMALL}"
        ));
        let ended = ended.delivers_everything();
        let mean = |part: &str| ended.measure(&format!("/latency/{part}/mean_ns"));
        let parts = mean("pacing") + mean("schedule_lag") + mean("queue_wait") + mean("sink_time");
        assert!(
            (mean("response") / parts - 1.0).abs() < 1e-6,
            "{}",
            ended.report["latency"]
        );
        let rest = ended.report["config"]["pacing_rest"].clone();
        (mean("pacing"), rest, ended)
    };
    // Records fall due at any moment of a rest.
    let (pacing_ns, rest, ended) = run("");
    assert_eq!(rest["value"], "5ms");
    assert!(pacing_ns > 500_000.0, "{}", ended.report["latency"]);
    ended.says("  pacing     p50 ");
    let (pacing_ns, rest, ended) = run("--pacing-rest 40ms");
    assert_eq!(
        (&rest["value"], &rest["origin"]),
        (&"40ms".into(), &"flag".into())
    );
    assert!(pacing_ns > 5_000_000.0, "{}", ended.report["latency"]);
    for none in ["--pacing-rest 0s", "--batch-timeout 0"] {
        let (pacing_ns, rest, ended) = run(none);
        assert_eq!(rest["value"], "0s", "{none}");
        assert!(pacing_ns == 0.0, "{none}: {}", ended.report["latency"]);
    }
    let refused = Folder::new().run("--pacing-rest 2s --count 1");
    refused
        .exits(2)
        .says("pacing_rest 2s is out of range: expected 0s to 1s");
}

#[test]
fn a_run_at_full_speed_names_the_thread_that_was_the_limit_and_contradicts_itself_nowhere() {
    let ended = Folder::new()
        .run("--duration 300ms --workers 1")
        .delivers_everything();
    assert!(!has_code(&ended, "generator_bound"));
    if has_code(&ended, "producer_bound") {
        ended.says(
            "the producer's thread was the limit (generation, copy, dispatch), and not the sink",
        );
    }
}

#[test]
fn a_program_without_an_observer_gets_the_same_judgement() {
    let rate: Rate = "2000/s".parse().unwrap();
    let config = config(|c| {
        (c.lanes.channel_size, c.batch.batch_size) = (100, 10);
        c.stop.duration = Some(Duration::from_secs(1));
        c.scaling.max_workers = 1;
    });
    let slow = |_: usize| Ok(Slow);
    let outcome =
        library::run(Pipeline::new(Generator::new(rate, None, 0), slow).config(config.clone()));
    let stretches = &outcome.validity.saturated_stretches;
    assert!(
        stretches
            .iter()
            .any(|stretch| stretch.limit == Limit::QueueFull),
        "{stretches:?}"
    );
    // A source without a schedule is late for nothing.
    let full_speed = Pipeline::new(library::generator(None), null()).config(config);
    let outcome = library::run(full_speed);
    assert!(outcome.validity.saturated_stretches.is_empty() && !outcome.validity.saturated);
}
