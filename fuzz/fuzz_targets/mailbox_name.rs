//! The mailbox name parser; see `mail::fuzz`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mail::fuzz::mailbox_name(data));
