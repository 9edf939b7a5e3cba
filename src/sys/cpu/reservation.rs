//! The CPUs that the pipelines of this process hold, so that they keep out of each other's way.
//!
//! Pipelines plan one after the other: each sees what those before it hold. What was planned does not change when
//! another pipeline comes or goes, so one that shares a CPU with a later pipeline goes on spinning for its budget.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::cpu::Placement;
use crate::sys::cpu::sharing::{Holder, Sharing};
use crate::sys::warning::Warning;

static OF_THIS_PROCESS: Registry = Registry::new();

/// Plans a pipeline with what the others of this process hold, and reserves the CPUs that its threads ask for.
///
/// Other pipelines that start meanwhile wait until `plan` returns, which must not reserve anything itself.
pub(crate) fn reserve(plan: impl FnOnce(&[Holder]) -> Placement) -> (Placement, Reservation) {
    OF_THIS_PROCESS.reserve(plan)
}

/// The CPUs of one pipeline, reserved until the last clone is dropped or [`release`](Self::release) is called.
///
/// A thread that could not be pinned keeps its CPU reserved all the same.
#[derive(Clone, Debug)]
pub(crate) struct Reservation(Arc<Guard>);

#[derive(Debug)]
struct Guard {
    registry: &'static Registry,
    id: u64,
}

impl Reservation {
    /// Frees the CPUs, even if clones are left. Returns a warning if pipelines that started later had to share them.
    ///
    /// For a pipeline whose end has been waited for. Threads that hang and were abandoned lose their CPUs with this:
    /// most hang in the kernel, and do not use any.
    pub(crate) fn release(&self) -> Option<Warning> {
        self.0.release()
    }
}

impl Guard {
    fn release(&self) -> Option<Warning> {
        let entry = self.registry.lock().entries.remove(&self.id)?;
        entry.later.map(|sharing| sharing.warning())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.release(); // no thread is left to log the warning
    }
}

/// Who holds which CPUs.
#[derive(Debug)]
struct Registry(Mutex<State>);

#[derive(Debug)]
struct State {
    next_id: u64,
    entries: BTreeMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    holder: Holder,
    /// Pipelines that started later and share CPUs with this one.
    later: Option<Sharing>,
}

impl Registry {
    const fn new() -> Self {
        Self(Mutex::new(State {
            next_id: 0,
            entries: BTreeMap::new(),
        }))
    }

    /// No change of the state can panic halfway, so a poisoned lock is safe to use.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve(
        &'static self,
        plan: impl FnOnce(&[Holder]) -> Placement,
    ) -> (Placement, Reservation) {
        let mut state = self.lock();
        let entries = state.entries.values();
        let others: Vec<_> = entries.map(|entry| entry.holder.clone()).collect();
        let placement = plan(&others);
        let holder = placement.holder();
        for entry in state.entries.values_mut() {
            entry.note_later(&holder, &placement.cpus);
        }
        let id = state.next_id;
        state.next_id += 1;
        let entry = Entry {
            holder,
            later: None,
        };
        state.entries.insert(id, entry);
        (
            placement,
            Reservation(Arc::new(Guard { registry: self, id })),
        )
    }
}

impl Entry {
    fn note_later(&mut self, other: &Holder, allowed: &[usize]) {
        let sharing = Sharing::between(&self.holder, std::slice::from_ref(other), allowed);
        let Some(sharing) = sharing.map(Sharing::later) else {
            return;
        };
        match &mut self.later {
            Some(later) => later.add(sharing),
            none => *none = Some(sharing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Registry, Reservation};
    use crate::sys::cpu::{Cpu, Machine, Pin, Placement, Request, ShardRequest};

    /// A producer and a worker on a machine with so many CPUs.
    fn start(registry: &'static Registry, cpus: usize) -> (Placement, Reservation) {
        let cpu = |id| Cpu {
            id,
            core: None,
            package: None,
        };
        let machine = Machine {
            cpus: (0..cpus).map(cpu).collect(),
            quota: None,
        };
        let shard = ShardRequest {
            workers: 1,
            producer_core: None,
        };
        let request = Request {
            shards: vec![shard],
            cores: None,
            pin: Pin::BestEffort,
            spin: None,
        };
        registry.reserve(|others| Placement::plan(&machine, &request, others, |_| None))
    }

    fn asked(placement: &Placement) -> Vec<usize> {
        let threads = placement.threads.iter();
        threads.filter_map(|thread| thread.asked).collect()
    }

    #[test]
    fn a_pipeline_keeps_off_the_cpus_of_others_until_these_are_released() {
        static REGISTRY: Registry = Registry::new();
        let (first, first_held) = start(&REGISTRY, 4);
        let (second, second_held) = start(&REGISTRY, 4);
        assert_eq!((asked(&first), asked(&second)), (vec![0, 1], vec![2, 3]));
        assert!(second.warnings.is_empty());

        let in_a_thread = first_held.clone();
        drop(first_held);
        let (third, third_held) = start(&REGISTRY, 4);
        assert_eq!(third.warnings[0].code, "shared_cpus");
        drop((third_held, in_a_thread));
        assert_eq!(asked(&start(&REGISTRY, 4).0), [0, 1]);

        let left_behind = second_held.clone();
        second_held.release();
        let (fourth, _fourth_held) = start(&REGISTRY, 4);
        assert_eq!(asked(&fourth), [0, 1]);
        let (fifth, _fifth_held) = start(&REGISTRY, 4);
        // The clone that is dropped last frees nothing that is another's by now.
        drop(left_behind);
        assert_eq!(asked(&fifth), [2, 3]);
        assert_eq!(asked(&start(&REGISTRY, 4).0).len(), 2);
        assert_eq!(start(&REGISTRY, 4).0.warnings[0].code, "shared_cpus");
    }

    #[test]
    fn a_pipeline_learns_at_its_end_that_later_ones_shared_its_cpus() {
        static REGISTRY: Registry = Registry::new();
        let (first, first_held) = start(&REGISTRY, 2);
        assert!(first.warnings.is_empty());
        drop(start(&REGISTRY, 2));
        drop(start(&REGISTRY, 2));
        let warning = first_held.release().expect("they shared").to_string();
        assert_eq!(
            warning,
            "this pipeline shared CPUs 0-1 with 2 pipelines that started later in this process (4 threads): their \
             threads took turns; run one pipeline after the other, or allow this process more CPUs (taskset, the \
             container's cpuset)"
        );
        assert!(first_held.release().is_none());
    }
}
