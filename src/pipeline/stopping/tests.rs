//! The stop order, event by event.

use super::{Actions, Input, LOOK_EACH_NS, Phase, SPILL_GRACE_NS, Stopping};
use crate::control::StopCause;

const MS: u64 = 1_000_000;
const NOTHING: Actions = Actions {
    quiesce: false,
    halt: false,
    workers_ended: false,
};
const QUIESCE: Actions = Actions {
    quiesce: true,
    ..NOTHING
};
const HALT: Actions = Actions {
    halt: true,
    ..NOTHING
};
const CLOSE: Actions = Actions {
    workers_ended: true,
    ..NOTHING
};
const ENDED: Input = Input::WorkerEnded {
    was_spilling: false,
};

/// One shard with two workers, and 1 s to drain.
fn run(spills: bool) -> Stopping {
    Stopping::new(1, 2, 1_000 * MS, spills)
}

/// Looks as often as the control thread does, then handles events, all at the same time, and checks the actions for
/// each.
#[track_caller]
fn takes(stopping: &mut Stopping, at_ms: u64, events: &[(Input, Actions)]) {
    while stopping.looked_ns + LOOK_EACH_NS < at_ms * MS {
        stopping.look(stopping.looked_ns + LOOK_EACH_NS);
    }
    takes_after_a_gap(stopping, at_ms, events);
}

/// The same without a look before.
#[track_caller]
fn takes_after_a_gap(stopping: &mut Stopping, at_ms: u64, events: &[(Input, Actions)]) {
    for (input, actions) in events {
        assert_eq!(stopping.on(*input, at_ms * MS), *actions, "{input:?}");
    }
}

#[test]
fn an_orderly_stop_drains_then_closes_then_is_over() {
    let mut stopping = run(false);
    let stop = Input::Stop(StopCause::Requested);
    takes(&mut stopping, 0, &[(stop, QUIESCE), (stop, NOTHING)]);
    assert_eq!(stopping.deadline_ns(), Some(1_000 * MS));
    takes(
        &mut stopping,
        10,
        &[
            (Input::ProducerClosed, NOTHING),
            (ENDED, NOTHING),
            (ENDED, CLOSE),
        ],
    );
    assert!(!stopping.is_over());
    takes(&mut stopping, 11, &[(Input::ProducerEnded, NOTHING)]);
    assert!(stopping.is_over() && stopping.all_ended() && !stopping.deadline_passed);
    assert_eq!(stopping.cause, Some(StopCause::Requested));
}

#[test]
fn a_duration_ends_a_run_and_the_first_cause_stays_the_cause() {
    let mut stopping = run(false);
    stopping.over_at(50 * MS);
    takes(&mut stopping, 49, &[(Input::Time, NOTHING)]);
    takes(&mut stopping, 50, &[(Input::Time, QUIESCE)]);
    takes(
        &mut stopping,
        51,
        &[(Input::Stop(StopCause::Failed), NOTHING)],
    );
    assert_eq!(stopping.cause, Some(StopCause::DurationOver));
}

#[test]
fn a_drain_deadline_halts_and_hung_threads_are_left_behind_after_their_grace() {
    let mut stopping = run(false);
    takes(
        &mut stopping,
        0,
        &[(Input::Stop(StopCause::Requested), QUIESCE)],
    );
    takes(&mut stopping, 999, &[(Input::Time, NOTHING)]);
    takes(&mut stopping, 1_000, &[(Input::Time, HALT)]);
    assert!(stopping.deadline_passed);
    takes(
        &mut stopping,
        1_100,
        &[(Input::ProducerClosed, NOTHING), (ENDED, NOTHING)],
    );
    takes(&mut stopping, 1_199, &[(Input::Time, NOTHING)]);
    // One worker hangs: what is settled is acknowledged all the same.
    takes(&mut stopping, 1_200, &[(Input::Time, CLOSE)]);
    assert!(!stopping.is_over());
    // Nobody else is waited for: the worker has had its grace.
    takes(&mut stopping, 1_201, &[(Input::ProducerEnded, NOTHING)]);
    assert!(stopping.is_over() && !stopping.all_ended());
}

#[test]
fn a_producer_that_hangs_in_its_source_is_left_behind_with_the_workers() {
    let mut stopping = run(false);
    takes(&mut stopping, 0, &[(Input::Halt, HALT)]);
    takes(&mut stopping, 1, &[(ENDED, NOTHING), (ENDED, NOTHING)]);
    takes(&mut stopping, 200, &[(Input::Time, CLOSE)]);
    assert!(stopping.is_over());
}

#[test]
fn a_halt_shortens_the_wait_for_a_source_that_does_not_close() {
    let mut stopping = Stopping::new(1, 2, 5_000 * MS, false);
    let signal = Input::Stop(StopCause::Signal(15));
    takes(
        &mut stopping,
        0,
        &[
            (signal, QUIESCE),
            (Input::ProducerClosed, NOTHING),
            (ENDED, NOTHING),
            (ENDED, CLOSE),
        ],
    );
    assert_eq!(stopping.deadline_ns(), Some(5_000 * MS));
    takes(&mut stopping, 1_010, &[(signal, NOTHING)]);
    assert_eq!(stopping.deadline_ns(), Some(1_210 * MS));
    takes(&mut stopping, 1_020, &[(signal, NOTHING)]);
    takes(&mut stopping, 1_210, &[(Input::Time, NOTHING)]);
    assert!(stopping.is_over() && !stopping.all_ended());
    // Everything was delivered: it cut nothing short.
    assert_eq!(stopping.halted_by, None);
}

fn signal(number: i32) -> Input {
    Input::Stop(StopCause::Signal(number))
}

#[test]
fn a_second_signal_halts_a_second_after_the_first_and_a_second_request_never_does() {
    let mut stopping = Stopping::new(1, 2, 5_000 * MS, false);
    let requested = Input::Stop(StopCause::Requested);
    takes(&mut stopping, 0, &[(requested, QUIESCE)]);
    // The first signal comes later than the stop; one right behind it, of whatever kind, is the same wish.
    takes(
        &mut stopping,
        500,
        &[(signal(15), NOTHING), (signal(15), NOTHING)],
    );
    takes(&mut stopping, 1_499, &[(signal(2), NOTHING)]);
    assert_eq!(stopping.halted_by, None);
    takes(
        &mut stopping,
        1_500,
        &[
            (requested, NOTHING),
            (signal(2), HALT),
            (signal(15), NOTHING),
        ],
    );
    assert_eq!((stopping.halted_by, stopping.halted), (Some(2), false));
    takes(
        &mut stopping,
        1_501,
        &[
            (ENDED, NOTHING),
            (ENDED, NOTHING),
            (Input::ProducerClosed, CLOSE),
            (Input::ProducerEnded, NOTHING),
        ],
    );
    assert!(stopping.is_over());
}

#[test]
fn a_second_signal_changes_nothing_that_a_deadline_has_halted() {
    let mut stopping = run(false);
    takes(&mut stopping, 0, &[(signal(15), QUIESCE)]);
    takes(
        &mut stopping,
        1_000,
        &[(Input::Time, HALT), (signal(15), NOTHING)],
    );
    assert_eq!((stopping.halted_by, stopping.deadline_passed), (None, true));
}

#[test]
fn time_in_which_the_process_did_not_run_is_not_part_of_the_drain_timeout() {
    let mut stopping = run(false);
    takes(&mut stopping, 5_000, &[(signal(15), QUIESCE)]);
    takes(&mut stopping, 5_400, &[(Input::Time, NOTHING)]);
    assert_eq!(stopping.next_look_ns(), Some(5_500 * MS));
    // Stopped for 4 s, when 600 ms were left: they are left afterwards, too.
    takes_after_a_gap(&mut stopping, 9_500, &[(Input::Time, NOTHING)]);
    assert_eq!(stopping.deadline_ns(), Some(10_000 * MS));
    takes(&mut stopping, 9_999, &[(Input::Time, NOTHING)]);
    assert_eq!(stopping.next_look_ns(), Some(10_000 * MS));
    takes(&mut stopping, 10_000, &[(Input::Time, HALT)]);
    // Nor of what threads get to leave, or a source to close.
    takes_after_a_gap(&mut stopping, 13_000, &[(Input::Time, NOTHING)]);
    takes(&mut stopping, 13_100, &[(Input::Time, CLOSE)]);
}

#[test]
fn a_duration_is_time_on_the_clock() {
    let mut stopping = run(false);
    stopping.over_at(50_000 * MS);
    assert_eq!(stopping.next_look_ns(), Some(50_000 * MS));
    takes_after_a_gap(&mut stopping, 50_000, &[(Input::Time, QUIESCE)]);
    assert_eq!(stopping.deadline_ns(), Some(51_000 * MS));
}

#[test]
fn a_program_may_halt_without_a_stop_before() {
    let mut stopping = run(false);
    takes(
        &mut stopping,
        0,
        &[(Input::Halt, HALT), (Input::Halt, NOTHING)],
    );
    assert!(stopping.halted && stopping.halted_by.is_none());
    assert_eq!(stopping.cause, Some(StopCause::Requested));
}

#[test]
fn workers_that_spill_are_waited_for_and_not_for_ever() {
    let mut stopping = run(true);
    let spilled = Input::WorkerEnded { was_spilling: true };
    takes(
        &mut stopping,
        0,
        &[(Input::Stop(StopCause::Requested), QUIESCE)],
    );
    takes(&mut stopping, 1_000, &[(Input::Time, HALT)]);
    takes(
        &mut stopping,
        2_999,
        &[
            (Input::WorkerSpills, NOTHING),
            (Input::WorkerSpills, NOTHING),
        ],
    );
    takes(&mut stopping, 3_000, &[(Input::Time, NOTHING)]);
    takes(
        &mut stopping,
        3_100,
        &[(spilled, NOTHING), (Input::ProducerClosed, NOTHING)],
    );
    assert_eq!(stopping.deadline_ns(), Some(3_200 * MS));
    let patience_ms = 1_000 + SPILL_GRACE_NS / MS;
    takes(&mut stopping, patience_ms - 1, &[(Input::Time, NOTHING)]);
    takes(&mut stopping, patience_ms + 200, &[(Input::Time, CLOSE)]);
    let mut stopping = run(true);
    takes(
        &mut stopping,
        0,
        &[(Input::Halt, HALT), (Input::WorkerSpills, NOTHING)],
    );
    takes(
        &mut stopping,
        5,
        &[
            (spilled, NOTHING),
            (ENDED, NOTHING),
            (Input::ProducerClosed, CLOSE),
        ],
    );
}

#[test]
fn a_source_that_does_not_close_ends_with_the_drain_deadline() {
    let mut stopping = run(false);
    takes(
        &mut stopping,
        0,
        &[(Input::Stop(StopCause::Requested), QUIESCE)],
    );
    let ended = [
        (Input::ProducerClosed, NOTHING),
        (ENDED, NOTHING),
        (ENDED, CLOSE),
    ];
    takes(&mut stopping, 900, &ended);
    // At least the grace of a halt, however late the workers ended.
    assert_eq!(stopping.phase, Phase::Closing { by_ns: 1_100 * MS });
    takes(&mut stopping, 1_100, &[(Input::Time, NOTHING)]);
    assert!(stopping.is_over() && !stopping.deadline_passed);
}
