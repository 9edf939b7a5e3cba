//! The dispatcher: where each record of a burst goes, and what happens when no lane takes it.

use super::{Answer, Lines, MS, Scripted, Stage, lines, policy, size, stage, take, take_all};
use crate::engine::dispatch::{DispatchError, DispatchPolicy, WhenFull};
use crate::engine::lane::LaneReader;
use crate::engine::notice::{Notice, Notices};
use crate::engine::route::Route;
use crate::engine::spill::Spill;
use crate::metrics::{DropReason, Dropped};
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;

impl Stage {
    pub(super) fn dispatch(&mut self, from: u64, lengths: &[u32]) -> Result<u64, DispatchError> {
        let mut lines = lines(from, self.shard.clock.now_ns(), lengths);
        self.dispatcher.dispatch(&self.waiter, lines.burst())
    }

    fn dropped(&self) -> Dropped {
        self.shard.counters.producer.dropped.get()
    }

    fn unpublished(&self) -> u64 {
        self.shard.counters.producer.unpublished.get()
    }
}

fn drop_newest() -> DispatchPolicy {
    DispatchPolicy {
        when_full: WhenFull::DropNewest,
        ..policy()
    }
}

#[test]
fn a_long_record_goes_to_the_only_lane_it_fits_into_although_that_is_the_fuller_one() {
    let least = DispatchPolicy {
        route: Route::LeastOccupied,
        max_record_bytes: 32,
        ..policy()
    };
    let mut stage = stage(2, size(8, 64), least);
    assert_eq!(stage.dispatch(0, &[20, 20]), Ok(0));
    assert_eq!(stage.dispatch(2, &[2; 6]), Ok(0));
    // Lane 1 has five eighths of its bytes taken, lane 0 six eighths of its records: 24 and 52 bytes are left.
    assert_eq!(stage.dispatch(8, &[30]), Ok(0));
    let taken = take_all(&mut stage.readers);
    assert_eq!(taken, [vec![2, 3, 4, 5, 6, 7, 8], vec![0, 1]]);
    assert_eq!(stage.shard.counters.producer.full_waits.get(), 0);
}

#[test]
fn records_that_the_chosen_lane_has_no_room_for_go_on_to_the_next_in_order() {
    let mut stage = stage(3, size(4, 64), policy());
    assert_eq!(stage.dispatch(0, &[2; 10]), Ok(0));
    // The turn begins with lane 1.
    let taken = take_all(&mut stage.readers);
    assert_eq!(taken, [vec![8, 9], vec![0, 1, 2, 3], vec![4, 5, 6, 7]]);
    assert_eq!(stage.dispatcher.dispatched(), 10);
}

#[test]
fn drop_newest_in_mid_burst_counts_exactly_what_no_lane_took() {
    let mut stage = stage(2, size(4, 64), drop_newest());
    assert_eq!(stage.dispatch(0, &[2; 11]), Ok(0));
    assert_eq!(stage.dropped().full, 3);
    assert_eq!(stage.dispatch(11, &[2; 2]), Ok(0));
    assert_eq!(stage.dropped().full, 5);
    let taken = take_all(&mut stage.readers);
    assert_eq!(taken, [vec![4, 5, 6, 7], vec![0, 1, 2, 3]]);
    // What a policy dropped is settled.
    assert_eq!(stage.dispatcher.dispatched(), 13);
    assert_eq!((stage.unpublished(), stage.dropped().too_long), (0, 0));
    assert_eq!(stage.shard.counters.producer.full_waits.get(), 0);
    assert_eq!(stage.dispatch(13, &[2; 2]), Ok(0));
    assert_eq!(take_all(&mut stage.readers).concat(), [13, 14]);
}

#[test]
fn too_long_records_in_the_middle_of_a_burst_are_dropped_and_the_rest_is_published_in_order() {
    let mut stage = stage(1, size(32, 256), policy());
    assert_eq!(stage.dispatch(0, &[17, 3, 16, 17, 40, 4, 2, 17]), Ok(0));
    assert_eq!(take_all(&mut stage.readers), [[1, 2, 5, 6]]);
    assert_eq!(stage.dropped().too_long, 4);
    assert_eq!(stage.dispatcher.dispatched(), 8);
    assert_eq!(stage.dispatch(8, &[17]), Ok(0));
    assert_eq!(
        (stage.dropped().too_long, stage.dispatcher.dispatched()),
        (5, 9)
    );
}

#[test]
fn a_blocked_producer_goes_on_when_a_worker_releases() {
    let mut stage = stage(1, size(4, 64), policy());
    let mut reader = stage.readers.remove(0);
    let taken = Arc::new(std::sync::Mutex::new(Vec::new()));
    let all = Arc::clone(&taken);
    let (shard, hand) = (Arc::clone(&stage.shard), stage.hand);
    let mut looks = 0;
    let release = move |until_ns: Option<u64>| {
        assert!(until_ns.is_none(), "it is woken");
        assert!(shard.room.is_awaited());
        looks += 1;
        hand.advance(MS);
        if looks % 2 == 0 {
            all.lock().expect("one thread").extend(take(&mut reader, 2));
        }
    };
    let dispatched = meanwhile(release, || stage.dispatch(0, &[2; 9]));
    // Not the time before the waits: the source's next records are due after them.
    assert_eq!(dispatched, Ok(6 * MS));
    assert_eq!(*taken.lock().expect("one thread"), [0, 1, 2, 3, 4, 5]);
    let producer = &stage.shard.counters.producer;
    // Two sleeps of a millisecond come before each release, which frees two records' room.
    assert_eq!(producer.full_waits.get(), 3);
    assert_eq!(producer.full_ns.get(), 6 * MS);
    assert_eq!(producer.schedule_lag_ns.get(), 6 * MS);
    assert!(!stage.shard.room.is_awaited());
    assert_eq!(stage.dispatcher.dispatched(), 9);
    assert_eq!(stage.dropped().full, 0);
}

/// Dispatches nine records into a lane of four whose run is halted while the fifth waits.
fn halted_while_blocked(stage: &mut Stage) {
    assert_eq!(stage.dispatch(0, &[2; 2]), Ok(0));
    let shard = Arc::clone(&stage.shard);
    let halt = move |_| shard.halt();
    let dispatched = meanwhile(halt, || stage.dispatch(2, &[2, 2, 2, 17, 2, 2]));
    assert_eq!(dispatched, Err(DispatchError::Halted));
    assert_eq!(stage.dropped().too_long, 1);
    assert_eq!(take_all(&mut stage.readers), [[0, 1, 2, 3]]);
}

#[test]
fn a_halt_while_blocked_counts_what_is_left_and_the_first_abandoned_record_stays_unsettled() {
    let mut stage = stage(1, size(4, 64), policy());
    halted_while_blocked(&mut stage);
    assert_eq!(stage.unpublished(), 3);
    assert_eq!(stage.dispatcher.dispatched(), 4);
    // Nothing that is dispatched later moves it.
    assert_eq!(stage.dispatch(8, &[2]), Ok(0));
    stage.dispatcher.count_dropped(DropReason::TooLong, 5);
    assert_eq!(stage.dispatcher.dispatched(), 4);
}

#[test]
fn a_halt_while_blocked_spills_what_is_left() {
    let mut stage = stage(1, size(4, 64), policy());
    let answers = [
        Answer::Part(0, 3 * MS),
        Answer::All,
        Answer::Part(1, 5 * MS),
    ];
    let sink = Scripted::writing(&answers);
    let spill = Some(Spill::new(sink.clone()));
    stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
    halted_while_blocked(&mut stage);
    assert_eq!(
        sink.script().take(),
        [vec![4], vec![4], vec![6, 7], vec![7]]
    );
    assert_eq!(stage.shard.clock.now_ns(), 5 * MS);
    let producer = &stage.shard.counters.producer;
    assert_eq!((producer.spilled.get(), stage.unpublished()), (3, 0));
    assert_eq!(stage.dispatcher.dispatched(), 8);
    stage.dispatcher.close();
    assert!(sink.script().closed);
}

#[test]
fn a_spill_file_that_fails_spills_what_it_can_and_the_rest_is_abandoned_and_logged() {
    let mut stage = stage(1, size(4, 64), policy());
    let (log, logged) = std::sync::mpsc::channel();
    let notices = Notices::new(move |notice| log.send(notice).expect("a listener"));
    let sink = Scripted::writing(&[Answer::All, Answer::Fail(1)]);
    let spill = Some(Spill::new(sink.clone()));
    stage.dispatcher = stage.dispatcher.spill_to(spill, notices);
    halted_while_blocked(&mut stage);
    assert_eq!(sink.script().accepted, [4, 6]);
    let producer = &stage.shard.counters.producer;
    assert_eq!((producer.spilled.get(), stage.unpublished()), (2, 1));
    assert_eq!(stage.dispatcher.dispatched(), 7);
    let notices: Vec<_> = logged.try_iter().collect();
    assert!(
        matches!(notices[..], [Notice::SpillFailed { .. }]),
        "{notices:?}"
    );
}

#[test]
fn a_spill_file_that_takes_nothing_is_not_waited_for_longer_than_a_second() {
    let mut stage = stage(1, size(4, 64), policy());
    let sink = Scripted::writing(&vec![Answer::Part(0, 0); 3_000]);
    let spill = Some(Spill::new(sink.clone()));
    stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
    sink.script().takes = Some((stage.hand, MS));
    halted_while_blocked(&mut stage);
    // Once, and not for each of the two runs that a too-long record separates.
    let waited_ms = stage.shard.clock.now_ns() / MS;
    assert!((1_000..1_010).contains(&waited_ms), "{waited_ms}");
    assert_eq!((stage.unpublished(), stage.dispatcher.dispatched()), (3, 4));
}

#[test]
fn what_comes_after_a_halt_is_spilled_although_every_worker_has_left_or_is_about_to() {
    for workers_have_left in [true, false] {
        let mut stage = stage(2, size(4, 64), policy());
        let sink = Scripted::default();
        let spill = Some(Spill::new(sink.clone()));
        stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
        stage.shard.halt();
        if workers_have_left {
            stage.readers.clear();
        }
        // The source came back late with one burst, and has another one buffered.
        assert_eq!(stage.dispatch(0, &[2, 17, 2]), Err(DispatchError::Halted));
        assert_eq!(stage.dispatch(3, &[2; 9]), Err(DispatchError::Halted));
        assert!(take_all(&mut stage.readers).concat().is_empty());
        let spilled = [[0, 2].as_slice(), &[3, 4, 5, 6, 7, 8, 9, 10, 11]].concat();
        assert_eq!(sink.script().accepted, spilled);
        let producer = &stage.shard.counters.producer;
        assert_eq!((producer.spilled.get(), stage.unpublished()), (11, 0));
        assert_eq!(stage.dispatcher.dispatched(), 12);
    }
}

#[test]
fn a_halt_that_shows_first_in_workers_that_have_left_spills_what_is_left() {
    let mut stage = stage(2, size(4, 64), policy());
    let sink = Scripted::default();
    let spill = Some(Spill::new(sink.clone()));
    stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
    let (mut readers, shard) = (std::mem::take(&mut stage.readers), Arc::clone(&stage.shard));
    let leave = move |_| {
        shard.halt();
        readers.clear();
    };
    let dispatched = meanwhile(leave, || stage.dispatch(0, &[2; 11]));
    assert_eq!(dispatched, Err(DispatchError::Halted));
    assert_eq!(sink.script().accepted, [8, 9, 10]);
    assert_eq!(
        (stage.unpublished(), stage.dispatcher.dispatched()),
        (0, 11)
    );
}

#[test]
fn without_a_halt_records_that_no_worker_is_left_for_are_not_spilled() {
    // The reader of the output has gone, or the spill file failed already.
    let mut stage = stage(1, size(4, 64), policy());
    let sink = Scripted::default();
    let spill = Some(Spill::new(sink.clone()));
    stage.dispatcher = stage.dispatcher.spill_to(spill, Notices::default());
    stage.readers.clear();
    assert_eq!(stage.dispatch(0, &[2; 3]), Err(DispatchError::NoLane));
    assert_eq!((sink.script().accepted.len(), stage.unpublished()), (0, 3));
}

#[test]
fn least_occupied_passes_over_a_worker_that_takes_nothing() {
    let least = DispatchPolicy {
        route: Route::LeastOccupied,
        ..policy()
    };
    let mut stage = stage(3, size(32, 256), least);
    // Worker 1 stalls with four records, the others keep up.
    assert_eq!(stage.dispatch(0, &[2; 4]), Ok(0));
    for from in (4..60).step_by(4) {
        assert_eq!(stage.dispatch(from, &[2; 4]), Ok(0));
        for reader in [0, 2] {
            take(&mut stage.readers[reader], 9);
        }
    }
    assert_eq!(
        take_all(&mut stage.readers),
        [vec![], vec![0, 1, 2, 3], vec![]]
    );
}

#[test]
fn no_lane_is_left_when_every_worker_has_gone_and_the_rest_of_the_burst_is_counted() {
    let mut stage = stage(2, size(4, 64), policy());
    let mut readers = std::mem::take(&mut stage.readers);
    // The workers leave while the producer waits for room, one after the other.
    let leave = move |_| drop(readers.pop());
    let dispatched = meanwhile(leave, || stage.dispatch(0, &[2; 11]));
    assert_eq!(dispatched, Err(DispatchError::NoLane));
    assert_eq!((stage.unpublished(), stage.dispatcher.dispatched()), (3, 8));
    assert_eq!(stage.dispatch(11, &[2, 17, 2]), Err(DispatchError::NoLane));
    assert_eq!((stage.unpublished(), stage.dropped().too_long), (5, 1));
    assert_eq!(stage.dispatcher.dispatched(), 8);
}

#[test]
fn only_lanes_that_are_active_and_whose_worker_is_there_get_records() {
    for when_full in [WhenFull::Block, WhenFull::DropNewest] {
        let with = |route| DispatchPolicy {
            route,
            when_full,
            ..policy()
        };
        for route in [Route::RoundRobin, Route::LeastOccupied] {
            let mut stage = stage(4, size(8, 64), with(route));
            stage.shard.control.set_active(3);
            stage.readers.remove(1);
            for from in 0..4 {
                assert_eq!(stage.dispatch(from, &[2]), Ok(0));
            }
            let taken = take_all(&mut stage.readers);
            let lengths: Vec<_> = taken.iter().map(Vec::len).collect();
            assert_eq!(lengths[0] + lengths[1], 4, "{route:?}");
            assert!(lengths[0] > 0 && lengths[1] > 0, "{route:?}");
            // The last of four is open, and nothing is routed to it.
            stage.readers.drain(..2);
            let dispatched = stage.dispatch(4, &[2, 2]);
            assert_eq!(dispatched, Err(DispatchError::NoLane));
            assert_eq!((stage.unpublished(), stage.dropped().full), (2, 0));
            stage.shard.control.set_active(4);
            assert_eq!(stage.dispatch(6, &[2]), Ok(0));
        }
    }
}

#[test]
fn a_burst_that_contradicts_itself_is_refused_whole() {
    let mut stage = stage(1, size(8, 64), policy());
    assert_eq!(stage.dispatch(0, &[2]), Ok(0));
    let mut refuses = |mut wrong: Lines| {
        let refused = stage.dispatcher.dispatch(&stage.waiter, wrong.burst());
        assert_eq!(refused, Err(DispatchError::Malformed));
    };
    let mut too_few_bytes = lines(1, 0, &[3, 3]);
    too_few_bytes.bytes.pop();
    refuses(too_few_bytes);
    let mut too_many_bytes = lines(3, 0, &[3]);
    too_many_bytes.bytes.push(b'\n');
    refuses(too_many_bytes);
    let mut empty_record = lines(4, 0, &[3, 3]);
    empty_record.headers[0].len = 6;
    empty_record.headers[1].len = 0;
    refuses(empty_record);
    refuses(lines(6, 0, &[]));
    assert_eq!(take_all(&mut stage.readers), [[0]]);
    assert_eq!((stage.unpublished(), stage.dispatcher.dispatched()), (5, 1));
    assert_eq!(stage.shard.counters.producer.produced.get(), 6);
}

#[test]
fn a_dispatcher_closes_every_lane() {
    let mut stage = stage(2, size(4, 64), policy());
    assert!(!stage.readers.iter().any(LaneReader::writer_is_gone));
    stage.dispatcher.close();
    assert!(stage.readers.iter().all(LaneReader::writer_is_gone));
}
