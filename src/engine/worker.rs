//! The worker: takes batches out of its lane and hands them to its sink.
//!
//! ```text
//!   scan the lane --full? old? draining?--> sink.write(batch) --accepted--> release
//!        ^  not due yet                       |  failed, retryable            |
//!        |                                    '--> release what was accepted, park 10 ms to 1 s
//!        '------------- spin -> yield -> park until due ----------------------'
//! ```
//!
//! A batch that a sink could not take stays in its lane: the records it accepted are released, the next try begins
//! behind them - inside a record, if the sink stopped there - and the lane fills meanwhile. The wait between two tries
//! is a park, which a halt ends at once; a stop in order goes on trying until its deadline.

use std::time::{Duration, Instant};

use crate::engine::batch::Batch;
use crate::engine::control_block::ControlWords;
use crate::engine::lane::mutation::planted;
use crate::engine::lane::{Extent, LaneReader, Ready};
use crate::engine::record::RecordHeader;
use crate::engine::retry::Retry;
use crate::engine::sink::Sink;
use crate::engine::sink_error::{SinkError, SinkErrorKind};
use crate::engine::spill::Spill;
use crate::metrics::counters::Counters;
use crate::metrics::exchange::Recorder;
use crate::metrics::latency::Latencies;
use crate::sys::clock::{Clock, saturating_ns};
use crate::sys::sync::{Arc, CachePadded};
use crate::sys::wait::backoff::Idle;

/// More than any lane holds.
const NOTHING: Extent = Extent {
    records: u64::MAX,
    bytes: u64::MAX,
};

/// A record, of any length.
const ONE_RECORD: Extent = Extent {
    records: 1,
    bytes: u64::MAX,
};
/// How soon after a halt the producer closes the lanes, unless it hangs in its source: it has a burst in hand at most.
const CLOSES_WITHIN: Duration = Duration::from_secs(1);

/// When a batch is due, beside by draining.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    pub(crate) extent: Extent,
    /// How long its oldest record may have been in the lane; 0 takes what is there.
    pub(crate) timeout: Duration,
}

/// Why a batch was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
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
    /// What its sink did not take is in the spill file.
    Spilled,
    /// The spill file failed too.
    SpillFailed(SinkError),
}

impl WorkerEnd {
    /// Whether records may be left in the lane that should have gone to the sink.
    pub(crate) fn leaves_records(&self) -> bool {
        matches!(self, Self::Halted | Self::SinkFailed(_))
    }
}

impl From<SinkError> for WorkerEnd {
    fn from(error: SinkError) -> Self {
        match error.kind() {
            SinkErrorKind::ReaderClosed => Self::ReaderClosed,
            SinkErrorKind::Retryable | SinkErrorKind::Final => Self::SinkFailed(error),
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
    pub(crate) retry: Retry,
    /// Where records go that the sink did not take, if anywhere.
    pub(crate) spill: Option<Spill>,
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
            let done = match self.due(ready, closed || self.is_retired()) {
                Some(cause) => self.deliver(cause),
                None if closed || planted("closed read last") && self.lane.is_closed() => {
                    match self.sink.flush() {
                        Ok(()) => return WorkerEnd::Drained(self.last_partial),
                        Err(error) => Err(error),
                    }
                }
                None => {
                    self.recorder.as_mut().map(Recorder::offer);
                    busy.end(self.clock.now_ns());
                    self.wait(ready);
                    busy.begin(self.clock.now_ns());
                    Ok(())
                }
            };
            match done {
                Err(error) if self.retry.wants(&error) => {
                    if !self.back_off(&error) {
                        return WorkerEnd::Halted;
                    }
                }
                Err(error) => return WorkerEnd::from(error),
                Ok(()) => {}
            }
        }
    }

    /// Writes what is left in the lane to the spill file: whole records, also the one that the sink has half of. Ends
    /// when the lane is closed; a producer that does not close it after a halt hangs in its source.
    pub(crate) fn spill(&mut self, mut spill: Spill) -> WorkerEnd {
        let mut closes_by = None;
        loop {
            let closed = self.lane.is_closed();
            let ready = self.lane.scan(self.limits.extent);
            let counter = &self.counters.workers[self.index].spilled;
            if ready.extent.records > 0 {
                let written = self.lane.take(|batch| {
                    let result = spill.write(batch);
                    let (done, _) = match &result {
                        Ok(()) => (whole(batch), 0),
                        Err(error) => accepted(batch, error.accepted_bytes()),
                    };
                    counter.add(done.records);
                    (done, result)
                });
                if let Some(Err(error)) = written {
                    return WorkerEnd::SpillFailed(error);
                }
                continue;
            }
            if self.words.is_halted() {
                closes_by = closes_by.or(Instant::now().checked_add(CLOSES_WITHIN));
            }
            if closed || closes_by.is_some_and(|by| Instant::now() >= by) {
                return WorkerEnd::Spilled;
            }
            self.lane.sleep(ONE_RECORD, closes_by);
        }
    }

    /// Stops the clock of its busy time, whatever ended its work.
    pub(crate) fn rest(&self) {
        let busy = &self.counters.workers[self.index].busy;
        busy.end(self.clock.now_ns());
    }

    #[inline]
    fn due(&self, ready: Ready, draining: bool) -> Option<Cause> {
        if ready.full {
            Some(Cause::Size)
        } else if ready.extent.records == 0 {
            None
        } else if self.retry.again.is_some() {
            self.retry.again
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
        let begun = self.retry.begun;
        let taken = self.lane.take(|batch| {
            let result = sink.write(&batch.resumed_at(begun));
            let (done, begun) = match &result {
                Ok(()) => (whole(batch), 0),
                Err(error) => accepted(batch, begun + error.accepted_bytes()),
            };
            let delivered_ns = clock.now_ns();
            counters.delivered.add(done.records);
            counters.delivered_bytes.add(done.bytes);
            if let Some(recorder) = recorder {
                let headers = first(done.records as usize, batch.headers());
                record(recorder.current(), headers, taken_ns, delivered_ns);
            }
            (done, (result, done.records, begun))
        });
        let Some((result, records, still_begun)) = taken else {
            return Ok(()); // not reached: scan() saw these records, and only this thread takes any
        };
        self.retry.begun = still_begun;
        if records > 0 || still_begun > begun {
            self.retry.moved(self.index);
        }
        self.retry.again = result.is_err().then_some(cause);
        result?;
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
            ONE_RECORD
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

    /// Waits until it is time to try a failed write again; false if the run was halted meanwhile.
    ///
    /// Counts as busy: a sink that fails is a sink that stalls.
    fn back_off(&mut self, error: &SinkError) -> bool {
        self.counters.workers[self.index].retries.add(1);
        let until = Instant::now() + self.retry.failed(self.index, error);
        while !self.words.is_halted() {
            if Instant::now() >= until {
                return true;
            }
            // Nothing that arrives is worth waking up for.
            self.lane.sleep(NOTHING, Some(until));
        }
        false
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

/// Of a batch that failed when `bytes` of it had been accepted: the whole records, and how much of the next one.
fn accepted(batch: &Batch<'_>, bytes: usize) -> (Extent, usize) {
    let bytes = bytes.min(batch.byte_len());
    let (records, whole) = batch.whole_records_in(bytes);
    let done = Extent {
        records: records as u64,
        bytes: whole as u64,
    };
    (done, bytes - whole)
}
