//! The ring itself: rtrb, or for the models a mock on loom's atomics.

#[cfg(loom)]
pub(super) use loom_ring::{Consumer, Producer, new};
#[cfg(not(loom))]
pub(super) use rtrb::{Consumer, Producer};

#[cfg(any(loom, test))] // with std's atomics its own tests compare it with rtrb
mod loom_ring;
#[cfg(all(test, not(loom)))]
mod tests;

/// Makes a ring and writes every slot once.
#[cfg(not(loom))]
pub(super) fn new<T: Copy + Default>(slots: usize) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(slots);
    // A chunk of defaults over the whole ring touches each page; no other thread has an end yet, so it fits.
    if let Ok(chunk) = producer.write_chunk(slots) {
        chunk.commit_all();
    }
    if let Ok(chunk) = consumer.read_chunk(slots) {
        chunk.commit_all();
    }
    (producer, consumer)
}
