//! Mutants: bugs that the models switch on by name, to prove that they would find them.
//!
//! Outside loom [`mutated`] is constantly false and compiles to nothing. A mutant that changes the *order* of a
//! function's statements is a wrong copy of that function, compiled for loom only.

/// A bug, named after what the code does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(loom), expect(dead_code, reason = "only the models have them all"))]
pub(crate) enum Mutant {
    /// `WakeWord::check` without its fence.
    CheckWithoutFence,
    /// `WakeWord::arm` without its fence.
    ArmWithoutFence,
    /// A worker parks without re-checking its lane.
    NoRecheck,
    /// A worker re-checks its lane before it arms the wake word.
    ArmAfterRecheck,
    /// The dispatcher never wakes a worker.
    NoWake,
    /// The dispatcher wakes a worker once, and never again.
    OneWakeEver,
    /// A worker does not sleep while there are bytes without headers.
    BytesWithoutHeaders,
    /// The ring publishes its tail without Release.
    PushWithoutRelease,
    /// A lane counts records as published after the worker can see them.
    CountAfterPush,
    /// A gauge publishes what was released without Release.
    ReleasedWithoutRelease,
    /// `Gauge::occupancy` reads what was published before what was released.
    PublishedReadFirst,
    /// A worker is retired and not woken.
    RetireWithoutWake,
    /// A worker is woken and retired only then.
    WakeBeforeRetire,
    /// A lane closes without waking its worker.
    CloseWithoutWake,
    /// A worker checks whether its lane is closed after it has peeked into it.
    ClosedReadLast,
    /// A ring's end is found gone without Acquire.
    ClosedWithoutAcquire,
    /// A waker reads how its waiter sleeps without a fence.
    WakeWithoutFence,
    /// A waiter begins to poll without a fence.
    PollWithoutFence,
    /// A waiter begins to poll without having its caller check again.
    PollWithoutReturn,
    /// A waiter ends its rest without a fence.
    RestWithoutFence,
    /// A producer waits for room without a fence.
    AwaitRoomWithoutFence,
    /// A producer that waits for room does not check its lanes again before it sleeps.
    AwaitRoomWithoutRecheck,
    /// A worker checks whether room is waited for without a fence.
    ReleaseWithoutFence,
    /// A worker never wakes a producer that waits for room.
    NoRoomWake,
    /// A worker with a lane that is nearly full waits, and leaves a producer asleep that waits for room.
    NoRoomWakeBeforeWait,
}

/// Whether this process has this bug: the environment's `SPLASHDAM_MUTANT` names it.
#[cfg(loom)]
pub(crate) fn mutated(mutant: Mutant) -> bool {
    use std::sync::OnceLock;

    // std's, so that loom sees nothing of it.
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("SPLASHDAM_MUTANT").ok());
    named
        .as_ref()
        .is_some_and(|named| *named == format!("{mutant:?}"))
}

/// Whether this process has this bug: never.
#[cfg(not(loom))]
#[inline]
pub(crate) const fn mutated(_mutant: Mutant) -> bool {
    false
}
