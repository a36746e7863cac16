//! The family `log` of `tests/src/parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::run("log", input));
