#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| bailiwick_api::fuzzing::lists(text));
