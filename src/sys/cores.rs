//! Placement: which thread runs on which CPU, and whether it does.

use std::io;

use core_affinity::CoreId;

/// How long a wait may spin where every thread has a CPU of its own: about what a park and its unpark cost, so that a
/// wait of any length costs at most twice the best choice (Karlin et al., "Competitive randomized algorithms for
/// non-uniform problems", 1990).
const SPIN_NS: u64 = 20_000;

/// Which CPU each pinned thread runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(crate) producer: Option<usize>,
    pub(crate) workers: Vec<Option<usize>>,
    /// The time a wait may spin: none where threads share a CPU, because a spinner would burn its partner's time.
    pub(crate) spin_ns: u64,
}

impl Placement {
    /// Reads the CPUs this process may use - once, before anything is pinned: a pinned thread sees its own only - and
    /// gives one to the producer and the others to the workers, in turn.
    pub(crate) fn plan(workers: usize) -> Self {
        let allowed = core_affinity::get_core_ids().unwrap_or_default();
        let allowed: Vec<usize> = allowed.into_iter().map(|core| core.id).collect();
        Self::over(&allowed, workers)
    }

    fn over(allowed: &[usize], workers: usize) -> Self {
        let for_workers = match allowed {
            [_producer, others @ ..] if !others.is_empty() => others,
            one_or_none => one_or_none,
        };
        let place = |worker: usize| {
            let turn = worker.checked_rem(for_workers.len());
            turn.map(|turn| for_workers[turn])
        };
        Self {
            producer: allowed.first().copied(),
            workers: (0..workers).map(place).collect(),
            spin_ns: if workers < allowed.len() { SPIN_NS } else { 0 },
        }
    }
}

/// Pins the calling thread to a CPU and reads its mask back.
///
/// # Errors
///
/// When the system refuses, or says that it did but did not.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    if !core_affinity::set_for_current(CoreId { id: cpu }) {
        return Err(io::Error::last_os_error());
    }
    match core_affinity::get_core_ids().as_deref() {
        Some([CoreId { id }]) if *id == cpu => Ok(()),
        mask => Err(io::Error::other(format!(
            "asked for CPU {cpu}, got {mask:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Placement, SPIN_NS};

    fn over(allowed: &[usize], workers: usize) -> (Option<usize>, Vec<Option<usize>>, u64) {
        let Placement {
            producer,
            workers,
            spin_ns,
        } = Placement::over(allowed, workers);
        (producer, workers, spin_ns)
    }

    #[test]
    fn the_producer_gets_a_cpu_of_its_own_and_the_workers_take_turns_on_the_others() {
        let workers = vec![Some(4), Some(7), Some(4)];
        assert_eq!(over(&[2, 4, 7], 3), (Some(2), workers, 0));
        assert_eq!(over(&[2, 4], 1), (Some(2), vec![Some(4)], SPIN_NS));
    }

    #[test]
    fn one_cpu_is_shared_without_spinning_and_none_known_pins_nothing() {
        assert_eq!(over(&[3], 2), (Some(3), vec![Some(3), Some(3)], 0));
        assert_eq!(over(&[], 1), (None, vec![None], 0));
    }
}
