//! The signals of a run: taken over from the beginning, kept until there is something to stop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGUSR1, SIGUSR2};

use crate::cli::args::RunArgs;
use crate::control::StopCause;
use crate::control::signals::{
    Listening, OnHangup, STOP_SIGNALS, SignalError, on_interrupt, take_over,
};
use crate::control::stop::Stop;
use crate::pipeline::{Metrics, Running, SECOND_SIGNAL_AFTER, SPILL_GRACE, listen};
use crate::report::say;
use crate::report::status::Shown;
use crate::sys::printed::Grouped;

/// How long after a second signal the program exits even if it is stuck in its final output.
const LEAVE_ANYHOW: Duration = Duration::from_secs(2);

/// How long a run gets to heed a second signal before this thread listens to the next one.
const HEEDED_WITHIN: Duration = Duration::from_millis(100);

/// The signals of a run. They are taken over in steps, so that none of them ever has an effect by default that its
/// meaning excludes, and a stop signal ends the program before there is anything to stop in order.
pub(super) struct Signals {
    kept: Arc<Mutex<Kept>>,
    listening: Listening,
}

/// What the thread that receives them needs.
#[derive(Default)]
struct Kept {
    quiet: bool,
    /// What SIGHUP does to this run.
    reopens_on_hangup: bool,
    leave_anyhow: Duration,
    drain_timeout: Duration,
    /// What runs.
    run: Option<(Stop, Metrics)>,
    /// Stop signals that came before.
    early: Vec<i32>,
    /// When the first stop signal came.
    first: Option<Instant>,
    /// The exit code of a run that is over.
    code: Option<u8>,
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Signals {
    /// Takes SIGUSR1 and SIGUSR2 over: from now on they do not end the process.
    pub(super) fn take_over(quiet: bool) -> Result<Self, SignalError> {
        let kept = Kept {
            quiet,
            leave_anyhow: LEAVE_ANYHOW,
            ..Kept::default()
        };
        let kept = Arc::new(Mutex::new(kept));
        let (taken, listening) = take_over(&[SIGUSR1, SIGUSR2])?;
        let heard = Arc::clone(&kept);
        listen(taken, move |signal| on_signal(&heard, signal))?;
        Ok(Self { kept, listening })
    }

    /// Learns what SIGHUP means. If it does not stop the run, it is taken over now: a log rotation must not end a
    /// service that is about to start.
    pub(super) fn configure(
        &self,
        args: &RunArgs,
        stderr_is_terminal: bool,
    ) -> Result<(), SignalError> {
        let reopens = match args.on_hangup {
            OnHangup::Auto => !stderr_is_terminal,
            OnHangup::Stop => false,
            OnHangup::Reopen => true,
        };
        let mut kept = lock(&self.kept);
        kept.reopens_on_hangup = reopens;
        kept.drain_timeout = args.config.stop.drain_timeout;
        if args.spill.is_some() {
            kept.leave_anyhow = LEAVE_ANYHOW + SPILL_GRACE;
        }
        drop(kept);
        if reopens {
            self.listening.add(&[SIGHUP])?;
        }
        Ok(())
    }

    /// Takes the stop signals over.
    pub(super) fn take_over_stops(&self) -> Result<(), SignalError> {
        let kept = Arc::clone(&self.kept);
        on_interrupt(move || on_signal(&kept, SIGINT))?;
        self.listening.add(&STOP_SIGNALS)
    }

    /// Passes signals on to what runs now, also those that came before.
    pub(super) fn pass_on_to(&self, running: &Running) {
        let mut kept = lock(&self.kept);
        let stop = running.stopper();
        for signal in kept.early.drain(..) {
            stop.request(StopCause::Signal(signal));
        }
        kept.run = Some((stop, running.metrics()));
    }

    /// The run is over, with this exit code.
    pub(super) fn end_with(&self, code: u8) {
        lock(&self.kept).code = Some(code);
    }
}

fn on_signal(kept: &Mutex<Kept>, signal: i32) {
    match signal {
        SIGUSR1 => {
            let metrics = lock(kept).run.as_ref().map(|(_, metrics)| metrics.clone());
            match metrics {
                Some(metrics) => say(Shown(&metrics.status()).to_string().trim_end()),
                None => say("state        the run has not begun"),
            }
        }
        SIGUSR2 => {}
        SIGHUP if lock(kept).reopens_on_hangup => reopen(kept),
        _ => stop(kept, signal),
    }
}

fn reopen(kept: &Mutex<Kept>) {
    let kept = lock(kept);
    // Before the run began outputs are just being opened.
    if let Some((stop, _)) = &kept.run {
        stop.reopen();
        let quiet = kept.quiet;
        drop(kept);
        if !quiet {
            say("SIGHUP received: outputs are opened again");
        }
    }
}

fn stop(kept: &Mutex<Kept>, signal: i32) {
    let (is_first, is_second, leave_anyhow) = {
        let mut kept = lock(kept);
        match &kept.run {
            Some((stop, _)) => stop.request(StopCause::Signal(signal)),
            None => kept.early.push(signal),
        }
        let first = kept.first;
        kept.first.get_or_insert_with(Instant::now);
        let since_first = first.map(|first| first.elapsed());
        let is_second = since_first.is_some_and(|time| time >= SECOND_SIGNAL_AFTER);
        (first.is_none(), is_second, kept.leave_anyhow)
    };
    if is_first && !lock(kept).quiet {
        say("Shutdown signal received!");
        if let Some(line) = draining(&lock(kept)) {
            say(line);
        }
    }
    if is_second && is_heeded(kept) {
        std::thread::sleep(leave_anyhow);
        // A run that began meanwhile has not heeded it.
        if is_leaving(kept) {
            let halted = u8::try_from(128 + signal).unwrap_or(1);
            std::process::exit(lock(kept).code.unwrap_or(halted).into());
        }
    }
}

/// What a stop waits for, and how to be spared that; `None` if nothing waits to be delivered.
fn draining(kept: &Kept) -> Option<String> {
    let (_, metrics) = kept.run.as_ref()?;
    let queue = metrics.snapshot().queue;
    (queue > 0).then(|| {
        format!(
            "draining {} records, for {} at most; a second signal, 1 s from now or later, ends it at once",
            Grouped(queue),
            humantime::format_duration(kept.drain_timeout)
        )
    })
}

/// Whether nothing runs any more that should end in order.
fn is_leaving(kept: &Mutex<Kept>) -> bool {
    let kept = lock(kept);
    let halted = kept.run.as_ref().is_none_or(|(stop, _)| stop.is_halted());
    halted || kept.code.is_some()
}

/// Waits a moment until the run heeds a second signal. It may count the second from a moment later than this thread
/// does; the next signal then counts for both.
fn is_heeded(kept: &Mutex<Kept>) -> bool {
    let by = Instant::now() + HEEDED_WITHIN;
    while !is_leaving(kept) {
        if Instant::now() >= by {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
