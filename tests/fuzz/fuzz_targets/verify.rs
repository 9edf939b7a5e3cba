//! Any bytes as a file to verify.
#![no_main]
#![allow(dead_code, reason = "the harness serves three targets")]

#[path = "../../it/fuzz/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    harness::verify_of(data);
});
