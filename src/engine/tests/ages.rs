//! What waits, as others see it: the oldest record of a lane.

use super::worker::bench as worker;
use super::{Answer, MS};

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
