//! The plan of a fault sink, and its text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::sys::quantity::{size, time, whole};
use crate::sys::text::ValueError;

/// The faults, and when they occur. Shares are of the writes, 0 to 1; each worker counts amounts for itself.
///
/// Read from text: `+` between parts, each `NAME=VALUE`; see [`RANGE`](Self::RANGE).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Faults {
    /// `retry=SHARE`: fails with a retryable error; nothing is accepted.
    pub retry: f64,
    /// `short=SHARE`: accepts a part of the batch and then fails like `retry`; a file sink stops at any byte, another
    /// one after a record.
    pub short: f64,
    /// `final=SHARE`: fails for good.
    pub fail: f64,
    /// `stall=SHARE:DURATION`: takes that much longer.
    pub stall: (f64, Duration),
    /// `stall-after=RECORDS:DURATION`: takes that much longer once, when that many records have been accepted.
    pub stall_after: Option<(u64, Duration)>,
    /// `final-after=RECORDS`: fails for good when that many records have been accepted.
    pub fail_after: Option<u64>,
    /// `panic-after=RECORDS`: panics when that many records have been accepted.
    pub panic_after: Option<u64>,
    /// `full-after=SIZE[:TRIES]`: no space (ENOSPC) when that many bytes have been accepted, in the middle of a record
    /// if the sink is a file; after `TRIES` refused writes there is space for as many bytes again, without `TRIES`
    /// never.
    pub full_after: Option<(u64, Option<u64>)>,
    /// `worker=N`: only this worker's sink is at fault.
    pub worker: Option<usize>,
    /// `seed=N`: with the same seed the same writes fail, worker for worker. (The content of a write depends on the
    /// batches.)
    pub seed: u64,
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
        // The value of a fault without a second part; `None` if it has one.
        let only = || second.is_none().then_some(first);
        let duration = || time(second?);
        match name {
            "retry" => self.retry = share(only()?)?,
            "short" => self.short = share(only()?)?,
            "final" => self.fail = share(only()?)?,
            "stall" => self.stall = (share(first)?, duration()?),
            "stall-after" => self.stall_after = Some((whole(first)?, duration()?)),
            "final-after" => self.fail_after = Some(whole(only()?)?),
            "panic-after" => self.panic_after = Some(whole(only()?)?),
            "full-after" => {
                let bytes = size(first).filter(|bytes| *bytes > 0);
                let tries = second.map(whole);
                let tries = match tries {
                    Some(tries) => Some(tries.filter(|tries| *tries > 0)?),
                    None => None,
                };
                // With a size of 0 there would never be space.
                self.full_after = Some((bytes?, tries));
            }
            "worker" => self.worker = Some(usize::try_from(whole(only()?)?).ok()?),
            "seed" => self.seed = whole(only()?)?,
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

impl FromStr for Faults {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut faults = Self::default();
        for part in text.split('+') {
            let set = part.split_once('=');
            let set = set.and_then(|(name, value)| faults.set(name, value));
            let refusal =
                || ValueError::expected(Self::RANGE).because(format!("{part:?} is no fault"));
            set.ok_or_else(refusal)?;
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
