//! The canonical forms of RFC 6376 section 3.4: what of a message is hashed, so that harmless
//! changes on the way do not break a signature.

mod body;
mod header;

pub use body::{BodyForm, BodyHash};
pub use header::{field, field_without_signature};

/// How much change is forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nearly none.
    Simple,
    /// White space may change.
    Relaxed,
}

impl Form {
    /// The form of a name in `c=`.
    pub(crate) fn of(name: &str) -> Option<Form> {
        match name {
            "simple" => Some(Form::Simple),
            "relaxed" => Some(Form::Relaxed),
            _ => None,
        }
    }
}
