//! The IMAP framer and parser against a client of chance; see `imap::fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| imap::fuzz::command(data));
