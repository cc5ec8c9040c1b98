//! The MIME parser and skeleton against a whole message of chance; see `mail::fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mail::fuzz::mime_skeleton(data));
