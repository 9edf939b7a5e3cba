//! The check sink: reads every byte that arrives and proves that nothing is missing, repeated, torn or out of order.

#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::batch::Batch;
use crate::engine::sink::{Sink, SinkFactory, Wrote};
use crate::engine::sink_error::SinkError;
use crate::metrics::Ledger;
use crate::sys::printed::Grouped;
use crate::verify::range::SeqRange;
use crate::verify::sequence_set::SequenceSet;

/// Ranges that a worker keeps before it hands them over: 64 KiB.
const HAND_OVER_AT: usize = 4096;

/// Checks each record as it arrives - one newline, at its end; positions rising on each worker - and at the end the
/// set of positions over all workers.
///
/// Workers that take turns each see a range of positions per burst, and together a single one. They hand over what they
/// saw from time to time, so memory grows with the gaps that dropped records leave, not with the length of the run.
#[derive(Debug, Default)]
pub struct Check {
    arrived: Arc<Mutex<SequenceSet>>,
}

impl Check {
    fn sink(&self, worker: usize) -> CheckSink {
        CheckSink {
            worker,
            ranges: Vec::new(),
            arrived: Arc::clone(&self.arrived),
        }
    }
}

impl SinkFactory for Check {
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(self.sink(worker)))
    }

    fn verdict(&mut self, ledger: &Ledger) -> Result<(), String> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        let arrived = arrived.contents();
        let count = arrived.count() + arrived.surplus;
        if count != u128::from(ledger.delivered) {
            return Err(format!(
                "check: {} records arrived, but {} count as delivered",
                Grouped(count),
                Grouped(ledger.delivered)
            ));
        }
        if let Some(repeated) = arrived.repeated.first() {
            return Err(format!("check: record {} arrived twice", repeated.first));
        }
        if ledger.dropped.total() == 0
            && let Some(produced) = SeqRange::starting_at(0, ledger.produced)
            && let Some(gap) = arrived.gaps(produced).next()
        {
            return Err(format!("check: record {} never arrived", gap.first));
        }
        Ok(())
    }
}

/// One worker's check.
#[derive(Debug)]
struct CheckSink {
    worker: usize,
    /// The positions that it saw and has not handed over, in order; at most one range per burst.
    ranges: Vec<SeqRange>,
    /// The positions of all workers.
    arrived: Arc<Mutex<SequenceSet>>,
}

impl CheckSink {
    fn note(&mut self, range: SeqRange) -> Result<(), String> {
        match self.ranges.last_mut() {
            Some(last) if last.is_followed_by(range) => last.last = range.last,
            Some(last) if last.last >= range.first => {
                return Err(format!(
                    "position {} came after position {}",
                    range.first, last.last
                ));
            }
            _ => self.ranges.push(range),
        }
        Ok(())
    }

    /// Hands over all but the last range, with which the next position is compared. Does so later if another worker
    /// holds the lock.
    #[cold]
    fn hand_over(&mut self) {
        if let Ok(mut arrived) = self.arrived.try_lock() {
            let last = self.ranges.pop();
            arrived.append(&mut self.ranges);
            self.ranges.extend(last);
        }
    }

    fn check(&mut self, batch: &Batch<'_>) -> Result<(), String> {
        if !is_framed(batch) {
            return Err(misframing(batch));
        }
        for headers in batch.headers() {
            for run in headers.chunk_by(|a, b| a.position.checked_add(1) == Some(b.position)) {
                let (first, last) = (run[0].position, run[run.len() - 1].position);
                self.note(SeqRange { first, last })?;
            }
        }
        if self.ranges.len() >= HAND_OVER_AT {
            self.hand_over();
        }
        Ok(())
    }
}

/// Whether each record ends in its only newline: as many newlines as records, and one at each record's end. Counting
/// runs at the speed of the cache; searching from newline to newline would cost a call per record.
fn is_framed(batch: &Batch<'_>) -> bool {
    let [first, second] = batch.bytes();
    let newlines =
        memchr::memchr_iter(b'\n', first).count() + memchr::memchr_iter(b'\n', second).count();
    let mut end = 0;
    let mut ended = true;
    for headers in batch.headers() {
        for header in headers {
            end += header.len as usize;
            let last = end.wrapping_sub(1);
            let byte = first.get(last).or_else(|| second.get(last - first.len()));
            ended &= byte == Some(&b'\n');
        }
    }
    ended && newlines == batch.len() && end == batch.byte_len()
}

/// Describes the fault of a batch that [`is_framed`] refuses.
fn misframing(batch: &Batch<'_>) -> String {
    let [first, second] = batch.bytes();
    let in_second = memchr::memchr_iter(b'\n', second).map(|at| at + first.len());
    let mut newlines = memchr::memchr_iter(b'\n', first).chain(in_second);
    let mut end = 0;
    for header in batch.headers().into_iter().flatten() {
        end += header.len as usize;
        let newline = newlines.next();
        if newline != Some(end - 1) {
            let elsewhere = newline.map_or("nowhere".into(), |at| format!("at byte {at}"));
            return format!(
                "record {} should end in its only newline, at byte {} of the batch; the next newline is {elsewhere}",
                header.position,
                end - 1,
            );
        }
    }
    format!(
        "a batch of {} bytes for {end} bytes of records",
        batch.byte_len()
    )
}

impl Sink for CheckSink {
    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let checked = self.check(batch).map_err(|wrong| {
            let wrong = format!("check on worker {}: {wrong}", self.worker);
            io::Error::new(io::ErrorKind::InvalidData, wrong)
        });
        Ok(checked.map(|()| Wrote::All)?)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        arrived.append(&mut self.ranges);
        Ok(Wrote::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::RecordHeader;
    use crate::metrics::Dropped;

    fn batch_of(lines: &[(u64, &str)]) -> (Vec<RecordHeader>, Vec<u8>) {
        let header = |(position, line): &(u64, &str)| {
            RecordHeader::new(0, *position, u32::try_from(line.len()).expect("short"))
        };
        let bytes = lines.iter().flat_map(|(_, line)| line.bytes()).collect();
        (lines.iter().map(header).collect(), bytes)
    }

    fn run(batches: &[&[(u64, &str)]], ledger: &Ledger) -> Result<(), String> {
        let mut check = Check::default();
        for (worker, lines) in batches.iter().enumerate() {
            let mut sink = check.open(worker).expect("a sink");
            let (headers, bytes) = batch_of(lines);
            for split in 0..=bytes.len() {
                let parts = bytes.split_at(split);
                let batch = Batch::new(headers.split_at(headers.len() / 2), parts);
                let mut fresh = Check::default().open(worker).expect("a sink");
                let _ = fresh.write(&batch).map_err(|e| e.to_string())?;
            }
            let batch = Batch::new((&headers, &[]), (&bytes, &[]));
            let _ = sink.write(&batch).map_err(|e| e.to_string())?;
            let _ = sink.flush().map_err(|e| e.to_string())?;
        }
        check.verdict(ledger)
    }

    fn ledger(delivered: u64, full: u64) -> Ledger {
        Ledger {
            produced: delivered + full,
            delivered,
            dropped: Dropped {
                full,
                ..Dropped::default()
            },
            spilled: 0,
            abandoned: 0,
        }
    }

    #[test]
    fn a_whole_set_passes_however_it_is_split_over_workers_and_parts() {
        let batches: &[&[_]] = &[&[(1, "a\n"), (2, "\n")], &[(0, "bc\n"), (3, "d\r\n")]];
        assert_eq!(run(batches, &ledger(4, 0)), Ok(()));
    }

    #[test]
    fn workers_that_take_turns_keep_a_bounded_number_of_ranges() {
        let check = Check::default();
        let mut sinks = [check.sink(0), check.sink(1)];
        for position in 0..100_000 {
            let (headers, bytes) = batch_of(&[(position, "a\n")]);
            let batch = Batch::new((&headers, &[]), (&bytes, &[]));
            let sink = &mut sinks[position as usize % 2];
            let _ = sink.write(&batch).expect("in order");
            assert!(sink.ranges.len() <= HAND_OVER_AT);
        }
        let mut arrived = check.arrived.lock().expect("no panic");
        let arrived = arrived.contents();
        assert!(
            arrived.ranges.len() <= HAND_OVER_AT,
            "only where one worker is ahead"
        );
        assert!(arrived.count() > 100_000 - 2 * HAND_OVER_AT as u128);
    }

    #[test]
    fn positions_are_compared_with_the_last_one_handed_over() {
        let check = Check::default();
        let mut sink = check.sink(0);
        let every_other: Vec<_> = (0..HAND_OVER_AT as u64).map(|n| (2 * n, "a\n")).collect();
        let mut write = |lines: &[_]| {
            let (headers, bytes) = batch_of(lines);
            let written = sink.write(&Batch::new((&headers, &[]), (&bytes, &[])));
            written.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(write(&every_other), Ok(()));
        let early = write(&[(2 * HAND_OVER_AT as u64 - 3, "a\n")]);
        assert!(early.is_err_and(|error| error.contains("came after position 8190")));
    }

    #[test]
    fn every_kind_of_damage_is_named() {
        let fails_with = |batches: &[&[(u64, &str)]], ledger: &Ledger, what: &str| {
            let verdict = run(batches, ledger);
            assert!(
                verdict.as_ref().is_err_and(|e| e.contains(what)),
                "{verdict:?}"
            );
        };
        fails_with(&[&[(0, "a\nb\n")]], &ledger(1, 0), "only newline");
        fails_with(&[&[(0, "a")]], &ledger(1, 0), "only newline");
        fails_with(&[&[(1, "a\n"), (0, "b\n")]], &ledger(2, 0), "came after");
        fails_with(
            &[&[(0, "a\n")], &[(0, "a\n")]],
            &ledger(2, 0),
            "arrived twice",
        );
        fails_with(
            &[&[(0, "a\n"), (2, "b\n")]],
            &ledger(2, 0),
            "record 1 never",
        );
        fails_with(&[&[(0, "a\n")]], &ledger(2, 0), "count as delivered");
        assert_eq!(run(&[&[(0, "a\n"), (2, "b\n")]], &ledger(2, 1)), Ok(()));
    }
}
