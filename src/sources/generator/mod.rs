//! The generator: JSON log lines, numbered, at a rate.
//!
//! Each level has a template into which only the time and the number are written. If a burst has the same layout as the
//! last one - the common case at full speed - they are written into the lines that are still in the buffer: about 3 ns
//! a record. A JSON serializer takes 170-195 ns, which would hide the cost of the pipeline under load. A test parses
//! every kind of line back with `serde_json`.

use std::io;
use std::iter::{from_fn, repeat_n};

use crate::engine::context::Context;
use crate::engine::record::{Burst, RecordHeader};
use crate::engine::source::{Demand, Lent, Source};
use crate::sources::rng::SplitMix64;
use crate::sources::schedule::{Load, Poisson, Rate, Schedule};
use crate::sys::clock::Clock;
use crate::sys::wait::Pending;

#[cfg(feature = "cli")]
pub(crate) mod spec;
#[cfg(test)]
mod tests;
mod text;

use text::{SeqText, TS_DIGITS, Template, ts_text};

/// Levels and their share of 256 lines: mostly information, some detail, few problems.
const LEVELS: [(&[u8], usize); 4] = [(b"INFO", 206), (b"DEBUG", 30), (b"WARN", 15), (b"ERROR", 5)];
/// How many lines pass before the seeded order of the levels repeats: a full burst's, so that bursts look alike.
const MIX: usize = 256;
/// How long a paced generator may take to catch up with its schedule before the pipeline counts as too slow for it.
const CATCHES_UP_WITHIN_NS: u64 = 100_000_000;

/// JSON lines: `{"msg":"hello from producer","level":"INFO","ts":<unix microseconds>,"seq":<n>}`.
///
/// `seq` counts from 0, `ts` is when the record was due. Which line has which level depends on the seed alone. The
/// generator never ends by itself.
#[derive(Debug)]
pub struct Generator {
    clock: Clock,
    rate: Rate,
    seed: u64,
    arrivals: Arrivals,
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
    /// Since when lines have been due that it had no demand for before; `None` while there are none.
    behind_since_ns: Option<u64>,
}

/// What determines when a line is due.
#[derive(Clone, Debug)]
enum Arrivals {
    /// Due when it is lent.
    Asked,
    Scheduled(Schedule),
    Random(Poisson),
}

/// The layout of the lines in the buffer: if it equals the next burst's, only the time and the last eight characters of
/// the number differ.
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
    /// The length of the longest line without `record_bytes`.
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
            seed,
            arrivals: match rate {
                Rate::Max => Arrivals::Asked,
                Rate::Paced(schedule) => Arrivals::Scheduled(schedule),
            },
            record_bytes,
            templates: Vec::new(),
            baked_us: 0,
            mix: shuffled_mix(seed),
            seq: 0,
            seq_text: SeqText::zero(),
            headers: Vec::new(),
            bytes: Vec::new(),
            layout: None,
            behind_since_ns: None,
        };
        generator.make_templates();
        generator
    }

    /// The same generator under this load instead of its rate's. [`Load::Poisson`] draws its gaps by the generator's
    /// seed and keeps to the shape that the rate's schedule may have.
    ///
    /// # Panics
    ///
    /// When the rate is [`Rate::Max`], which has no schedule, and the load is not the constant one.
    #[must_use]
    pub fn load(mut self, load: impl Into<Load>) -> Self {
        let load = load.into();
        self.arrivals = match (self.rate, load) {
            (Rate::Max, load) => {
                assert!(load == Load::default(), "a load without a rate");
                Arrivals::Asked
            }
            (Rate::Paced(schedule), Load::Shaped(shape)) => {
                Arrivals::Scheduled(schedule.shaped(shape))
            }
            (Rate::Paced(schedule), Load::Poisson) => {
                Arrivals::Random(Poisson::new(schedule, self.seed))
            }
        };
        self
    }

    /// Rebuilds the templates: at the start, and whenever `seq` gains a digit, which shortens the padding of a line.
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
            self.render(repeat_n(demand.now_ns, records));
            self.layout = Some(layout);
            self.lent()
        }
    }

    /// Writes time and number into the lines of the burst before.
    fn patch(&mut self, due_ns: u64) {
        let ts = ts_text(self.clock.unix_us(due_ns));
        let tail = TS_DIGITS + self.seq_text.len();
        let low_at = tail - SeqText::LOW_FROM_END;
        let mut low = self.seq_text.low();
        let mut end = 0;
        let bytes = self.bytes.as_mut_slice();
        for (header, seq) in self.headers.iter_mut().zip(self.seq..) {
            end += header.len as usize;
            // All tails have the same length, so that one bounds check serves all writes to it.
            let tail = &mut bytes[end - tail..end];
            tail[..TS_DIGITS].copy_from_slice(&ts);
            tail[low_at..][..8].copy_from_slice(&low.to_le_bytes());
            *header = RecordHeader::new(due_ns, seq, header.len);
            low = SeqText::next_low(low);
        }
        self.seq += self.headers.len() as u64;
        self.seq_text.set_low(low);
    }

    /// Writes lines from their templates, one for each due time.
    fn render(&mut self, due: impl Iterator<Item = u64>) {
        self.layout = None;
        self.headers.clear();
        self.bytes.clear();
        for due_ns in due {
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
    fn start(&mut self, context: Context) {
        self.clock = context.clock();
    }

    fn is_scheduled(&self) -> bool {
        self.rate != Rate::Max
    }

    fn unpaced(&self) -> Option<Box<dyn Source>> {
        let unpaced = Self::new(Rate::Max, self.record_bytes, self.seed);
        Some(Box::new(unpaced))
    }

    /// Lends what fell due before the stop, while the producer slept. What a pipeline that cannot keep up has left
    /// behind is not lent: it would take as long as it is late.
    fn lend_buffered(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        let is_late = self
            .behind_since_ns
            .is_some_and(|since_ns| since_ns.saturating_add(CATCHES_UP_WITHIN_NS) < demand.now_ns);
        if is_late || matches!(self.arrivals, Arrivals::Asked) {
            return Ok(Lent::End);
        }
        self.lend(demand)
    }

    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        match &self.arrivals {
            Arrivals::Asked => return Ok(self.at_once(demand)),
            Arrivals::Scheduled(schedule) => {
                let schedule = *schedule;
                let due = schedule.due_by(demand.now_ns).saturating_sub(self.seq);
                if due == 0 {
                    self.behind_since_ns = None;
                    return Ok(Lent::Pending(Pending::until(schedule.due_ns(self.seq))));
                }
                let records = self.fitting(demand.records, demand.bytes);
                let records = records.min(due as usize);
                match schedule.even_from(self.seq) {
                    Some(due) => self.render(due.take(records)),
                    None => self.render((self.seq..).map(|seq| schedule.due_ns(seq)).take(records)),
                }
            }
            Arrivals::Random(arrivals) => {
                if arrivals.next_ns() > demand.now_ns {
                    self.behind_since_ns = None;
                    return Ok(Lent::Pending(Pending::until(arrivals.next_ns())));
                }
                let mut arrivals = arrivals.clone();
                let records = self.fitting(demand.records, demand.bytes);
                self.render(from_fn(|| arrivals.next_by(demand.now_ns)).take(records));
                self.arrivals = Arrivals::Random(arrivals);
            }
        }
        self.behind_since_ns.get_or_insert(demand.now_ns);
        Ok(self.lent())
    }
}

/// Each level as often as its share, in an order that the seed determines (Fisher-Yates).
fn shuffled_mix(seed: u64) -> [u8; MIX] {
    let mut mix = [0; MIX];
    let mut at = 0;
    for (level, (_, share)) in LEVELS.iter().enumerate() {
        mix[at..at + share].fill(level as u8);
        at += share;
    }
    let mut chance = SplitMix64::new(seed);
    for i in (1..mix.len()).rev() {
        mix.swap(i, (chance.next() % (i as u64 + 1)) as usize);
    }
    mix
}
