//! A sink that fails for a while: its batch waits, nothing is lost, torn or doubled, and a stop is obeyed.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, io};

use rustix::process::Signal;
use splashdam::sinks::{Fault, Faults, FileSink, Fsync};
use splashdam::{Batch, OnSinkError, Pending, Pipeline, Sink, SinkError, SinkErrorKind, Wrote};

use crate::support::library::{self, config, generator};
use crate::support::{Folder, PROGRAM, Rng, SMALL, run_arguments, seed, sorted_lines};

/// A sink that accepts a random number of records before it fails again, or is not ready.
struct Moody {
    rng: Rng,
    taken: Arc<Mutex<Vec<u8>>>,
    /// The bytes that were not accepted of the last batch.
    rest: Option<Vec<u8>>,
    flushes: u32,
}

impl Sink for Moody {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let bytes = batch.bytes().concat();
        let parts: usize = batch.records().map(|r| r.parts.concat().len()).sum();
        assert_eq!(parts, bytes.len());
        if let Some(rest) = self.rest.take() {
            assert!(
                bytes == rest,
                "another batch than the one that was not accepted whole"
            );
        }
        let takes = match self.rng.below(3) {
            0 => 0,
            1 => self.rng.below(batch.len() as u64) as usize,
            _ => batch.len(),
        };
        let (accepted, rest) = batch.split_at(takes);
        self.taken.lock().unwrap().extend(accepted.bytes().concat());
        if rest.is_empty() {
            return Ok(Wrote::All);
        }
        self.rest = Some(rest.bytes().concat());
        if self.rng.below(2) == 0 {
            let pending = Pending::until(0);
            return Ok(Wrote::Part {
                records: takes,
                pending,
            });
        }
        Err(SinkError::new(io::ErrorKind::StorageFull.into(), takes))
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        self.flushes += 1;
        if self.flushes < 3 {
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
        Ok(Wrote::All)
    }
}

#[test]
fn the_rest_of_a_batch_is_offered_again_and_nothing_behind_it() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sinks = {
        let (taken, seed) = (Arc::clone(&taken), seed());
        move |_: usize| {
            let (rng, into) = (Rng(seed), Arc::clone(&taken));
            let flushes = 0;
            Ok(Moody {
                rng,
                taken: into,
                rest: None,
                flushes,
            })
        }
    };
    let config = config(|c| c.stop.count = Some(2_000));
    let outcome = library::run(Pipeline::new(generator(Some(100)), sinks).config(config));
    assert_eq!((outcome.exit_code(), outcome.ledger.delivered), (0, 2_000));
    assert!(outcome.workers[0].retries > 2, "{outcome:?}");
    let taken = taken.lock().unwrap();
    let lines: Vec<_> = taken.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!((lines.len(), outcome.delivered_bytes), (2_000, 200_000));
    for (seq, line) in lines.iter().enumerate() {
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(line["seq"], seq);
    }
}

/// Always fails in the same way.
struct Broken(io::ErrorKind, Option<SinkErrorKind>);

impl Sink for Broken {
    fn write(&mut self, _: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let error = SinkError::from(io::Error::from(self.0));
        Err(match self.1 {
            Some(kind) => error.with_kind(kind),
            None => error,
        })
    }
}

#[test]
fn only_retryable_errors_are_retried_and_only_if_the_policy_says_so() {
    use OnSinkError::{Retry, Stop};
    use SinkErrorKind::{Final, Retryable};
    use io::ErrorKind::{InvalidInput, StorageFull};
    let check = |error, kind, policy, retried: bool| {
        let config = config(|c| {
            c.stop.count = Some(100);
            c.stop.on_sink_error = policy;
            // A sink that is retried holds the drain up until its deadline.
            c.stop.drain_timeout = Duration::from_millis(if retried { 300 } else { 60_000 });
        });
        let sinks = move |_: usize| Ok(Broken(error, kind));
        let outcome = library::run(Pipeline::new(generator(None), sinks).config(config));
        let ledger = &outcome.ledger;
        assert_eq!((ledger.delivered, ledger.abandoned), (0, 100));
        assert_eq!(outcome.exit_code(), if retried { 4 } else { 1 });
        assert_eq!(outcome.workers[0].retries > 0, retried);
    };
    check(StorageFull, None, Retry, true);
    check(StorageFull, None, Stop, false);
    check(InvalidInput, None, Retry, false);
    check(StorageFull, Some(Final), Retry, false);
    check(InvalidInput, Some(Retryable), Retry, true);
}

#[test]
fn a_disk_that_stays_full_holds_a_run_up_until_the_deadline() {
    let ended = Folder::new().run(&format!(
        "--sink file:/dev/full --workers 2 --count 500 --drain-timeout 300ms {SMALL}"
    ));
    let ended = ended.exits(4).balances();
    assert_eq!(ended.figure("/ledger/abandoned"), 500);
    assert!(ended.of_workers("/retries").iter().sum::<u64>() >= 3);
}

#[test]
fn a_second_signal_halts_a_worker_that_waits_to_retry() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink file:/dev/full --workers 2 --metrics-interval 50ms {SMALL}"
    ));
    live.wait_for_words("| Queue=1,024/1,024 |");
    live.send(Signal::TERM);
    live.wait_for_words("Shutdown signal received!");
    let ended = live.end_insisting(Signal::INT).exits(130).balances();
    assert_eq!(ended.figure("/ledger/delivered"), 0);
    // An abandoned thread would have no figures.
    assert_eq!(ended.report["threads"].as_array().unwrap().len(), 3);
}

/// Starts a run in which a write beyond a size limit fails instead of killing the process.
fn limited(folder: &Folder, arguments: &str) -> crate::support::Live {
    let mut command = folder.command("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM]);
    command.args(run_arguments(arguments));
    folder.spawn(command)
}

#[test]
fn a_file_limited_for_a_while_ends_up_whole() {
    for workers in [1, 3] {
        let folder = Folder::new();
        let live = limited(
            &folder,
            &format!(
                "--sink file:out --workers {workers} --producer-rate 20000/s --batch-timeout 2ms {SMALL}"
            ),
        );
        live.wait_until("some output", || folder.len("out") > 10_000);
        // Inside a record: its half stays in the file until there is room for the rest.
        let mut limit = folder.len("out");
        for _ in 0..3 {
            limit += 100_001;
            live.limit_file_size(Some(limit));
            live.wait_until("the limit", || folder.len("out") >= limit);
        }
        live.limit_file_size(None);
        live.wait_until("more output", || folder.len("out") > limit + 100_000);
        live.send(Signal::TERM);
        let ended = live.end().delivers_everything();
        assert!(ended.of_workers("/retries").iter().sum::<u64>() > 0);
        folder.holds_whole("out", ended.figure("/ledger/produced"));
    }
}

#[test]
fn a_renamed_output_is_opened_anew_and_nothing_is_lost() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink file:out --workers 3 --producer-rate 50000/s --batch-timeout 1ms {SMALL}"
    ));
    for turn in ["out.3", "out.2", "out.1"] {
        live.wait_until("some output", || folder.len("out") > 20_000);
        fs::rename(folder.path("out"), folder.path(turn)).unwrap();
    }
    live.wait_until("some output", || folder.len("out") > 20_000);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    folder.holds_whole("out.3 out.2 out.1 out", ended.figure("/ledger/produced"));
}

#[test]
fn a_deleted_output_is_created_anew_and_holds_the_rest() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink file:out --workers 2 --producer-rate 50000/s --batch-timeout 1ms {SMALL}"
    ));
    live.wait_until("some output", || folder.len("out") > 20_000);
    fs::remove_file(folder.path("out")).unwrap();
    live.wait_until("new output", || folder.len("out") > 20_000);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    let verdict = folder.verify("out");
    assert_eq!(verdict["torn"]["count"], 0, "{verdict}");
    assert_eq!(verdict["duplicated"]["count"], 0, "{verdict}");
    assert!(verdict["records"].as_u64().unwrap() < ended.figure("/ledger/produced"));
}

#[test]
fn an_output_path_that_cannot_be_opened_anew_is_retried() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink file:out --workers 2 --producer-rate 50000/s --batch-timeout 1ms --metrics-interval 50ms {SMALL}"
    ));
    live.wait_until("some output", || folder.len("out") > 20_000);
    folder.exchange("out", "dir");
    live.wait_for_words("| Queue=1,024/1,024 |");
    fs::remove_dir(folder.path("out")).unwrap();
    live.wait_until("new output", || folder.len("out") > 20_000);
    live.send(Signal::TERM);
    let ended = live.end().delivers_everything();
    folder.holds_whole("dir out", ended.figure("/ledger/produced"));
}

#[test]
fn a_nonblocking_pipe_that_is_read_late_gets_everything() {
    let folder = Folder::new();
    let (mut reader, writer) = io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let live = folder.start_with(
        &format!("--sink stdout --workers 2 --count 3000 --metrics-interval 50ms {SMALL}"),
        |command| {
            command.stdout(writer);
        },
    );
    live.wait_for_words("| Queue=1,024/1,024 |");
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        io::Read::read_to_end(&mut reader, &mut all).unwrap();
        all
    });
    live.end().delivers_everything();
    let all = read.join().unwrap();
    folder.write("all", &all);
    assert_eq!(sorted_lines(&all).len(), 3000);
    folder.holds_whole("all", 3000);
}

#[test]
fn a_worker_that_fails_inside_a_record_leaves_no_torn_line() {
    let folder = Folder::new();
    let path = folder.path("out");
    let file = FileSink::append(&path, Fsync::Never).unwrap();
    let config = config(|c| {
        c.scaling.max_workers = 2;
        c.stop.on_sink_error = OnSinkError::Stop;
        c.stop.count = Some(3_000);
    });
    let full: Faults = "full-after=250+worker=1".parse().unwrap();
    let sinks = move |worker: usize| Ok(Fault::of_file(full.clone(), worker, file.clone()));
    let outcome = library::run(Pipeline::new(generator(Some(100)), sinks).config(config));
    let failure = outcome.failures[0].to_string();
    let wanted = format!(
        "worker 1: sink: {}: No space left on device",
        path.display()
    );
    assert!(failure.starts_with(&wanted), "{failure}");
    assert_eq!(
        (outcome.failures.len(), outcome.workers[1].delivered),
        (1, 2)
    );
    // The record that it failed in does not count as delivered, and is whole in the file.
    let verdict = folder.verify("out");
    assert_eq!(verdict["torn"]["count"], 0, "{verdict}");
    assert_eq!(
        verdict["records"],
        outcome.ledger.delivered + 1,
        "{verdict}"
    );
}
