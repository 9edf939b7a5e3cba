//! The state of a running pipeline, for people who ask for it.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::outcome::status::{LaneStatus, Status};
use crate::sys::printed::Grouped;

/// A worker that did not move for this long is worth a word.
const STILL_AT_LEAST: Duration = Duration::from_secs(1);

/// Prints a state, over several lines.
pub(crate) struct Shown<'a>(pub(crate) &'a Status);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Status {
            totals,
            spilled,
            lanes,
        } = self.0;
        let (elapsed, dropped) = (in_ms(totals.elapsed), totals.dropped.total());
        let (active, all) = (totals.workers, lanes.len());
        writeln!(
            f,
            "state        after {elapsed}, {active} of {all} workers active"
        )?;
        let settled = totals.delivered + dropped + spilled;
        let [produced, delivered, dropped, spilled, waiting] = [
            totals.produced,
            totals.delivered,
            dropped,
            *spilled,
            totals.produced.saturating_sub(settled),
        ]
        .map(Grouped);
        writeln!(
            f,
            "ledger       produced {produced} = delivered {delivered} + dropped {dropped} + spilled {spilled} \
             + waiting {waiting}"
        )?;
        writeln!(
            f,
            "backpressure {} throttle pauses ({}), {} waits for room ({})",
            Grouped(totals.throttle_pauses),
            in_ms(totals.throttle_time),
            Grouped(totals.full_waits),
            in_ms(totals.full_time)
        )?;
        let mut lanes = lanes.iter().map(Lane);
        lanes.try_for_each(|lane| writeln!(f, "{lane}"))
    }
}

struct Lane<'a>(&'a LaneStatus);

impl Display for Lane<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lane = self.0;
        let [queue, capacity, delivered] = [lane.queue, lane.capacity, lane.delivered].map(Grouped);
        let worker = lane.worker;
        write!(
            f,
            "worker {worker:<5} queue {queue} of {capacity} records, delivered {delivered}"
        )?;
        if !lane.is_active {
            f.write_str(", not active")?;
        }
        if lane.retries > 0 {
            write!(f, ", {} failures tried again", Grouped(lane.retries))?;
        }
        match lane.still.filter(|still| *still >= STILL_AT_LEAST) {
            Some(still) => write!(f, ", no progress for {} s", still.as_secs()),
            None => Ok(()),
        }
    }
}

fn in_ms(time: Duration) -> humantime::FormattedDuration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    humantime::format_duration(Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Shown;
    use crate::metrics::Dropped;
    use crate::outcome::status::{LaneStatus, Status};
    use crate::outcome::{Interval, Snapshot};

    #[test]
    fn a_state_has_the_ledger_and_a_line_for_each_worker() {
        let totals = Snapshot {
            elapsed: Duration::from_millis(12_345),
            produced: 12_345,
            produced_bytes: 0,
            delivered: 10_000,
            dropped: Dropped::default(),
            queue: 2_340,
            queue_capacity: 16_384,
            workers: 1,
            throttle_pauses: 3,
            throttle_time: Duration::from_millis(250),
            full_waits: 0,
            full_time: Duration::ZERO,
            oldest: None,
            latency: None,
            interval: Interval::default(),
        };
        let lane = LaneStatus {
            worker: 0,
            is_active: true,
            queue: 2_340,
            capacity: 16_384,
            delivered: 10_000,
            retries: 2,
            still: Some(Duration::from_millis(7_900)),
        };
        let idle = LaneStatus {
            worker: 1,
            is_active: false,
            queue: 0,
            delivered: 0,
            retries: 0,
            still: None,
            ..lane
        };
        let status = Status {
            totals,
            spilled: 5,
            lanes: vec![lane, idle],
        };
        assert_eq!(
            Shown(&status).to_string(),
            "state        after 12s 345ms, 1 of 2 workers active\n\
             ledger       produced 12,345 = delivered 10,000 + dropped 0 + spilled 5 + waiting 2,340\n\
             backpressure 3 throttle pauses (250ms), 0 waits for room (0s)\n\
             worker 0     queue 2,340 of 16,384 records, delivered 10,000, 2 failures tried again, no progress for 7 s\n\
             worker 1     queue 0 of 16,384 records, delivered 0, not active\n"
        );
    }
}
