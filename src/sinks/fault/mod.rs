//! The fault sink: makes another sink fail, on a plan that can be replayed. For tests of the pipeline in front of a
//! sink.
//!
//! ```text
//!   fault:short=0.2+retry=0.1+seed=7,file:out      a fifth of the writes stop half way, a tenth fail at once
//!   fault:full-after=1MiB:20,file:out              no space after each MiB, until it was tried 20 times
//!   fault:panic-after=5000+worker=1,check          worker 1 panics at its 5001st record
//! ```

mod plan;
#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::io;

pub use plan::Faults;

use crate::engine::batch::Batch;
use crate::engine::context::Context;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::sinks::file::{FaultyDevice, FileSink, for_now};

/// A sink with [`Faults`]: shows how a pipeline, or a sink of your own, handles them.
///
/// ```
/// use splashdam::sinks::{Fault, Faults, Null};
/// use splashdam::sources::{Generator, Rate};
/// use splashdam::{Config, Pipeline};
///
/// let faults: Faults = "retry=0.2+short=0.2+seed=7".parse()?;
/// let config = Config::default().count(1_000).batch_size(64);
/// let source = Generator::new(Rate::Max, None, 0);
/// let sinks = move |worker: usize| Ok(Fault::new(faults.clone(), worker, Null));
/// let outcome = Pipeline::new(source, sinks).config(config).start()?.join();
/// assert_eq!(outcome.ledger.delivered, 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fault<S> {
    faults: Faults,
    rng: fastrand::Rng,
    sink: S,
    /// Records and bytes that were accepted.
    records: u64,
    bytes: u64,
    /// The byte at which it is full, and how many writes were refused there.
    full_at: u64,
    refused: u64,
    /// The outcome drawn for a write that the sink was not ready for; the next call is the same write.
    drawn: Option<Drawn>,
}

/// The outcome drawn for a write: where it stops, if it does.
type Drawn = Result<(), Cut>;

/// Where a write stops, in bytes, and whether because there is no space.
#[derive(Clone, Copy, Debug)]
struct Cut {
    bytes: u64,
    full: bool,
}

impl<S: Sink> Fault<S> {
    /// Makes the sink of this worker fail as planned.
    pub fn new(faults: Faults, worker: usize, sink: S) -> Self {
        let seed = faults.seed.wrapping_add(worker as u64);
        let fails = faults.worker.is_none_or(|failing| failing == worker);
        let faults = if fails { faults } else { Faults::default() };
        Self {
            full_at: faults.full_after.map_or(u64::MAX, |(bytes, _)| bytes),
            faults,
            rng: fastrand::Rng::with_seed(seed),
            sink,
            records: 0,
            bytes: 0,
            refused: 0,
            drawn: None,
        }
    }

    fn happens(&mut self, share: f64) -> bool {
        // Draw no random number for a fault that is not planned.
        share > 0.0 && self.rng.f64() < share
    }

    /// Stalls, panics or fails at once, if one of these is due.
    fn inject(&mut self) -> Result<(), SinkError> {
        let Faults {
            stall: (share, duration),
            stall_after,
            fail_after,
            panic_after,
            fail,
            retry,
            ..
        } = self.faults;
        if let Some((_, duration)) = stall_after.filter(|(after, _)| *after <= self.records) {
            self.faults.stall_after = None;
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

    /// Where a write of this many bytes stops, if it does.
    fn draw(&mut self, len: u64) -> Drawn {
        if self.bytes + len > self.full_at {
            let bytes = self.full_at.saturating_sub(self.bytes);
            self.refused += 1;
            if let Some((more, Some(tries))) = self.faults.full_after
                && self.refused >= tries
            {
                self.full_at = self.full_at.saturating_add(more);
                self.refused = 0;
            }
            return Err(Cut { bytes, full: true });
        }
        if self.happens(self.faults.short) {
            return Err(Cut {
                bytes: self.rng.u64(0..len.max(1)),
                full: false,
            });
        }
        Ok(())
    }
}

impl Fault<FileSink> {
    /// The same over a file sink: its writes stop at any byte, as a device's do.
    pub fn of_file(faults: Faults, worker: usize, file: FileSink) -> Self {
        let mut fault = Self::new(faults, worker, file);
        let Faults {
            short, full_after, ..
        } = fault.faults;
        (fault.faults.short, fault.full_at) = (0.0, u64::MAX);
        let seed = fault.rng.u64(..);
        let device = FaultyDevice::new(short, full_after, seed);
        fault.sink = fault.sink.with_device(device);
        fault
    }
}

impl<S: Sink> Sink for Fault<S> {
    fn start(&mut self, context: Context) {
        self.sink.start(context);
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let drawn = if let Some(drawn) = self.drawn.take() {
            drawn
        } else {
            self.inject()?;
            self.draw(batch.byte_len() as u64)
        };
        let cut_at = drawn
            .err()
            .map(|cut| batch.whole_records_in(cut.bytes as usize).0);
        let (within, _) = batch.split_at(cut_at.unwrap_or(batch.len()));
        let (accepted, pending) = if within.is_empty() {
            (0, None)
        } else {
            match self.sink.write(&within) {
                Ok(Wrote::All) => (within.len(), None),
                Ok(Wrote::Part { records, pending }) => (records, Some(pending)),
                Err(error) => {
                    (self.records, self.bytes) =
                        counted(&within, error.accepted(), self.records, self.bytes);
                    return Err(error);
                }
            }
        };
        (self.records, self.bytes) = counted(&within, accepted, self.records, self.bytes);
        if let Some(pending) = pending {
            self.drawn = (accepted == 0).then_some(drawn);
            return Ok(Wrote::Part {
                records: accepted,
                pending,
            });
        }
        match drawn {
            Ok(()) => Ok(Wrote::All),
            Err(Cut { full, .. }) => {
                let full = full.then(|| rustix::io::Errno::NOSPC.into());
                Err(SinkError::new(full.unwrap_or_else(for_now), accepted))
            }
        }
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        self.sink.flush()
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        self.sink.reopen()
    }

    fn close(&mut self) {
        self.sink.close();
    }
}

/// Totals of records and bytes after the first `accepted` of a batch were added.
fn counted(batch: &Batch<'_>, accepted: usize, records: u64, bytes: u64) -> (u64, u64) {
    let (accepted, _) = batch.split_at(accepted.min(batch.len()));
    let (more, more_bytes) = (accepted.len() as u64, accepted.byte_len() as u64);
    (records + more, bytes + more_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::RecordHeader;

    /// Keeps the bytes that it accepts.
    #[derive(Debug, Default)]
    struct Keep(Vec<u8>);

    impl Sink for Keep {
        fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
            self.0.extend(batch.bytes().concat());
            Ok(Wrote::All)
        }
    }

    /// The results of so many writes of two records: `.` accepted, or the records before the failure.
    fn results(faults: &str, worker: usize, writes: usize) -> (Vec<String>, Fault<Keep>) {
        let faults = faults.parse().expect("a plan");
        let mut fault = Fault::new(faults, worker, Keep::default());
        let headers = [RecordHeader::new(0, 0, 4), RecordHeader::new(0, 1, 6)];
        let mut came = Vec::new();
        for _ in 0..writes {
            let batch = Batch::new((&headers, &[]), (b"abc\ndefgh\n", b""));
            came.push(match fault.write(&batch) {
                Ok(_) => ".".to_owned(),
                Err(e) => format!("{:?} {}", e.kind(), e.accepted()),
            });
        }
        (came, fault)
    }

    #[test]
    fn the_same_seed_has_the_same_writes_fail() {
        let plan = "retry=0.3+short=0.3+seed=5";
        let (came, fault) = results(plan, 0, 200);
        assert_eq!(came, results(plan, 0, 200).0);
        assert_ne!(came, results(plan, 1, 200).0);
        assert_ne!(came, results("retry=0.3+short=0.3+seed=7", 0, 200).0);
        let of = |what: &str| came.iter().filter(|c| c.starts_with(what)).count();
        assert!(of(".") > 50 && of("Retryable") > 60, "{came:?}");
        // Of a short write this sink accepts the first record, or nothing.
        assert!(of("Retryable 1") > 10, "{came:?}");
        assert_eq!(fault.sink.0.len(), 10 * of(".") + 4 * of("Retryable 1"));
        assert_eq!(fault.records, 2 * of(".") as u64 + of("Retryable 1") as u64);
    }

    #[test]
    fn a_full_sink_has_space_again_after_so_many_tries_or_never() {
        let full = |plan| results(plan, 0, 7).0;
        let (no, some) = ("Retryable 0", "Retryable 1");
        assert_eq!(
            full("full-after=24:2"),
            [".", ".", some, no, ".", ".", some]
        );
        assert_eq!(full("full-after=24"), [".", ".", some, no, no, no, no]);
    }

    #[test]
    fn after_so_many_records_it_fails_for_good() {
        let (came, _) = results("final-after=4", 0, 4);
        assert_eq!(came, [".", ".", "Final 0", "Final 0"]);
        let (came, _) = results("final-after=0+worker=1", 0, 2);
        assert_eq!(came, [".", "."]);
        let panics = std::panic::catch_unwind(|| results("panic-after=2+worker=1", 1, 2));
        assert!(panics.is_err());
        assert_eq!(results("final=1", 0, 1).0, ["Final 0"]);
        assert_eq!(results("stall=1:0s+stall-after=1:0s", 0, 2).0, [".", "."]);
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
            assert!(refused.accepted().contains("retry=SHARE"), "{refused}");
        }
    }
}
