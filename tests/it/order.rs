//! In which order records arrive.

use splashdam::Pipeline;

use crate::support::library::{self, config, generator, telling};
use crate::support::{Folder, Rng, SMALL, seed, sorted_lines};

/// Lines of every length up to 300 bytes, all different.
fn mixed_lines(count: u64, rng: &mut Rng) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..count {
        text.extend_from_slice(number.to_string().as_bytes());
        let letter = b'a' + rng.below(26) as u8;
        text.resize(text.len() + rng.below(300) as usize, letter);
        text.push(b'\n');
    }
    text
}

#[test]
fn each_worker_sees_rising_positions_and_each_position_is_seen_once() {
    let (sinks, heard) = telling();
    let config = config(|c| {
        c.stop.count = Some(50_000);
        c.scaling.max_workers = 3;
        c.batch.batch_timeout = std::time::Duration::from_millis(1);
    });
    let _ = library::run(Pipeline::new(generator(None), sinks).config(config));
    let mut last = [None; 3];
    let mut all = Vec::new();
    for batch in &heard {
        for position in batch.positions {
            assert!(
                last[batch.worker] < Some(position),
                "{position} came late on worker {}",
                batch.worker
            );
            last[batch.worker] = Some(position);
            all.push(position);
        }
    }
    all.sort_unstable();
    assert!(all.iter().copied().eq(0..50_000));
    assert!(last.iter().all(Option::is_some), "a worker got nothing");
}

#[test]
fn with_one_worker_the_output_is_the_input_byte_for_byte() {
    let folder = Folder::new();
    let input = mixed_lines(20_000, &mut Rng(seed()));
    folder.write("in", &input);
    let lanes = "--channel-size 100 --batch-size 64 --lane-bytes 10KiB --batch-bytes 4KiB";
    let ended = folder.run(&format!(
        "--source file:in --sink file:out --workers 1 --max-record-bytes 1KiB {lanes}"
    ));
    ended.delivers_everything();
    assert!(folder.read("out") == input);
}

#[test]
fn with_four_workers_the_output_has_the_lines_of_the_input() {
    let folder = Folder::new();
    let input = mixed_lines(20_000, &mut Rng(seed()));
    folder.write("in", &input);
    let ended = folder.run(&format!(
        "--source file:in --sink file:out --workers 4 {SMALL}"
    ));
    let ended = ended.delivers_everything();
    assert!(ended.of_workers("/records").iter().all(|n| *n > 0));
    assert!(sorted_lines(&folder.read("out")) == sorted_lines(&input));
}

#[test]
fn four_workers_that_share_a_pipe_keep_each_line_whole() {
    let folder = Folder::new();
    // Longer than a pipe takes at once: without a lock other workers would write in between.
    let lines = (0..400_u32).map(|n| format!("{n}{}\n", "z".repeat(10_000)));
    let input: String = lines.collect();
    folder.write("in", &input);
    let ended = folder.run(
        "--source file:in --sink stdout --workers 4 --lane-bytes 256KiB --batch-bytes 64KiB \
         --batch-timeout 0",
    );
    let ended = ended.delivers_everything();
    assert!(ended.of_workers("/records").iter().all(|n| *n > 0));
    assert!(sorted_lines(&ended.stdout) == sorted_lines(input.as_bytes()));
}

#[test]
fn one_file_per_worker_holds_that_workers_records_in_order() {
    let folder = Folder::new();
    let ended = folder.run(&format!(
        "--count 5_000 --sink file:out-{{worker}} --workers 3 {SMALL}"
    ));
    let records = ended.delivers_everything().of_workers("/records");
    for (worker, records) in records.into_iter().enumerate() {
        let text = String::from_utf8(folder.read(&format!("out-{worker}"))).unwrap();
        let seqs: Vec<_> = text.lines().map(seq).collect();
        assert_eq!(seqs.len() as u64, records);
        assert!(seqs.is_sorted_by(|a, b| a < b), "worker {worker}");
    }
    folder.holds_whole("out-0 out-1 out-2", 5_000);
}

fn seq(line: &str) -> u64 {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["seq"].as_u64().unwrap()
}
