//! Signals: SIGINT, SIGTERM and SIGHUP ask for a stop; a second one of any of them for a halt.
//!
//! `ctrlc` does the work: its handler posts a semaphore and its own thread calls us, in a context where anything is
//! allowed. It does not say which signal came, and the exit code of a second signal depends on that; so
//! `signal-hook` notes the number beside it (it calls on to the handler that was there before).

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::sys::sync::for_signals::{Arc, AtomicUsize, Ordering};

/// Why the signals could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum SignalError {
    /// `ctrlc` could not: something else in the process has taken them.
    #[error("cannot take over the stop signals: {0}")]
    Taken(#[from] ctrlc::Error),
    /// The system refused.
    #[error("cannot take over the stop signals: {0}")]
    Refused(#[from] std::io::Error),
}

/// Calls `on_signal` with the number of each SIGINT, SIGTERM and SIGHUP from now on, on a thread of its own. Call it
/// once per process, before any thread is pinned: that thread inherits the caller's CPUs.
///
/// Signals that were ignored when the process began stay without effect: `nohup` and the shell's `&` ask for that.
///
/// # Errors
///
/// When another part of the process already handles them.
pub fn on_stop_signals(mut on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), SignalError> {
    let ignored = ignored_at_start();
    let last = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&last);
    ctrlc::set_handler(move || {
        let noted = number_of(&seen);
        // A note that is missing belongs to a signal that is not ignored: an ignored one may come too, but it stops
        // nothing that was not asked to stop.
        let unnoted = || {
            [SIGINT, SIGTERM, SIGHUP]
                .into_iter()
                .find(|n| !ignored.contains(n))
        };
        if let Some(signal) = noted.or_else(unnoted)
            && !ignored.contains(&signal)
        {
            on_signal(signal);
        }
    })?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let number = signal.unsigned_abs() as usize;
        signal_hook::flag::register_usize(signal, Arc::clone(&last), number)?;
    }
    Ok(())
}

/// The number that was noted for the signal that just came.
///
/// The note is made right behind `ctrlc`'s semaphore post, in the same handler: it may be a moment late, and two
/// signals at once may share one note.
fn number_of(seen: &AtomicUsize) -> Option<i32> {
    for _ in 0..1_000 {
        // Relaxed: the number says everything.
        let signal = seen.swap(0, Ordering::Relaxed);
        if signal != 0 {
            return i32::try_from(signal).ok();
        }
        std::thread::yield_now();
    }
    None
}

/// Which of the stop signals were ignored when the process began, as Linux tells; none where it cannot be told.
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
