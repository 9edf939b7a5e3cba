//! The start barrier: plans where the threads run, and has each of them pinned before any of them works.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Builder;

use crate::config::{Config, ConfigErrors};
use crate::pipeline::calibrate::park_cost;
use crate::pipeline::error::StartError;
use crate::sys::cpu::{Machine, Pin, PinResult, Placement, Reservation, Role, mask, pin, reserve};
use crate::sys::rlimits;

/// Where the threads of a pipeline are to run, and the hold on those CPUs.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) placement: Placement,
    /// Keeps other pipelines of this process off the CPUs. [`StartBarrier::release`] gives each thread a clone, so that
    /// a pipeline which is not joined holds its CPUs until its threads end; a join releases it.
    pub(super) reservation: Reservation,
}

impl Planned {
    /// The CPU that the producer of a shard asks for; `None` if it asks for none.
    pub(super) fn producer_cpu(&self, shard: usize) -> Option<usize> {
        self.placement.asked_by(Role::Producer { shard })
    }
}

/// Reads the machine, validates the configuration against it, plans the placement and reserves its CPUs. The calling
/// thread must not be pinned.
///
/// # Errors
///
/// Everything that is wrong with the configuration on this machine.
pub(super) fn place(config: &Config) -> Result<Planned, ConfigErrors> {
    let machine = Machine::read();
    config.validate_on(&machine.ids())?;
    let request = config.request();
    let plan = |others: &_| Placement::plan(&machine, &request, others, park_cost);
    let (placement, reservation) = reserve(plan);
    config.check_memory(&rlimits::memory())?;
    Ok(Planned {
        placement,
        reservation,
    })
}

/// Spawns and pins threads as a run would, but never releases them. Returns the placement with the pins recorded, and
/// whether a run would start.
///
/// # Errors
///
/// What would keep a run from even trying the pins.
pub(crate) fn plan(config: &Config) -> Result<(Placement, Result<(), StartError>), StartError> {
    let mut barrier = StartBarrier::new(place(config)?);
    let roles = barrier.planned.placement.roles();
    for role in roles {
        let (name, slot) = ("plan".into(), barrier.slot(role));
        let spawned = Builder::new().name(name).spawn(|| slot.take());
        spawned.map_err(StartError::System)?;
    }
    let pinned = barrier.record_pins(config.placement.pin);
    Ok((barrier.planned.placement, pinned))
}

/// A thread's slot in the barrier. The thread takes it itself, because no thread can pin another.
pub(super) struct Slot {
    thread: usize,
    cpu: Option<usize>,
    result: Sender<PinResult>,
    start: Receiver<Reservation>,
}

impl Slot {
    /// Pins the calling thread, reports the result, and waits until all threads have done so. The thread must keep
    /// what it gets until it ends, because that holds its CPU. `None` if the start was called off.
    pub(super) fn take(self) -> Option<Reservation> {
        let result = PinResult {
            thread: self.thread,
            refused: self.cpu.and_then(|cpu| pin(cpu).err()),
            mask: mask(),
        };
        // Fails only if the start was called off, which the next line finds out as well.
        let _ = self.result.send(result);
        self.start.recv().ok()
    }
}

/// Holds the threads of the data path back until all of them are pinned. Dropped without [`release`](Self::release),
/// it calls the start off.
pub(super) struct StartBarrier {
    planned: Planned,
    results: (Sender<PinResult>, Receiver<PinResult>),
    starts: Vec<(Role, Sender<Reservation>)>,
}

impl StartBarrier {
    pub(super) fn new(planned: Planned) -> Self {
        Self {
            planned,
            results: mpsc::channel(),
            starts: Vec::new(),
        }
    }

    /// The slot of a thread, which must be taken by a thread that has been spawned.
    ///
    /// # Panics
    ///
    /// If the placement has no such thread.
    pub(super) fn slot(&mut self, role: Role) -> Slot {
        let placement = &self.planned.placement;
        let Some(thread) = placement.index_of(role) else {
            panic!("{role} is not in the placement");
        };
        let (start, started) = mpsc::channel();
        self.starts.push((role, start));
        Slot {
            thread,
            cpu: placement.threads[thread].asked,
            result: self.results.0.clone(),
            start: started,
        }
    }

    /// Waits until every slot has been taken, and records the results in the placement.
    ///
    /// # Errors
    ///
    /// If `pin` is strict and a thread is not pinned.
    pub(super) fn record_pins(&mut self, pin: Pin) -> Result<(), StartError> {
        let placement = &mut self.planned.placement;
        let failed = placement.record_pins(self.results.1.iter().take(self.starts.len()));
        if pin == Pin::Strict && placement.threads.iter().any(|thread| thread.cpu.is_none()) {
            // If no pin failed, no CPU could be asked for: the first warning says why.
            let why = failed.or_else(|| placement.warnings.first().cloned());
            let why = why.map_or(String::new(), |warning| warning.to_string());
            return Err(StartError::Placement(why));
        }
        Ok(())
    }

    /// Lets the threads work; those of producers last, because they begin the run's clock.
    pub(super) fn release(mut self) -> Placement {
        self.starts
            .sort_by_key(|(role, _)| matches!(role, Role::Producer { .. }));
        for (_, start) in self.starts {
            // Cannot fail: a thread that has taken its slot waits for this.
            let _ = start.send(self.planned.reservation.clone());
        }
        self.planned.placement
    }
}

#[cfg(test)]
mod tests {
    use std::thread::JoinHandle;

    use super::{Planned, StartBarrier};
    use crate::sys::cpu::{Pin, PlacedThread, Placement, Reservation, Role, mask, reserve};

    const PRODUCER: Role = Role::Producer { shard: 0 };

    /// A barrier for one thread that asks for this CPU, whether it exists or not.
    fn barrier_for(cpu: usize) -> StartBarrier {
        let mut placement = Placement::default();
        placement.threads.push(PlacedThread {
            thread: PRODUCER.to_string(),
            role: PRODUCER,
            cpu: None,
            why: "because".into(),
            asked: Some(cpu),
            allowed: Some(true),
            got: Vec::new(),
        });
        let (placement, reservation) = reserve(|_| placement);
        StartBarrier::new(Planned {
            placement,
            reservation,
        })
    }

    fn spawn_in_slot(barrier: &mut StartBarrier) -> JoinHandle<Option<Reservation>> {
        let slot = barrier.slot(PRODUCER);
        std::thread::spawn(|| slot.take())
    }

    #[test]
    fn a_thread_works_only_when_all_are_in_place_and_got_what_they_asked_for() {
        let Some(&cpu) = mask().first() else { return };
        let mut barrier = barrier_for(cpu);
        let thread = spawn_in_slot(&mut barrier);
        assert!(barrier.record_pins(Pin::Strict).is_ok());
        assert!(!thread.is_finished());
        let placement = barrier.release();
        assert!(thread.join().expect("no panic").is_some());
        assert_eq!(placement.threads[0].cpu, Some(cpu));
        assert_eq!(placement.threads[0].got, [cpu]);
        assert!(placement.warnings.is_empty());
    }

    #[test]
    fn a_pin_that_fails_is_a_warning_or_if_pin_is_strict_no_start() {
        let nowhere = 1_023;
        if mask().contains(&nowhere) {
            return;
        }
        let mut barrier = barrier_for(nowhere);
        let thread = spawn_in_slot(&mut barrier);
        assert!(barrier.record_pins(Pin::BestEffort).is_ok());
        let placement = barrier.release();
        assert!(thread.join().expect("no panic").is_some());
        assert_eq!(placement.threads[0].cpu, None);
        assert_eq!(placement.threads[0].got, mask());
        let warning = placement.warnings[0].to_string();
        assert!(warning.starts_with("not pinned: producer (asked for CPU 1023, got "));

        let mut barrier = barrier_for(nowhere);
        let thread = spawn_in_slot(&mut barrier);
        let error = barrier
            .record_pins(Pin::Strict)
            .expect_err("strict")
            .to_string();
        assert!(error.contains("producer (asked for CPU 1023"), "{error}");
        drop(barrier);
        assert!(thread.join().expect("no panic").is_none());
    }
}
