//! Sleeping on a manual clock: only the clock's time passes, and a test decides what happens meanwhile.

use std::cell::RefCell;

use crate::sys::clock::Clock;

type Meanwhile = Box<dyn FnMut(Option<u64>)>;

thread_local! {
    static MEANWHILE: RefCell<Option<Meanwhile>> = const { RefCell::new(None) };
}

/// While `run` runs, calls `act` in place of each sleep of this thread on a manual clock, with the time at which the
/// sleep would end. The clock is then set to that time.
pub(crate) fn meanwhile<R>(act: impl FnMut(Option<u64>) + 'static, run: impl FnOnce() -> R) -> R {
    MEANWHILE.with(|place| *place.borrow_mut() = Some(Box::new(act)));
    let result = run();
    MEANWHILE.with(|place| *place.borrow_mut() = None);
    result
}

/// Sleeps if the clock is a manual one; returns whether it is.
///
/// # Panics
///
/// When nothing would end the sleep: neither a time nor an `act`.
pub(super) fn sleep(clock: Clock, until_ns: Option<u64>) -> bool {
    let Some(hand) = clock.hand() else {
        return false;
    };
    let acts = MEANWHILE.with(|place| place.borrow_mut().take());
    assert!(
        acts.is_some() || until_ns.is_some(),
        "a sleep without an end"
    );
    if let Some(mut act) = acts {
        act(until_ns);
        MEANWHILE.with(|place| *place.borrow_mut() = Some(act));
    }
    if let Some(until_ns) = until_ns {
        hand.set(until_ns.max(clock.now_ns()));
    }
    true
}
