//! Signals: SIGINT, SIGTERM and SIGHUP request a stop; a second one of any of them a halt.
//!
//! `ctrlc` does the work: its handler posts a semaphore and its own thread calls us, in a context where anything is
//! allowed. It does not pass on which signal came, and the exit code of a second signal depends on that; so
//! `signal-hook` sets a flag for each kind (and then calls the previous handler).

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag::register;

use crate::sys::sync::for_signals::{Arc, AtomicBool, Ordering};

/// Why the signals could not be taken over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// `ctrlc` failed: something else in the process handles them.
    #[error("cannot take over the stop signals: {0}")]
    Taken(#[from] ctrlc::Error),
    /// The system refused.
    #[error("cannot take over the stop signals: {0}")]
    Refused(#[from] std::io::Error),
}

/// Calls `on_signal` with the number of each SIGINT, SIGTERM and SIGHUP from now on, on a thread of its own. Call it
/// once per process, before any thread is pinned: that thread inherits the caller's CPUs.
///
/// Signals that were ignored when the process began stay without effect: `nohup` and the shell's `&` rely on that.
///
/// SIGXFSZ has no effect any more either: a write beyond the limit of a file's length (`ulimit -f`) then fails like any
/// other, instead of killing the process.
///
/// Needs the feature `cli`, which is on by default.
///
/// # Errors
///
/// When another part of the process already handles them.
pub fn on_stop_signals(mut on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), SignalError> {
    let ignored = ignored_at_start();
    let flags = [SIGINT, SIGTERM, SIGHUP].map(|signal| (signal, Arc::new(AtomicBool::new(false))));
    let seen = flags.clone();
    // If no flag is set, two signals of the same kind coalesced: reuse the previous one. With some signals ignored do
    // not assume SIGINT for the first, since an ignored signal must not stop the run.
    let mut last = ignored.is_empty().then_some(SIGINT);
    ctrlc::set_handler(move || {
        let Some(signal) = raised(&seen).or(last) else {
            return;
        };
        last = Some(signal);
        if !ignored.contains(&signal) {
            on_signal(signal);
        }
    })?;
    for (signal, flag) in flags {
        register(signal, flag)?;
    }
    register(SIGXFSZ, Arc::default())?; // a handler that does nothing else
    Ok(())
}

/// The signal that just came; of several at once the first in the table, the others at the next calls. `None` if no
/// flag is set.
///
/// The flag is set right after `ctrlc`'s semaphore post, in the same handler, so it may be a moment late. Two signals
/// of one kind at once share a flag.
fn raised(flags: &[(i32, Arc<AtomicBool>)]) -> Option<i32> {
    for _ in 0..1_000 {
        // Relaxed: no other memory is read after it.
        let mut set = flags
            .iter()
            .filter(|(_, flag)| flag.swap(false, Ordering::Relaxed));
        if let Some((signal, _)) = set.next() {
            return Some(*signal);
        }
        std::thread::yield_now();
    }
    None
}

/// Which of the stop signals were ignored when the process began; empty if Linux' `/proc` does not show it.
fn ignored_at_start() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let mask = mask.unwrap_or(0);
    [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| mask >> (signal - 1) & 1 == 1)
        .collect()
}
