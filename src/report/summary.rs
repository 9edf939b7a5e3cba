//! The summary at the end of a run, and of a report that was kept.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::metrics::{Dropped, LatencySummary};
use crate::outcome::Report;
use crate::outcome::report::{Backpressure, Ledger, Worker};
use crate::report::ending::ending;
use crate::report::human_duration::HumanDuration;
use crate::report::human_number::{scaled, scaled_bytes};
use crate::sys::printed::{Grouped, Printable};

/// Prints a report for people, over several lines.
#[derive(Debug)]
pub(crate) struct Summary<'a>(pub(crate) &'a Report);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let throughput = report.throughput;
        let elapsed = rounded(throughput.elapsed_s);
        let cause = Printable(&report.stop.cause);
        writeln!(f, "stopped by   {cause}, after {elapsed}")?;
        writeln!(
            f,
            "throughput   {} records/s, {}/s{}",
            scaled(throughput.records_per_s),
            scaled_bytes(throughput.bytes_per_s),
            Ceiling(report.validity.generator_ceiling_records_per_s)
        )?;
        backpressure(f, &report.backpressure)?;
        sinks(f, report)?;
        if let Some(latency) = report.latency {
            percentiles(f, "response", latency.response)?;
            if latency.pacing.max_ns > 0 {
                percentiles(f, "  pacing", latency.pacing)?;
            }
            percentiles(f, "service", latency.service)?;
        }
        if let Some(last) = report.steps().last() {
            writeln!(
                f,
                "scaling      {} steps, {} workers active at the end",
                Grouped(report.steps().count()),
                last.to
            )?;
        }
        ledger(f, report)?;
        for line in ending(report) {
            writeln!(f, "{line}")?;
        }
        workers(f, &report.workers)?;
        for warning in &report.validity.warnings {
            writeln!(f, "warning      {}", Printable(warning))?;
        }
        for failure in &report.stop.failures {
            writeln!(f, "error        {}", Printable(failure))?;
        }
        Ok(())
    }
}

fn backpressure(f: &mut Formatter<'_>, backpressure: &Backpressure) -> fmt::Result {
    if (backpressure.throttle_pauses, backpressure.full_waits) == (0, 0) {
        return Ok(());
    }
    writeln!(
        f,
        "backpressure {} throttle pauses ({}), {} waits for room ({})",
        Grouped(backpressure.throttle_pauses),
        rounded(backpressure.throttle_s),
        Grouped(backpressure.full_waits),
        rounded(backpressure.full_s)
    )
}

/// How sinks failed and stalled, if they did.
fn sinks(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let sinks = report.sinks;
    if (sinks.retries, sinks.stalls) != (0, 0) {
        writeln!(
            f,
            "sinks        {} failures tried again, {} stalls",
            Grouped(sinks.retries),
            Grouped(sinks.stalls)
        )?;
    }
    for worker in report.workers.iter().filter(|worker| worker.stalls > 0) {
        writeln!(
            f,
            "stalled      worker {} for {}, {} records waited",
            worker.worker,
            rounded(worker.stalled_s),
            Grouped(worker.waited_records)
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
    let [p50, p90, p99, p99_9, max] = [p50_ns, p90_ns, p99_ns, p99_9_ns, max_ns].map(HumanDuration);
    writeln!(
        f,
        "{name:<12} p50 {p50}  p90 {p90}  p99 {p99}  p99.9 {p99_9}  max {max}"
    )
}

fn ledger(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let ledger = &report.ledger;
    let balance = if ledger.balanced {
        "balanced"
    } else if report.is_cut_short() {
        "still moving when the run was cut short"
    } else {
        "NOT BALANCED"
    };
    writeln!(f, "ledger       {} ({balance})", Equation(ledger))
}

/// The ledger's equation.
pub(crate) struct Equation<'a>(pub(crate) &'a Ledger);

impl Display for Equation<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ledger = self.0;
        write!(
            f,
            "produced {} = delivered {} + dropped {}{} + spilled {} + abandoned {}",
            Grouped(ledger.produced),
            Grouped(ledger.delivered),
            Grouped(ledger.dropped),
            Reasons(ledger.dropped_by_reason),
            Grouped(ledger.spilled),
            Grouped(ledger.abandoned)
        )
    }
}

/// The limit of the generator alone, next to the delivered rate.
struct Ceiling(Option<f64>);

impl Display for Ceiling {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ceiling) => write!(f, " (the generator alone: {} records/s)", scaled(ceiling)),
            None => Ok(()),
        }
    }
}

/// The reasons for which records were dropped.
struct Reasons(Dropped);

impl Display for Reasons {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (name, records) in self.0.by_name() {
            if records > 0 {
                write!(f, " {{{name}: {}}}", Grouped(records))?;
            }
        }
        Ok(())
    }
}

fn workers(f: &mut Formatter<'_>, workers: &[Worker]) -> fmt::Result {
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
            Grouped(worker.records),
            Grouped(worker.batches.size),
            Grouped(worker.batches.age),
            Grouped(worker.batches.drain),
            Grouped(worker.parks)
        )?;
    }
    Ok(())
}

/// Seconds, rounded to the millisecond, or to the microsecond if they are less than one.
fn rounded(seconds: f64) -> humantime::FormattedDuration {
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let unit_ns = if duration < Duration::from_millis(1) {
        1_000
    } else {
        1_000_000
    };
    let units = (duration.as_nanos() + unit_ns / 2) / unit_ns;
    let rounded_ns = u64::try_from(units * unit_ns).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_nanos(rounded_ns))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Summary;
    use crate::outcome::report::sample;

    #[test]
    fn a_summary_has_a_line_for_everything_that_happened_and_none_for_what_did_not() {
        let mut report = sample::json(2);
        report["stop"]["failures"] = json!(["the sink fell over"]);
        report["validity"]["warnings"] = json!([{ "code": "debug_build", "message": "this is a debug build", "remedy": "build a better one" }]);
        let summary = Summary(&sample::read(&report)).to_string();
        assert_eq!(
            summary,
            "stopped by   count reached, after 2s\n\
             throughput   59.5 M records/s, 4.9 GB/s (the generator alone: 120.0 M records/s)\n\
             backpressure 3 throttle pauses (250ms), 1 waits for room (500us)\n\
             sinks        2 failures tried again, 1 stalls\n\
             stalled      worker 0 for 6s 500ms, 77 records waited\n\
             response     p50 1.23us  p90 2.00us  p99 45.7us  p99.9 100us  max 7.89ms\n\
             \x20 pacing     p50 1.23us  p90 2.00us  p99 45.7us  p99.9 100us  max 7.89ms\n\
             service      p50 1.23us  p90 2.00us  p99 45.7us  p99.9 100us  max 7.89ms\n\
             scaling      2 steps, 2 workers active at the end\n\
             ledger       produced 1,234,567 = delivered 1,234,000 + dropped 500 {full: 500} + spilled 60 + abandoned 7 \
             (balanced)\n\
             input big: unfinished, 12,345 of 99,999 bytes were read\n\
             worker      delivered      by size       by age     by drain      parks\n\
             \x20    0      1,234,000          900           90           10         12\n\
             warning      this is a debug build; build a better one\n\
             error        the sink fell over\n"
        );
        for (key, nothing) in [
            ("latency", json!(null)),
            ("scaling", json!([])),
            ("workers", json!([])),
            ("inputs", json!([])),
            ("sinks", json!({ "retries": 0, "stalls": 0 })),
            (
                "backpressure",
                json!({ "throttle_pauses": 0, "throttle_s": 0, "full_waits": 0, "full_s": 0 }),
            ),
        ] {
            report[key] = nothing;
        }
        report["ledger"]["balanced"] = false.into();
        let summary = Summary(&sample::read(&report)).to_string();
        let names = summary.lines().filter_map(|line| line.split(' ').next());
        let wanted = [
            "stopped",
            "throughput",
            "ledger",
            "worker",
            "warning",
            "error",
        ];
        assert_eq!(names.collect::<Vec<_>>(), wanted);
        assert!(summary.contains("(NOT BALANCED)"), "{summary}");
        report["stop"]["halted_by"] = 2.into();
        let summary = Summary(&sample::read(&report)).to_string();
        assert!(
            summary.contains("(still moving when the run was cut short)"),
            "{summary}"
        );
    }
}
