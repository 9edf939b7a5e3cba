//! What is said of the stretches in which a run was behind its schedule: when it was, and who kept it from that.

use std::fmt;
use std::time::Duration;

use crate::outcome::saturation::{Limit, Stretch};
use crate::sys::printed::Grouped;
use crate::sys::warning::Warning;

/// Stretches in which the sinks did not keep up with the schedule.
pub(super) fn saturated(stretches: &[Stretch], rate: f64) -> Option<Warning> {
    let rate = Grouped(rate.round());
    let told = Told::of(stretches, |limit| limit != Limit::Producer)?;
    let why = match told.worst.limit {
        Limit::QueueGrows => "its queue grew, and in the end the oldest record had waited",
        Limit::QueueFull | Limit::Producer => {
            "its queue was full, and records were published up to"
        }
    };
    let late = match told.worst.limit {
        Limit::QueueGrows => "",
        Limit::QueueFull | Limit::Producer => " late",
    };
    let wait = match told.worst.limit {
        Limit::QueueGrows => "that wait is",
        Limit::QueueFull | Limit::Producer => "that, and the wait in the queue, are",
    };
    let behind = millis(Duration::from_nanos(told.worst.behind_ns));
    Some(Warning::new(
        "saturated",
        format!(
            "the pipeline was saturated {told}: {why} {behind}{late}; {wait} most of the response time of \
             that time"
        ),
        if rate.0 < 1.0 {
            "nothing to speak of was delivered: see what its sink waited for".to_owned()
        } else {
            format!(
                "offer less than the {rate} records/s that were delivered on average, or make room: a faster sink, \
                 more workers"
            )
        },
    ))
}

/// Stretches in which the producer was late although it was not held back.
pub(super) fn late_producer(
    stretches: &[Stretch],
    rate: f64,
    source_limit: Option<f64>,
) -> Option<Warning> {
    let told = Told::of(stretches, |limit| limit == Limit::Producer)?;
    let rate = Grouped(rate.round());
    let behind = millis(Duration::from_nanos(told.worst.behind_ns));
    let ceiling = source_limit.map_or(String::new(), |ceiling| {
        format!(
            "; generating alone makes {} records/s here",
            millions(ceiling)
        )
    });
    Some(Warning::new(
        "producer_bound",
        format!(
            "the producer's thread (generation, copy, dispatch) was late {told}, though the lanes had room: up to \
             {behind}{ceiling}"
        ),
        format!(
            "give the producer a CPU of its own, or ask for less than the {rate} records/s that were delivered on \
             average"
        ),
    ))
}

/// When something was so: the stretch in which the run was latest, and the others in sum.
struct Told {
    worst: Stretch,
    others: usize,
    all_s: f64,
}

impl Told {
    fn of(stretches: &[Stretch], is_told: impl Fn(Limit) -> bool) -> Option<Self> {
        let told = || stretches.iter().filter(|stretch| is_told(stretch.limit));
        Some(Self {
            worst: *told().max_by_key(|stretch| stretch.behind_ns)?,
            others: told().count() - 1,
            all_s: told().map(|stretch| stretch.until_s - stretch.from_s).sum(),
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stretch {
            from_s, until_s, ..
        } = self.worst;
        write!(f, "from {from_s:.1} s to {until_s:.1} s")?;
        if self.others > 0 {
            write!(
                f,
                " and {} times more, for {:.1} s in all",
                self.others, self.all_s
            )?;
        }
        Ok(())
    }
}

pub(super) fn millions(per_s: f64) -> String {
    format!("{:.1} M", per_s / 1e6)
}

pub(super) fn millis(duration: Duration) -> humantime::FormattedDuration {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis.max(1)))
}
