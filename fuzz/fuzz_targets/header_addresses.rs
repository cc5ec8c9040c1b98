//! Address lists and media types against a field value of chance; see `mail::fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mail::fuzz::header_addresses(data));
