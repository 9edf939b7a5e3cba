//! Signals: which of them are taken over, and what a hang-up means.

use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::sys::text::spelled;

/// The signals that request a stop.
pub(crate) const STOP_SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// Why the signals could not be taken over: the system refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot take over the signals: {0}")]
pub struct SignalError(#[from] io::Error);

/// What SIGHUP does to a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnHangup {
    /// It stops a run whose standard error is a terminal, and has any other open its outputs again.
    #[default]
    Auto,
    /// It requests a stop.
    Stop,
    /// It has the run open its outputs again, as log rotation wants.
    Reopen,
}
spelled!(OnHangup: Auto = "auto", Stop = "stop", Reopen = "reopen");

/// Adds signals to those that are taken over.
#[derive(Clone, Debug)]
pub(crate) struct Listening(Handle);

/// Takes these signals over; those that were ignored when the process began stay ignored.
pub(crate) fn take_over(signals: &[i32]) -> Result<(Signals, Listening), SignalError> {
    let taken = Signals::new(not_ignored(signals))?;
    let listening = Listening(taken.handle());
    Ok((taken, listening))
}

impl Listening {
    /// Takes more of them over, likewise.
    pub(crate) fn add(&self, signals: &[i32]) -> Result<(), SignalError> {
        for signal in not_ignored(signals) {
            self.0.add_signal(signal)?;
        }
        Ok(())
    }
}

/// Without those that were ignored when the process began; all of them if Linux' `/proc` does not show it.
fn not_ignored(signals: &[i32]) -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let ignored = mask.unwrap_or(0);
    let taken = signals.iter().copied();
    taken
        .filter(|signal| ignored >> (signal - 1) & 1 == 0)
        .collect()
}
