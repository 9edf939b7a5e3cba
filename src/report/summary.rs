//! The summary at the end of a run.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::metrics::{Dropped, LatencySummary};
use crate::outcome::{Outcome, WorkerReport};
use crate::report::human_duration::Short;

/// Prints an outcome for people.
#[derive(Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a Outcome);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        let ledger = &outcome.ledger;
        let elapsed = rounded(outcome.elapsed);
        writeln!(f, "stopped by   {}, after {elapsed}", outcome.cause)?;
        writeln!(
            f,
            "throughput   {} records/s, {}B/s{}",
            scaled(outcome.records_per_s()),
            scaled(outcome.bytes_per_s()),
            Ceiling(outcome.validity.generator_ceiling_records_per_s)
        )?;
        if outcome.throttle_pauses + outcome.full_waits > 0 {
            writeln!(
                f,
                "backpressure {} throttle pauses ({}), {} waits for room ({})",
                outcome.throttle_pauses,
                rounded(outcome.throttle_time),
                outcome.full_waits,
                rounded(outcome.full_time)
            )?;
        }
        sinks(f, outcome)?;
        if let Some(latency) = outcome.latency {
            percentiles(f, "response", latency.response)?;
            percentiles(f, "service", latency.service)?;
        }
        if let Some(last) = outcome.scaling.iter().rfind(|event| event.from != event.to) {
            let steps = outcome
                .scaling
                .iter()
                .filter(|event| event.from != event.to);
            writeln!(
                f,
                "scaling      {} steps, {} workers active at the end",
                steps.count(),
                last.to
            )?;
        }
        let balance = if ledger.balanced() {
            "balanced"
        } else if outcome.halted_by.is_some() || outcome.deadline_passed {
            "still moving when the run was cut short"
        } else {
            "NOT BALANCED"
        };
        let dropped = Reasons(ledger.dropped);
        writeln!(
            f,
            "ledger       produced {} = delivered {} + dropped {dropped} + spilled {} + abandoned {} ({balance})",
            ledger.produced, ledger.delivered, ledger.spilled, ledger.abandoned
        )?;
        table(f, &outcome.workers)?;
        for warning in &outcome.validity.warnings {
            writeln!(f, "warning      {warning}")?;
        }
        for failure in &outcome.failures {
            writeln!(f, "error        {failure}")?;
        }
        Ok(())
    }
}

/// How sinks failed and stalled, where they did.
fn sinks(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    if outcome.retries() + outcome.stalls() > 0 {
        writeln!(
            f,
            "sinks        {} failures tried again, {} stalls",
            outcome.retries(),
            outcome.stalls()
        )?;
    }
    for worker in outcome.workers.iter().filter(|worker| worker.stalls > 0) {
        writeln!(
            f,
            "stalled      worker {} for {}, {} records waited",
            worker.worker,
            rounded(worker.stalled_time),
            worker.waited_records
        )?;
    }
    Ok(())
}

fn percentiles(f: &mut Formatter<'_>, name: &str, latency: LatencySummary) -> fmt::Result {
    let LatencySummary {
        p50_ns,
        p90_ns,
        p99_ns,
        p99_9_ns,
        max_ns,
        ..
    } = latency;
    let [p50, p90, p99, p99_9, max] = [p50_ns, p90_ns, p99_ns, p99_9_ns, max_ns].map(Short);
    writeln!(
        f,
        "{name:<12} p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p99_9}  max {max}"
    )
}

/// What the generator makes alone, beside what came through.
struct Ceiling(Option<f64>);

impl Display for Ceiling {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ceiling) => write!(f, " (the generator alone: {} records/s)", scaled(ceiling)),
            None => Ok(()),
        }
    }
}

/// Drops: the total, and the reasons where there are any.
struct Reasons(Dropped);

impl Display for Reasons {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Dropped {
            too_long,
            full,
            reader_closed,
        } = self.0;
        write!(f, "{}", self.0.total())?;
        for (name, records) in [
            ("too_long", too_long),
            ("full", full),
            ("reader_closed", reader_closed),
        ] {
            if records > 0 {
                write!(f, " {{{name}: {records}}}")?;
            }
        }
        Ok(())
    }
}

fn table(f: &mut Formatter<'_>, workers: &[WorkerReport]) -> fmt::Result {
    writeln!(
        f,
        "worker {:>14} {:>12} {:>12} {:>12} {:>10}",
        "delivered", "by size", "by age", "by drain", "parks"
    )?;
    for worker in workers {
        writeln!(
            f,
            "{:>6} {:>14} {:>12} {:>12} {:>12} {:>10}",
            worker.worker,
            worker.delivered,
            worker.batches_by_size,
            worker.batches_by_age,
            worker.batches_by_drain,
            worker.parks
        )?;
    }
    Ok(())
}

/// To the millisecond, or finer where that would be nothing.
fn rounded(duration: Duration) -> humantime::FormattedDuration {
    let micros = Duration::from_micros(duration.as_micros().try_into().unwrap_or(u64::MAX));
    let millis = Duration::from_millis(duration.as_millis().try_into().unwrap_or(u64::MAX));
    humantime::format_duration(if millis.is_zero() { micros } else { millis })
}

/// A figure with its decimal prefix: `50.3 M`.
pub(super) fn scaled(figure: f64) -> String {
    let steps = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match steps.iter().find(|(scale, _)| figure >= *scale) {
        Some((scale, prefix)) => format!("{:.1} {prefix}", figure / scale),
        None => format!("{figure:.0} "),
    }
}
