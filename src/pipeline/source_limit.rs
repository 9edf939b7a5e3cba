//! The source's own limit: how many records per second it makes without a pipeline.

use std::thread::Builder;
use std::time::Instant;

use crate::engine::context::Context;
use crate::engine::producer::demand;
use crate::engine::source::{Lent, Source};
use crate::sys::clock::Clock;
use crate::sys::cpu::pin;
use crate::sys::panics::caught;

/// A round is this many records, or this many bytes if records are long: half a millisecond for a fast source.
const ROUND_RECORDS: u64 = 32_768;
const ROUND_BYTES: u64 = 4 << 20;
/// Rounds, of which the fastest counts, because a disturbance only makes one slower.
const ROUNDS: usize = 5;

/// Records per second of an unpaced source, on the CPU that the producer will have. `None` if there is no such source,
/// or no thread for it.
///
/// A round is a count, not a time, so that its instructions are the same in each run.
pub(super) fn source_limit(unpaced: Option<Box<dyn Source>>, cpu: Option<usize>) -> Option<f64> {
    let mut source = unpaced?;
    let work = move || {
        let _ = cpu.map(pin); // an unpinned thread measures less precisely, but well enough
        source.start(Context::standalone(Clock::start()));
        let rounds = (0..ROUNDS).filter_map(|_| round(source.as_mut()));
        rounds.max_by(f64::total_cmp)
    };
    // The source's panic is the program's own code: here it only means that there is no limit to tell.
    let rehearse = move || caught(work).ok().flatten();
    let spawned = Builder::new().name("rehearsal".into()).spawn(rehearse);
    spawned.ok()?.join().ok().flatten()
}

/// Records per second over one round; `None` if the source has no more.
fn round(source: &mut dyn Source) -> Option<f64> {
    let clock = Clock::start();
    let began = Instant::now();
    let (mut records, mut bytes) = (0, 0);
    while records < ROUND_RECORDS && bytes < ROUND_BYTES {
        let Ok(Lent::Burst(burst)) = source.lend(demand(clock.now_ns(), u64::MAX)) else {
            return None;
        };
        records += burst.headers.len() as u64;
        bytes += burst.bytes.len() as u64;
    }
    Some(records as f64 / began.elapsed().as_secs_f64().max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::source_limit;
    use crate::engine::source::Source;
    use crate::sources::{Generator, Rate};

    #[test]
    fn a_paced_generator_rehearses_at_full_speed_whatever_its_rate_and_record_length() {
        for record_bytes in [None, Some(Generator::RECORD_BYTES_MAX)] {
            let rate: Rate = "1/s".parse().expect("a rate");
            let generator = Generator::new(rate, record_bytes, 0);
            let records_per_s = source_limit(generator.unpaced(), None);
            assert!(records_per_s.is_some_and(|n| n > 2.0), "{records_per_s:?}");
        }
        assert_eq!(source_limit(None, None), None);
    }
}
