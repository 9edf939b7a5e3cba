//! Checks for any bytes, shared by the property tests and the fuzz targets, and by their corpus.

use std::io::{self, ErrorKind, Read};

use serde_json::Value;
use splashdam::sources::Lines;
use splashdam::{Demand, Lent, Source, fuzzing};

/// A reader whose reads return at most `steps` bytes, in turn; a step of 0 is `WouldBlock`.
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

/// Checks the lines of `input`, read in these steps, against a model: each line that fits comes out in order and with
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
    steps.push(1); // so that the input ends
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
            Lent::Pending(_) => {}
            Lent::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(got == model, "{got:?}\n{model:?}");
    assert_eq!(dropped, all - model.len() as u64);
}

/// [`lines`] with all arguments from `data`: limit, records at a time, number of steps, steps, input.
pub(crate) fn lines_of(data: &[u8]) {
    let [limit, records, count, rest @ ..] = data else {
        return;
    };
    let (steps, input) = rest.split_at(usize::from(*count % 16).min(rest.len()));
    let records = 1 + usize::from(*records % 16);
    lines(input, steps, 1 + usize::from(*limit), records);
}

/// Checks that a configuration file is accepted, or refused with a reason, and alike each time; returns whether it is
/// accepted.
pub(crate) fn config(bytes: &[u8]) -> bool {
    let said = fuzzing::config(bytes);
    if let Err(wrong) = &said {
        assert!(!wrong.is_empty());
    }
    assert_eq!(said, fuzzing::config(bytes));
    said.is_ok()
}

/// Checks that the verdict on any bytes adds up, and that its text and its JSON agree.
pub(crate) fn verify(bytes: &[u8], expect: Option<u64>) -> Option<Value> {
    let (json, words) = fuzzing::verify(bytes, expect)?;
    let verdict: Value = serde_json::from_str(&json).expect("JSON");
    // Numbers of 2^64 and more only have to be different from 0.
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

/// [`verify`] with all arguments from `data`: the expected count, then the file.
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
