//! DKIM signatures (RFC 6376, RFC 8301, RFC 8463), as pure values.
//!
//! A [`Verifier`] is given a message's header block, then its body in pieces of any size; it names
//! the keys it needs, and judges by what somebody else found under those names and by the time it is
//! told. It holds the header block and two hash states, never the body. [`canonical`] has the two
//! forms in which headers and bodies are hashed.
//!
//! Stricter than RFC 6376: SHA-1 and RSA keys under 1024 bits do not count (RFC 8301), `l=` must
//! cover the whole body, every From field must be signed, and only so many signatures are tried.
//! More lenient: key records with stray quotes and white space are understood.
//!
//! What a valid signature is worth is not decided here; [`Verdict::standing`] only says whether a
//! domain itself vouches for the message.

pub mod canonical;
mod der;
mod fault;
mod key;
mod signature;
mod tags;
mod verdict;
mod verifier;

pub use fault::Fault;
pub use key::{KeyLookup, KeyName};
pub use verdict::{Checked, Outcome, Standing, Verdict};
pub use verifier::Verifier;
