//! The generator: JSON log lines, numbered, at a rate.
//!
//! A line is a template per level into which only the time and the number are written: 5-10 ns a record where a
//! JSON serializer takes 170-195 ns (its share would hide the pipeline it is meant to load). A test parses every
//! kind of line back with `serde_json`.

use std::io;

use super::pace::Rate;
use super::{Demand, Lent, Source};
use crate::path::record::{Burst, RecordHeader};
use crate::sys::clock::Clock;

const MESSAGE: &[u8] = b"hello from producer";
/// Levels and their share of 100 lines: mostly information, some detail, few troubles.
const LEVELS: [(&[u8], usize); 4] = [(b"INFO", 80), (b"DEBUG", 12), (b"WARN", 6), (b"ERROR", 2)];
/// How many lines pass before the seeded order of the levels repeats.
const MIX: usize = 800;
const TS_DIGITS: usize = 16;
/// The earliest time with 16 digits (September 2001): a machine whose clock is older gets this, and still valid JSON.
const TS_MIN: u64 = 1_000_000_000_000_000;
/// Everything before `seq`'s digits of an unpadded line, and the digits with the closing brace, fit into these: the
/// copies then have constant lengths, which are a few vector moves instead of a call.
const PREFIX_ROOM: usize = 96;
const SUFFIX_ROOM: usize = 32;

/// JSON lines: `{"msg":"hello from producer","level":"INFO","ts":<unix microseconds>,"seq":<n>}`.
///
/// `seq` counts from 0, `ts` is when the record was due. Which line has which level depends on the seed alone. The
/// generator never ends by itself.
#[derive(Debug)]
pub struct Generator {
    clock: Clock,
    rate: Rate,
    record_bytes: Option<usize>,
    templates: Vec<Template>,
    mix: Vec<u8>,
    mix_at: usize,
    baked_us: u64,
    seq: u64,
    seq_text: Decimal,
    headers: Vec<RecordHeader>,
    bytes: Vec<u8>,
}

/// One level's line up to the digits of `seq`.
#[derive(Debug)]
struct Template {
    /// Zero-filled behind `len`, so that a copy of constant length stays inside.
    text: Vec<u8>,
    len: usize,
    ts_at: usize,
}

impl Generator {
    /// The shortest `record_bytes`: a line without a message whose `seq` has all 20 digits.
    pub const RECORD_BYTES_MIN: usize = 76;
    /// The longest `record_bytes`.
    pub const RECORD_BYTES_MAX: usize = 16 << 20;

    /// A generator at `rate`. `record_bytes` makes each line that long, newline included, by padding its message (or
    /// cutting it); without it lines take their natural 75-95 bytes.
    ///
    /// # Panics
    ///
    /// When `record_bytes` is not within [`RECORD_BYTES_MIN`](Self::RECORD_BYTES_MIN) and
    /// [`RECORD_BYTES_MAX`](Self::RECORD_BYTES_MAX).
    pub fn new(rate: Rate, record_bytes: Option<usize>, seed: u64) -> Self {
        assert!(
            record_bytes
                .is_none_or(|n| (Self::RECORD_BYTES_MIN..=Self::RECORD_BYTES_MAX).contains(&n)),
            "record_bytes out of range"
        );
        let mut generator = Self {
            clock: Clock::start(),
            rate,
            record_bytes,
            templates: Vec::new(),
            mix: shuffled_mix(seed),
            mix_at: 0,
            baked_us: TS_MIN,
            seq: 0,
            seq_text: Decimal::zero(),
            headers: Vec::new(),
            bytes: Vec::new(),
        };
        generator.make_templates();
        generator
    }

    /// Lays the templates out anew: at the start, and whenever `seq` gains a digit and padded lines must lose one.
    fn make_templates(&mut self) {
        let digits = self.seq_text.len;
        self.templates = LEVELS
            .iter()
            .map(|(level, _)| Template::new(level, self.record_bytes, digits))
            .collect();
        self.bake(self.baked_us);
    }

    /// Writes the time into every template.
    fn bake(&mut self, unix_us: u64) {
        self.baked_us = unix_us;
        let mut rest = unix_us.max(TS_MIN);
        let mut digits = [0_u8; TS_DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        for template in &mut self.templates {
            template.text[template.ts_at..][..TS_DIGITS].copy_from_slice(&digits);
        }
    }

    fn render(&mut self, records: usize, bytes: usize, due_ns: impl Fn(u64) -> u64) -> Lent<'_> {
        let longest = self.longest();
        let records = records.min((bytes / longest).max(1));
        self.headers.resize(records, RecordHeader::default());
        self.bytes
            .resize(records * longest + PREFIX_ROOM + SUFFIX_ROOM, 0);
        let mut at = 0;
        for i in 0..records {
            let due_ns = due_ns(self.seq);
            let unix_us = self.clock.unix_us(due_ns);
            if unix_us != self.baked_us {
                self.bake(unix_us);
            }
            let len = self.render_line(at);
            self.headers[i] = RecordHeader::new(due_ns, self.seq, len as u32);
            at += len;
            self.seq += 1;
            self.seq_text.increment();
            if self.record_bytes.is_some() && self.seq_text.just_grew() {
                self.make_templates();
            }
        }
        Lent::Burst(Burst {
            headers: &mut self.headers,
            bytes: &self.bytes[..at],
        })
    }

    #[inline]
    fn render_line(&mut self, at: usize) -> usize {
        let template = &self.templates[usize::from(self.mix[self.mix_at])];
        self.mix_at += 1;
        if self.mix_at == MIX {
            self.mix_at = 0;
        }
        let out = &mut self.bytes[at..];
        if template.len <= PREFIX_ROOM {
            out[..PREFIX_ROOM].copy_from_slice(&template.text[..PREFIX_ROOM]);
        } else {
            out[..template.len].copy_from_slice(&template.text[..template.len]);
        }
        out[template.len..][..SUFFIX_ROOM].copy_from_slice(&self.seq_text.text);
        template.len + self.seq_text.len + 2
    }

    fn longest(&self) -> usize {
        let prefix = self.templates.iter().map(|t| t.len).max().unwrap_or(0);
        prefix + SUFFIX_ROOM
    }
}

impl Source for Generator {
    fn start(&mut self, clock: Clock) {
        self.clock = clock;
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        let now_ns = demand.now_ns;
        Ok(match self.rate {
            Rate::Max => self.render(demand.records, demand.bytes, |_| now_ns),
            Rate::Paced(schedule) => {
                let due = schedule.due_by(now_ns).saturating_sub(self.seq);
                if due == 0 {
                    return Ok(Lent::NotBefore(schedule.due_ns(self.seq)));
                }
                let records = usize::try_from(due).unwrap_or(usize::MAX);
                self.render(records.min(demand.records), demand.bytes, |seq| {
                    schedule.due_ns(seq)
                })
            }
        })
    }
}

impl Template {
    fn new(level: &[u8], record_bytes: Option<usize>, seq_digits: usize) -> Self {
        let head: &[u8] = b"{\"msg\":\"";
        let frame = [b"\",\"level\":\"", level, b"\",\"ts\":"].concat();
        let seq: &[u8] = b",\"seq\":";
        let mut message = MESSAGE.to_vec();
        if let Some(record_bytes) = record_bytes {
            let around = head.len() + frame.len() + TS_DIGITS + seq.len() + seq_digits + 2;
            message.resize(record_bytes.saturating_sub(around), b'.');
        }
        let mut text = [head, &message, &frame].concat();
        let ts_at = text.len();
        text.extend_from_slice(&[b'0'; TS_DIGITS]);
        text.extend_from_slice(seq);
        let len = text.len();
        text.resize(len.max(PREFIX_ROOM), 0);
        Self { text, len, ts_at }
    }
}

/// A number kept as its digits, followed by the line's closing brace and newline.
#[derive(Debug)]
struct Decimal {
    text: [u8; SUFFIX_ROOM],
    len: usize,
}

impl Decimal {
    fn zero() -> Self {
        let mut text = [0; SUFFIX_ROOM];
        text[..3].copy_from_slice(b"0}\n");
        Self { text, len: 1 }
    }

    #[inline]
    fn increment(&mut self) {
        let mut at = self.len;
        while at > 0 {
            at -= 1;
            if self.text[at] != b'9' {
                self.text[at] += 1;
                return;
            }
            self.text[at] = b'0';
        }
        // All nines became zeros: a digit more.
        self.text[0] = b'1';
        self.text[self.len] = b'0';
        self.len += 1;
        self.text[self.len..][..2].copy_from_slice(b"}\n");
    }

    /// Whether the last increment added a digit: the number is then a power of ten.
    #[inline]
    fn just_grew(&self) -> bool {
        self.text[0] == b'1' && self.text[1..self.len].iter().all(|d| *d == b'0')
    }
}

/// Each level as often as its share says, in an order that the seed decides (Fisher-Yates over `SplitMix64`).
fn shuffled_mix(seed: u64) -> Vec<u8> {
    let mut mix = Vec::with_capacity(MIX);
    for (index, (_, share)) in LEVELS.iter().enumerate() {
        mix.resize(mix.len() + share * MIX / 100, index as u8);
    }
    let mut state = seed;
    for i in (1..mix.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        mix.swap(i, (z % (i as u64 + 1)) as usize);
    }
    mix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        msg: String,
        level: String,
        ts: u64,
        seq: u64,
    }

    fn lines(generator: &mut Generator, demand: Demand) -> Vec<(RecordHeader, Line)> {
        let Ok(Lent::Burst(burst)) = generator.lend(demand) else {
            panic!("no burst");
        };
        let mut rest = burst.bytes;
        let mut lines = Vec::new();
        for header in &*burst.headers {
            let (line, behind) = rest.split_at(header.len as usize);
            assert_eq!(line.last(), Some(&b'\n'));
            lines.push((*header, serde_json::from_slice(line).expect("valid JSON")));
            rest = behind;
        }
        assert!(rest.is_empty());
        lines
    }

    const DEMAND: Demand = Demand {
        now_ns: 5_000_000,
        records: 256,
        bytes: 64 << 10,
    };

    #[test]
    fn every_line_parses_back_to_what_was_meant() {
        let mut generator = Generator::new(Rate::Max, None, 7);
        let mut levels = std::collections::BTreeMap::<String, usize>::new();
        let mut next = 0;
        while next < 12_000 {
            for (header, line) in lines(&mut generator, DEMAND) {
                assert_eq!((line.seq, header.position), (next, next));
                assert_eq!(line.ts, generator.clock.unix_us(header.due_ns));
                assert_eq!(line.msg, "hello from producer");
                *levels.entry(line.level).or_default() += 1;
                next += 1;
            }
        }
        assert!(levels["INFO"] > 9_000 && levels["ERROR"] > 200 && levels.len() == 4);
    }

    #[test]
    fn a_padded_line_has_the_length_asked_for_whatever_its_level_and_number() {
        for record_bytes in [76, 86, 96, 97, 200, 4096] {
            let mut generator = Generator::new(Rate::Max, Some(record_bytes), 0);
            for _ in 0..8 {
                for (header, line) in lines(&mut generator, DEMAND) {
                    assert_eq!(header.len as usize, record_bytes);
                    assert!("hello from producer".starts_with(line.msg.trim_end_matches('.')));
                }
            }
            assert!(generator.seq > 100);
        }
    }

    #[test]
    fn a_paced_line_carries_its_due_time_and_none_comes_early() {
        let rate = "1ms".parse().expect("a rate");
        let mut generator = Generator::new(rate, None, 0);
        let due: Vec<_> = lines(&mut generator, DEMAND)
            .iter()
            .map(|(header, _)| header.due_ns)
            .collect();
        assert_eq!(
            due,
            [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000]
        );
        let next = generator.lend(DEMAND);
        assert!(matches!(next, Ok(Lent::NotBefore(6_000_000))));
    }

    #[test]
    fn the_seed_alone_decides_the_order_of_levels() {
        assert_eq!(shuffled_mix(1), shuffled_mix(1));
        assert_ne!(shuffled_mix(1), shuffled_mix(2));
    }
}
