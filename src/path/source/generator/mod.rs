//! The generator: JSON log lines, numbered, at a rate.
//!
//! A line is a template per level into which only the time and the number are written. And where a burst has the same
//! layout as the one before it - the common case at full speed - only those are written, into the lines that still lie
//! in the buffer: about 3 ns a record. A JSON serializer takes 170-195 ns, and its share would hide the pipeline that
//! it is meant to load. A test parses every kind of line back with `serde_json`.

use std::io;

use super::pace::Rate;
use super::{Demand, Lent, Source};
use crate::path::record::{Burst, RecordHeader};
use crate::sys::clock::Clock;

mod text;

use text::{SeqText, TS_DIGITS, Template, ts_text};

/// Levels and their share of 256 lines: mostly information, some detail, few troubles.
const LEVELS: [(&[u8], usize); 4] = [(b"INFO", 206), (b"DEBUG", 30), (b"WARN", 15), (b"ERROR", 5)];
/// How many lines pass before the seeded order of the levels repeats: a full burst's, so that bursts look alike.
const MIX: usize = 256;

/// JSON lines: `{"msg":"hello from producer","level":"INFO","ts":<unix microseconds>,"seq":<n>}`.
///
/// `seq` counts from 0, `ts` is when the record was due. Which line has which level depends on the seed alone. The
/// generator never ends by itself.
#[derive(Debug)]
pub struct Generator {
    clock: Clock,
    rate: Rate,
    record_bytes: Option<usize>,
    /// One per level.
    templates: Vec<Template>,
    /// The time that the templates carry.
    baked_us: u64,
    /// Level of each line, repeated over and over.
    mix: [u8; MIX],
    seq: u64,
    seq_text: SeqText,
    headers: Vec<RecordHeader>,
    bytes: Vec<u8>,
    layout: Option<Layout>,
}

/// What the lines in the buffer have in common with the next burst's, if these are equal: everything but the time and
/// the last eight characters of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    records: usize,
    /// Where in the mix the burst begins.
    mix_at: usize,
    seq_digits: usize,
    /// The number without its last eight digits.
    seq_high: u64,
}

impl Generator {
    /// The shortest `record_bytes`: a line without a message whose `seq` has all 20 digits.
    pub const RECORD_BYTES_MIN: usize = 76;
    /// What the longest line takes without `record_bytes`.
    pub const RECORD_BYTES_NATURAL: usize = 95;
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
            baked_us: 0,
            mix: shuffled_mix(seed),
            seq: 0,
            seq_text: SeqText::zero(),
            headers: Vec::new(),
            bytes: Vec::new(),
            layout: None,
        };
        generator.make_templates();
        generator
    }

    /// Lays the templates out anew: at the start, and whenever `seq` gains a digit, which padded lines must make up for.
    fn make_templates(&mut self) {
        let suffix = self.seq_text.len();
        let template =
            |(level, _): &(&[u8], usize)| Template::new(level, self.record_bytes, suffix);
        self.templates = LEVELS.iter().map(template).collect();
        self.bake(self.baked_us);
    }

    /// Writes the time into every template.
    fn bake(&mut self, unix_us: u64) {
        self.baked_us = unix_us;
        let text = ts_text(unix_us);
        for template in &mut self.templates {
            template.bake(text);
        }
    }

    /// A burst whose records are all due at the same time.
    fn at_once(&mut self, demand: Demand) -> Lent<'_> {
        let records = self.fitting(demand.records, demand.bytes);
        let layout = Layout {
            records,
            mix_at: (self.seq % MIX as u64) as usize,
            seq_digits: self.seq_text.digits(),
            seq_high: self.seq_text.high(self.seq),
        };
        if self.layout == Some(layout) && self.seq_text.stays_low(self.seq, records) {
            self.patch(demand.now_ns);
            self.lent()
        } else {
            self.render(records, |_| demand.now_ns);
            self.layout = Some(layout);
            self.lent()
        }
    }

    /// Writes time and number into the lines of the burst before.
    fn patch(&mut self, due_ns: u64) {
        let ts = ts_text(self.clock.unix_us(due_ns));
        let tail = TS_DIGITS + self.seq_text.len();
        let mut low = self.seq_text.low();
        let mut end = 0;
        for header in &mut self.headers {
            end += header.len as usize;
            let line = &mut self.bytes[end - tail..end];
            line[..TS_DIGITS].copy_from_slice(&ts);
            line[tail - SeqText::LOW_FROM_END..][..8].copy_from_slice(&low.to_le_bytes());
            *header = RecordHeader::new(due_ns, self.seq, header.len);
            self.seq += 1;
            low = SeqText::next_low(low);
        }
        self.seq_text.set_low(low);
    }

    /// Writes lines from their templates.
    fn render(&mut self, records: usize, due_ns: impl Fn(u64) -> u64) {
        self.layout = None;
        self.headers.clear();
        self.bytes.clear();
        for _ in 0..records {
            let due_ns = due_ns(self.seq);
            let unix_us = self.clock.unix_us(due_ns);
            if unix_us != self.baked_us {
                self.bake(unix_us);
            }
            let level = self.mix[(self.seq % MIX as u64) as usize];
            let prefix = self.templates[usize::from(level)].text();
            self.bytes.extend_from_slice(prefix);
            self.bytes.extend_from_slice(self.seq_text.text());
            let len = (prefix.len() + self.seq_text.len()) as u32;
            self.headers.push(RecordHeader::new(due_ns, self.seq, len));
            self.seq += 1;
            if self.seq_text.increment() {
                self.make_templates();
            }
        }
    }

    fn lent(&mut self) -> Lent<'_> {
        Lent::Burst(Burst {
            headers: &mut self.headers,
            bytes: &self.bytes,
        })
    }

    fn fitting(&self, records: usize, bytes: usize) -> usize {
        let prefixes = self.templates.iter().map(|t| t.text().len());
        let longest = prefixes.max().unwrap_or(0) + self.seq_text.len();
        records.min((bytes / longest).max(1))
    }
}

impl Source for Generator {
    fn start(&mut self, clock: Clock) {
        self.clock = clock;
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        Ok(match self.rate {
            Rate::Max => self.at_once(demand),
            Rate::Paced(schedule) => {
                let due = schedule.due_by(demand.now_ns).saturating_sub(self.seq);
                if due == 0 {
                    return Ok(Lent::NotBefore(schedule.due_ns(self.seq)));
                }
                let records = self.fitting(demand.records, demand.bytes);
                self.render(records.min(due as usize), |seq| schedule.due_ns(seq));
                self.lent()
            }
        })
    }
}

/// Each level as often as its share says, in an order that the seed decides (Fisher-Yates over `SplitMix64`).
fn shuffled_mix(seed: u64) -> [u8; MIX] {
    let mut mix = [0; MIX];
    let mut at = 0;
    for (level, (_, share)) in LEVELS.iter().enumerate() {
        mix[at..at + share].fill(level as u8);
        at += share;
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

    impl Generator {
        fn start_at(&mut self, seq: u64) {
            self.seq = seq;
            self.seq_text = SeqText::of(seq);
            self.make_templates();
        }
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
    fn lines_stay_right_when_their_number_grows_and_bursts_change_size() {
        for start in [0, 97, 9_990, 99_999_700, 999_999_999_500, u64::MAX - 2_000] {
            let mut generator = Generator::new(Rate::Max, None, 3);
            generator.start_at(start);
            let mut next = start;
            for (burst, records) in [256, 256, 7, 249, 256, 256].into_iter().enumerate() {
                let demand = Demand {
                    now_ns: 1_000_000 * burst as u64,
                    records,
                    ..DEMAND
                };
                let lines = lines(&mut generator, demand);
                assert_eq!(lines.len(), records);
                for (header, line) in lines {
                    assert_eq!((line.seq, header.position), (next, next));
                    assert_eq!(line.ts, generator.clock.unix_us(header.due_ns));
                    next += 1;
                }
            }
        }
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
