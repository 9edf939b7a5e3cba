//! The stop signals of a run: kept from before the start until there is something to stop.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::control::StopCause;
use crate::control::signals::{SignalError, on_stop_signals};
use crate::control::stop::Stop;
use crate::report::say_at_once;

/// The stop signals, taken over before anything runs: one that arrives while the lanes are being allocated is kept
/// until there is something to stop.
pub(super) struct Signals(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    stop: Option<Stop>,
    early: Vec<i32>,
}

impl Signals {
    pub(super) fn take_over(quiet: bool, leave_anyhow: Duration) -> Result<Self, SignalError> {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let signals = Self(Arc::clone(&kept));
        let mut signals_before = 0;
        on_stop_signals(move |signal| {
            {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                match &kept.stop {
                    Some(stop) => stop.request(StopCause::Signal(signal)),
                    None => kept.early.push(signal),
                }
            }
            signals_before += 1;
            if signals_before > 1 {
                std::thread::sleep(leave_anyhow);
                std::process::exit(128 + signal);
            } else if !quiet {
                say_at_once("Shutdown signal received!");
            }
        })?;
        Ok(signals)
    }

    pub(super) fn stop_on_them(&self, stop: Stop) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for signal in kept.early.drain(..) {
            stop.request(StopCause::Signal(signal));
        }
        kept.stop = Some(stop);
    }
}
