//! A sink that hangs: the other workers go on, a warning names it, and the report counts the records that waited.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use splashdam::{Batch, Pipeline, Route, Sink, SinkError, Wrote};

use crate::support::library::{self, config, generator};
use crate::support::{Folder, SMALL, patiently};

/// Blocks on worker 1 until it is released.
struct Gate(Option<Arc<Mutex<Receiver<()>>>>);

impl Sink for Gate {
    fn write(&mut self, _: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        if let Some(gate) = &self.0 {
            // An error means that the gate is open for good.
            let _ = gate.lock().unwrap().recv();
        }
        Ok(Wrote::All)
    }
}

#[test]
fn a_stalled_sink_does_not_stop_the_other_workers() {
    for route in [Route::LeastOccupied, Route::RoundRobin] {
        let (open, gate) = mpsc::channel();
        let gate = Arc::new(Mutex::new(gate));
        let sinks = move |worker: usize| -> io::Result<Gate> {
            Ok(Gate((worker == 1).then(|| Arc::clone(&gate))))
        };
        let config = config(|c| {
            c.scaling.max_workers = 3;
            c.lanes.route = route;
            c.stop.count = Some(200_000);
        });
        let running = Pipeline::new(generator(None), sinks)
            .config(config)
            .start()
            .unwrap();
        // All except the records in the lane of the stalled worker, at most what that holds.
        let delivered = || running.snapshot().delivered;
        patiently(|| (delivered() >= 200_000 - 1_024).then_some(())).expect("the others' records");
        assert!(delivered() < 200_000, "{route:?}");
        drop(open);
        let outcome = library::join(running);
        assert_eq!(
            (outcome.exit_code(), outcome.ledger.delivered),
            (0, 200_000)
        );
        assert!(outcome.workers[1].delivered <= 1_024, "{outcome:?}");
    }
}

#[test]
fn a_worker_stalled_for_5_s_is_named_with_the_records_it_holds() {
    let folders = [Folder::new(), Folder::new()];
    // One is in its sink, the other waits to retry.
    let sinks = ["delay:1h", "file:/dev/full"];
    let start = |(folder, sink): (&Folder, &str)| {
        folder.start(&format!(
            "--sink {sink} --workers 1 --drain-timeout 1h {SMALL}"
        ))
    };
    let lives: Vec<_> = folders.iter().zip(sinks).map(start).collect();
    for live in lives {
        live.wait_for_words("warning: worker 0: no progress for 5 s, 512 records wait\n");
        live.send(Signal::TERM);
        live.wait_for_words("Shutdown signal received!");
        let ended = live.end_insisting(Signal::TERM).exits(143).balances();
        assert_eq!(ended.of_workers("/stalls"), [1]);
        assert_eq!(ended.of_workers("/waited_records"), [512]);
        assert_eq!(ended.figure("/sinks/stalls"), 1);
        assert!(ended.measure("/workers/0/stalled_s") >= 5.0);
        ended
            .says("stalled      worker 0 for ")
            .says(", 512 records waited\n");
    }
}

#[test]
fn a_worker_that_recovers_is_reported_with_the_length_of_its_stall() {
    let folder = Folder::new();
    let live = folder.start(&format!("--sink delay:6s --workers 1 --count 60 {SMALL}"));
    live.wait_for_words("warning: worker 0: no progress for 5 s, 60 records wait\n");
    let ended = live.end().delivers_everything();
    let ended = ended.says("worker 0: moves again after ");
    assert_eq!(ended.of_workers("/stalls"), [1]);
    assert!(ended.measure("/workers/0/stalled_s") >= 5.0);
}

#[test]
fn a_partial_batch_that_waits_for_more_is_not_a_stall() {
    let folder = Folder::new();
    let (reader, mut writer) = io::pipe().unwrap();
    let arguments = format!("--source stdin --workers 1 --batch-timeout 1h {SMALL}");
    let live = folder.start_with(&arguments, |command| {
        command.stdin(reader);
    });
    io::Write::write_all(&mut writer, b"one\n").unwrap();
    for second in 1..8 {
        live.wait_until("a line each second", || live.lines("[METRICS]") >= second);
    }
    drop(writer);
    let ended = live.end().delivers_everything();
    assert_eq!(ended.of_workers("/stalls"), [0]);
    assert!(!ended.stderr.contains("no progress"), "{}", ended.stderr);
}

#[test]
fn a_sink_that_fails_is_named_and_so_is_its_recovery() {
    let folder = Folder::new();
    let live = folder.start(&format!("--sink file:out --workers 1 {SMALL}"));
    live.wait_until("some output", || folder.len("out") > 10_000);
    folder.exchange("out", "dir");
    live.wait_for_words("error: worker 0: sink: out, moved away, cannot be opened again: is no file any more; trying again, its records wait\n");
    std::fs::remove_dir(folder.path("out")).unwrap();
    live.wait_for_words("worker 0: sink: works again after ");
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    assert!(ended.figure("/sinks/retries") > 0);
    ended.says(" failures tried again, 0 stalls\n");
}
