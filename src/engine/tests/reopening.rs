//! When a worker opens its outputs again.

use super::worker::Did::{Spills, Waits, WaitsForSink, Worked};
use super::worker::bench;
use super::{Answer, MS};
use crate::engine::notice::Notice;

#[test]
fn an_idle_worker_reopens_its_sink_and_its_spill_file_once_for_each_request() {
    let mut bench = bench(&[]).spilling(&[]);
    bench.does(&[Waits(1, None)]);
    assert_eq!(bench.sink.script().reopened, 0);
    for requests in 1..=2 {
        bench.shard.reopen();
        bench.does(&[Waits(1, None), Waits(1, None)]);
        let reopened = (bench.sink.script().reopened, bench.spill.script().reopened);
        assert_eq!(reopened, (requests, requests));
    }
    bench.publish(&[2; 4]);
    bench.does(&[Worked]);
    bench.offered(&[&[0, 1, 2, 3]]);
}

#[test]
fn a_worker_that_waits_for_its_sink_or_backs_off_reopens_it_and_goes_on_with_the_rest() {
    let mut bench = bench(&[Answer::Part(1, MS), Answer::Retry(1)]);
    bench.publish(&[2; 4]);
    bench.does(&[WaitsForSink(Some(MS))]);
    bench.shard.reopen();
    let until_ns = bench.backs_off();
    assert_eq!(bench.sink.script().reopened, 1);
    bench.shard.reopen();
    bench.does(&[WaitsForSink(Some(until_ns))]);
    assert_eq!(bench.sink.script().reopened, 2);
    bench.hand.set(until_ns);
    bench.does(&[Worked]);
    bench.offered(&[&[0, 1, 2, 3], &[1, 2, 3], &[2, 3]]);
}

#[test]
fn an_output_that_cannot_be_opened_again_is_a_warning_and_stays_in_use() {
    let mut bench = bench(&[]);
    bench.sink.script().reopening_fails = true;
    bench.shard.reopen();
    bench.publish(&[2; 4]);
    bench.does(&[Worked]);
    bench.offered(&[&[0, 1, 2, 3]]);
    match bench.notices.try_recv() {
        Ok(Notice::Warning(text)) => {
            assert!(text.starts_with("worker 0: sink: "), "{text}");
            assert!(text.ends_with("; it was not opened again"), "{text}");
        }
        other => panic!("a warning: {other:?}"),
    }
}

#[test]
fn a_worker_that_spills_reopens_its_spill_file_only() {
    let mut bench = bench(&[Answer::Fail(0)]).spilling(&[]);
    bench.publish(&[2; 4]);
    bench.does(&[Spills("sink failed")]);
    bench.shard.reopen();
    bench.does(&[Worked]);
    let reopened = (bench.sink.script().reopened, bench.spill.script().reopened);
    assert_eq!(reopened, (0, 1));
}
