//! Runs that are cut short, by the drain deadline or a second signal: the exit code tells which, and every record left
//! is counted.

use rustix::process::Signal;

use crate::support::{Folder, Live, SMALL};

/// A sink that hangs for an hour.
const STUCK: &str =
    "--sink delay:1h --workers 2 --channel-size 100 --batch-size 10 --lane-bytes 64KiB";

#[test]
fn a_second_signal_halts_a_run_with_its_own_number() {
    let folders: Vec<_> = [Signal::INT, Signal::TERM, Signal::HUP]
        .map(|signal| (signal, Folder::new()))
        .into();
    // Without the second signal they would drain for an hour.
    let start = |folder: &Folder| {
        folder.start(&format!(
            "{STUCK} --drain-timeout 1h --metrics-interval 50ms --on-hangup stop"
        ))
    };
    let lives: Vec<Live> = folders.iter().map(|(_, folder)| start(folder)).collect();
    for ((second, _), live) in folders.iter().zip(lives) {
        live.wait_for_words("| Queue=200/200 |");
        live.send(Signal::TERM);
        live.wait_for_words("Shutdown signal received!");
        let ended = live.end_insisting(*second);
        let ended = ended.exits(128 + second.as_raw()).balances();
        assert_eq!(ended.report["stop"]["cause"], "SIGTERM");
        assert_eq!(
            ended.report["stop"]["halted_by"].as_i64(),
            Some(second.as_raw().into())
        );
        assert_eq!(ended.figure("/ledger/delivered"), 0);
        let abandoned = ended.figure("/ledger/abandoned");
        assert!(abandoned >= 200);
        let (name, remedy) = (name_of(*second), "--drain-timeout");
        let ended = ended.says(&format!("abandoned {abandoned} (balanced)\n"));
        let ended = ended.says(&format!(
            "second {name}: leaving now, {abandoned} records abandoned\n"
        ));
        // More time would not have helped.
        assert!(!ended.stderr.contains(remedy), "{}", ended.stderr);
        assert!(!ended.report["validity"].to_string().contains(remedy));
    }
}

fn name_of(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "SIGINT",
        Signal::TERM => "SIGTERM",
        _ => "SIGHUP",
    }
}

#[test]
fn two_signals_at_once_are_one_wish_and_abandon_nothing() {
    let folder = Folder::new();
    let live = folder.start(&format!(
        "--sink delay:5ms,file:out --throttle off --drain-timeout 1h --workers 1 {SMALL}"
    ));
    live.wait_until("some output", || folder.len("out") > 0);
    // All are pending while it is stopped.
    for signal in [Signal::STOP, Signal::INT, Signal::TERM, Signal::CONT] {
        live.send(signal);
    }
    let ended = live.end().delivers_everything();
    folder.holds_whole("out", ended.figure("/ledger/produced"));
}

#[test]
fn a_drain_past_its_deadline_is_given_up_and_counted() {
    let ended = Folder::new().run(&format!("{STUCK} --count 100 --drain-timeout 50ms"));
    let ended = ended.exits(4).balances();
    assert_eq!(ended.report["stop"]["deadline_passed"], true);
    assert_eq!(ended.figure("/ledger/produced"), 100);
    assert_eq!(ended.figure("/ledger/abandoned"), 100);
    assert_eq!(ended.of_workers("/abandoned").iter().sum::<u64>(), 100);
    ended.says("abandoned 100 (balanced)\n");
}

#[test]
fn a_producer_that_waits_for_room_stops_at_the_deadline() {
    // More than the lanes hold: the burst that the producer still holds is counted as well.
    let ended = Folder::new().run(&format!("{STUCK} --duration 50ms --drain-timeout 50ms"));
    let ended = ended.exits(4).balances();
    assert!(ended.figure("/ledger/abandoned") > 200);
    assert_eq!(ended.figure("/ledger/delivered"), 0);
}

#[test]
fn a_slow_drain_within_its_deadline_succeeds() {
    let ended = Folder::new().run(&format!(
        "--count 1000 --sink delay:20ms,check --workers 1 --drain-timeout 60s {SMALL}"
    ));
    ended.delivers_everything();
}

#[test]
fn records_delivered_before_the_deadline_are_in_the_file() {
    let folder = Folder::new();
    let live = folder.start(
        "--sink delay:5ms,file:out --workers 2 --channel-size 100 --batch-size 10 --lane-bytes 64KiB \
         --throttle off --drain-timeout 1ms",
    );
    live.wait_until("some output", || folder.len("out") > 5_000);
    live.send(Signal::INT);
    let ended = live.end().exits(4).balances();
    assert!(ended.figure("/ledger/abandoned") > 0);
    let verdict = folder.verify("out");
    assert_eq!(verdict["records"], ended.figure("/ledger/delivered"));
    assert_eq!(verdict["torn"]["count"], 0);
    assert_eq!(verdict["duplicated"]["count"], 0);
}

#[test]
fn a_deadline_with_nothing_left_to_deliver_fails_no_check() {
    let ended = Folder::new().run(
        "--producer-rate 100/s --batch-timeout 0 --duration 500ms --drain-timeout 0 --sink check",
    );
    assert!(matches!(ended.code, Some(0 | 4)), "{ended:?}");
    assert!(!ended.stderr.contains("check:"), "{ended:?}");
}

#[test]
fn a_full_stderr_does_not_block_shutdown() {
    let folder = Folder::new();
    // A pipe that is full and never read: every write to it blocks.
    let (_reader, mut writer) = std::io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    std::io::Write::write_all(&mut writer, &[b'\n'; 4096]).unwrap();
    let live = folder.start_with(&format!("--sink file:out {SMALL}"), |command| {
        command.stderr(writer);
    });
    live.wait_until("some output", || folder.len("out") > 0);
    // Nobody reads its last words: it leaves them, in whatever way.
    let code = live.end_insisting(Signal::TERM).code;
    assert!(matches!(code, Some(0 | 143)), "{code:?}");
}
