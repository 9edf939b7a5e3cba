//! Validity: what a run's figures are worth. Pure: the evidence is an argument.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::interference::Interference;
use crate::outcome::overload::{late_producer, millions, millis, saturated};
use crate::outcome::saturation::{Bounds, Load, Stretch};
use crate::sys::printed::Grouped;
use crate::sys::warning::Warning;

/// A producer that was held back for less than this share of the run was itself the limit.
const HELD_BACK_SHARE: f64 = 0.1;
/// A shorter run shows little but its start and its end.
const LONG_ENOUGH: Duration = Duration::from_millis(100);
/// Throttling by a quota for less than this share of the run is lost in the noise.
const THROTTLED_SHARE: f64 = 0.01;
/// A worker that waited for less than this share of its time was no faster than the producer.
const IDLE_SHARE: f64 = 0.1;

/// What a run's figures are worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Validity {
    /// Whether there are no warnings.
    pub valid: bool,
    /// The schedule offered more than was delivered, for a stretch of the run at least, so that response is mostly that
    /// wait; or records were dropped because the lanes were full. Always false for a source without a schedule.
    pub saturated: bool,
    /// When that was, in order.
    #[serde(default)]
    pub saturated_stretches: Vec<Stretch>,
    /// How many records per second the source makes alone, on this machine and the producer's CPU, if no sink takes
    /// them: no run can be faster. `None` if the source cannot be tried beforehand, as real logs cannot.
    pub generator_ceiling_records_per_s: Option<f64>,
    /// The 99th percentile of how late records were published, in nanoseconds; `None` if latency is not recorded.
    pub schedule_lag_p99_ns: Option<u64>,
    /// What makes the figures less reliable than they look, each with its remedy.
    pub warnings: Vec<Warning>,
}

/// The evidence on which a run's validity depends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) elapsed: Duration,
    pub(crate) delivered: u64,
    /// Due times were fixed beforehand.
    pub(crate) scheduled: bool,
    /// What was seen of it while it ran.
    pub(crate) load: Load,
    /// How late the last record was published.
    pub(crate) behind_at_end: Duration,
    /// The longest time for which records wait by intent, in a batch that fills and in the sink.
    pub(crate) batch_time: Duration,
    /// How long the producer was held back: paused by the throttle, or waiting for room.
    pub(crate) backpressure: Duration,
    /// How long the active workers had nothing to do, as a share of their time.
    pub(crate) idle: f64,
    /// Records per second that the source makes alone.
    pub(crate) source_limit: Option<f64>,
    pub(crate) schedule_lag_p99_ns: Option<u64>,
    /// For how long a CPU quota kept the process from running.
    pub(crate) throttled: Duration,
    pub(crate) interference: Interference,
    pub(crate) debug_build: bool,
    /// The placement's warnings.
    pub(crate) placement: Vec<Warning>,
    /// The run failed, or was cut off before everything was delivered.
    pub(crate) cut_short: Option<CutShort>,
    /// Records dropped because no lane had room.
    pub(crate) dropped_full: u64,
}

/// Assesses a run by the evidence.
pub(crate) fn assess(evidence: Evidence) -> Validity {
    let (stretches, rate) = (evidence.stretches(), evidence.rate());
    let rules = [
        cut_short(&evidence),
        dropped_full(&evidence),
        debug_build(&evidence),
        saturated(&stretches, rate),
        late_producer(&stretches, rate, evidence.source_limit),
        producer_bound(&evidence),
        quota_throttled(&evidence),
    ];
    let saturated = !stretches.is_empty() || evidence.scheduled && evidence.dropped_full > 0;
    let warnings: Vec<_> = rules
        .into_iter()
        .flatten()
        .chain(evidence.interference.warnings(evidence.elapsed))
        .chain(evidence.placement)
        .collect();
    Validity {
        valid: warnings.is_empty(),
        saturated,
        saturated_stretches: stretches,
        generator_ceiling_records_per_s: evidence.source_limit,
        schedule_lag_p99_ns: evidence.schedule_lag_p99_ns,
        warnings,
    }
}

impl Evidence {
    /// When the run was behind its schedule.
    fn stretches(&self) -> Vec<Stretch> {
        if !self.scheduled {
            return Vec::new();
        }
        self.load.stretches(&Bounds {
            elapsed: self.elapsed,
            behind_at_end: self.behind_at_end,
            is_held_back: self.is_held_back(),
            batch_time: self.batch_time,
        })
    }

    /// Delivered records per second.
    fn rate(&self) -> f64 {
        self.delivered as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Whether the producer was held back for so long that it was not the limit.
    fn is_held_back(&self) -> bool {
        self.share(self.backpressure) >= HELD_BACK_SHARE
    }

    /// A time as a share of the run.
    fn share(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// Why a run did not deliver everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutShort {
    Failed,
    Deadline,
    /// By a second signal, or by the program.
    Halted,
}

fn cut_short(evidence: &Evidence) -> Option<Warning> {
    let (what, remedy) = match evidence.cut_short? {
        CutShort::Failed => ("the run failed", "fix what failed, and run it again"),
        CutShort::Deadline => (
            "the drain timeout passed before everything was delivered",
            "if a sink failed or hung, put that right first; otherwise give it more time (--drain-timeout)",
        ),
        CutShort::Halted => (
            "the run was halted before everything was delivered",
            "let it drain, after one signal or a stop, and run it again",
        ),
    };
    let message = format!("{what}: its figures are of a part of it");
    Some(Warning::new("cut_short", message, remedy))
}

fn dropped_full(evidence: &Evidence) -> Option<Warning> {
    let dropped = evidence.dropped_full;
    (dropped > 0).then(|| {
        let dropped = Grouped(dropped);
        Warning::new(
            "dropped_full",
            format!("{dropped} records were dropped because the lanes were full, and have no latency"),
            "offer less, make room (a faster sink, more workers), or let the source wait (--when-full block)",
        )
    })
}

fn debug_build(evidence: &Evidence) -> Option<Warning> {
    evidence.debug_build.then(|| {
        Warning::new(
            "debug_build",
            "this is a debug build, many times slower than a release build",
            "build it with --release",
        )
    })
}

/// A source without a schedule that was not held back, while workers had nothing to do: the thread that generates,
/// copies and dispatches was the limit.
fn producer_bound(evidence: &Evidence) -> Option<Warning> {
    let limit = evidence.source_limit?;
    let is_limit = !evidence.scheduled
        && evidence.cut_short.is_none()
        && evidence.elapsed >= LONG_ENOUGH
        && !evidence.is_held_back()
        && evidence.idle >= IDLE_SHARE;
    let idle = 100.0 * evidence.idle;
    let generating = (100.0 * evidence.rate() / limit.max(1e-9)).min(100.0);
    is_limit.then(|| {
        Warning::new(
            "producer_bound",
            format!(
                "the producer's thread was the limit (generation, copy, dispatch), and not the sink: the workers had \
                 nothing to do for {idle:.0} % of the time; generating took about {generating:.0} % of the producer's, \
                 which alone makes {} records/s here",
                millions(limit)
            ),
            "read the throughput as what this machine can generate and move, not as what the sink can take; longer \
             records (--record-bytes) cost the producer less per byte",
        )
    })
}

fn quota_throttled(evidence: &Evidence) -> Option<Warning> {
    let throttled = evidence.throttled;
    let is_limit = !throttled.is_zero() && evidence.share(throttled) >= THROTTLED_SHARE;
    is_limit.then(|| {
        let throttled = millis(throttled);
        Warning::new(
            "quota_throttled",
            format!(
                "a CPU quota stopped the control group that this process is in for {throttled}"
            ),
            "raise the quota (cpu.max), or use fewer workers",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CutShort, Evidence, Validity, assess};
    use crate::sys::warning::Warning;

    fn scheduled(behind_ms: u64, held_ms: u64) -> Evidence {
        Evidence {
            elapsed: Duration::from_secs(10),
            delivered: 1_000,
            scheduled: true,
            behind_at_end: Duration::from_millis(behind_ms),
            backpressure: Duration::from_millis(held_ms),
            idle: 0.9,
            source_limit: Some(5e7),
            ..Evidence::default()
        }
    }

    fn codes(validity: &Validity) -> Vec<&str> {
        validity
            .warnings
            .iter()
            .map(|warning| &*warning.code)
            .collect()
    }

    #[test]
    fn a_run_that_keeps_its_schedule_is_valid() {
        for behind_ms in [0, 9, 99] {
            let validity = assess(scheduled(behind_ms, 5_000));
            assert!(
                validity.valid && !validity.saturated,
                "{behind_ms}: {validity:?}"
            );
        }
    }

    #[test]
    fn a_run_behind_its_schedule_is_saturated_and_names_what_limited_it() {
        let held = assess(scheduled(100, 5_000));
        assert!(held.saturated && !held.valid);
        assert_eq!(codes(&held), ["saturated"]);
        assert!(
            held.warnings[0]
                .remedy
                .contains("less than the 100 records/s")
        );
        let free = assess(scheduled(100, 500));
        assert!(free.saturated);
        assert_eq!(codes(&free), ["producer_bound"]);
        let message = &free.warnings[0].message;
        assert!(message.contains("from 9.9 s to 10.0 s"), "{message}");
        assert!(
            message.contains("generating alone makes 50.0 M records/s here"),
            "{message}"
        );
    }

    #[test]
    fn a_source_without_a_schedule_is_the_limit_when_it_was_never_held_back_and_workers_waited() {
        let at_full_speed = |held_ms, idle, ceiling| Evidence {
            scheduled: false,
            idle,
            source_limit: ceiling,
            ..scheduled(3_000, held_ms)
        };
        assert_eq!(
            codes(&assess(at_full_speed(0, 0.3, Some(1e8)))),
            ["producer_bound"]
        );
        for evidence in [
            at_full_speed(2_000, 0.3, Some(1e8)),
            at_full_speed(0, 0.01, Some(1e8)),
            at_full_speed(0, 0.3, None),
        ] {
            let validity = assess(evidence);
            assert!(validity.valid && !validity.saturated, "{validity:?}");
        }
    }

    #[test]
    fn a_debug_build_a_quota_and_the_placement_speak_against_a_run() {
        let validity = assess(Evidence {
            debug_build: true,
            throttled: Duration::from_millis(200),
            placement: vec![Warning::new(
                "cpus_fewer_than_threads",
                "3 threads on 2 CPUs",
                "use less",
            )],
            ..scheduled(0, 0)
        });
        let wanted = ["debug_build", "quota_throttled", "cpus_fewer_than_threads"];
        assert_eq!(codes(&validity), wanted);
        assert!(
            validity.warnings[1].message.ends_with("for 200ms"),
            "{validity:?}"
        );
    }

    #[test]
    fn a_run_that_was_cut_short_or_dropped_what_it_had_no_room_for_is_not_valid() {
        let dropping = assess(Evidence {
            dropped_full: 7,
            ..scheduled(0, 0)
        });
        assert!(dropping.saturated, "{dropping:?}");
        assert_eq!(codes(&dropping), ["dropped_full"]);
        let failed = assess(Evidence {
            cut_short: Some(CutShort::Failed),
            scheduled: false,
            ..scheduled(0, 0)
        });
        assert_eq!(codes(&failed), ["cut_short"]);
    }

    #[test]
    fn a_run_of_a_moment_accuses_nobody() {
        let validity = assess(Evidence {
            elapsed: Duration::from_millis(6),
            scheduled: false,
            ..scheduled(0, 0)
        });
        assert!(validity.valid, "{validity:?}");
    }
}
