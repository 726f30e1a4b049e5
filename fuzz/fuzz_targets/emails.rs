#![no_main]

#[path = "../../crates/domain/tests/it/promises.rs"]
#[allow(dead_code)]
mod promises;

libfuzzer_sys::fuzz_target!(|text: &str| {
    promises::emails(text);
    bailiwick_infrastructure::fuzzing::addressees(text);
});
