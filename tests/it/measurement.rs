//! The figures of a run and how far they can be trusted: latency, the time series, validity, the machine.

use std::io::Read;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use splashdam::sources::{Generator, Rate};
use splashdam::{Batch, Pipeline, Sink, SinkError, Wrote};

use crate::support::library::{self, config};
use crate::support::{Ended, Folder, PROGRAM, SMALL, patiently};

/// A slow sink: 10 records each 20 ms.
const SLOW: &str = "--sink delay:20ms --workers 1 --channel-size 100 --batch-size 10";

/// Stalls once, for half a second, before the batch that begins with record 100 or a later one.
struct StallsOnce(bool);

const STALL: Duration = Duration::from_millis(500);

impl Sink for StallsOnce {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let first = batch.headers()[0][0].position;
        if first >= 100 && !self.0 {
            self.0 = true;
            std::thread::sleep(STALL);
        }
        Ok(Wrote::All)
    }
}

#[test]
fn a_stalled_sink_shows_in_the_response_time_of_every_record_due_meanwhile() {
    let rate: Rate = "10000/s".parse().unwrap();
    let config = config(|c| {
        (c.lanes.channel_size, c.batch.batch_size) = (100, 50);
        c.batch.batch_timeout = Duration::from_millis(1);
        c.stop.count = Some(10_000);
    });
    let sinks = |_: usize| Ok(StallsOnce(false));
    let outcome = library::run(Pipeline::new(Generator::new(rate, None, 0), sinks).config(config));
    assert_eq!(outcome.ledger.delivered, 10_000);
    let latency = outcome.latency.unwrap();
    let stall_ns = STALL.as_nanos() as u64;
    // Some 5000 records fell due during the stall, of which the lane held 100. Half of them waited for more than half
    // of it, so a quarter of all did. (A millisecond for the batches before and after, and the histogram's three
    // digits.)
    let quarter_ns = stall_ns / 2 - 5_000_000;
    assert!(latency.response.p90_ns > quarter_ns, "{latency:#?}");
    assert!(latency.schedule_lag.p90_ns > quarter_ns, "{latency:#?}");
    assert!(latency.response.max_ns >= stall_ns, "{latency:#?}");
    // Service saw the stall too, but only for what was in the lane: a hundredth of the records.
    assert!(latency.service.max_ns >= stall_ns, "{latency:#?}");
    assert!(
        latency.service.mean_ns < latency.response.mean_ns / 2.0,
        "{latency:#?}"
    );
    let parts = [
        latency.pacing,
        latency.schedule_lag,
        latency.queue_wait,
        latency.sink_time,
    ];
    let parts: f64 = parts.iter().map(|part| part.mean_ns).sum();
    assert!(
        (parts / latency.response.mean_ns - 1.0).abs() < 1e-6,
        "{latency:#?}"
    );
}

/// The warnings' codes.
fn codes(ended: &Ended) -> Vec<&str> {
    let warnings = ended.report["validity"]["warnings"].as_array().unwrap();
    warnings
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

#[test]
fn an_overloaded_run_is_saturated_and_its_response_time_grows() {
    let ended = Folder::new().run(&format!(
        "--producer-rate 2000/s --duration 1500ms --metrics-interval 250ms {SLOW}"
    ));
    let ended = ended
        .delivers_everything()
        .says("warning      the pipeline was saturated from 0.")
        .says(": its queue was full, and records were published up to ");
    assert_eq!(ended.report["validity"]["saturated"], true);
    assert_eq!(ended.report["validity"]["valid"], false);
    assert!(codes(&ended).contains(&"saturated"), "{:?}", codes(&ended));
    let p50_ns = medians(&ended);
    let (first, last) = (p50_ns[0], p50_ns[p50_ns.len() - 1]);
    assert!(last > 2 * first, "{p50_ns:?}");
    // Records waited before the lane, which holds only what the sink takes in 200 ms.
    assert!(ended.figure("/latency/schedule_lag/p90_ns") > ended.figure("/latency/service/p50_ns"));
}

fn medians(ended: &Ended) -> Vec<u64> {
    let intervals = ended.report["intervals"].as_array().unwrap();
    intervals
        .iter()
        .filter_map(|interval| interval["p50_ns"].as_u64())
        .collect()
}

#[test]
fn a_run_at_a_sustainable_rate_is_not_saturated_and_responds_at_once() {
    // A busy machine may saturate even this run; then there is nothing to check.
    let arguments =
        format!("--producer-rate 200/s --duration 1500ms --batch-timeout 0 --workers 1 {SMALL}");
    let undisturbed = || {
        let ended = Folder::new().run(&arguments).delivers_everything();
        (ended.report["validity"]["saturated"] == false).then_some(ended)
    };
    let ended = (0..20)
        .find_map(|_| undisturbed())
        .expect("a run that keeps up");
    // Besides the debug build, only the machine may be warned of.
    let expected = ["debug_build", "preempted", "stolen"];
    let others = codes(&ended)
        .into_iter()
        .filter(|code| !expected.contains(code));
    assert_eq!(others.count(), 0, "{}", ended.report["validity"]);
    let mean = |name: &str| ended.measure(&format!("/latency/{name}/mean_ns"));
    let before = mean("pacing") + mean("schedule_lag");
    let parts = before + mean("queue_wait") + mean("sink_time");
    assert!(
        (mean("response") / parts - 1.0).abs() < 1e-6,
        "{}",
        ended.report["latency"]
    );
    let apart = mean("response") - mean("service");
    assert!(
        (apart / before - 1.0).abs() < 1e-6,
        "{}",
        ended.report["latency"]
    );
    assert!(ended.measure("/validity/generator_ceiling_records_per_s") > 200.0);
}

#[test]
fn a_debug_build_and_shared_cpus_are_warned_of_with_a_remedy() {
    let folder = Folder::new();
    let mut command = folder.command("taskset");
    let cpu = core_affinity::get_core_ids().unwrap()[0].id.to_string();
    command.args(["-c", &cpu, PROGRAM]);
    command.args(crate::support::run_arguments(&format!(
        "--count 1000 --workers 2 {SMALL}"
    )));
    let ended = folder.spawn(command).end().delivers_everything();
    let found = codes(&ended);
    assert!(found.contains(&"debug_build"), "{found:?}");
    assert!(found.contains(&"cpus_fewer_than_threads"), "{found:?}");
    for warning in ended.report["validity"]["warnings"].as_array().unwrap() {
        for part in ["message", "remedy"] {
            assert!(!warning[part].as_str().unwrap().is_empty(), "{warning}");
        }
    }
    ended
        .says("warning      this is a debug build, many times slower than a release build; build it with --release\n")
        .says("warning      3 threads on 1 CPU: ");
}

#[test]
fn the_time_series_has_no_gaps_and_adds_up_to_the_ledger() {
    for quiet in ["", "-q", "-q --latency off"] {
        let ended = Folder::new().run(&format!(
            "--producer-rate 3000/s --duration 700ms --metrics-interval 100ms --workers 2 {quiet} {SMALL}"
        ));
        let ended = ended.delivers_everything();
        let intervals = ended.report["intervals"].as_array().unwrap();
        assert!(intervals.len() >= 2, "{intervals:?}");
        let figure = |interval: &Value, name: &str| interval[name].as_f64().unwrap();
        let mut end_s = 0.0;
        for interval in intervals {
            end_s += figure(interval, "duration_s");
            assert!(
                (figure(interval, "t_s") - end_s).abs() < 1e-6,
                "{intervals:?}"
            );
            assert!(figure(interval, "queue") <= figure(interval, "queue_capacity"));
            assert_eq!(interval["workers"], 2);
        }
        let shown = intervals
            .iter()
            .filter(|interval| interval["p99_ns"].is_u64());
        let brought = intervals
            .iter()
            .filter(|interval| interval["processed"] != 0);
        // On a busy machine a worker may be inside its batch at an interval's end, or the run may deliver nothing.
        let (shown, brought) = (shown.count(), brought.count());
        assert!(
            if quiet.contains("off") {
                shown == 0
            } else {
                2 * shown >= brought
            },
            "{intervals:?}"
        );
        let total = |name: &str| {
            intervals
                .iter()
                .map(|i| i[name].as_u64().unwrap())
                .sum::<u64>()
        };
        assert_eq!(total("produced"), ended.figure("/ledger/produced"));
        assert_eq!(total("processed"), ended.figure("/ledger/delivered"));
        assert!(end_s >= ended.measure("/throughput/elapsed_s"));
        assert_eq!(ended.figure("/intervals_omitted"), 0);
    }
}

#[test]
fn an_impossible_metrics_interval_or_format_is_refused() {
    for (flag, said) in [
        ("--metrics-interval 9ms", "expected 10ms or more"),
        ("--metrics-interval x", "expected a duration"),
        ("--format xml", "expected text or json"),
    ] {
        let ended = Folder::new().run(&format!("{flag} --count 1"));
        ended.exits(2).says(said);
    }
}

#[test]
fn the_report_names_the_machine_and_the_build() {
    let ended = Folder::new().run(&format!("--count 10 {SMALL}"));
    let ended = ended.delivers_everything();
    assert_eq!(ended.figure("/schema_version"), 2);
    let machine = &ended.report["machine"];
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(machine["kernel"], format!("Linux {}", kernel.trim()));
    assert!(
        machine["cpu_model"].is_string() && machine["clocksource"].is_string(),
        "{machine}"
    );
    assert!(machine["rustc"].as_str().unwrap().starts_with("rustc 1."));
    assert_eq!(machine["profile"], "debug");
    assert!(ended.measure("/machine/began_unix_s") > 1.7e9);
    let command = machine["command_line"].as_array().unwrap();
    assert_eq!(command[1..4], ["run", "--count", "10"]);
}

/// What a run of the program prints on a terminal.
fn on_a_terminal(folder: &Folder, arguments: &str) -> String {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap());
    let live = folder.start_with(arguments, |command| {
        command.stderr(side.unwrap());
    });
    let mut terminal = std::fs::File::from(terminal);
    let screen = std::thread::spawn(move || {
        let (mut text, mut chunk) = (Vec::new(), [0; 4_096]);
        // Ends with an error when the last of the program's descriptors is gone.
        while let Ok(n @ 1..) = terminal.read(&mut chunk) {
            text.extend_from_slice(&chunk[..n]);
        }
        text
    });
    live.end().delivers_everything();
    patiently(|| screen.is_finished().then_some(())).expect("the end of what is on the screen");
    String::from_utf8_lossy(&screen.join().unwrap()).into_owned()
}

#[test]
fn a_run_of_known_length_shows_a_progress_bar_on_a_terminal() {
    let folder = Folder::new();
    folder.write("in", "a line\n".repeat(100));
    for (arguments, said) in [
        ("--count 300 --producer-rate 1000/s", "% of 300 records"),
        ("--duration 300ms --producer-rate 1000/s", "% of the time"),
        (
            "--source file:in --sink delay:50ms --batch-size 50",
            "% of 700 B",
        ),
    ] {
        let arguments =
            format!("--metrics-interval 50ms --channel-size 512 --lane-bytes 128KiB {arguments}");
        let screen = on_a_terminal(&folder, &arguments);
        assert!(screen.contains(said), "{said}: {screen}");
        assert!(screen.contains("[METRICS] "), "{screen}");
        // Whole lines, and no trace of the bar after the summary.
        let summary = screen.split("Program finished").nth(1).unwrap();
        let mut lines = summary.lines();
        let has_bar = lines.any(|line| !line.starts_with("warning") && line.contains('%'));
        assert!(!has_bar && summary.contains("ledger "), "{summary}");
        let quiet = on_a_terminal(&folder, &format!("-q {arguments}"));
        assert_eq!(quiet, "");
    }
}

#[test]
fn a_run_whose_sink_hangs_is_saturated_and_reports_no_unknown_latency() {
    let ended = Folder::new().run(
        "--producer-rate 2000/s --sink fault:stall-after=100:1h --workers 1 --duration 1s --drain-timeout 200ms \
         --channel-size 100 --batch-size 50 --lane-bytes 128KiB --batch-bytes 32KiB",
    );
    let ended = ended.exits(4);
    let found = codes(&ended);
    assert!(
        found.contains(&"saturated") && found.contains(&"cut_short"),
        "{found:?}"
    );
    assert!(
        ended.report["latency"].is_null(),
        "{}",
        ended.report["latency"]
    );
}

#[test]
fn a_policy_that_drops_drops_instead_of_throttling() {
    // With the default throttle the same run drops little, and answers late.
    let ended = Folder::new().run(&format!(
        "--producer-rate 5000/s --when-full drop-newest --duration 500ms {SLOW}"
    ));
    let ended = ended.exits(3).balances();
    assert_eq!(ended.figure("/backpressure/throttle_pauses"), 0);
    assert_eq!(ended.report["config"]["throttle"]["value"], "off");
    assert_eq!(ended.report["config"]["throttle"]["origin"], "derived");
    let given = Folder::new().run(&format!(
        "--producer-rate 5000/s --when-full drop-newest --throttle 0.5:1ms --duration 500ms {SLOW}"
    ));
    assert!(given.figure("/backpressure/throttle_pauses") > 0);
    assert_eq!(given.report["config"]["throttle"]["origin"], "flag");
}

#[test]
fn a_run_that_drops_for_lack_of_room_is_saturated() {
    let ended = Folder::new().run(&format!(
        "--producer-rate 5000/s --when-full drop-newest --throttle off --duration 500ms {SLOW}"
    ));
    let ended = ended.exits(3).balances();
    assert_eq!(ended.report["validity"]["saturated"], true);
    assert!(
        codes(&ended).contains(&"dropped_full"),
        "{:?}",
        codes(&ended)
    );
}
