//! The door to the ring itself.

pub(super) use rtrb::{Consumer, Producer};

/// Makes a ring and writes every slot once.
pub(super) fn new<T: Copy + Default>(slots: usize) -> (Producer<T>, Consumer<T>) {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(slots);
    // A chunk of defaults over the whole ring touches each page; nobody else holds an end yet, so it fits.
    if let Ok(chunk) = producer.write_chunk(slots) {
        chunk.commit_all();
    }
    if let Ok(chunk) = consumer.read_chunk(slots) {
        chunk.commit_all();
    }
    (producer, consumer)
}
