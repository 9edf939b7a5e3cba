//! The worker: takes batches out of its lane and hands them to its sink.
//!
//! ```text
//!   scan the lane --full? old? draining?--> sink.write(batch) --accepted--> release
//!        ^  not due yet                                                       |
//!        '------------- spin -> yield -> park until due ----------------------'
//! ```

use std::time::{Duration, Instant};

use crate::measure::counters::Counters;
use crate::measure::exchange::Recorder;
use crate::measure::latency::Latencies;
use crate::path::batch::Batch;
use crate::path::lane::plant::planted;
use crate::path::lane::{Extent, LaneReader, Ready};
use crate::path::record::RecordHeader;
use crate::path::sink::{Sink, SinkError, SinkErrorKind};
use crate::path::words::ControlWords;
use crate::sys::clock::{Clock, saturating_ns};
use crate::sys::idle::Idle;
use crate::sys::sync::{Arc, CachePadded};

/// When a batch is due, beside by draining.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    pub(crate) extent: Extent,
    /// How long its oldest record may have been in the lane; 0 takes what is there.
    pub(crate) timeout: Duration,
}

/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It is full, by records or by bytes.
    Size,
    /// Its oldest record has waited for `batch_timeout`.
    Age,
    /// The lane is closing or retired.
    Drain,
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) enum WorkerEnd {
    /// Its lane is empty and closed, its sink flushed. Carries the records of the last partial batch, if there was one.
    Drained(Option<u64>),
    /// It was told to leave.
    Halted,
    /// The reader of its output has gone; what is left in the lane has no one to go to.
    ReaderClosed,
    /// Its sink failed for good.
    SinkFailed(SinkError),
}

impl From<SinkError> for WorkerEnd {
    fn from(error: SinkError) -> Self {
        match error.kind() {
            SinkErrorKind::ReaderClosed => Self::ReaderClosed,
            SinkErrorKind::Final => Self::SinkFailed(error),
        }
    }
}

/// Everything a worker thread owns.
pub(crate) struct Worker {
    pub(crate) index: usize,
    pub(crate) lane: LaneReader,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) limits: BatchLimits,
    pub(crate) words: Arc<CachePadded<ControlWords>>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
    pub(crate) idle: Idle,
    /// None where latency is not recorded.
    pub(crate) recorder: Option<Recorder>,
    /// Records of the last batch that was not full when the lane drained.
    pub(crate) last_partial: Option<u64>,
}

impl Worker {
    /// Runs until the lane is closed and empty, the run is halted, or the sink fails.
    pub(crate) fn run(&mut self) -> WorkerEnd {
        // Busy is all but waiting: what a cheap sink leaves of the time is the worker's own work.
        let counters = Arc::clone(&self.counters);
        let busy = &counters.workers[self.index].busy;
        busy.begin(self.clock.now_ns());
        loop {
            // Read before the scan: whatever was published before the lane closed is seen by it.
            let closed = self.lane.is_closed();
            let ready = self.lane.scan(self.limits.extent);
            if self.words.is_halted() && !(closed && ready.extent.records == 0) {
                return WorkerEnd::Halted;
            }
            let delivered = match self.due(ready, closed || self.is_retired()) {
                Some(cause) => self.deliver(cause),
                None if closed => return self.finish(),
                None if planted("closed read last") && self.lane.is_closed() => {
                    return self.finish();
                }
                None => {
                    busy.end(self.clock.now_ns());
                    self.wait(ready);
                    busy.begin(self.clock.now_ns());
                    Ok(())
                }
            };
            if let Err(error) = delivered {
                return WorkerEnd::from(error);
            }
        }
    }

    #[inline]
    fn due(&self, ready: Ready, draining: bool) -> Option<Cause> {
        if ready.full {
            Some(Cause::Size)
        } else if ready.extent.records == 0 {
            None
        } else if draining {
            Some(Cause::Drain)
        } else {
            (self.clock.now_ns() >= self.deadline_ns(ready)).then_some(Cause::Age)
        }
    }

    /// When the batch is due by age: counted from publication, so that a pipeline that lags behind its schedule does
    /// not shrink its batches; and from the oldest record, so that new arrivals never push it out.
    fn deadline_ns(&self, ready: Ready) -> u64 {
        ready
            .oldest_ns
            .saturating_add(saturating_ns(self.limits.timeout))
    }

    fn deliver(&mut self, cause: Cause) -> Result<(), SinkError> {
        let counters = &self.counters.workers[self.index];
        let sink = &mut self.sink;
        let recorder = &mut self.recorder;
        let clock = self.clock;
        let taken_ns = clock.now_ns();
        let taken = self.lane.take(|batch| {
            let (done, result) = match sink.write(batch) {
                Ok(()) => (whole(batch), Ok(batch.len() as u64)),
                Err(error) => (accepted(batch, &error), Err(error)),
            };
            let delivered_ns = clock.now_ns();
            counters.delivered.add(done.records);
            counters.delivered_bytes.add(done.bytes);
            if let Some(recorder) = recorder {
                let headers = first(done.records as usize, batch.headers());
                record(recorder.current(), headers, taken_ns, delivered_ns);
            }
            (done, result)
        });
        let Some(written) = taken else {
            return Ok(()); // not reached: scan() saw these records, and only this thread takes any
        };
        let records = written?;
        match cause {
            Cause::Size => counters.batches_by_size.add(1),
            Cause::Age => counters.batches_by_age.add(1),
            Cause::Drain => {
                counters.batches_by_drain.add(1);
                self.last_partial = Some(records);
            }
        }
        Ok(())
    }

    /// Waits until the batch may be due: spins, then parks until what it lacks has come or its deadline.
    fn wait(&self, ready: Ready) {
        let partial = ready.extent.records > 0;
        let wait_for = if partial {
            self.limits.extent
        } else {
            Extent {
                records: 1,
                bytes: u64::MAX,
            }
        };
        if self.idle.spin(|| self.lane.holds(wait_for)) {
            return;
        }
        let until = partial.then(|| {
            let now_ns = self.clock.now_ns();
            let left_ns = self.deadline_ns(ready).saturating_sub(now_ns);
            Instant::now() + Duration::from_nanos(left_ns)
        });
        if self.lane.sleep(wait_for, until) {
            self.counters.workers[self.index].parks.add(1);
        }
    }

    fn finish(&mut self) -> WorkerEnd {
        match self.sink.flush() {
            Ok(()) => WorkerEnd::Drained(self.last_partial),
            Err(error) => WorkerEnd::from(error),
        }
    }

    #[inline]
    fn is_retired(&self) -> bool {
        self.index >= self.words.active()
    }
}

/// Records the latencies of delivered records, those with the same stamps together.
///
/// Records published together share that stamp; at full speed they share their due time too. A run of them is found by
/// comparing what the headers carry: working a stamp out for each record took four times as long.
#[inline]
pub(crate) fn record(
    latencies: &mut Latencies,
    headers: [&[RecordHeader]; 2],
    taken_ns: u64,
    delivered_ns: u64,
) {
    let (mut published_ns, mut n) = (0, 0);
    let runs = headers
        .into_iter()
        .flat_map(|part| part.chunk_by(RecordHeader::shares_stamps));
    for run in runs {
        let (first, len) = (run[0], run.len() as u64);
        if first.published_ns() != published_ns {
            if n > 0 {
                latencies.record_published(published_ns, taken_ns, delivered_ns, n);
            }
            (published_ns, n) = (first.published_ns(), 0);
        }
        latencies.record_due(first.due_ns, published_ns, delivered_ns, len);
        n += len;
    }
    if n > 0 {
        latencies.record_published(published_ns, taken_ns, delivered_ns, n);
    }
}

/// The first records of both parts together.
fn first(records: usize, [front, back]: [&[RecordHeader]; 2]) -> [&[RecordHeader]; 2] {
    let in_front = records.min(front.len());
    [&front[..in_front], &back[..records - in_front]]
}

fn whole(batch: &Batch<'_>) -> Extent {
    Extent {
        records: batch.len() as u64,
        bytes: batch.byte_len() as u64,
    }
}

/// What a failed write had accepted, in whole records.
fn accepted(batch: &Batch<'_>, error: &SinkError) -> Extent {
    let (records, bytes) = batch.whole_records_in(error.accepted_bytes());
    Extent {
        records: records as u64,
        bytes: bytes as u64,
    }
}
