//! What is in a file after writes that stop at any byte.

use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::OFlags;

use super::{FaultyDevice, FileSink, Fsync};
use crate::engine::batch::Batch;
use crate::engine::record::RecordHeader;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkErrorKind;
use crate::engine::spill::Spill;
use crate::sys::clock::Clock;
use crate::sys::wait::Waiter;

fn headers(lens: &[u32]) -> Vec<RecordHeader> {
    let header = |len: &u32| RecordHeader::new(0, 0, *len);
    lens.iter().map(header).collect()
}

/// Two workers share a file; the device of the first has no space after every `room` bytes, twice each time. Returns
/// what is in the file, and how many failures there were.
fn shared(room: u64, second_comes_between: bool) -> (Vec<u8>, usize) {
    let path = std::env::temp_dir().join(format!("splashdam-{}-shared", std::process::id()));
    let first = FileSink::append(&path, Fsync::Never).expect("a file");
    let mut second = first.clone();
    let mut first = first.with_device(FaultyDevice::new(0.0, Some((room, Some(2))), 0));
    let (lines, three) = (b"ab\nc\ndefg\n", headers(&[3, 2, 5]));
    let mut left = Batch::new((&three, &[]), (lines, &[]));
    let mut failures = 0;
    loop {
        match first.write(&left) {
            Ok(Wrote::All) => break,
            Ok(part) => panic!("a regular file is always ready: {part:?}"),
            Err(error) => {
                assert_eq!(error.kind(), SinkErrorKind::Retryable);
                left = left.split_at(error.accepted()).1;
                failures += 1;
            }
        }
        if second_comes_between {
            let one = headers(&[3]);
            let other = Batch::new((&one, &[]), (b"xy\n", &[]));
            assert!(matches!(second.write(&other), Ok(Wrote::All)));
        }
    }
    drop((first, second));
    let written = fs::read(&path).expect("the file");
    fs::remove_file(&path).expect("the file");
    (written, failures)
}

#[test]
fn wherever_a_write_stops_each_record_is_there_once_and_whole() {
    for room in 1..=10 {
        for between in [false, true] {
            let (written, failures) = shared(room, between);
            assert!(failures > 0 || room == 10, "{room}");
            let mut lines: Vec<_> = written.split_inclusive(|byte| *byte == b'\n').collect();
            lines.sort_unstable();
            let mut wanted: Vec<&[u8]> = vec![b"ab\n", b"c\n", b"defg\n"];
            if between {
                wanted.extend(std::iter::repeat_n(&b"xy\n"[..], failures));
            }
            assert_eq!(lines, wanted, "{room}, {between}");
        }
    }
}

#[test]
fn a_record_that_its_worker_leaves_half_written_is_whole_when_the_sink_is_closed() {
    let path = std::env::temp_dir().join(format!("splashdam-{}-closed", std::process::id()));
    let sink = FileSink::append(&path, Fsync::Never).expect("a file");
    let mut sink = sink.with_device(FaultyDevice::new(0.0, Some((4, None)), 0));
    let two = headers(&[3, 4]);
    let batch = Batch::new((&two, &[]), (b"ab\ncde\n", &[]));
    let error = sink.write(&batch).expect_err("no space");
    assert_eq!(error.accepted(), 1);
    assert_eq!(fs::read(&path).expect("the file"), b"ab\nc");
    sink.close();
    assert_eq!(fs::read(&path).expect("the file"), b"ab\ncde\n");
    fs::remove_file(&path).expect("the file");
}

#[test]
fn what_a_producer_counts_as_spilled_is_in_the_file_also_after_a_failure() {
    let path = std::env::temp_dir().join(format!("splashdam-{}-spilled", std::process::id()));
    let sink = FileSink::append(&path, Fsync::Never).expect("a file");
    // No space inside the second record, and space again after one try.
    let sink = sink.with_device(FaultyDevice::new(0.0, Some((4, Some(1))), 0));
    let mut spill = Spill::new(sink);
    let clock = Clock::start();
    let waiter = Waiter::new(clock);
    let mut counted = Vec::new();
    let bursts: [[&[u8]; 2]; 2] = [[b"ab\n", b"cde\n"], [b"fg\n", b"hi\n"]];
    for burst in bursts {
        let headers = headers(&burst.map(|line| line.len() as u32));
        let bytes = burst.concat();
        let batch = Batch::new((&headers, &[]), (&bytes, &[]));
        let (written, _) = spill.write_all(&batch, clock, &waiter);
        counted.extend_from_slice(&burst[..written]);
    }
    spill.close();
    let written = fs::read(&path).expect("the file");
    fs::remove_file(&path).expect("the file");
    for line in counted {
        let mut lines = written.split_inclusive(|byte| *byte == b'\n');
        assert!(lines.any(|there| there == line), "{line:?} in {written:?}");
    }
}

#[test]
fn after_a_failed_sync_the_whole_batch_counts_as_not_delivered_and_the_error_says_where_it_may_be()
{
    let path = std::env::temp_dir().join(format!("splashdam-{}-unsynced", std::process::id()));
    let sink = FileSink::append(&path, Fsync::Batch).expect("a file");
    let device = FaultyDevice::new(0.0, None, 0).failing_to_sync();
    let mut sink = sink.with_device(device);
    let three = headers(&[3, 2, 5]);
    let batch = Batch::new((&three, &[]), (b"ab\nc\ndefg\n", &[]));
    let error = sink.write(&batch).expect_err("nothing can be forced");
    fs::remove_file(&path).expect("the file");
    assert_eq!((error.kind(), error.accepted()), (SinkErrorKind::Final, 0));
    let said = ": cannot be forced to disk: Input/output error (os error 5); the last 3 records do not count as \
                delivered, but may be in the file";
    assert!(error.to_string().ends_with(said), "{error}");
}

#[test]
fn a_torn_record_that_was_finished_and_not_forced_never_counts_whoever_finished_it() {
    let failing = || FaultyDevice::new(0.0, None, 0).failing_to_sync();
    let healthy = || FaultyDevice::new(0.0, None, 0);
    let folder = tempfile::tempdir().expect("a folder");
    for finished_by in ["a reopening", "another's reopening", "another's write"] {
        let path = folder.path().join(finished_by);
        let sink = FileSink::append(&path, Fsync::Batch).expect("a file");
        let mut other = sink.clone().with_device(failing());
        let mut sink = sink.with_device(FaultyDevice::new(0.0, Some((4, Some(1))), 0));
        let two = headers(&[3, 4]);
        let batch = Batch::new((&two, &[]), (b"ab\ncde\n", &[]));
        let error = sink.write(&batch).expect_err("no space");
        assert_eq!(error.accepted(), 1);
        let one = headers(&[3]);
        let of_other = Batch::new((&one, &[]), (b"xy\n", &[]));
        match finished_by {
            "a reopening" => {
                sink = sink.with_device(failing());
                sink.reopen().map_err(drop)
            }
            "another's reopening" => other.reopen().map_err(drop),
            _ => other.write(&of_other).map(drop).map_err(drop),
        }
        .expect_err("nothing can be forced");
        // The system tells the failure once.
        let mut sink = sink.with_device(healthy());
        let written = sink.write(&batch.split_at(1).1);
        let error = written.expect_err(finished_by);
        assert_eq!((error.kind(), error.accepted()), (SinkErrorKind::Final, 0));
        assert!(error.to_string().contains("cannot be forced to disk"));
    }
}

#[test]
fn the_next_reader_of_a_fifo_goes_on_in_mid_record_where_the_one_before_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.expect("mkfifo").success());
    let reader = || {
        let mut options = fs::File::options();
        options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
        options.read(true).open(&path).expect("a reader")
    };
    let mut first = reader();
    let sink = FileSink::append(&path, Fsync::Never).expect("a FIFO");
    let mut other = sink.clone();
    // Accepts half of the second record, then nothing for a while.
    let mut sink = sink.with_device(FaultyDevice::new(0.0, Some((4, Some(1))), 0));
    let (two, lines) = (headers(&[3, 4]), b"ab\ncde\n");
    let batch = Batch::new((&two, &[]), (lines, &[]));
    let error = sink.write(&batch).expect_err("no space");
    assert_eq!(
        (error.kind(), error.accepted()),
        (SinkErrorKind::Retryable, 1)
    );
    let mut read = [0; 100];
    assert_eq!(first.read(&mut read[..2]).expect("a part"), 2);
    drop(first);
    let one = headers(&[3]);
    let of_other = Batch::new((&one, &[]), (b"xy\n", &[]));
    for _ in 0..2 {
        let error = other.write(&of_other).expect_err("no reader");
        assert_eq!(
            (error.kind(), error.accepted()),
            (SinkErrorKind::Retryable, 0)
        );
    }
    let mut second = reader();
    assert!(matches!(other.write(&of_other), Ok(Wrote::All)));
    assert!(matches!(sink.write(&batch.split_at(1).1), Ok(Wrote::All)));
    let len = second.read(&mut read).expect("records");
    assert_eq!(&read[..len], b"\ncde\nxy\n");
}

#[test]
fn a_record_that_was_torn_in_a_file_that_is_deleted_is_written_whole_to_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    for dropped_by in ["itself", "another"] {
        let path = folder.path().join(dropped_by);
        let sink = FileSink::append(&path, Fsync::Never).expect("a file");
        let mut other = sink.clone();
        let mut sink = sink.with_device(FaultyDevice::new(0.0, Some((4, Some(1))), 0));
        let two = headers(&[3, 4]);
        let batch = Batch::new((&two, &[]), (b"ab\ncde\n", &[]));
        assert_eq!(sink.write(&batch).expect_err("no space").accepted(), 1);
        assert_eq!(std::fs::read(&path).expect("a file"), b"ab\nc");
        // As `mv` does to another file system.
        std::fs::remove_file(&path).expect("a file");
        let mut expected = b"cde\n".to_vec();
        if dropped_by == "another" {
            let one = headers(&[3]);
            let of_other = Batch::new((&one, &[]), (b"xy\n", &[]));
            assert!(matches!(other.write(&of_other), Ok(Wrote::All)));
            expected = b"xy\ncde\n".to_vec();
        }
        assert!(matches!(sink.write(&batch.split_at(1).1), Ok(Wrote::All)));
        assert_eq!(std::fs::read(&path).expect("a file"), expected);
    }
}
