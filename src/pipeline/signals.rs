//! The thread that receives signals.

use std::io;
use std::thread::Builder;

use signal_hook::consts::SIGXFSZ;
use signal_hook::iterator::Signals;

use crate::control::signals::{STOP_SIGNALS, SignalError, take_over};

/// Calls `on_signal` with the number of each SIGINT, SIGTERM and SIGHUP from now on, on a thread of its own; two of one
/// kind at once may be one call. Call it before any thread is pinned: that thread inherits the caller's CPUs.
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
/// When the system refuses: no descriptor or no thread is left.
pub fn on_stop_signals(mut on_signal: impl FnMut(i32) + Send + 'static) -> Result<(), SignalError> {
    let (signals, listening) = take_over(&STOP_SIGNALS)?;
    listening.add(&[SIGXFSZ])?;
    let listens = listen(signals, move |signal| {
        if signal != SIGXFSZ {
            on_signal(signal);
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
