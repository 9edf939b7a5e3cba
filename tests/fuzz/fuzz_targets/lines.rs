//! Cutting any bytes into lines.
#![no_main]
#![allow(dead_code, reason = "the harness serves three targets")]

#[path = "../../it/fuzz/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    harness::lines_of(data);
});
