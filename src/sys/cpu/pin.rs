//! Pinning one thread, and reading its mask back.

use std::io;

use core_affinity::CoreId;

use crate::sys::cpu::cpulist::CPUS_MAX;
use crate::sys::text::spelled;

/// Whether threads are pinned, and what happens if one cannot be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pin {
    /// The pipeline does not start.
    Strict,
    /// The pipeline runs. A warning and the [`Placement`](super::Placement) name the thread.
    #[default]
    BestEffort,
    /// No thread is pinned.
    Off,
}
spelled!(Pin: Strict = "strict", BestEffort = "best-effort", Off = "off");

/// Returns the CPUs that the calling thread may run on, ascending; empty if the system does not say, as on a Linux
/// built for more than 1024 CPUs.
pub(crate) fn mask() -> Vec<usize> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    cores.into_iter().map(|core| core.id).collect()
}

/// Asks the system to run the calling thread on one CPU only. Read [`mask`] to find out whether it does.
///
/// # Errors
///
/// If the system refuses, because there is no such CPU or the process may not use it.
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
    fn ids_that_do_not_exist_are_refused_and_nothing_aborts() {
        for cpu in [1_023, 1_024, 5_000, usize::MAX] {
            if !mask().contains(&cpu) {
                assert!(pin(cpu).is_err(), "{cpu}");
            }
        }
    }
}
