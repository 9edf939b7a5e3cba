//! Panics of components: caught, and turned into their messages.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a thread's work and turns a panic into its message: no thread dies unnoticed.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let message = message(panic.as_ref());
        // A payload may panic when it is dropped, which would end the thread without an event.
        std::mem::forget(panic);
        message
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use std::panic::{panic_any, resume_unwind};

    use super::caught;

    /// A payload that panics when it is dropped.
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any("dropped");
        }
    }

    #[test]
    fn a_panic_becomes_its_message_and_its_payload_is_never_dropped() {
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(
            caught(|| resume_unwind(Box::new("why"))),
            Err::<(), _>("why".to_owned())
        );
        assert_eq!(
            caught(|| resume_unwind(Box::new(Bomb))),
            Err::<(), _>("no message".to_owned())
        );
    }
}
