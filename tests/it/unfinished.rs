//! Runs that stop before the end of an input that has one: it is said how far they came, and the exit code is 5.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use splashdam::Pipeline;
use splashdam::sources::Lines;

use crate::support::library::{self, config, null};
use crate::support::{Ended, Folder, Live, SMALL};

const LINES: u64 = 200_000;
/// Slow enough that no machine reads all the lines before a signal comes.
const SLOW: &str = "--sink delay:5ms,file:out --workers 1";

fn numbered(lines: u64) -> String {
    let lines = (0..lines).map(|seq| format!("{{\"seq\":{seq}}}\n"));
    lines.collect::<Vec<_>>().concat()
}

/// Stops a run that has delivered something.
fn stopped(folder: &Folder, live: Live) -> Ended {
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::TERM);
    live.end().balances()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}

fn said(name: &str, read: u64, total: u64) -> String {
    let (read, total) = (grouped(read), grouped(total));
    format!("input {name}: unfinished, {read} of {total} bytes were read\n")
}

#[test]
fn a_file_that_was_not_read_to_its_end_is_unfinished_and_the_rest_begins_where_the_run_says() {
    for quiet in ["", "-q"] {
        let folder = Folder::new();
        folder.write("big", numbered(LINES));
        let total = folder.len("big");
        let live = folder.start(&format!("{quiet} --source file:big {SLOW} {SMALL}"));
        let ended = stopped(&folder, live).exits(5);
        let read = ended.figure("/inputs/0/read_bytes");
        assert_eq!(read, folder.len("out"));
        let input =
            json!([{ "name": "big", "read_bytes": read, "total_bytes": total, "finished": false }]);
        assert_eq!(ended.report["inputs"], input);
        assert_eq!(ended.report["stop"]["exit_code"], 5);
        let ended = ended.says(&said("big", read, total));
        assert_eq!(ended.figure("/ledger/abandoned"), 0);
        // What `tail -c` would go on with.
        let (out, big) = (folder.read("out"), folder.read("big"));
        assert_eq!(
            big.strip_prefix(&out[..]).unwrap().len() as u64,
            total - read
        );
    }
}

#[test]
fn a_file_on_standard_input_has_an_end_too_wherever_reading_began() {
    let folder = Folder::new();
    folder.write("big", numbered(LINES));
    let first = numbered(3).len() as u64;
    let mut input = File::open(folder.path("big")).unwrap();
    input.seek(SeekFrom::Start(first)).unwrap();
    let live = folder.start_with(&format!("--source stdin {SLOW} {SMALL}"), |command| {
        command.stdin(input);
    });
    let ended = stopped(&folder, live).exits(5);
    let read = ended.figure("/inputs/0/read_bytes");
    assert_eq!(read, first + folder.len("out"));
    ended.says(&said("standard input", read, folder.len("big")));
}

#[test]
fn a_duration_that_ends_before_the_input_leaves_it_unfinished_and_the_drain_timeout_comes_first() {
    let folder = Folder::new();
    folder.write("big", numbered(LINES));
    let big = "--source file:big --sink delay:5ms";
    let ended = folder.run(&format!("{big} --duration 50ms --workers 1 {SMALL}"));
    ended.exits(5).balances().says("input big: unfinished, ");
    let cut_off = format!("{big} --duration 50ms --drain-timeout 1ms --workers 1 {SMALL}");
    let ended = folder.run(&cut_off).exits(4);
    ended.says("input big: unfinished, ");
    let failed = format!("--source file:big --sink fault:final-after=100 --workers 1 {SMALL}");
    let ended = folder.run(&failed).exits(1);
    ended.says("input big: unfinished, ");
}

#[test]
fn a_file_that_was_cut_to_less_than_what_was_read_of_it_is_not_finished() {
    let folder = Folder::new();
    folder.write("big", numbered(LINES));
    let live = folder.start(&format!("--source file:big {SLOW} {SMALL}"));
    live.wait_until("some output", || folder.len("out") > 0);
    // As a rotation that copies and truncates: the new lines are read by nobody.
    let big = File::options().write(true).open(folder.path("big"));
    big.unwrap().set_len(10).unwrap();
    let ended = stopped(&folder, live).exits(5);
    assert_eq!(ended.report["inputs"][0]["finished"], false);
    assert_eq!(ended.figure("/inputs/0/total_bytes"), 10);
}

#[test]
fn a_count_and_a_reader_that_closes_are_wanted_ends_and_said_all_the_same() {
    let folder = Folder::new();
    folder.write("big", numbered(LINES));
    let read = numbered(10).len() as u64;
    let count = format!("--source file:big --count 10 --sink file:out {SMALL}");
    let ended = folder.run(&count).delivers_everything();
    ended.says(&said("big", read, folder.len("big")));
    let ended = folder.run(&format!("-q {count}")).delivers_everything();
    assert_eq!(ended.stderr, "");

    let (mut reader, writer) = std::io::pipe().unwrap();
    let run = format!("--source file:big --sink stdout --workers 1 {SMALL}");
    let live = folder.start_with(&run, |command| {
        command.stdout(writer);
    });
    reader.read_exact(&mut [0; 100]).unwrap();
    drop(reader);
    let ended = live.end().exits(0).balances();
    ended.says("input big: unfinished, ");
}

#[test]
fn of_several_files_those_that_were_read_are_finished_and_those_ahead_are_not() {
    let folder = Folder::new();
    folder.write("empty", "");
    // Without a newline at the end of the last line.
    folder.write("first", "{\"seq\":0}");
    folder.write("big", numbered(LINES));
    folder.write("last", numbered(5));
    let sources =
        ["empty", "first", "big", "last", "empty"].map(|name| format!("--source file:{name}"));
    let live = folder.start(&format!("{} {SLOW} {SMALL}", sources.join(" ")));
    live.wait_until("a line of the third", || folder.len("out") > 100);
    let ended = stopped(&folder, live).exits(5);
    let inputs = ended.report["inputs"].as_array().unwrap();
    let finished: Vec<_> = inputs.iter().map(|input| &input["finished"]).collect();
    assert_eq!(finished, [true, true, false, false, true]);
    let read = ended.figure("/inputs/2/read_bytes");
    // The newline that the first lacked is in the output only.
    assert_eq!(read + folder.len("first") + 1, folder.len("out"));
    let total = folder.len("big");
    let last = folder.len("last");
    ended
        .says(&said("big", read, total))
        .says(&said("last", 0, last));
}

#[test]
fn inputs_that_were_read_to_their_end_are_finished_and_generators_and_pipes_have_none() {
    let folder = Folder::new();
    folder.write("in", "one\ntwo");
    for source in ["file:in", "stdin"] {
        let input = File::open(folder.path("in")).unwrap();
        let run = format!("--source {source} --sink file:out {SMALL}");
        let live = folder.start_with(&run, |command| {
            command.stdin(input);
        });
        let ended = live.end().delivers_everything();
        assert_eq!(ended.report["inputs"][0]["finished"], true);
        assert_eq!(ended.figure("/inputs/0/read_bytes"), 7);
        assert!(!ended.stderr.contains("unfinished"), "{}", ended.stderr);
    }
    let ended = folder.pipe(b"one\n", &format!("--source stdin {SMALL}"));
    assert_eq!(ended.delivers_everything().report["inputs"], json!([]));
    let ended = folder.run(&format!("--duration 10ms {SMALL}"));
    assert_eq!(ended.delivers_everything().report["inputs"], json!([]));
}

#[test]
fn a_program_that_stops_its_pipeline_before_the_end_of_a_file_reads_how_far_it_came() {
    let folder = Folder::new();
    folder.write("big", numbered(LINES));
    let lines = Lines::files([folder.path("big")], 1_000).unwrap();
    let config = config(|config| config.stop.duration = Some(Duration::from_secs(3_600)));
    let sinks = |_: usize| {
        let slow = Duration::from_millis(5);
        Ok(splashdam::sinks::Delay::new(slow, splashdam::sinks::Null))
    };
    let running = Pipeline::new(lines, sinks).config(config).start().unwrap();
    running.stop();
    let outcome = library::join(running);
    assert!(outcome.is_unfinished());
    assert_eq!(outcome.exit_code(), 5);
    let [input] = &outcome.inputs[..] else {
        panic!("{:?}", outcome.inputs);
    };
    assert_eq!(input.total_bytes, folder.len("big"));
    assert_eq!(input.read_bytes, outcome.delivered_bytes);

    let lines = Lines::files([folder.path("big")], 1_000).unwrap();
    let outcome = library::join(Pipeline::new(lines, null()).start().unwrap());
    assert!(!outcome.is_unfinished() && outcome.inputs[0].finished);
}
