//! What waits, as others see it: records that are due and were not produced, and the oldest record of a lane.

use super::worker::bench as worker;
use super::{Answer, MS, policy, size, stage};
use crate::engine::producer::{Producer, ProducerEnd, Step};
use crate::engine::source::{Demand, Lent, Overdue, Source};
use crate::sys::sync::Arc;

/// A source that has not lent 77 records which are due since 5 ms.
struct Late;

impl Source for Late {
    fn lend(&mut self, _demand: Demand) -> std::io::Result<Lent<'_>> {
        Ok(Lent::End)
    }

    fn overdue(&self, now_ns: u64) -> Option<Overdue> {
        assert!(now_ns > 5 * MS);
        Overdue::new(77, 5 * MS)
    }
}

#[test]
fn what_is_due_as_the_run_stops_and_was_not_produced_is_counted() {
    for (count, over_ns, records, behind_ns) in [
        (1_000, u64::MAX, 77, 3 * MS),
        (50, u64::MAX, 50, 3 * MS),
        (1_000, 6 * MS, 77, MS - 1),
    ] {
        let stage = stage(1, size(8, 64), policy());
        let shard = Arc::clone(&stage.shard);
        let mut producer = Producer::new(Box::new(Late), stage.dispatcher, shard, count, over_ns);
        stage.hand.set(8 * MS);
        stage.shard.quiesce();
        let first = producer.step(&stage.waiter, 8 * MS);
        assert!(matches!(first, Step::Worked { .. }), "{first:?}");
        let then = producer.step(&stage.waiter, 8 * MS);
        assert!(
            matches!(then, Step::Closed(ProducerEnd::Quiesced)),
            "{then:?}"
        );
        let counters = &stage.shard.counters.producer;
        assert_eq!(counters.overdue.get(), records);
        assert_eq!(counters.overdue_ns.get(), behind_ns);
    }
}

#[test]
fn the_age_of_the_oldest_record_is_known_while_its_batch_fills_and_while_its_sink_fails() {
    let mut bench = worker(&[Answer::Retry(1), Answer::All]);
    let oldest = |bench: &super::worker::Bench| bench.shard.oldest_ns();
    assert_eq!(oldest(&bench), None);
    // Published at 40 ms and due at half of that, as the others here.
    bench.hand.set(40 * MS);
    bench.publish(&[2]);
    bench.step();
    assert_eq!(oldest(&bench), Some(20 * MS));
    bench.hand.set(48 * MS);
    bench.publish(&[2; 3]);
    assert_eq!(oldest(&bench), Some(28 * MS));
    bench.step();
    // One record was accepted; the oldest is one of the three.
    bench.step();
    bench.hand.set(50 * MS);
    assert_eq!(oldest(&bench), Some(26 * MS));
    bench.hand.set(5_000 * MS);
    bench.step();
    bench.step();
    assert_eq!(oldest(&bench), None);
}
