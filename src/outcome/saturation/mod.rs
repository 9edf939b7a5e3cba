//! Saturation: when, within a run, the schedule asked for more than the pipeline took. Pure: looks at a running
//! pipeline are arguments.
//!
//! ```text
//!   Look, Look, ... --LoadWatch--> Load: stretches in which bursts were late or the lanes full; ages of what waited
//!   Load, and how late the run was at its end --> stretches that matter
//! ```
//!
//! What is judged is the whole run. A queue that fills up and empties again, or a producer that stands still and
//! catches up, leaves no trace at the end, but most of the response time may be that.

#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metrics::counters::LATE_NS;
use crate::sys::clock::saturating_ns;

/// A stretch matters if the run was this late in it: a hundredth of the run, but at least 10 ms, which may be the
/// scheduler, and at most this, which nobody overlooks.
const LATE_AT_MOST_NS: u64 = 100_000_000;
/// Lanes with less room than the rest of this are full.
const FULL_USAGE: f64 = 0.95;
/// A producer that was held back for less than this share of its time was not kept from its schedule by that.
const HELD_SHARE: f64 = 0.1;
/// The most time that a queue which is full at one look stands for: looks are further apart if the process stood still.
const FULL_LOOK_NS: u64 = 200_000_000;
/// Stretches that are kept. A schedule of bursts has one in each of its periods.
const STRETCHES_MAX: usize = 1_000;
/// Ages that are kept; two neighbours become one when there are more.
const AGES_MAX: usize = 1_024; // even
/// Into how many windows a run is divided to see whether its queue grows, and how many of them in a row must show it.
/// By chance the least ages of four windows rise once in 24 times, which is why growth has a least size too.
const WINDOWS: u64 = 8;
const WINDOWS_RISING: usize = 4;

/// What a look at a running pipeline sees: totals since its start, and how things are now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Since the run began.
    pub(crate) at_ns: u64,
    /// Bursts that were late.
    pub(crate) late_bursts: u64,
    /// How late the latest of all was.
    pub(crate) latest_ns: u64,
    /// How late the last burst was.
    pub(crate) lag_ns: u64,
    /// For how long the producer was held back.
    pub(crate) held_ns: u64,
    /// The usage of the emptiest active lane, 0 to 1.
    pub(crate) usage: f64,
    /// How long ago the oldest record in a lane was due; 0 if there is none.
    pub(crate) oldest_ns: u64,
}

/// Why a run was behind its schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// The sinks: the lanes were full.
    QueueFull,
    /// The sinks: the lanes took what they could not deliver in time.
    QueueGrows,
    /// The producer's thread: the lanes had room.
    Producer,
}

/// A stretch of a run in which the schedule asked for more than was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stretch {
    /// When it began, in seconds since the run began.
    pub from_s: f64,
    /// When it ended: the lag, or the queue, did not grow any more.
    pub until_s: f64,
    /// How late a record was published, at most; of a queue that grew, how long the oldest record had waited at the
    /// end. In nanoseconds.
    pub behind_ns: u64,
    /// What kept the run from its schedule.
    pub limit: Limit,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    from_ns: u64,
    until_ns: u64,
    /// How late a record was published, at most.
    late_ns: u64,
    /// How long the oldest record of a queue that grew had waited at the end.
    waited_ns: u64,
    limit: Limit,
}

impl Span {
    /// What its limit is measured by.
    fn behind_ns(&self) -> u64 {
        match self.limit {
            Limit::QueueGrows => self.waited_ns,
            Limit::QueueFull | Limit::Producer => self.late_ns,
        }
    }
}

/// The least age of the oldest record, over the looks since the entry before.
#[derive(Clone, Copy, Debug)]
struct Age {
    until_ns: u64,
    least_ns: u64,
}

/// Watches a run, look by look, in bounded memory.
#[derive(Debug)]
pub(crate) struct LoadWatch {
    before: Look,
    open: Option<Span>,
    /// For how long the open span's producer was held back.
    held_ns: u64,
    load: Load,
    /// How many looks an age stands for, as a power of two; and those of the last one so far.
    looks_log2: u32,
    looks: u32,
}

/// What the looks at a run showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    spans: Vec<Span>,
    ages: Vec<Age>,
}

impl LoadWatch {
    /// With all the memory that it will ever take.
    pub(crate) fn new() -> Self {
        Self {
            before: Look::default(),
            open: None,
            held_ns: 0,
            load: Load {
                spans: Vec::with_capacity(STRETCHES_MAX),
                ages: Vec::with_capacity(AGES_MAX),
            },
            looks_log2: 0,
            looks: 0,
        }
    }

    /// Takes the next look into account.
    pub(crate) fn look(&mut self, now: Look) {
        let before = std::mem::replace(&mut self.before, now);
        self.age(now);
        let late = now.late_bursts > before.late_bursts;
        let full = now.usage >= FULL_USAGE;
        if !late && !full {
            return self.close();
        }
        let full_ns = (now.at_ns - before.at_ns).min(FULL_LOOK_NS);
        let held_ns = now.held_ns - before.held_ns;
        self.held_ns += held_ns.max(if full { full_ns } else { 0 });
        let span = self.open.get_or_insert(Span {
            from_ns: before.at_ns,
            until_ns: now.at_ns,
            late_ns: 0,
            waited_ns: 0,
            limit: Limit::Producer,
        });
        span.until_ns = now.at_ns;
        if late {
            span.late_ns = span.late_ns.max(now.lag_ns);
        }
        if now.latest_ns > before.latest_ns {
            span.late_ns = span.late_ns.max(now.latest_ns);
        }
    }

    fn close(&mut self) {
        let held_ns = std::mem::take(&mut self.held_ns) as f64;
        let span = self.open.take().filter(|span| span.late_ns >= LATE_NS);
        let span = span.map(|span| Span {
            limit: if held_ns >= HELD_SHARE * (span.until_ns - span.from_ns) as f64 {
                Limit::QueueFull
            } else {
                Limit::Producer
            },
            ..span
        });
        if self.load.spans.len() < STRETCHES_MAX {
            self.load.spans.extend(span);
        }
    }

    fn age(&mut self, now: Look) {
        let ages = &mut self.load.ages;
        match ages.last_mut().filter(|_| self.looks > 0) {
            Some(last) => {
                last.until_ns = now.at_ns;
                last.least_ns = last.least_ns.min(now.oldest_ns);
            }
            None => ages.push(Age {
                until_ns: now.at_ns,
                least_ns: now.oldest_ns,
            }),
        }
        self.looks = (self.looks + 1) % (1 << self.looks_log2);
        if self.looks == 0 && ages.len() >= AGES_MAX {
            for pair in 0..ages.len() / 2 {
                let (first, second) = (ages[2 * pair], ages[2 * pair + 1]);
                ages[pair] = Age {
                    until_ns: second.until_ns,
                    least_ns: first.least_ns.min(second.least_ns),
                };
            }
            ages.truncate(AGES_MAX / 2);
            self.looks_log2 += 1;
        }
    }

    /// What was seen.
    pub(crate) fn end(mut self) -> Load {
        self.close();
        self.load
    }
}

/// What is known of a run beside the looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) elapsed: Duration,
    /// How late it was at its end.
    pub(crate) behind_at_end: Duration,
    /// Whether its producer was held back, over the whole run.
    pub(crate) is_held_back: bool,
    /// The longest time for which records wait by intent, in a batch that fills and in the sink.
    pub(crate) batch_time: Duration,
}

impl Bounds {
    /// A run that was less late than this was not behind its schedule.
    fn tolerated_ns(&self) -> u64 {
        (saturating_ns(self.elapsed) / 100).clamp(LATE_NS, LATE_AT_MOST_NS)
    }
}

impl Load {
    /// The stretches in which the run was behind its schedule, in order.
    pub(crate) fn stretches(&self, bounds: &Bounds) -> Vec<Stretch> {
        let tolerated_ns = bounds.tolerated_ns();
        let mut spans = self.spans.clone();
        let behind_ns = saturating_ns(bounds.behind_at_end);
        if behind_ns >= tolerated_ns {
            // Draining comes after the schedule's end.
            let end_ns = self
                .ages
                .last()
                .map_or(saturating_ns(bounds.elapsed), |age| age.until_ns);
            let limit = if bounds.is_held_back {
                Limit::QueueFull
            } else {
                Limit::Producer
            };
            spans.push(Span {
                from_ns: end_ns.saturating_sub(behind_ns),
                until_ns: end_ns,
                late_ns: behind_ns,
                waited_ns: 0,
                limit,
            });
        }
        spans.extend(self.growth(bounds));
        spans.retain(|span| span.behind_ns() >= tolerated_ns);
        spans.sort_by_key(|span| span.from_ns);
        merged(spans)
    }

    /// The longest stretch in which the oldest record of each window was older than in the one before.
    fn growth(&self, bounds: &Bounds) -> Option<Span> {
        let batch_ns = saturating_ns(bounds.batch_time);
        let end_ns = self.ages.last()?.until_ns;
        let windows = WINDOWS.min(end_ns / (2 * batch_ns).max(1));
        let window_ns = end_ns / windows.max(1);
        let mut least = vec![u64::MAX; windows as usize];
        for age in &self.ages {
            let window =
                (age.until_ns.saturating_sub(1) / window_ns.max(1)).min(windows.saturating_sub(1));
            let least = least.get_mut(window as usize)?;
            *least = (*least).min(age.least_ns);
        }
        let rises = |a: &u64, b: &u64| a < b && *b != u64::MAX;
        let mut from = 0;
        let mut longest: Option<Span> = None;
        for run in least.chunk_by(rises) {
            let until = from + run.len();
            let grown_ns = run[run.len() - 1] - run[0];
            let enough_ns = bounds.tolerated_ns() + batch_ns;
            if run.len() >= WINDOWS_RISING && grown_ns >= enough_ns {
                let span = Span {
                    from_ns: from as u64 * window_ns,
                    until_ns: until as u64 * window_ns,
                    late_ns: 0,
                    waited_ns: run[run.len() - 1],
                    limit: Limit::QueueGrows,
                };
                longest = longest
                    .filter(|other| other.waited_ns >= span.waited_ns)
                    .or(Some(span));
            }
            from = until;
        }
        longest
    }
}

/// Joins spans that overlap; a full queue explains more than one that grows, and that more than a late producer.
fn merged(spans: Vec<Span>) -> Vec<Stretch> {
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined
            .last_mut()
            .filter(|last| span.from_ns <= last.until_ns)
        {
            Some(last) => {
                last.until_ns = last.until_ns.max(span.until_ns);
                // A lag and a wait are not one figure: the limit that remains chooses one.
                last.late_ns = last.late_ns.max(span.late_ns);
                last.waited_ns = last.waited_ns.max(span.waited_ns);
                last.limit = match (last.limit, span.limit) {
                    (Limit::QueueFull, _) | (_, Limit::QueueFull) => Limit::QueueFull,
                    (Limit::QueueGrows, _) | (_, Limit::QueueGrows) => Limit::QueueGrows,
                    _ => Limit::Producer,
                };
            }
            None => joined.push(span),
        }
    }
    let seconds = |ns: u64| Duration::from_nanos(ns).as_secs_f64();
    let stretches = joined.into_iter().map(|span| Stretch {
        from_s: seconds(span.from_ns),
        until_s: seconds(span.until_ns),
        behind_ns: span.behind_ns(),
        limit: span.limit,
    });
    stretches.collect()
}
