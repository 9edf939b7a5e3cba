//! The threads that receive signals.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use signal_hook::consts::{SIGINT, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::control::signals::{STOP_SIGNALS, SignalError, on_interrupt, take_over};

/// Calls `on_signal` with the number of each SIGINT, SIGTERM and SIGHUP from now on, on threads of its own, one call at
/// a time; two of one kind at once may be one call. Call it before any thread is pinned: those threads inherit the
/// caller's CPUs.
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
/// When another part of the process handles SIGINT through `ctrlc`, or the system refuses: no descriptor or no thread
/// is left.
pub fn on_stop_signals(on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), SignalError> {
    let on_signal = Arc::new(Mutex::new(on_signal));
    let call = move |signal| {
        let mut on_signal = on_signal.lock().unwrap_or_else(PoisonError::into_inner);
        on_signal(signal);
    };
    let interrupted = call.clone();
    on_interrupt(move || interrupted(SIGINT))?;
    let (signals, listening) = take_over(&STOP_SIGNALS)?;
    listening.add(&[SIGXFSZ])?;
    let listens = listen(signals, move |signal| {
        if signal != SIGXFSZ {
            call(signal);
        }
    });
    Ok(listens?)
}

/// Calls `on_signal` with each of the signals that were taken over, on a thread of its own.
pub(crate) fn listen(
    mut signals: Signals,
    mut on_signal: impl FnMut(i32) + Send + 'static,
) -> io::Result<()> {
    let body = move || signals.forever().for_each(&mut on_signal);
    Builder::new().name("signals".into()).spawn(body).map(drop)
}
