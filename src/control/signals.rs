//! Signals: which of them are taken over, and what a hang-up means.
//!
//! `ctrlc` takes SIGINT over, and calls back on a thread of its own; `signal-hook` the others, which a thread of the
//! pipeline receives.

use std::io;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};

use crate::sys::text::spelled;

/// The signals that request a stop, besides SIGINT.
pub(crate) const STOP_SIGNALS: [i32; 2] = [SIGHUP, SIGTERM];

/// Why the signals could not be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// `ctrlc` failed: something else in the process handles SIGINT.
    #[error("cannot take over SIGINT: {0}")]
    Taken(ctrlc::Error),
    /// The system refused.
    #[error("cannot take over the signals: {0}")]
    Refused(#[from] io::Error),
}

impl From<ctrlc::Error> for SignalError {
    fn from(error: ctrlc::Error) -> Self {
        match error {
            ctrlc::Error::System(error) => Self::Refused(error),
            taken => Self::Taken(taken),
        }
    }
}

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

/// Calls `on_interrupt` at each SIGINT, on a thread of `ctrlc`'s; never if it was ignored when the process began.
pub(crate) fn on_interrupt(on_interrupt: impl FnMut() + Send + 'static) -> Result<(), SignalError> {
    if !not_ignored(&[SIGINT]).is_empty() {
        ctrlc::set_handler(on_interrupt)?;
    }
    Ok(())
}

/// Takes SIGXFSZ over, without effect: a write beyond the limit of a file's length (`ulimit -f`) fails like any other
/// from now on, instead of killing the process.
pub(crate) fn heed_no_file_limit() -> io::Result<()> {
    flag::register(SIGXFSZ, Arc::default()).map(drop)
}

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
