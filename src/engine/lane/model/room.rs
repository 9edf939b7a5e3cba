//! Models of a producer that waits for room: no worker leaves it asleep.

use super::{Run, Setup, batches_of, check};
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::lane::Volume;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::route::Route;
use crate::engine::throttle::Throttle;
use crate::sys::sync::Arc;
use crate::sys::wait::Backoff;

/// Dispatches records of these lengths, a burst for each, and waits until the worker has seen them all.
fn dispatch_all(setup: Setup, lengths: &[u32]) {
    let batch = setup.batch;
    let Run {
        writer,
        worker,
        shard,
        producer,
    } = setup.promise(lengths.len() as u64).run();
    let policy = DispatchPolicy {
        route: Route::RoundRobin,
        when_full: WhenFull::Block,
        throttle: Throttle::off(),
        batch,
        max_record_bytes: 64,
    };
    let backoff = Backoff::new(shard.clock, 0);
    let mut dispatcher = Dispatcher::new(vec![writer], policy, Arc::clone(&shard), backoff);
    for (position, len) in lengths.iter().enumerate() {
        let bytes = vec![position as u8; *len as usize];
        let burst = Burst {
            headers: &mut [RecordHeader::new(0, position as u64, *len)],
            bytes: &bytes,
        };
        assert!(dispatcher.dispatch(&producer, burst).is_ok());
    }
    let end = worker.join();
    assert!(end.is_ok(), "{end:?}");
    drop(dispatcher);
}

#[test]
fn a_producer_that_waits_for_room_is_woken_by_a_release() {
    check(2, || {
        dispatch_all(batches_of((1, 4)).lane(1, 4), &[1, 1, 1])
    });
}

/// After the first batch the lane is nearly full of bytes, and the second batch is not complete: the worker waits for
/// the record for which the producer has no room yet.
#[test]
fn a_worker_that_waits_with_a_lane_nearly_full_leaves_no_producer_asleep() {
    check(2, || {
        let setup = Setup {
            lane: Volume {
                records: 4,
                bytes: 32,
            },
            ..batches_of((2, 31))
        };
        dispatch_all(setup, &[1, 1, 30, 1]);
    });
}
