//! The pieces of a generated line: the template of a level, and the number at its end.

const HEAD: &[u8] = b"{\"msg\":\"";
const MESSAGE: &[u8] = b"hello from producer";
const SEQ_KEY: &[u8] = b",\"seq\":";
const END: &[u8] = b"}\n";

pub(super) const TS_DIGITS: usize = 16;
/// The earliest time with 16 digits (September 2001): a machine whose clock is older gets this, and still valid JSON.
const TS_MIN: u64 = 1_000_000_000_000_000;

/// The digits of a time in microseconds.
///
/// Not inlined, so that they lie in memory and are copied as one: inlined, each digit is kept and stored by itself, 16
/// stores in every line, which took more than half of a line's time.
#[inline(never)]
pub(super) fn ts_text(unix_us: u64) -> [u8; TS_DIGITS] {
    let mut rest = unix_us.max(TS_MIN);
    let mut text = [0_u8; TS_DIGITS];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    text
}

/// One level's line up to and including the digits of `ts`.
#[derive(Debug)]
pub(super) struct Template(Vec<u8>);

impl Template {
    /// `record_bytes`, if given, is what the line with its `suffix` bytes of number is to take.
    pub(super) fn new(level: &[u8], record_bytes: Option<usize>, suffix: usize) -> Self {
        let frame = [b"\",\"level\":\"", level, b"\",\"ts\":"].concat();
        let mut message = MESSAGE.to_vec();
        if let Some(record_bytes) = record_bytes {
            let around = HEAD.len() + frame.len() + TS_DIGITS + suffix;
            message.resize(record_bytes.saturating_sub(around), b'.');
        }
        Self([HEAD, &message, &frame, &[b'0'; TS_DIGITS]].concat())
    }

    pub(super) fn bake(&mut self, ts: [u8; TS_DIGITS]) {
        let at = self.0.len() - TS_DIGITS;
        self.0[at..].copy_from_slice(&ts);
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }
}

/// The end of a line, `,"seq":123}` and a newline, kept as text so that counting on costs no division.
///
/// Its *low word* is the eight characters before the closing brace: digits, and of a short number the end of the key
/// before them. It is the part that changes from line to line.
#[derive(Debug)]
pub(super) struct SeqText(Vec<u8>);

impl SeqText {
    /// Where the low word begins, counted back from the end of the line.
    pub(super) const LOW_FROM_END: usize = END.len() + 8;
    const LOW_DIGITS: usize = 8;

    pub(super) fn zero() -> Self {
        Self::of(0)
    }

    pub(super) fn of(seq: u64) -> Self {
        Self([SEQ_KEY, seq.to_string().as_bytes(), END].concat())
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn digits(&self) -> usize {
        self.0.len() - SEQ_KEY.len() - END.len()
    }

    /// Increments the number; returns whether it gained a digit.
    pub(super) fn increment(&mut self) -> bool {
        let end = self.0.len() - END.len();
        for digit in self.0[SEQ_KEY.len()..end].iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                return false;
            }
            *digit = b'0';
        }
        self.0.insert(SEQ_KEY.len(), b'1');
        true
    }

    /// The part of `seq` in front of the low word's digits.
    pub(super) fn high(&self, seq: u64) -> u64 {
        seq / self.low_limit()
    }

    /// Whether the next `records` numbers from `seq` on differ in the low word only.
    pub(super) fn stays_low(&self, seq: u64, records: usize) -> bool {
        seq % self.low_limit() + (records as u64) < self.low_limit()
    }

    fn low_limit(&self) -> u64 {
        10_u64.pow(self.digits().min(Self::LOW_DIGITS) as u32)
    }

    /// The low word, its last character in the highest byte.
    pub(super) fn low(&self) -> u64 {
        let at = self.0.len() - Self::LOW_FROM_END;
        let mut low = [0; 8];
        low.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(low)
    }

    pub(super) fn set_low(&mut self, low: u64) {
        let at = self.0.len() - Self::LOW_FROM_END;
        self.0[at..at + 8].copy_from_slice(&low.to_le_bytes());
    }

    /// The low word of the next number, which [`stays_low`](Self::stays_low).
    ///
    /// A word in a register, because a byte stored and then read as part of a wider load stalls that load until the
    /// store has left the store buffer: a third of the time of a line, measured.
    #[inline]
    pub(super) fn next_low(low: u64) -> u64 {
        if low >> 56 != u64::from(b'9') {
            return low + (1 << 56);
        }
        // Every 9 at the end becomes a 0, and the digit before them one more.
        let text = low.swap_bytes();
        let nines = (text ^ u64::from_ne_bytes([b'9'; 8])).trailing_zeros() & !7;
        let of_nines = (1_u64 << nines) - 1;
        let next = text - (u64::from_ne_bytes([9; 8]) & of_nines) + of_nines + 1;
        next.swap_bytes()
    }
}
