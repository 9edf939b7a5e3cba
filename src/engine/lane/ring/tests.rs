//! The mock does what rtrb does: the same calls on both rings return the same results.
//!
//! This covers their results; their orderings are reviewed, not tested.

use proptest::prelude::*;
use rtrb::RingBuffer;

use crate::engine::lane::ring::loom_ring;
use crate::engine::record::RecordHeader;

#[derive(Clone, Copy, Debug)]
enum Call {
    Push(usize),
    WriterSlots,
    WriterCachedSlots,
    ReaderSlots,
    /// Reads this many slots and gives that many of them back.
    Read(usize, usize),
    DropWriter,
    DropReader,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        6 => (0..9_usize).prop_map(Call::Push),
        2 => Just(Call::WriterSlots),
        2 => Just(Call::WriterCachedSlots),
        2 => Just(Call::ReaderSlots),
        6 => (0..9_usize)
            .prop_flat_map(|read| (Just(read), 0..=read))
            .prop_map(|(read, commit)| Call::Read(read, commit)),
        1 => Just(Call::DropWriter),
        1 => Just(Call::DropReader),
    ]
}

/// Makes the same calls on either ring and records every result. Its item type and the types of a ring's ends have no
/// trait in common, so it is written once for both as a macro.
macro_rules! answers {
    ($ends:expr, $calls:expr, $item:expr) => {{
        let (writer, reader) = $ends;
        let (mut writer, mut reader) = (Some(writer), Some(reader));
        let (mut next, mut answers) = (0, Vec::new());
        for call in $calls {
            let answer = match (*call, writer.as_mut(), reader.as_mut()) {
                (Call::Push(len), Some(writer), _) => {
                    let items: Vec<_> = (next..next + len).map($item).collect();
                    let (pushed, rest) = writer.push_partial_slice(&items);
                    next += pushed.len();
                    format!("{pushed:?} {rest:?}")
                }
                (Call::WriterSlots, Some(writer), _) => format!("{}", writer.slots()),
                (Call::WriterCachedSlots, Some(writer), _) => format!("{}", writer.cached_slots()),
                (Call::ReaderSlots, _, Some(reader)) => format!("{}", reader.slots()),
                (Call::Read(read, commit), _, Some(reader)) => match reader.read_chunk(read) {
                    Ok(chunk) => {
                        let answer = format!("{:?}", chunk.as_slices());
                        chunk.commit(commit);
                        answer
                    }
                    Err(_) => "too few".to_owned(),
                },
                (Call::DropWriter, ..) => format!("{}", writer.take().is_some()),
                (Call::DropReader, ..) => format!("{}", reader.take().is_some()),
                _ => continue, // that end has gone
            };
            let gone = (
                writer.as_ref().map(|writer| writer.is_abandoned()),
                reader.as_ref().map(|reader| reader.is_abandoned()),
            );
            answers.push((answer, gone));
        }
        answers
    }};
}

proptest! {
    #[test]
    fn the_loom_ring_answers_like_rtrb(slots in 1..8_usize, calls in prop::collection::vec(call(), 1..60)) {
        let byte = |index| index as u8;
        prop_assert_eq!(
            answers!(loom_ring::new(slots), &calls, byte),
            answers!(RingBuffer::new(slots), &calls, byte)
        );
        let header = |index| RecordHeader::new(0, index as u64, 1 + index as u32);
        prop_assert_eq!(
            answers!(loom_ring::new(slots), &calls, header),
            answers!(RingBuffer::new(slots), &calls, header)
        );
    }
}
