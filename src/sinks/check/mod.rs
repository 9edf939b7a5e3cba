//! The check sink: reads every byte that arrives and proves that nothing is missing, doubled, torn or out of order.

#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::batch::Batch;
use crate::engine::sink::{Sink, SinkFactory, Wrote};
use crate::engine::sink_error::SinkError;
use crate::metrics::Ledger;

/// Checks each record as it arrives - one newline, at its end; positions rising on each worker - and at the end the
/// set of positions over all workers.
#[derive(Debug, Default)]
pub struct Check {
    runs: Arc<Mutex<Vec<Range<u64>>>>,
}

impl SinkFactory for Check {
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        Ok(Box::new(CheckSink {
            worker,
            runs: Vec::new(),
            shared: Arc::clone(&self.runs),
        }))
    }

    fn verdict(&mut self, ledger: &Ledger) -> Result<(), String> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.sort_unstable_by_key(|run| run.start);
        let arrived: u64 = runs.iter().map(|run| run.end - run.start).sum();
        if arrived != ledger.delivered {
            return Err(format!(
                "check: {arrived} records arrived, but {} count as delivered",
                ledger.delivered
            ));
        }
        let mut next = 0;
        for run in runs.iter() {
            if run.start < next {
                return Err(format!("check: record {} arrived twice", run.start));
            }
            if run.start > next && ledger.dropped.total() == 0 {
                return Err(format!("check: record {next} never arrived"));
            }
            next = run.end;
        }
        if ledger.dropped.total() == 0 && next != ledger.produced {
            return Err(format!("check: record {next} never arrived"));
        }
        Ok(())
    }
}

/// One worker's check. What it saw is kept as runs of consecutive positions, at most one per burst.
#[derive(Debug)]
struct CheckSink {
    worker: usize,
    runs: Vec<Range<u64>>,
    shared: Arc<Mutex<Vec<Range<u64>>>>,
}

impl CheckSink {
    /// Notes a run of consecutive positions.
    fn note(&mut self, run: Range<u64>) -> Result<(), String> {
        match self.runs.last_mut() {
            Some(last) if last.end == run.start => last.end = run.end,
            Some(last) if last.end > run.start => {
                return Err(format!(
                    "position {} came after position {}",
                    run.start,
                    last.end - 1
                ));
            }
            _ => self.runs.push(run),
        }
        Ok(())
    }

    fn check(&mut self, batch: &Batch<'_>) -> Result<(), String> {
        if !is_framed(batch) {
            return Err(misframing(batch));
        }
        for headers in batch.headers() {
            for run in headers.chunk_by(|a, b| a.position.checked_add(1) == Some(b.position)) {
                let first = run[0].position;
                self.note(first..first + run.len() as u64)?;
            }
        }
        Ok(())
    }
}

/// Whether each record ends in its only newline: as many newlines as records, and one at each record's end. Counting
/// goes at the speed of the cache, a search from newline to newline costs a call per record.
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

/// Says what is wrong with a batch that is not framed as its headers say.
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
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.append(&mut self.runs);
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
    fn every_kind_of_damage_is_named() {
        let says = |batches: &[&[(u64, &str)]], ledger: &Ledger, what: &str| {
            let verdict = run(batches, ledger);
            assert!(
                verdict.as_ref().is_err_and(|e| e.contains(what)),
                "{verdict:?}"
            );
        };
        says(&[&[(0, "a\nb\n")]], &ledger(1, 0), "only newline");
        says(&[&[(0, "a")]], &ledger(1, 0), "only newline");
        says(&[&[(1, "a\n"), (0, "b\n")]], &ledger(2, 0), "came after");
        says(
            &[&[(0, "a\n")], &[(0, "a\n")]],
            &ledger(2, 0),
            "arrived twice",
        );
        says(
            &[&[(0, "a\n"), (2, "b\n")]],
            &ledger(2, 0),
            "record 1 never",
        );
        says(&[&[(0, "a\n")]], &ledger(2, 0), "count as delivered");
        assert_eq!(run(&[&[(0, "a\n"), (2, "b\n")]], &ledger(2, 1)), Ok(()));
    }
}
