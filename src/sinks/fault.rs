//! The fault sink: makes another sink fail, on a plan that can be replayed. For tests of what stands before a sink.
//!
//! ```text
//!   fault:short=0.2+retry=0.1+seed=7,file:out      a fifth of the writes stop half way, a tenth fail at once
//!   fault:full-after=1MiB:20,file:out              no space after each MiB, until it was tried 20 times
//!   fault:panic-after=5000+worker=1,check          worker 1 panics at its 5001st record
//! ```

use std::str::FromStr;
use std::time::Duration;
use std::{fmt, io};

use bytesize::ByteSize;

use crate::engine::batch::Batch;
use crate::engine::sink::Sink;
use crate::engine::sink_error::{SinkError, SinkErrorKind};

/// What goes wrong, and when. Shares are of the writes, 0 to 1; amounts are counted by each worker for itself.
///
/// Read from text: `+` between parts, each `NAME=VALUE`; see [`RANGE`](Self::RANGE).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Faults {
    /// `retry=SHARE`: fails in a way that trying again mends; nothing is accepted.
    pub retry: f64,
    /// `short=SHARE`: accepts a part of the batch, up to any byte of it, and then fails like `retry`.
    pub short: f64,
    /// `final=SHARE`: fails for good.
    pub fail: f64,
    /// `stall=SHARE:DURATION`: takes so much longer.
    pub stall: (f64, Duration),
    /// `stall-after=RECORDS:DURATION`: takes so much longer once, when so many records have been accepted.
    pub stall_after: Option<(u64, Duration)>,
    /// `final-after=RECORDS`: fails for good when so many records have been accepted.
    pub fail_after: Option<u64>,
    /// `panic-after=RECORDS`: panics when so many records have been accepted.
    pub panic_after: Option<u64>,
    /// `full-after=SIZE[:TRIES]`: no space (ENOSPC) when so many bytes have been accepted, in the middle of a record if
    /// need be; after so many refused writes there is space for as many again. Without `TRIES` there never is.
    pub full_after: Option<(u64, Option<u64>)>,
    /// `worker=N`: only this worker's sink is at fault.
    pub worker: Option<usize>,
    /// `seed=N`: the same seed has the same writes fail, worker for worker. (What is in a write depends on the
    /// batches.)
    pub seed: u64,
}

/// A sink with [`Faults`]: shows what a pipeline, or a sink of your own, does then.
///
/// ```
/// use splashdam::sinks::{Fault, Faults, Null};
/// use splashdam::sources::{Generator, Rate};
/// use splashdam::{Config, Pipeline};
///
/// let faults: Faults = "retry=0.2+short=0.2+seed=7".parse()?;
/// let mut config = Config::default();
/// config.count = Some(1_000);
/// config.batch_size = 64;
/// let source = Generator::new(Rate::Max, None, 0);
/// let sinks = move |worker: usize| Ok(Fault::new(faults.clone(), worker, Null));
/// let outcome = Pipeline::new(source, sinks).config(config).start()?.join();
/// assert_eq!(outcome.ledger.delivered, 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fault<S> {
    faults: Faults,
    chance: fastrand::Rng,
    sink: S,
    /// Records and bytes that it accepted.
    records: u64,
    bytes: u64,
    /// The byte at which it is full, and how often it has said so there.
    full_at: u64,
    refused: u64,
}

impl<S: Sink> Fault<S> {
    /// Has the sink of this worker fail as planned.
    pub fn new(faults: Faults, worker: usize, sink: S) -> Self {
        let seed = faults.seed.wrapping_add(worker as u64);
        let at_fault = faults.worker.is_none_or(|at_fault| at_fault == worker);
        let faults = if at_fault { faults } else { Faults::default() };
        Self {
            full_at: faults.full_after.map_or(u64::MAX, |(bytes, _)| bytes),
            faults,
            chance: fastrand::Rng::with_seed(seed),
            sink,
            records: 0,
            bytes: 0,
            refused: 0,
        }
    }

    fn happens(&mut self, share: f64) -> bool {
        // No chance is drawn for what is not planned.
        share > 0.0 && self.chance.f64() < share
    }

    /// Stalls, panics or fails at once, where that is due.
    fn strike(&mut self) -> Result<(), SinkError> {
        let Faults {
            stall: (share, duration),
            stall_after,
            fail_after,
            panic_after,
            fail,
            retry,
            ..
        } = self.faults;
        if let Some((records, duration)) = stall_after.filter(|(after, _)| *after <= self.records) {
            self.faults.stall_after = None;
            tracing::debug!(records, "the sink stalls as planned");
            std::thread::sleep(duration);
        }
        if self.happens(share) {
            std::thread::sleep(duration);
        }
        assert!(
            panic_after.is_none_or(|after| after > self.records),
            "the sink panics as planned"
        );
        if fail_after.is_some_and(|after| after <= self.records) || self.happens(fail) {
            let error = SinkError::from(io::Error::other("the sink fails as planned"));
            return Err(error.with_kind(SinkErrorKind::Final));
        }
        if self.happens(retry) {
            return Err(for_now().into());
        }
        Ok(())
    }

    /// How many bytes of a batch of so many this write accepts, and what it fails with if not all.
    fn limit(&mut self, len: u64) -> Option<(u64, io::Error)> {
        if self.bytes + len > self.full_at {
            let room = self.full_at.saturating_sub(self.bytes);
            self.refused += 1;
            if let Some((bytes, Some(tries))) = self.faults.full_after
                && self.refused >= tries
            {
                self.full_at = self.full_at.saturating_add(bytes);
                self.refused = 0;
            }
            return Some((room, rustix::io::Errno::NOSPC.into()));
        }
        let is_short = self.happens(self.faults.short);
        is_short.then(|| (self.chance.u64(0..len.max(1)), for_now()))
    }

    fn count(&mut self, batch: &Batch<'_>, bytes: usize) {
        self.records += batch.whole_records_in(bytes).0 as u64;
        self.bytes += bytes as u64;
    }
}

fn for_now() -> io::Error {
    io::Error::new(
        io::ErrorKind::Interrupted,
        "the sink fails for now, as planned",
    )
}

impl<S: Sink> Sink for Fault<S> {
    fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
        self.strike()?;
        let written = match self.limit(batch.byte_len() as u64) {
            None => self.sink.write(batch),
            Some((bytes, error)) => Err(self.sink.give_out(batch, bytes as usize, error)),
        };
        let accepted = written.as_ref().err().map(SinkError::accepted_bytes);
        self.count(batch, accepted.unwrap_or(batch.byte_len()));
        written
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.sink.flush()
    }

    fn give_out(&mut self, batch: &Batch<'_>, bytes: usize, error: io::Error) -> SinkError {
        self.sink.give_out(batch, bytes, error)
    }
}

impl Faults {
    /// What a plan may look like, for error messages and help.
    pub const RANGE: &str = "parts joined by +: retry=SHARE, short=SHARE, final=SHARE, stall=SHARE:DURATION (shares 0 to 1), \
                             stall-after=RECORDS:DURATION, final-after=RECORDS, panic-after=RECORDS, \
                             full-after=SIZE[:TRIES], worker=N, seed=N";

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let (first, second) = match value.split_once(':') {
            Some((first, second)) => (first, Some(second)),
            None => (value, None),
        };
        // A second part belongs to those that ask for it.
        let only = || second.is_none().then_some(first);
        let duration = || humantime::parse_duration(second?).ok();
        match name {
            "retry" => self.retry = share(only()?)?,
            "short" => self.short = share(only()?)?,
            "final" => self.fail = share(only()?)?,
            "stall" => self.stall = (share(first)?, duration()?),
            "stall-after" => self.stall_after = Some((number(first)?, duration()?)),
            "final-after" => self.fail_after = Some(number(only()?)?),
            "panic-after" => self.panic_after = Some(number(only()?)?),
            "full-after" => {
                let bytes: ByteSize = first.replace('_', "").parse().ok()?;
                let tries = second.map(number);
                let tries = match tries {
                    Some(tries) => Some(tries.filter(|tries| *tries > 0)?),
                    None => None,
                };
                // Space for nothing would never become space for something.
                self.full_after = Some((Some(bytes.as_u64()).filter(|b| *b > 0)?, tries));
            }
            "worker" => self.worker = Some(usize::try_from(number(only()?)?).ok()?),
            "seed" => self.seed = number(only()?)?,
            _ => return None,
        }
        Some(())
    }
}

fn share(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
}

fn number(text: &str) -> Option<u64> {
    text.replace('_', "").parse().ok()
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split('+') {
            let set = part.split_once('=');
            let set = set.and_then(|(name, value)| faults.set(name, value));
            set.ok_or_else(|| format!("{part:?} is no fault: expected {}", Self::RANGE))?;
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |duration: Duration| {
            humantime::format_duration(duration)
                .to_string()
                .replace(' ', "")
        };
        let mut parts = Vec::new();
        for (name, share) in [
            ("retry", self.retry),
            ("short", self.short),
            ("final", self.fail),
        ] {
            if share > 0.0 {
                parts.push(format!("{name}={share}"));
            }
        }
        if self.stall.0 > 0.0 {
            parts.push(format!("stall={}:{}", self.stall.0, time(self.stall.1)));
        }
        if let Some((records, duration)) = self.stall_after {
            parts.push(format!("stall-after={records}:{}", time(duration)));
        }
        let counts = [
            ("final-after", self.fail_after),
            ("panic-after", self.panic_after),
            ("worker", self.worker.map(|worker| worker as u64)),
        ];
        for (name, count) in counts {
            parts.extend(count.map(|count| format!("{name}={count}")));
        }
        if let Some((bytes, tries)) = self.full_after {
            let tries = tries.map_or(String::new(), |tries| format!(":{tries}"));
            parts.push(format!("full-after={bytes}{tries}"));
        }
        parts.push(format!("seed={}", self.seed));
        f.write_str(&parts.join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::RecordHeader;

    /// Keeps the bytes that it accepts.
    #[derive(Debug, Default)]
    struct Keep(Vec<u8>);

    impl Sink for Keep {
        fn write(&mut self, batch: &Batch<'_>) -> Result<(), SinkError> {
            self.0.extend(batch.bytes().concat());
            Ok(())
        }
    }

    /// What came of so many writes of two records: `.` accepted, or the bytes before the failure.
    fn fate(faults: &str, worker: usize, writes: usize) -> (Vec<String>, Fault<Keep>) {
        let faults = faults.parse().expect("a plan");
        let mut fault = Fault::new(faults, worker, Keep::default());
        let headers = [RecordHeader::new(0, 0, 4), RecordHeader::new(0, 1, 6)];
        let mut came = Vec::new();
        for _ in 0..writes {
            let batch = Batch::new((&headers, &[]), (b"abc\ndefgh\n", b""));
            came.push(match fault.write(&batch) {
                Ok(()) => ".".to_owned(),
                Err(e) => format!("{:?} {}", e.kind(), e.accepted_bytes()),
            });
        }
        (came, fault)
    }

    #[test]
    fn the_same_seed_has_the_same_writes_fail() {
        let plan = "retry=0.3+short=0.3+seed=5";
        let (came, fault) = fate(plan, 0, 200);
        assert_eq!(came, fate(plan, 0, 200).0);
        assert_ne!(came, fate(plan, 1, 200).0);
        assert_ne!(came, fate("retry=0.3+short=0.3+seed=7", 0, 200).0);
        let of = |what: &str| came.iter().filter(|c| c.starts_with(what)).count();
        assert!(of(".") > 50 && of("Retryable") > 60, "{came:?}");
        // Of a short write this sink accepts the first record, or nothing.
        assert!(of("Retryable 4") > 10, "{came:?}");
        assert_eq!(fault.sink.0.len(), 10 * of(".") + 4 * of("Retryable 4"));
        assert_eq!(fault.records, 2 * of(".") as u64 + of("Retryable 4") as u64);
    }

    #[test]
    fn a_full_sink_has_space_again_after_so_many_tries_or_never() {
        let full = |plan| fate(plan, 0, 7).0;
        let (no, some) = ("Retryable 0", "Retryable 4");
        assert_eq!(
            full("full-after=24:2"),
            [".", ".", some, no, ".", ".", some]
        );
        assert_eq!(full("full-after=24"), [".", ".", some, no, no, no, no]);
    }

    #[test]
    fn after_so_many_records_it_fails_for_good() {
        let (came, _) = fate("final-after=4", 0, 4);
        assert_eq!(came, [".", ".", "Final 0", "Final 0"]);
        let (came, _) = fate("final-after=0+worker=1", 0, 2);
        assert_eq!(came, [".", "."]);
        let panics = std::panic::catch_unwind(|| fate("panic-after=2+worker=1", 1, 2));
        assert!(panics.is_err());
        assert_eq!(fate("final=1", 0, 1).0, ["Final 0"]);
        assert_eq!(fate("stall=1:0s+stall-after=1:0s", 0, 2).0, [".", "."]);
    }

    #[test]
    fn a_plan_reads_back_as_it_was_written_and_what_is_none_is_refused() {
        for text in [
            "seed=0",
            "retry=0.1+short=0.25+final=1+stall=0.5:1m30s+seed=3",
            "stall-after=10:5ms+final-after=1+panic-after=2+worker=3+full-after=1000:7+seed=0",
        ] {
            let plan = text.parse::<Faults>().map(|plan| plan.to_string());
            assert_eq!(plan, Ok(text.into()));
        }
        for text in [
            "",
            "retry",
            "retry=1.5",
            "retry=0.1:5",
            "retry=nan",
            "stall=0.1",
            "full-after=0",
            "full-after=1KiB:0",
            "worker=-1",
            "explode=1",
            "seed=1+",
        ] {
            let refused = text.parse::<Faults>().expect_err(text);
            assert!(refused.contains("retry=SHARE"), "{refused}");
        }
    }
}
