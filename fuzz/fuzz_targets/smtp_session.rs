//! The SMTP machine against a client and a door of chance; see `smtp::fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| smtp::fuzz::session(data));
