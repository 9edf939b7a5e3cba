//! Waiting: the one place in which a thread sleeps.
//!
//! ```text
//!   any thread --Waker::wake--> token, sticky --> Waiter::wait returns     (futex, until a descriptor is named)
//!                                             '--> byte in a pipe -------> (poll: pipe, descriptors, deadline)
//!   Backoff    spin or yield -> sleep in slices    for conditions without a wake-up
//! ```
//!
//! Invariants:
//! * A wake-up is sticky: one that comes before the wait ends that wait. It means "check again", nothing more.
//! * A wait may return early. The caller checks everything it waits for again.
//! * Without descriptors a wait is one futex call, and a wake-up of a thread that is awake is no system call.
//! * Nothing spins without a time budget: on a shared core a spinner whose partner is not running burns the partner's
//!   whole time slice (3-4 ms on Linux with default settings).

mod backoff;
mod pending;
mod pipe;
#[cfg(all(test, not(loom)))]
pub(crate) mod simulated;
#[cfg(all(test, not(loom)))]
mod tests;
mod waker;

pub(crate) use backoff::Backoff;
pub use pending::Pending;
pub(crate) use waker::Waiter;
pub use waker::Waker;
