//! Any bytes as a configuration file.
#![no_main]
#![allow(dead_code, reason = "the harness serves three targets")]

#[path = "../../it/fuzz/harness.rs"]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    harness::config(data);
});
