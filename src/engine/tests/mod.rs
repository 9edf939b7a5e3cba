//! The stages on one thread with a manual clock: no time passes but the clock's.

use crate::engine::control_block::ControlBlock;
use crate::engine::dispatch::{DispatchPolicy, Dispatcher, WhenFull};
use crate::engine::lane::{LaneMemory, LaneReader, LaneSize};
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::route::Route;
use crate::engine::shard::{LaneHandle, ShardHandle};
use crate::engine::throttle::Throttle;
use crate::metrics::counters::Counters;
use crate::sys::clock::{Clock, ClockHand};
use crate::sys::sync::Arc;
use crate::sys::wait::simulated::meanwhile;
use crate::sys::wait::{Backoff, Waiter};

/// A dispatcher, the other ends of its lanes, and the clock's hand.
struct Stage {
    dispatcher: Dispatcher,
    readers: Vec<LaneReader>,
    shard: Arc<ShardHandle>,
    waiter: Waiter,
    hand: ClockHand,
}

fn stage(lanes: usize, size: LaneSize, policy: DispatchPolicy) -> Stage {
    let (clock, hand) = Clock::manual();
    let waiter = Waiter::new(clock);
    let ends = (0..lanes).map(|_| {
        let worker = Waiter::new(clock);
        LaneMemory::new(size).lane(worker.waker().clone())
    });
    let (writers, readers): (Vec<_>, Vec<_>) = ends.unzip();
    let handles = writers.iter().map(|writer| LaneHandle {
        gauge: Arc::clone(writer.gauge()),
        waker: writer.waker().clone(),
    });
    let shard = Arc::new(ShardHandle {
        id: 0,
        clock,
        control: ControlBlock::new(lanes),
        counters: Counters::new(lanes),
        lanes: handles.collect(),
        producer: waiter.waker().clone(),
    });
    let backoff = Backoff::new(clock, 0);
    let dispatcher = Dispatcher::new(writers, policy, Arc::clone(&shard), backoff);
    Stage {
        dispatcher,
        readers,
        shard,
        waiter,
        hand,
    }
}

#[test]
fn a_throttle_pause_lasts_as_long_as_its_table_says_when_nothing_relieves_the_queue() {
    let policy = DispatchPolicy {
        route: Route::RoundRobin,
        when_full: WhenFull::DropNewest,
        throttle: "0.5:300us".parse().expect("a table"),
        max_record_bytes: 16,
    };
    let size = LaneSize {
        records: 4,
        bytes: 64,
    };
    let mut stage = stage(1, size, policy);
    stage.hand.set(1_000);
    let mut headers = [RecordHeader::new(0, 0, 2); 3];
    let burst = Burst {
        headers: &mut headers,
        bytes: b"a\nb\nc\n",
    };
    let dispatched = stage.dispatcher.dispatch(&stage.waiter, burst);
    assert_eq!(dispatched, Ok(1_000));
    let mut stage = meanwhile(
        |until_ns| assert!(until_ns.is_some()),
        || {
            assert!(stage.dispatcher.pause(&stage.waiter));
            stage
        },
    );
    let producer = &stage.shard.counters.producer;
    assert_eq!(producer.throttle_ns.get(), 300_000);
    assert_eq!(producer.throttle_pauses.get(), 1);
    assert_eq!(Throttle::off().pause(1.0).as_nanos(), 0);
    assert!(!stage.readers[0].is_closed());
    stage.dispatcher.close();
    assert!(stage.readers[0].is_closed());
}
