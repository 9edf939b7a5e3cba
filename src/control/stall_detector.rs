//! The stall detector: finds the workers that do not move while records wait for them, and those that move again.
//!
//! It reads counters and gauges and returns events; it does nothing about a stall. The dispatcher avoids a stalled
//! worker anyway, because its lane stays the fullest, and a halt abandons its thread.

use crate::engine::shard::ShardHandle;
use crate::metrics::counters::StallCounters;
use crate::sys::sync::Arc;

/// A worker that has not moved for this long is stalled. Longer than a disk takes to spin up or a file server to fail
/// over, and short enough for an operator to see it live.
const PATIENCE_NS: u64 = 5_000_000_000;

/// The state of a worker at one time.
#[derive(Clone, Copy, Debug, Default)]
struct Observation {
    /// Whether it is in its sink, or waits to try it again, rather than waiting for records.
    busy: bool,
    /// All the records that have left its lane.
    moved: u64,
    /// Records in its lane.
    waiting: u64,
}

/// A change in a worker's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Nothing,
    /// It has not moved for this long. Reported after 5 s, and each time that doubles.
    Stalled {
        for_ns: u64,
    },
    /// It moves again, after this long.
    Moves {
        after_ns: u64,
    },
    /// Its records were given up or spilled, after this long: the run is about to end, and says so.
    GaveUp {
        after_ns: u64,
    },
}

/// A stall, or its end, of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    Lasts {
        worker: usize,
        for_ns: u64,
        waiting: u64,
    },
    Ended {
        worker: usize,
        after_ns: u64,
    },
}

/// One worker's progress. Pure: time is an argument.
#[derive(Debug, Default)]
struct Progress {
    moved: u64,
    since_ns: u64,
    /// When the stall is reported next, counted from `since_ns`; 0 while the worker does not stall.
    next_ns: u64,
}

impl Progress {
    fn observe(&mut self, now_ns: u64, seen: Observation) -> Verdict {
        let still_ns = now_ns.saturating_sub(self.since_ns);
        if !seen.busy || seen.waiting == 0 || seen.moved != self.moved {
            let stalled = std::mem::take(&mut self.next_ns) > 0;
            let moves = seen.moved != self.moved;
            (self.moved, self.since_ns) = (seen.moved, now_ns);
            let after_ns = still_ns;
            return match (stalled, moves) {
                (true, true) => Verdict::Moves { after_ns },
                (true, false) => Verdict::GaveUp { after_ns },
                (false, _) => Verdict::Nothing,
            };
        }
        if still_ns < self.next_ns.max(PATIENCE_NS) {
            return Verdict::Nothing;
        }
        self.next_ns = still_ns * 2;
        Verdict::Stalled { for_ns: still_ns }
    }

    /// How long it has stalled; `None` while it moves.
    fn stalled_ns(&self, now_ns: u64) -> Option<u64> {
        (self.next_ns > 0).then(|| now_ns.saturating_sub(self.since_ns))
    }
}

/// Watches a shard's workers; its thread calls [`tick`](Self::tick).
pub(crate) struct StallDetector {
    workers: Vec<Progress>,
    shard: Arc<ShardHandle>,
    /// What the current stall has added to the counters, for each worker.
    counted_ns: Vec<u64>,
}

impl StallDetector {
    pub(crate) fn new(shard: Arc<ShardHandle>) -> Self {
        Self {
            workers: shard.lanes.iter().map(|_| Progress::default()).collect(),
            counted_ns: vec![0; shard.lanes.len()],
            shard,
        }
    }

    /// Checks every worker, and returns the changes.
    pub(crate) fn tick(&mut self) -> Vec<Stall> {
        let now_ns = self.shard.clock.now_ns();
        let workers = 0..self.workers.len();
        workers
            .filter_map(|worker| self.look(worker, now_ns))
            .collect()
    }

    fn look(&mut self, worker: usize, now_ns: u64) -> Option<Stall> {
        let counters = &self.shard.counters.workers[worker];
        // Progress is read first: a worker that moves meanwhile is seen to move, in this call or the next.
        let observation = Observation {
            moved: counters.delivered.get(),
            busy: counters.busy.is_busy(),
            waiting: self.shard.lanes[worker].gauge.occupancy().records,
        };
        let verdict = self.workers[worker].observe(now_ns, observation);
        let waiting = observation.waiting;
        self.count(worker, now_ns, waiting, verdict);
        let since_ns = self.workers[worker].since_ns;
        let is_still = since_ns < now_ns;
        self.shard.counters.stalls[worker]
            .still_since_ns
            .set(if is_still { since_ns.max(1) } else { 0 });
        match verdict {
            Verdict::Nothing | Verdict::GaveUp { .. } => None,
            Verdict::Stalled { for_ns } => Some(Stall::Lasts {
                worker,
                for_ns,
                waiting,
            }),
            Verdict::Moves { after_ns } => Some(Stall::Ended { worker, after_ns }),
        }
    }

    fn count(&mut self, worker: usize, now_ns: u64, waiting: u64, verdict: Verdict) {
        let StallCounters {
            stalls,
            stalled_ns,
            waited_records,
            ..
        } = &*self.shard.counters.stalls[worker];
        let counted_ns = &mut self.counted_ns[worker];
        if let Verdict::Moves { after_ns } | Verdict::GaveUp { after_ns } = verdict {
            stalled_ns.add(after_ns.saturating_sub(std::mem::take(counted_ns)));
        }
        if let Some(ns) = self.workers[worker].stalled_ns(now_ns) {
            if *counted_ns == 0 {
                stalls.add(1);
            }
            stalled_ns.add(ns - *counted_ns);
            waited_records.add(waiting.saturating_sub(waited_records.get()));
            *counted_ns = ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Observation, Progress, Verdict};

    const S: u64 = 1_000_000_000;

    /// Checks once a second, and collects the changes with their seconds.
    fn said(
        progress: &mut Progress,
        seconds: std::ops::Range<u64>,
        seen: Observation,
    ) -> Vec<(u64, Verdict)> {
        let looks = seconds.map(|s| (s, progress.observe(s * S, seen)));
        looks
            .filter(|(_, said)| *said != Verdict::Nothing)
            .collect()
    }

    #[test]
    fn a_worker_that_gave_its_records_up_is_not_said_to_move_again() {
        let stuck = Observation {
            busy: true,
            moved: 7,
            waiting: 3,
        };
        let mut progress = Progress::default();
        said(&mut progress, 1..9, stuck);
        let gave_up = Observation {
            busy: false,
            waiting: 0,
            ..stuck
        };
        let after_ns = 8 * S;
        assert_eq!(
            said(&mut progress, 9..11, gave_up),
            [(9, Verdict::GaveUp { after_ns })]
        );
    }

    #[test]
    fn a_stall_is_said_after_5_s_then_ever_less_often_and_once_more_when_it_ends() {
        let stuck = Observation {
            busy: true,
            moved: 7,
            waiting: 3,
        };
        let mut progress = Progress::default();
        let stalled = |s: u64| (s + 1, Verdict::Stalled { for_ns: s * S });
        assert_eq!(
            said(&mut progress, 1..45, stuck),
            [stalled(5), stalled(10), stalled(20), stalled(40)]
        );
        assert_eq!(progress.stalled_ns(46 * S), Some(45 * S));
        let moves = Observation { moved: 8, ..stuck };
        let after_ns = 44 * S;
        assert_eq!(
            said(&mut progress, 45..47, moves),
            [(45, Verdict::Moves { after_ns })]
        );
        assert_eq!(progress.stalled_ns(46 * S), None);
        // The next one is a new one.
        assert_eq!(said(&mut progress, 47..51, moves).len(), 1);
    }

    #[test]
    fn a_worker_that_has_nothing_to_do_or_waits_for_more_does_not_stall() {
        let mut progress = Progress::default();
        let idle = Observation {
            busy: true,
            moved: 7,
            waiting: 0,
        };
        assert_eq!(said(&mut progress, 1..60, idle), []);
        let partial = Observation {
            busy: false,
            moved: 7,
            waiting: 3,
        };
        assert_eq!(said(&mut progress, 60..120, partial), []);
        for s in 120..180 {
            let slow = Observation {
                busy: true,
                moved: s / 4,
                waiting: 3,
            };
            assert_eq!(progress.observe(s * S, slow), Verdict::Nothing);
        }
    }
}
