//! Two-ring lanes: the project's own, and a bare one that shows the machine's limit.

use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};
use splashdam::RecordHeader;
use splashdam::bench_support::{self, Reader, Writer};

use super::{BATCH, BURST, QUEUE_BYTES, QUEUE_RECORDS, Tally, Wait, Work, relay};

/// One core copies bursts into a buffer as large as a lane's, and nobody reads them: no lane can be faster.
pub(crate) fn memcpy(passes: u64) -> Duration {
    let work = Work::new(passes, BURST);
    let room = QUEUE_BYTES / work.bytes.len();
    let mut buffer = work.bytes.repeat(room);
    let start = Instant::now();
    for burst in work.bursts() {
        let at = burst % room * work.bytes.len();
        buffer[at..at + work.bytes.len()].copy_from_slice(&work.bytes);
        std::hint::black_box(&mut buffer);
    }
    let took = start.elapsed();
    let mut tally = Tally::default();
    tally.add(BURST, &buffer[..work.bytes.len()]);
    let mut expected = Tally::default();
    expected.add(BURST, &work.bytes);
    assert_eq!(tally, expected, "a copy that differs");
    took
}

/// The project's lane, in bursts of `burst` records.
pub(crate) fn lane(passes: u64, burst: usize) -> Duration {
    let work = Work::new(passes, burst);
    let (mut writer, mut reader) = bench_support::lane(QUEUE_RECORDS, QUEUE_BYTES);
    let expected = work.expected;
    let produce = move || {
        for _ in work.bursts() {
            publish(&mut writer, &work.headers, &work.bytes);
        }
    };
    relay(expected, produce, |records| take(&mut reader, records))
}

/// Publishes all of a burst.
#[inline]
pub(crate) fn publish(writer: &mut Writer, headers: &[RecordHeader], bytes: &[u8]) {
    let (mut headers, mut bytes) = (headers, bytes);
    let mut wait = Wait::default();
    loop {
        let published = writer.publish(headers, bytes);
        if published == headers.len() {
            return;
        }
        let len: usize = headers[..published].iter().map(|h| h.len as usize).sum();
        (headers, bytes) = (&headers[published..], &bytes[len..]);
        wait.wait();
    }
}

/// Takes `records` records, in batches of whatever is ready.
#[inline]
pub(crate) fn take(reader: &mut Reader, records: usize) -> Tally {
    let mut tally = Tally::default();
    let mut wait = Wait::default();
    while tally.records < records {
        let taken = reader.take(BATCH, |batch| {
            let [first, second] = batch.bytes();
            tally.add(batch.len(), first);
            tally.add(0, second);
        });
        if taken == 0 {
            wait.wait();
        } else {
            wait.reset();
        }
    }
    tally
}

/// The machine's limit: two bare rings, two copies per burst, and a reader that reads every byte. No occupancy, no
/// wake-ups, no batches, no counters.
pub(crate) fn bare(passes: u64) -> Duration {
    bare_by(passes, BURST)
}

/// A rejected design: the same two rings, with each record pushed by itself.
pub(crate) fn bare_each_record(passes: u64) -> Duration {
    bare_by(passes, 1)
}

fn bare_by(passes: u64, burst: usize) -> Duration {
    let work = Work::new(passes, burst);
    let (mut headers, headers_out) = touched::<RecordHeader>(QUEUE_RECORDS);
    let (mut bytes, bytes_out) = touched::<u8>(QUEUE_BYTES);
    let expected = work.expected;
    let produce = move || {
        let mut wait = Wait::default();
        for _ in work.bursts() {
            while headers.slots() < work.headers.len() || bytes.slots() < work.bytes.len() {
                wait.wait();
            }
            wait.reset();
            let fits = "there was room";
            bytes.push_entire_slice(&work.bytes).expect(fits);
            headers.push_entire_slice(&work.headers).expect(fits);
        }
    };
    relay(expected, produce, |records| {
        take_bare(headers_out, bytes_out, records)
    })
}

fn take_bare(
    mut headers: Consumer<RecordHeader>,
    mut bytes: Consumer<u8>,
    records: usize,
) -> Tally {
    let mut tally = Tally::default();
    let mut wait = Wait::default();
    while tally.records < records {
        let there = headers.slots().min(BATCH);
        if there == 0 {
            wait.wait();
            continue;
        }
        wait.reset();
        let fits = "they are in the ring";
        let chunk = headers.read_chunk(there).expect(fits);
        let (first, second) = chunk.as_slices();
        let lens = first.iter().chain(second).map(|header| header.len as usize);
        let payload = bytes.read_chunk(lens.sum()).expect(fits);
        let (first, second) = payload.as_slices();
        tally.add(there, first);
        tally.add(0, second);
        payload.commit_all();
        chunk.commit_all();
    }
    tally
}

/// A ring whose memory was written once, so that no page fault is measured.
fn touched<T: Copy + Default>(slots: usize) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = RingBuffer::new(slots);
    let whole = "the ring is empty";
    producer.write_chunk(slots).expect(whole).commit_all();
    consumer.read_chunk(slots).expect(whole).commit_all();
    (producer, consumer)
}
