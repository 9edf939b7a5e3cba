//! Real logs: any lines are delivered unchanged.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

use crate::support::{Folder, Rng, SMALL, seed};

/// One worker, so that the output has the order of the input.
const TO_OUT: &str = "--sink file:out --workers 1 --lane-bytes 8MiB --max-record-bytes 2MiB";

/// Runs a file through and returns what came out.
fn through(input: &[u8]) -> Vec<u8> {
    let folder = Folder::new();
    folder.write("in", input);
    let ended = folder.run(&format!("--source file:in {TO_OUT}"));
    let records = ended.delivers_everything().figure("/ledger/produced");
    let output = folder.read("out");
    assert_eq!(
        output.split_inclusive(|b| *b == b'\n').count() as u64,
        records
    );
    output
}

#[track_caller]
fn comes_out_as_it_went_in(input: &[u8]) {
    assert!(through(input) == input);
}

#[test]
fn empty_lines_are_kept() {
    comes_out_as_it_went_in(b"\n\n\na\n\nb\n\n");
}

#[test]
fn carriage_returns_are_kept() {
    comes_out_as_it_went_in(b"one\r\ntwo\r\n\r\nthree\rstill three\n");
}

#[test]
fn bytes_that_are_not_utf_8_are_kept() {
    let mut bytes: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    bytes.extend_from_slice(b"\n\0\n\0\0\0\n\xff\xfe\xc3\x28\n\xe2\x82\n");
    comes_out_as_it_went_in(&bytes);
}

#[test]
fn lines_of_a_megabyte_are_kept() {
    let long = |letter: u8| [vec![letter; 1 << 20], b"\n".to_vec()].concat();
    comes_out_as_it_went_in(&[long(b'a'), b"short\n".to_vec(), long(b'b'), long(b'c')].concat());
}

#[test]
fn lines_that_end_where_a_read_ends_are_kept() {
    // Reads are 256 KiB: lines that end a byte before, at and after that limit.
    for length in [(256 << 10) - 2, (256 << 10) - 1, 256 << 10] {
        let line = [vec![b'x'; length], b"\n".to_vec()].concat();
        comes_out_as_it_went_in(&[line.clone(), b"\n".to_vec(), line].concat());
    }
}

#[test]
fn a_missing_last_newline_is_added() {
    assert_eq!(through(b"one\ntwo"), b"one\ntwo\n");
    assert_eq!(through(b"only"), b"only\n");
}

#[test]
fn an_empty_file_has_no_records() {
    assert_eq!(through(b""), b"");
}

#[test]
fn several_files_are_read_in_turn() {
    let folder = Folder::new();
    folder.write("a", "a1\na2");
    folder.write("empty", "");
    folder.write("b", "b1\n");
    let ended = folder.run(&format!(
        "--source file:b --source file:empty --source file:a --source file:b {TO_OUT}"
    ));
    assert_eq!(
        ended.delivers_everything().report["stop"]["cause"],
        "end of input"
    );
    assert_eq!(folder.read("out"), b"b1\na1\na2\nb1\n");
}

#[test]
fn a_line_as_long_as_the_limit_is_kept_and_a_longer_one_is_dropped_and_named() {
    let folder = Folder::new();
    let line = |length: usize| "x".repeat(length - 1) + "\n";
    folder.write(
        "in",
        [line(99), line(100), line(101), line(5), line(102), line(1)].concat(),
    );
    let ended = folder.run("--source file:in --sink file:out --workers 1 --max-record-bytes 100");
    let ended = ended
        .exits(3)
        .balances()
        .says("line 3 of in is longer than 100 bytes")
        .says("line 5 of in is longer than 100 bytes");
    assert_eq!(ended.figure("/ledger/dropped_by_reason/too_long"), 2);
    assert_eq!(ended.figure("/ledger/delivered"), 4);
    let kept = [line(99), line(100), line(5), line(1)].concat();
    assert_eq!(folder.read("out"), kept.as_bytes());
}

#[test]
fn the_length_limit_includes_the_newline_added_to_a_last_line() {
    for (length, delivered) in [(99, 1), (100, 0)] {
        let folder = Folder::new();
        folder.write("in", "x".repeat(length));
        let ended = folder
            .run("--source file:in --max-record-bytes 100")
            .balances();
        assert_eq!(ended.figure("/ledger/produced"), 1);
        assert_eq!(ended.figure("/ledger/delivered"), delivered);
    }
}

#[test]
fn a_line_many_times_too_long_is_one_drop_and_its_neighbours_are_kept() {
    let folder = Folder::new();
    // Longer than several reads, so that the rest has to be skipped.
    folder.write(
        "in",
        format!("before\n{}\nafter\nlast\n", "x".repeat(1_000_000)),
    );
    let ended = folder.run("--source file:in --sink file:out --workers 1 --max-record-bytes 100");
    let ended = ended.exits(3).balances().says("line 2 of in is longer");
    assert_eq!(folder.read("out"), b"before\nafter\nlast\n");
    assert_eq!(ended.figure("/ledger/produced"), 4);
}

#[test]
fn a_too_long_last_line_does_not_affect_the_next_file() {
    let folder = Folder::new();
    folder.write("a", "a1\n".to_owned() + &"x".repeat(600_000));
    folder.write("b", "b1\nb2\n");
    let ended = folder
        .run("--source file:a --source file:b --sink file:out --workers 1 --max-record-bytes 100");
    let ended = ended.exits(3).balances();
    assert_eq!(ended.figure("/ledger/dropped_by_reason/too_long"), 1);
    assert_eq!(folder.read("out"), b"a1\nb1\nb2\n");
}

/// Lines around a limit of 1000 bytes and far beyond it, and those of them that fit.
fn lines_around_the_limit(rng: &mut Rng) -> (Vec<u8>, Vec<u8>) {
    let (mut input, mut kept) = (Vec::new(), Vec::new());
    let count = 1 + rng.below(60);
    for number in 0..count {
        let anything = 1 + rng.below(2_000) as usize;
        let length = rng.pick(&[1, 2, 999, 1_000, 1_001, 300_000, anything, anything]);
        let line = [vec![rng.pick(b"xyz\r\0"); length - 1], b"\n".to_vec()].concat();
        if length <= 1_000 {
            kept.extend_from_slice(&line);
        }
        let unended = number == count - 1 && length > 1 && rng.below(2) == 0;
        input.extend_from_slice(&line[..length - usize::from(unended)]);
    }
    (input, kept)
}

#[test]
fn lines_that_fit_are_delivered_and_the_others_counted() {
    let mut rng = Rng(seed());
    for _ in 0..25 {
        let (input, kept) = lines_around_the_limit(&mut rng);
        let folder = Folder::new();
        folder.write("in", &input);
        let arguments = format!("--sink file:out --workers 1 --max-record-bytes 1000 {SMALL}");
        let from_file = folder.run(&format!("--source file:in {arguments}"));
        let from_pipe = folder.pipe(
            &input,
            &format!("--source stdin {arguments}").replace("file:out", "file:piped"),
        );
        for (ended, output) in [(from_file, "out"), (from_pipe, "piped")] {
            let too_long = ended.figure("/ledger/dropped_by_reason/too_long");
            let ended = ended.exits(if too_long > 0 { 3 } else { 0 }).balances();
            assert!(folder.read(output) == kept, "{output}");
            let delivered = ended.figure("/ledger/delivered");
            assert_eq!(
                delivered,
                kept.split_inclusive(|b| *b == b'\n').count() as u64
            );
            let lines = input.split_inclusive(|b| *b == b'\n').count() as u64;
            assert_eq!(too_long + delivered, lines);
        }
    }
}

#[test]
fn what_follows_a_too_long_line_in_a_pipe_does_not_wait_for_more() {
    let folder = Folder::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let live = folder.start_with(
        "--source stdin --sink file:out --workers 1 --max-record-bytes 100 --batch-timeout 1ms",
        |command| {
            command.stdin(reader);
        },
    );
    writer.write_all(&[b'x'; 10_000]).unwrap();
    live.wait_for_words("line 1 of standard input is longer");
    writer.write_all(b"\nafter\n").unwrap();
    // The pipe stays open and silent: the line is delivered without further input.
    live.wait_until("the line behind", || folder.len("out") > 0);
    drop(writer);
    live.end().exits(3).balances();
    assert_eq!(folder.read("out"), b"after\n");
}

#[test]
fn standard_input_is_read_from_a_pipe() {
    let folder = Folder::new();
    let lines = (0..30_000).map(|n| format!("line {n}\n"));
    let input: String = lines.collect();
    let ended = folder.pipe(input.as_bytes(), &format!("--source stdin {TO_OUT}"));
    assert_eq!(
        ended.delivers_everything().figure("/ledger/produced"),
        30_000
    );
    assert!(folder.read("out") == input.as_bytes());
}

#[test]
fn standard_input_may_be_a_file_or_nothing() {
    let folder = Folder::new();
    folder.write("in", "one\ntwo\nthree");
    let live = folder.start_with(&format!("--source stdin {TO_OUT}"), |command| {
        let file = std::fs::File::open(folder.path("in")).unwrap();
        command.stdin(file);
    });
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"one\ntwo\nthree\n");
    let nothing = folder.run(&format!("--source stdin {SMALL}"));
    assert_eq!(nothing.delivers_everything().figure("/ledger/produced"), 0);
}

#[test]
fn a_named_pipe_is_a_source() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("fifo")).status();
    assert!(made.unwrap().success());
    let live = folder.start(&format!("--source file:fifo {TO_OUT} --batch-timeout 1ms"));
    // Opening blocks until the program has opened the other end.
    let mut writer = OpenOptions::new()
        .write(true)
        .open(folder.path("fifo"))
        .unwrap();
    writer.write_all(b"one\n").unwrap();
    live.wait_until("the first line", || folder.len("out") > 0);
    writer.write_all(b"two\nthr").unwrap();
    writer.write_all(b"ee").unwrap();
    drop(writer);
    live.end().delivers_everything();
    assert_eq!(folder.read("out"), b"one\ntwo\nthree\n");
}

#[test]
fn a_directory_or_a_missing_file_is_refused_by_name_before_anything_is_created() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder")).unwrap();
    folder.write("good", "line\n");
    for (name, why) in [("folder", "is a directory"), ("absent", "No such file")] {
        let ended = folder.run(&format!("--source file:good --source file:{name} {TO_OUT}"));
        ended.exits(2).says(&format!("source: {name}: {why}"));
        assert_eq!(folder.names(), ["folder", "good"]);
    }
}

#[test]
fn a_count_takes_that_many_lines() {
    let folder = Folder::new();
    folder.write("in", "1\n2\n3\n4\n5\n");
    let ended = folder.run(&format!("--source file:in --count 3 {TO_OUT}"));
    assert_eq!(
        ended.delivers_everything().report["stop"]["cause"],
        "count reached"
    );
    assert_eq!(folder.read("out"), b"1\n2\n3\n");
}
