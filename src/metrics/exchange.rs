//! The exchange of recorders between a worker and the reporter: a full one out, a cleared one back, through two rings
//! of one slot each. Neither side ever waits for the other.
//!
//! (`hdrhistogram` has a recorder for this, but its `refresh` blocks until every recorder has written again, which a
//! parked worker does not.)

use rtrb::{Consumer, Producer, RingBuffer};

use crate::metrics::latency::Latencies;

/// The worker's side: its current recorder.
#[derive(Debug)]
pub(crate) struct Recorder {
    current: Box<Latencies>,
    cleared: Consumer<Box<Latencies>>,
    full: Producer<Box<Latencies>>,
}

/// The reporter's side: collects full recorders.
#[derive(Debug)]
pub(crate) struct Collector {
    cleared: Producer<Box<Latencies>>,
    full: Consumer<Box<Latencies>>,
}

/// Makes a pair; two recorders then go back and forth.
pub(crate) fn exchange() -> (Recorder, Collector) {
    let (cleared_in, cleared_out) = RingBuffer::new(1);
    let (full_in, full_out) = RingBuffer::new(1);
    let recorder = Recorder {
        current: Box::default(),
        cleared: cleared_out,
        full: full_in,
    };
    let collector = Collector {
        cleared: cleared_in,
        full: full_out,
    };
    (recorder, collector)
}

impl Recorder {
    /// The recorder to record to, for the next batch.
    #[inline]
    pub(crate) fn current(&mut self) -> &mut Latencies {
        self.yield_full();
        &mut self.current
    }

    /// Hands over the current recorder if the collector has requested it. Call it before a sleep, too.
    #[inline]
    pub(crate) fn yield_full(&mut self) {
        if !self.cleared.is_empty() {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        if self.full.is_full() {
            return; // the collector has not taken the one before
        }
        if let Ok(cleared) = self.cleared.pop() {
            let full = std::mem::replace(&mut self.current, cleared);
            let pushed = self.full.push(full);
            debug_assert!(pushed.is_ok());
        }
    }

    /// What was recorded since the last hand-over.
    pub(crate) fn into_rest(self) -> Box<Latencies> {
        self.current
    }
}

impl Collector {
    /// Requests the worker's recorder, which it hands over with its next batch. `spare` is a cleared recorder to
    /// replace it; it is returned as the error if the worker has not taken the last one yet.
    pub(crate) fn request(&mut self, spare: Box<Latencies>) -> Result<(), Box<Latencies>> {
        self.cleared
            .push(spare)
            .map_err(|rtrb::PushError::Full(spare)| spare)
    }

    /// Takes the recorder that the worker has handed over; `None` if it has not.
    pub(crate) fn collect(&mut self) -> Option<Box<Latencies>> {
        self.full.pop().ok()
    }
}

/// Gathers what all workers record: per interval, and in total.
#[derive(Debug)]
pub(crate) struct Gatherer {
    collectors: Vec<Collector>,
    /// Which workers have been requested to hand over and have not.
    awaited: Vec<bool>,
    spares: Vec<Box<Latencies>>,
    /// The current interval, and the one that ended last; they swap places.
    current: Box<Latencies>,
    ended: Box<Latencies>,
    /// The sum of all intervals that have ended.
    total: Box<Latencies>,
}

impl Gatherer {
    pub(crate) fn new(collectors: Vec<Collector>) -> Self {
        let spares = collectors.iter().map(|_| Box::default()).collect();
        Self {
            awaited: vec![false; collectors.len()],
            collectors,
            spares,
            current: Box::default(),
            ended: Box::default(),
            total: Box::default(),
        }
    }

    /// Requests every worker's recorder, which it hands over with its next batch or before it sleeps again.
    pub(crate) fn request(&mut self) {
        // Workers that were busy at the last request may have handed over since.
        self.take_in();
        for (collector, awaited) in self.collectors.iter_mut().zip(&mut self.awaited) {
            *awaited = true;
            if let Some(spare) = self.spares.pop()
                && let Err(spare) = collector.request(spare)
            {
                self.spares.push(spare);
            }
        }
    }

    /// Whether each of these workers has handed over since the request.
    pub(crate) fn has_all(&mut self, workers: &[usize]) -> bool {
        self.take_in();
        !workers.iter().any(|worker| self.awaited[*worker])
    }

    /// Ends an interval with what was handed over; what a worker still has counts in a later one.
    pub(crate) fn end_interval(&mut self) -> &Latencies {
        self.take_in();
        self.total.add(&self.current);
        std::mem::swap(&mut self.current, &mut self.ended);
        self.current.clear();
        &self.ended
    }

    /// Adds what a worker still had when it ended.
    pub(crate) fn add(&mut self, rest: &Latencies) {
        self.current.add(rest);
    }

    /// All intervals that have ended, and what was taken in since.
    pub(crate) fn total(&self) -> Latencies {
        let mut total = (*self.total).clone();
        total.add(&self.current);
        total
    }

    fn take_in(&mut self) {
        for (collector, awaited) in self.collectors.iter_mut().zip(&mut self.awaited) {
            if let Some(mut full) = collector.collect() {
                *awaited = false;
                self.current.add(&full);
                full.clear();
                self.spares.push(full);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::exchange;

    #[test]
    fn nothing_recorded_is_lost_however_often_the_collector_asks() {
        let (mut recorder, mut collector) = exchange();
        let mut fetched = 0;
        for i in 0..100_u64 {
            if i % 3 == 0 {
                let _ = collector.request(Box::default());
            }
            recorder.current().record_due(0, 0, i, 1);
            if i % 7 == 0 {
                let full = collector.collect();
                fetched += full.map_or(0, |full| full.report().response.count);
            }
        }
        while let Some(full) = collector.collect() {
            fetched += full.report().response.count;
        }
        let rest = recorder.into_rest().report().response.count;
        assert!(fetched > 0);
        assert_eq!(fetched + rest, 100);
    }
}
