//! Pinning one thread, and reading back what came of it.

use std::io;

use core_affinity::CoreId;

use crate::sys::cpu::cpulist::CPUS_MAX;

/// What happens to the pipeline when a thread cannot be pinned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pin {
    /// It does not start.
    Strict,
    /// It runs, and says so in a warning and in the [`Placement`](super::Placement).
    #[default]
    BestEffort,
    /// No thread is pinned in the first place.
    Off,
}

/// The CPUs that the calling thread may run on, ascending; none where the system does not say, as on Linux built for
/// more than 1024 CPUs.
pub(crate) fn mask() -> Vec<usize> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    cores.into_iter().map(|core| core.id).collect()
}

/// Asks the system to run the calling thread on one CPU only. Whether it does, [`mask`] tells.
///
/// # Errors
///
/// When the system refuses: there is no such CPU, or the process may not use it.
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    if cpu >= CPUS_MAX {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if core_affinity::set_for_current(CoreId { id: cpu }) {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::{mask, pin};

    #[test]
    fn a_pin_is_read_back_and_stays_with_its_thread() {
        let before = mask();
        let Some(&cpu) = before.last() else { return };
        let pinned = std::thread::spawn(move || pin(cpu).map(|()| mask()));
        assert_eq!(pinned.join().expect("no panic").expect("allowed"), [cpu]);
        assert_eq!(mask(), before);
    }

    #[test]
    fn ids_that_cannot_be_are_refused_and_nothing_aborts() {
        for cpu in [1_023, 1_024, 5_000, usize::MAX] {
            if !mask().contains(&cpu) {
                assert!(pin(cpu).is_err(), "{cpu}");
            }
        }
    }
}
