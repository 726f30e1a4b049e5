#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bailiwick_api::fuzzing::preconditions(bytes));
