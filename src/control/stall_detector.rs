//! The stall watchdog: says which worker does not move while records wait for it, and when it moves again.
//!
//! It reads counters and gauges and says what it sees; nothing is done about a stall. The dispatcher keeps away from a
//! stalled worker by itself, because its lane stays the fullest, and a halt leaves its thread behind.

use crate::engine::lane::Gauge;
use crate::metrics::counters::{Counters, StallCounters};
use crate::sys::clock::Clock;
use crate::sys::sync::Arc;

/// A worker that has not moved for this long is stalled. Longer than a disk takes that spins up or a file server that
/// fails over, and short enough that somebody may still be watching.
const PATIENCE_NS: u64 = 5_000_000_000;

/// A worker as it looks at a moment.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    /// It does not wait for records: it is in its sink, or waits to try it again.
    busy: bool,
    /// All the records that have left its lane.
    moved: u64,
    /// Records in its lane.
    waiting: u64,
}

/// What there is to say about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing new.
    Nothing,
    /// It has not moved for so long. Said after 5 s, and after twice as long each time.
    Stalled { for_ns: u64 },
    /// It moves again, after so long.
    Moves { after_ns: u64 },
}

/// What is remembered of one worker. Pure: time is an argument.
#[derive(Debug, Default)]
struct Watch {
    moved: u64,
    since_ns: u64,
    /// When it is next said that it stalls, counted from `since_ns`; 0 while it does not stall.
    next_ns: u64,
}

impl Watch {
    fn look(&mut self, now_ns: u64, look: Look) -> Verdict {
        let still_ns = now_ns.saturating_sub(self.since_ns);
        if !look.busy || look.waiting == 0 || look.moved != self.moved {
            let stalled = std::mem::take(&mut self.next_ns) > 0;
            (self.moved, self.since_ns) = (look.moved, now_ns);
            return if stalled {
                Verdict::Moves { after_ns: still_ns }
            } else {
                Verdict::Nothing
            };
        }
        if still_ns < self.next_ns.max(PATIENCE_NS) {
            return Verdict::Nothing;
        }
        self.next_ns = still_ns * 2;
        Verdict::Stalled { for_ns: still_ns }
    }

    /// How long it has stalled; none while it moves.
    fn stalled_ns(&self, now_ns: u64) -> Option<u64> {
        (self.next_ns > 0).then(|| now_ns.saturating_sub(self.since_ns))
    }
}

/// Watches the workers; its thread calls [`tick`](Self::tick).
pub(crate) struct Watchdog {
    watches: Vec<Watch>,
    gauges: Vec<Arc<Gauge>>,
    counters: Arc<Counters>,
    clock: Clock,
    /// What the stall at hand has come to in the counters, for each worker.
    counted_ns: Vec<u64>,
}

impl Watchdog {
    pub(crate) fn new(gauges: Vec<Arc<Gauge>>, counters: Arc<Counters>, clock: Clock) -> Self {
        Self {
            watches: gauges.iter().map(|_| Watch::default()).collect(),
            counted_ns: vec![0; gauges.len()],
            gauges,
            counters,
            clock,
        }
    }

    /// Looks at every worker, and says what is new.
    pub(crate) fn tick(&mut self) {
        let now_ns = self.clock.now_ns();
        for worker in 0..self.watches.len() {
            let counters = &self.counters.workers[worker];
            // Progress is read first: a worker that moves meanwhile is seen to move, now or next time.
            let look = Look {
                moved: counters.delivered.get(),
                busy: counters.busy.is_busy(),
                waiting: self.gauges[worker].occupancy().records,
            };
            let verdict = self.watches[worker].look(now_ns, look);
            self.count(worker, now_ns, look.waiting, verdict);
            say(worker, look.waiting, verdict);
        }
    }

    fn count(&mut self, worker: usize, now_ns: u64, waiting: u64, verdict: Verdict) {
        let StallCounters {
            stalls,
            stalled_ns,
            waited_records,
        } = &*self.counters.stalls[worker];
        let counted_ns = &mut self.counted_ns[worker];
        if let Verdict::Moves { after_ns } = verdict {
            stalled_ns.add(after_ns.saturating_sub(std::mem::take(counted_ns)));
        }
        if let Some(ns) = self.watches[worker].stalled_ns(now_ns) {
            if *counted_ns == 0 {
                stalls.add(1);
            }
            stalled_ns.add(ns - *counted_ns);
            waited_records.add(waiting.saturating_sub(waited_records.get()));
            *counted_ns = ns;
        }
    }
}

fn say(worker: usize, waiting: u64, verdict: Verdict) {
    let whole_s = |ns: u64| ns / 1_000_000_000;
    match verdict {
        Verdict::Nothing => {}
        Verdict::Stalled { for_ns } => {
            let s = whole_s(for_ns);
            tracing::warn!(
                worker,
                waiting,
                "worker {worker}: no progress for {s} s, {waiting} records wait"
            );
        }
        Verdict::Moves { after_ns } => {
            let s = whole_s(after_ns);
            tracing::info!(worker, "worker {worker}: moves again after {s} s");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Look, Verdict, Watch};

    const S: u64 = 1_000_000_000;

    /// Looks once a second, and keeps what was said at which second.
    fn said(watch: &mut Watch, seconds: std::ops::Range<u64>, look: Look) -> Vec<(u64, Verdict)> {
        let looks = seconds.map(|s| (s, watch.look(s * S, look)));
        looks
            .filter(|(_, said)| *said != Verdict::Nothing)
            .collect()
    }

    #[test]
    fn a_stall_is_said_after_5_s_then_ever_less_often_and_once_more_when_it_ends() {
        let stuck = Look {
            busy: true,
            moved: 7,
            waiting: 3,
        };
        let mut watch = Watch::default();
        let stalled = |s: u64| (s + 1, Verdict::Stalled { for_ns: s * S });
        assert_eq!(
            said(&mut watch, 1..45, stuck),
            [stalled(5), stalled(10), stalled(20), stalled(40)]
        );
        assert_eq!(watch.stalled_ns(46 * S), Some(45 * S));
        let moves = Look { moved: 8, ..stuck };
        let after_ns = 44 * S;
        assert_eq!(
            said(&mut watch, 45..47, moves),
            [(45, Verdict::Moves { after_ns })]
        );
        assert_eq!(watch.stalled_ns(46 * S), None);
        // The next one is a new one.
        assert_eq!(said(&mut watch, 47..51, moves).len(), 1);
    }

    #[test]
    fn a_worker_that_has_nothing_to_do_or_waits_for_more_does_not_stall() {
        let mut watch = Watch::default();
        let idle = Look {
            busy: true,
            moved: 7,
            waiting: 0,
        };
        assert_eq!(said(&mut watch, 1..60, idle), []);
        let partial = Look {
            busy: false,
            moved: 7,
            waiting: 3,
        };
        assert_eq!(said(&mut watch, 60..120, partial), []);
        for s in 120..180 {
            let slow = Look {
                busy: true,
                moved: s / 4,
                waiting: 3,
            };
            assert_eq!(watch.look(s * S, slow), Verdict::Nothing);
        }
    }
}
