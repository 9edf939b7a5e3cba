//! Validity: what a run's figures are worth. Pure: what was seen of the run comes in as a value.

use std::time::Duration;

use serde::Serialize;

use crate::sys::warning::Warning;

/// A run is behind its schedule when its last record was published later than this after it was due ...
const BEHIND_AT_LEAST: Duration = Duration::from_millis(10);
/// ... and later than this share of the run. A pipeline that takes 99 % of what is offered falls behind by 1 % of the
/// time; less than that a burst explains, or the scheduler.
const BEHIND_SHARE: f64 = 0.01;
/// A producer that was held back for less than this share of the run was what limited it.
const HELD_SHARE: f64 = 0.1;
/// A shorter run is about its start and its end.
const LONG_ENOUGH: Duration = Duration::from_millis(100);
/// A quota that stopped the process for less of the run changed no figure that could be told apart.
const THROTTLED_SHARE: f64 = 0.01;
/// A worker that waited for less than this share of its time was no faster than the producer.
const IDLE_SHARE: f64 = 0.1;

/// What a run's figures are worth.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Validity {
    /// Nothing is to be said against them: there are no warnings.
    pub valid: bool,
    /// The schedule asked for more than was delivered: at the end the run was behind it, and response is mostly that
    /// wait; or records were dropped because the lanes were full. Never so for a source without a schedule.
    pub saturated: bool,
    /// How many records per second the source makes alone, on this machine and the producer's CPU, with nobody taking
    /// them: no run can be faster. None where the source cannot be rehearsed, as real logs cannot.
    pub generator_ceiling_records_per_s: Option<f64>,
    /// How late records were published, 99 in a hundred; none where latency is not recorded.
    pub schedule_lag_p99_ns: Option<u64>,
    /// What is to be said against them, each with its remedy.
    pub warnings: Vec<Warning>,
}

/// What was seen of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) elapsed: Duration,
    pub(crate) delivered: u64,
    /// Due times were fixed beforehand.
    pub(crate) scheduled: bool,
    /// How late the last record was published.
    pub(crate) behind: Duration,
    /// How long the producer was held back: paused by the throttle, or waiting for room.
    pub(crate) held: Duration,
    /// How long the active workers had nothing to do, as a share of their time.
    pub(crate) idle: f64,
    /// Records per second that the source makes alone.
    pub(crate) ceiling: Option<f64>,
    pub(crate) schedule_lag_p99_ns: Option<u64>,
    /// For how long a CPU quota kept the process from running.
    pub(crate) throttled: Duration,
    pub(crate) debug_build: bool,
    /// What is wrong with the placement.
    pub(crate) placement: Vec<Warning>,
    /// It failed, or was cut off before everything was delivered.
    pub(crate) cut_short: bool,
    /// Records dropped because no lane had room.
    pub(crate) dropped_full: u64,
}

/// Judges a run by what was seen of it.
pub(crate) fn judge(seen: Seen) -> Validity {
    let elapsed_s = seen.elapsed.as_secs_f64();
    let is_behind = seen.scheduled
        && seen.behind >= BEHIND_AT_LEAST
        && seen.behind.as_secs_f64() >= BEHIND_SHARE * elapsed_s;
    let is_held = seen.held.as_secs_f64() >= HELD_SHARE * elapsed_s;
    let mut warnings = Vec::new();
    if seen.cut_short {
        warnings.push(Warning::new(
            "cut_short",
            "the run failed, or was cut off before everything was delivered: its figures are of a part of it",
            "mend what failed, or give it more time (--drain-timeout), and run it again",
        ));
    }
    if seen.dropped_full > 0 {
        let dropped = seen.dropped_full;
        warnings.push(Warning::new(
            "dropped_full",
            format!("{dropped} records were dropped because the lanes were full, and have no latency"),
            "offer less, make room (a faster sink, more workers), or let the source wait (--when-full block)",
        ));
    }
    if seen.debug_build {
        warnings.push(Warning::new(
            "debug_build",
            "this is a debug build, many times slower than a release build",
            "build it with --release",
        ));
    }
    if is_behind {
        warnings.push(behind(&seen, is_held));
    } else if let Some(ceiling) = seen.ceiling
        && !seen.scheduled
        && !seen.cut_short
        && seen.elapsed >= LONG_ENOUGH
        && !is_held
        && seen.idle >= IDLE_SHARE
    {
        let idle = 100.0 * seen.idle;
        let ceiling = millions(ceiling);
        warnings.push(Warning::new(
            "generator_bound",
            format!(
                "the generator was the limit, and not the sink: the workers had nothing to do for {idle:.0} % of the time \
                 (alone it makes {ceiling} records/s here)"
            ),
            "read the throughput as what this machine can generate and move, not as what the sink can take; longer \
             records (--record-bytes) cost the generator less per byte",
        ));
    }
    if seen.throttled.as_secs_f64() >= THROTTLED_SHARE * elapsed_s && !seen.throttled.is_zero() {
        let throttled = millis(seen.throttled);
        warnings.push(Warning::new(
            "quota_throttled",
            format!(
                "a CPU quota stopped the control group that this process is in for {throttled}"
            ),
            "raise the quota (cpu.max), or use fewer workers",
        ));
    }
    warnings.extend(seen.placement);
    Validity {
        valid: warnings.is_empty(),
        saturated: is_behind || seen.scheduled && seen.dropped_full > 0,
        generator_ceiling_records_per_s: seen.ceiling,
        schedule_lag_p99_ns: seen.schedule_lag_p99_ns,
        warnings,
    }
}

fn behind(seen: &Seen, is_held: bool) -> Warning {
    let (behind, rate) = (
        millis(seen.behind),
        seen.delivered as f64 / seen.elapsed.as_secs_f64().max(1e-9),
    );
    if is_held {
        Warning::new(
            "saturated",
            format!(
                "the pipeline was saturated: at the end it was {behind} behind its schedule, and that wait is most of the \
                 response time"
            ),
            format!(
                "offer less than the {rate:.0} records/s that were delivered, or make room: a faster sink, more workers"
            ),
        )
    } else {
        let ceiling = seen.ceiling.map_or(String::new(), |ceiling| {
            format!(" (alone it makes {} records/s here)", millions(ceiling))
        });
        Warning::new(
            "generator_bound",
            format!(
                "the generator could not keep its schedule: at the end it was {behind} behind, though the lanes had \
                 room{ceiling}"
            ),
            format!(
                "ask for less than the {rate:.0} records/s that were delivered, or give the producer a CPU of its own"
            ),
        )
    }
}

fn millions(per_s: f64) -> String {
    format!("{:.1} M", per_s / 1e6)
}

fn millis(duration: Duration) -> humantime::FormattedDuration {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis.max(1)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Seen, Validity, judge};
    use crate::sys::warning::Warning;

    fn scheduled(behind_ms: u64, held_ms: u64) -> Seen {
        Seen {
            elapsed: Duration::from_secs(10),
            delivered: 1_000,
            scheduled: true,
            behind: Duration::from_millis(behind_ms),
            held: Duration::from_millis(held_ms),
            idle: 0.9,
            ceiling: Some(5e7),
            ..Seen::default()
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
            let validity = judge(scheduled(behind_ms, 5_000));
            assert!(
                validity.valid && !validity.saturated,
                "{behind_ms}: {validity:?}"
            );
        }
    }

    #[test]
    fn a_run_behind_its_schedule_is_saturated_and_the_one_that_limited_it_is_named() {
        let held = judge(scheduled(100, 5_000));
        assert!(held.saturated && !held.valid);
        assert_eq!(codes(&held), ["saturated"]);
        assert!(
            held.warnings[0]
                .remedy
                .contains("less than the 100 records/s")
        );
        let free = judge(scheduled(100, 500));
        assert!(free.saturated);
        assert_eq!(codes(&free), ["generator_bound"]);
        assert!(
            free.warnings[0]
                .message
                .contains("(alone it makes 50.0 M records/s here)")
        );
    }

    #[test]
    fn a_source_without_a_schedule_is_the_limit_when_it_was_never_held_back_and_workers_waited() {
        let at_full_speed = |held_ms, idle, ceiling| Seen {
            scheduled: false,
            idle,
            ceiling,
            ..scheduled(3_000, held_ms)
        };
        assert_eq!(
            codes(&judge(at_full_speed(0, 0.3, Some(1e8)))),
            ["generator_bound"]
        );
        for seen in [
            at_full_speed(2_000, 0.3, Some(1e8)),
            at_full_speed(0, 0.01, Some(1e8)),
            at_full_speed(0, 0.3, None),
        ] {
            let validity = judge(seen);
            assert!(validity.valid && !validity.saturated, "{validity:?}");
        }
    }

    #[test]
    fn a_debug_build_a_quota_and_the_placement_speak_against_a_run() {
        let validity = judge(Seen {
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
        let dropping = judge(Seen {
            dropped_full: 7,
            ..scheduled(0, 0)
        });
        assert!(dropping.saturated, "{dropping:?}");
        assert_eq!(codes(&dropping), ["dropped_full"]);
        let failed = judge(Seen {
            cut_short: true,
            scheduled: false,
            ..scheduled(0, 0)
        });
        assert_eq!(codes(&failed), ["cut_short"]);
    }

    #[test]
    fn a_run_of_a_moment_accuses_nobody() {
        let validity = judge(Seen {
            elapsed: Duration::from_millis(6),
            scheduled: false,
            ..scheduled(0, 0)
        });
        assert!(validity.valid, "{validity:?}");
    }
}
