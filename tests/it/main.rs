//! The integration tests, in one binary: promises about the real program, as sentences.
//!
//! * `verify` - what the verify command finds.

mod verify;
