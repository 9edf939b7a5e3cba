//! Placing: decides where the threads go, and has each of them pinned before any of them works.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::Builder;

use crate::config::{Config, ConfigErrors};
use crate::pipeline::StartError;
use crate::pipeline::calibrate::park_cost;
use crate::sys::cpu::{Came, Machine, Pin, Placement, mask, pin};
use crate::sys::rlimits;

/// Reads the machine, checks the configuration on it, and decides. The calling thread must not be pinned.
///
/// # Errors
///
/// All that is wrong with the configuration on this machine.
pub(super) fn place(config: &Config) -> Result<Placement, ConfigErrors> {
    let machine = Machine::read();
    config.validate_on(&machine.ids())?;
    let placement = Placement::plan(&machine, &config.request(), park_cost);
    config.check_memory(&rlimits::memory())?;
    Ok(placement)
}

/// Does with the threads what a run would do, but has none of them work: the placement holds what came of each pin.
/// Beside it: whether a run would start.
///
/// # Errors
///
/// What would keep a run from even trying the pins.
pub(crate) fn plan(config: &Config) -> Result<(Placement, Result<(), StartError>), StartError> {
    let mut barrier = StartBarrier::new(place(config)?);
    for thread in 0..barrier.placement.threads.len() {
        let (name, seat) = ("plan".into(), barrier.slot(thread));
        let spawned = Builder::new().name(name).spawn(|| seat.take());
        spawned.map_err(StartError::System)?;
    }
    let settled = barrier.record_pins(config.pin);
    Ok((barrier.placement, settled))
}

/// A thread's place, which the thread takes itself: none can pin another.
pub(super) struct Slot {
    thread: usize,
    cpu: Option<usize>,
    came: Sender<Came>,
    go: Receiver<()>,
}

impl Slot {
    /// Pins the calling thread, tells what came of it, and waits until all threads have done so; false if the start was
    /// called off.
    pub(super) fn take(self) -> bool {
        let refused = self.cpu.and_then(|cpu| pin(cpu).err());
        // Nobody hears it if the start was called off.
        let _ = self.came.send((self.thread, refused, mask()));
        self.go.recv().is_ok()
    }
}

/// The threads at the start of a run, the producer's first. Dropped without [`go`](Self::go), it calls the start off.
pub(super) struct StartBarrier {
    placement: Placement,
    came: (Sender<Came>, Receiver<Came>),
    go: Vec<Sender<()>>,
}

impl StartBarrier {
    pub(super) fn new(placement: Placement) -> Self {
        Self {
            placement,
            came: mpsc::channel(),
            go: Vec::new(),
        }
    }

    /// The seat of the placement's thread with this number; to be taken by a thread that has been spawned.
    pub(super) fn slot(&mut self, thread: usize) -> Slot {
        let (go, gone) = mpsc::channel();
        self.go.push(go);
        Slot {
            thread,
            cpu: self.placement.threads[thread].asked,
            came: self.came.0.clone(),
            go: gone,
        }
    }

    /// Waits until every seat is taken.
    ///
    /// # Errors
    ///
    /// When `pin` is strict and a thread is not pinned.
    pub(super) fn record_pins(&mut self, pin: Pin) -> Result<(), StartError> {
        let placement = &mut self.placement;
        let failed = placement.settle(self.came.1.iter().take(self.go.len()));
        if pin == Pin::Strict && placement.threads.iter().any(|thread| thread.cpu.is_none()) {
            // Not pinned, and no pin failed: nothing could be asked for.
            let why = failed.or_else(|| placement.warnings.first().cloned());
            let why = why.map_or(String::new(), |warning| warning.to_string());
            return Err(StartError::Placement(why));
        }
        Ok(())
    }

    /// Lets the threads work.
    pub(super) fn release(self) -> Placement {
        for go in self.go {
            // Received for certain: who has taken a seat waits for this.
            let _ = go.send(());
        }
        self.placement
    }
}

#[cfg(test)]
mod tests {
    use super::StartBarrier;
    use crate::sys::cpu::{Pin, PlacedThread, Placement, mask};

    /// A placement whose one thread is to have this CPU, whether it exists or not.
    fn barrier_on(cpu: usize) -> StartBarrier {
        let mut placement = Placement::default();
        placement.threads.push(PlacedThread {
            thread: "producer".into(),
            cpu: None,
            why: "because".into(),
            asked: Some(cpu),
            allowed: Some(true),
            got: Vec::new(),
        });
        StartBarrier::new(placement)
    }

    fn seated(barrier: &mut StartBarrier) -> std::thread::JoinHandle<bool> {
        let seat = barrier.slot(0);
        std::thread::spawn(|| seat.take())
    }

    #[test]
    fn a_thread_works_only_when_all_are_in_place_and_got_what_they_asked_for() {
        let Some(&cpu) = mask().first() else { return };
        let mut barrier = barrier_on(cpu);
        let thread = seated(&mut barrier);
        assert!(barrier.record_pins(Pin::Strict).is_ok());
        assert!(!thread.is_finished());
        let placement = barrier.release();
        assert!(thread.join().expect("no panic"));
        assert_eq!(placement.threads[0].cpu, Some(cpu));
        assert_eq!(placement.threads[0].got, [cpu]);
        assert!(placement.warnings.is_empty());
    }

    #[test]
    fn a_pin_that_fails_is_a_warning_or_where_pin_is_strict_no_start() {
        let nowhere = 1_023;
        if mask().contains(&nowhere) {
            return;
        }
        let mut barrier = barrier_on(nowhere);
        let thread = seated(&mut barrier);
        assert!(barrier.record_pins(Pin::BestEffort).is_ok());
        let placement = barrier.release();
        assert!(thread.join().expect("no panic"));
        assert_eq!(placement.threads[0].cpu, None);
        assert_eq!(placement.threads[0].got, mask());
        let warning = placement.warnings[0].to_string();
        assert!(warning.starts_with("not pinned: producer (asked for CPU 1023, got "));

        let mut barrier = barrier_on(nowhere);
        let thread = seated(&mut barrier);
        let error = barrier
            .record_pins(Pin::Strict)
            .expect_err("strict")
            .to_string();
        assert!(error.contains("producer (asked for CPU 1023"), "{error}");
        drop(barrier);
        assert!(!thread.join().expect("no panic"));
    }
}
