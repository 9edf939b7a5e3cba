//! Measures the cost of a park and its unpark, between two threads that wake each other.

use std::io;
use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::sys::cpu::pin;
use crate::sys::sync::Parker;

/// Round trips, of which the median counts: enough that a few disturbed ones do not show.
const ROUNDS: usize = 64;
/// With fewer the median means nothing.
const ROUNDS_MIN: usize = 16;
/// The start of a run waits no longer than this. A round trip takes 5 to 50 us.
const AT_MOST: Duration = Duration::from_millis(5);

/// Half a round trip: from one thread's unpark until the other, on the second CPU, has woken from its park. `None` if
/// it could not be measured: there is no thread left, or the CPUs are too busy.
pub(super) fn park_cost(cpus: [Option<usize>; 2]) -> Option<Duration> {
    let mut times = round_trips(cpus).ok()?;
    if times.len() < ROUNDS_MIN {
        return None;
    }
    times.sort_unstable();
    Some(times[times.len() / 2] / 2)
}

fn round_trips([near_cpu, far_cpu]: [Option<usize>; 2]) -> io::Result<Vec<Duration>> {
    let by = Instant::now() + AT_MOST;
    let (near, far) = (Parker::new(), Parker::new());
    let (wake_near, wake_far) = (near.unparker().clone(), far.unparker().clone());
    let answer = move || {
        let _ = far_cpu.map(pin); // an unpinned thread measures less precisely, but well enough
        for _ in 0..ROUNDS {
            far.park_deadline(by);
            wake_near.unpark();
        }
    };
    let ask = move || {
        let _ = near_cpu.map(pin);
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            wake_far.unpark();
            near.park_deadline(by);
            if Instant::now() >= by {
                break;
            }
            times.push(start.elapsed());
        }
        times
    };
    let thread = || Builder::new().name("calibrate".into());
    let answering = thread().spawn(answer)?;
    let asking = thread().spawn(ask)?;
    let times = asking.join().unwrap_or_default();
    let _ = answering.join(); // neither panics, and both end by the deadline
    Ok(times)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::park_cost;

    #[test]
    fn a_park_costs_something_and_measuring_it_takes_no_time_to_speak_of() {
        let start = Instant::now();
        let cost = park_cost([None, None]);
        assert!(start.elapsed() < Duration::from_secs(1));
        assert!(cost.is_none_or(|cost| cost > Duration::ZERO), "{cost:?}");
    }
}
