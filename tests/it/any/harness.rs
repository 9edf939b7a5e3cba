//! What holds for any bytes. The property tests play these games and the fuzz targets do, with the same corpus.

use std::io::{self, ErrorKind, Read};

use serde_json::Value;
use splashdam::cli::fuzzing;
use splashdam::sources::Lines;
use splashdam::{Demand, Lent, Source};

/// Gives its bytes so many at a time, in turn; 0 stands for "not yet".
struct Drip {
    bytes: io::Cursor<Vec<u8>>,
    steps: Vec<u8>,
    reads: usize,
}

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let step = usize::from(self.steps[self.reads % self.steps.len()]);
        self.reads += 1;
        if step == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let step = step.min(buffer.len());
        self.bytes.read(&mut buffer[..step])
    }
}

/// The lines of `input`, read in such steps, are those of the model: each that fits comes out, in its order and with
/// its position, and the others are counted.
pub(crate) fn lines(input: &[u8], steps: &[u8], max_record_bytes: usize, records: usize) {
    let mut model = Vec::new();
    for (position, line) in (0..).zip(input.split_inclusive(|byte| *byte == b'\n')) {
        let line = [line.strip_suffix(b"\n").unwrap_or(line), b"\n"].concat();
        model.push((position, line));
    }
    let all = model.len() as u64;
    model.retain(|(_, line)| line.len() <= max_record_bytes);

    let mut steps = steps.to_vec();
    steps.push(1); // so that it ends
    let drip = Drip {
        bytes: io::Cursor::new(input.to_vec()),
        steps,
        reads: 0,
    };
    let mut source = Lines::reader(drip, "bytes", max_record_bytes);
    let (mut got, mut dropped) = (Vec::new(), 0);
    loop {
        let demand = Demand {
            now_ns: 7,
            records,
            bytes: 100,
        };
        match source.lend(demand).expect("memory reads") {
            Lent::Burst(burst) => {
                assert!((1..=records).contains(&burst.headers.len()));
                let mut rest = burst.bytes;
                for header in burst.headers.iter() {
                    let (line, behind) = rest.split_at(header.len as usize);
                    got.push((header.position, line.to_vec()));
                    rest = behind;
                }
                assert!(rest.is_empty(), "bytes without a header");
            }
            Lent::Dropped(_, count) => dropped += count,
            Lent::NotReadable => {}
            Lent::NotBefore(_) => panic!("lines have no due time"),
            Lent::End => break,
        }
    }
    assert!(got == model, "{got:?}\n{model:?}");
    assert_eq!(dropped, all - model.len() as u64);
}

/// The same from bytes alone: the limit, how many records at a time, the steps' number, the steps, the input.
pub(crate) fn lines_of(data: &[u8]) {
    let [limit, records, count, rest @ ..] = data else {
        return;
    };
    let (steps, input) = rest.split_at(usize::from(*count % 16).min(rest.len()));
    let records = 1 + usize::from(*records % 16);
    lines(input, steps, 1 + usize::from(*limit), records);
}

/// A configuration file is a job, or it is said what is wrong with it; and it is the same each time.
pub(crate) fn config(bytes: &[u8]) -> bool {
    let said = fuzzing::config(bytes);
    if let Err(wrong) = &said {
        assert!(!wrong.is_empty());
    }
    assert_eq!(said, fuzzing::config(bytes));
    said.is_ok()
}

/// The verdict on any bytes adds up, and its words say the same as its figures.
pub(crate) fn verify(bytes: &[u8], expect: Option<u64>) -> Option<Value> {
    let (json, words) = fuzzing::verify(bytes, expect)?;
    let verdict: Value = serde_json::from_str(&json).expect("JSON");
    // Of numbers as large as 2^64 it matters only that they are not 0.
    let figure = |path: &str| {
        let number = verdict.pointer(path).expect(path);
        number.as_u64().unwrap_or(u64::MAX)
    };
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
    let (records, torn) = (figure("/records"), figure("/torn/count"));
    let surplus = figure("/duplicated/surplus_lines");
    assert_eq!(figure("/lines"), lines);
    assert_eq!(records + torn + surplus, lines);
    let faults = ["/missing/count", "/unexpected/count", "/duplicated/count"].map(figure);
    let faultless = torn == 0 && faults == [0; 3];
    let nothing = records == 0 && expect != Some(0);
    assert_eq!(verdict["whole"], faultless && !nothing, "{json}");
    assert_eq!(
        words.starts_with("whole:"),
        verdict["whole"] == true,
        "{words}"
    );
    Some(verdict)
}

/// The same from bytes alone: what is expected, then the file.
pub(crate) fn verify_of(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let expect = match first {
        0 => None,
        255 => Some(u64::MAX),
        count => Some(u64::from(*count) - 1),
    };
    verify(rest, expect);
}
