#![no_main]

#[path = "../../crates/server/tests/it/promises.rs"]
mod promises;

libfuzzer_sys::fuzz_target!(|text: &str| {
    promises::settings(text);
    bailiwick_infrastructure::fuzzing::sealing_keys(text);
});
