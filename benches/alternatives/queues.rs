//! The same work over other queues: each record in a boxed slice of its own, or in a slot that is large enough for it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::support::{BURST, QUEUE_RECORDS, RECORD_BYTES, Tally, Wait, Work, relay};

/// Boxes each record and passes it to `send`; calls `receive` until all records have arrived or the queue is closed.
fn boxed(
    passes: u64,
    mut send: impl FnMut(Box<[u8]>) + Send,
    mut receive: impl FnMut() -> Option<Box<[u8]>> + Send,
) -> Duration {
    let work = Work::new(passes, BURST);
    let expected = work.expected;
    let produce = move || work.records().for_each(|record| send(record.into()));
    relay(expected, produce, |records| {
        let mut tally = Tally::default();
        while tally.records < records
            && let Some(record) = receive()
        {
            tally.add(1, &record);
        }
        tally
    })
}

pub(crate) fn crossbeam_channel(passes: u64) -> Duration {
    let (sender, receiver) = crossbeam_channel::bounded(QUEUE_RECORDS);
    let send = move |record| sender.send(record).expect("a receiver");
    boxed(passes, send, move || receiver.recv().ok())
}

pub(crate) fn std_mpsc(passes: u64) -> Duration {
    let (sender, receiver) = mpsc::sync_channel(QUEUE_RECORDS);
    let send = move |record| sender.send(record).expect("a receiver");
    boxed(passes, send, move || receiver.recv().ok())
}

pub(crate) fn flume(passes: u64) -> Duration {
    let (sender, receiver) = flume::bounded(QUEUE_RECORDS);
    let send = move |record| sender.send(record).expect("a receiver");
    boxed(passes, send, move || receiver.recv().ok())
}

pub(crate) fn kanal(passes: u64) -> Duration {
    let (sender, receiver) = kanal::bounded(QUEUE_RECORDS);
    let send = move |record| sender.send(record).expect("a receiver");
    boxed(passes, send, move || receiver.recv().ok())
}

/// A ring that never blocks: both sides spin and yield.
pub(crate) fn rtrb_boxed(passes: u64) -> Duration {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(QUEUE_RECORDS);
    let send = move |mut record| {
        let mut wait = Wait::default();
        while let Err(rtrb::PushError::Full(back)) = producer.push(record) {
            record = back;
            wait.wait();
        }
    };
    boxed(passes, send, move || polled(|| consumer.pop().ok()))
}

/// A lock taken once for each record, on each side.
pub(crate) fn mutex_queue(passes: u64) -> Duration {
    let queue = Mutex::new(VecDeque::with_capacity(QUEUE_RECORDS));
    let locked = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let send = |record| {
        let mut wait = Wait::default();
        let mut room = locked();
        while room.len() == QUEUE_RECORDS {
            drop(room);
            wait.wait();
            room = locked();
        }
        room.push_back(record);
    };
    boxed(passes, send, || polled(|| locked().pop_front()))
}

fn polled<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let mut wait = Wait::default();
    loop {
        let seen = look();
        if seen.is_some() {
            return seen;
        }
        wait.wait();
    }
}

/// A slot of the disruptor, as long as the longest record.
struct Slot {
    len: usize,
    bytes: [u8; 2 * (RECORD_BYTES / 64 + 1) * 32],
}

/// The LMAX Disruptor in Rust at its best: published a burst at a time, polled for everything that is ready.
pub(crate) fn disruptor(passes: u64) -> Duration {
    use disruptor::{BusySpin, Polling, Producer, build_single_producer};

    let work = Work::new(passes, BURST);
    let empty = || Slot {
        len: 0,
        bytes: [0; _],
    };
    let builder = build_single_producer(QUEUE_RECORDS, empty, BusySpin);
    let (mut poller, builder) = builder.new_event_poller();
    let mut producer = builder.build();
    let expected = work.expected;
    let produce = move || {
        for _ in work.bursts() {
            producer.batch_publish(BURST, |slots| {
                for (slot, record) in slots.zip(work.bytes.chunks_exact(RECORD_BYTES)) {
                    slot.bytes[..record.len()].copy_from_slice(record);
                    slot.len = record.len();
                }
            });
        }
    };
    relay(expected, produce, |records| {
        let mut tally = Tally::default();
        let mut wait = Wait::default();
        while tally.records < records {
            match poller.poll() {
                Ok(mut slots) => {
                    wait.reset();
                    for slot in &mut slots {
                        tally.add(1, &slot.bytes[..slot.len]);
                    }
                }
                Err(Polling::NoEvents) => wait.wait(),
                Err(Polling::Shutdown) => break,
            }
        }
        tally
    })
}
