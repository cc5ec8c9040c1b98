//! Why a signature does not count.

/// What is wrong with a signature or with the key it names. All of these are final; trouble that
/// may pass is [`crate::Outcome::Temporary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no list of tags.
    #[error("the signature is malformed")]
    Malformed,
    /// A tag comes twice (RFC 6376 section 3.2).
    #[error("a tag is repeated")]
    RepeatedTag,
    /// A tag that must be there is not.
    #[error("the tag {0}= is missing")]
    MissingTag(&'static str),
    /// A tag has a value it cannot have.
    #[error("the tag {0}= has a bad value")]
    BadTag(&'static str),
    /// The signature is made in a way that is unknown or too weak, such as with SHA-1 (RFC 8301).
    #[error("the algorithm is unknown or too weak")]
    Algorithm,
    /// The key cannot be asked for by DNS.
    #[error("the key is not in DNS")]
    Query,
    /// `i=` does not lie within `d=`.
    #[error("the identity is outside the domain")]
    Identity,
    /// A From field of the message is not signed.
    #[error("a From field is not signed")]
    FromUnsigned,
    /// `t=` lies in the future.
    #[error("the signature is from the future")]
    NotYetValid,
    /// `x=` has passed.
    #[error("the signature has expired")]
    Expired,
    /// `l=` leaves out some of the body.
    #[error("only part of the body is signed")]
    BodyPartlySigned,
    /// The body is not what was signed.
    #[error("the body was changed")]
    BodyChanged,
    /// There is no key under this name.
    #[error("there is no key")]
    KeyMissing,
    /// What is there is no key.
    #[error("the key is malformed")]
    KeyMalformed,
    /// The key was withdrawn.
    #[error("the key was revoked")]
    KeyRevoked,
    /// The key is of another kind than the signature.
    #[error("the key is for another algorithm")]
    KeyKind,
    /// The key is not for mail.
    #[error("the key is for another service")]
    KeyService,
    /// The key is not for sub-domains.
    #[error("the key is not for sub-domains")]
    KeyStrict,
    /// An RSA key shorter than [`mail::limits::DKIM_RSA_BITS_MIN`] or longer than
    /// [`mail::limits::DKIM_RSA_BITS_MAX`].
    #[error("the key is too short or too long")]
    KeySize,
    /// The header is not what was signed, or somebody else signed it.
    #[error("the signature does not fit")]
    SignatureDiffers,
}

impl Fault {
    /// True if another key might have passed: who remembered the key may look it up once more.
    pub fn blames_key(self) -> bool {
        use Fault::*;
        matches!(
            self,
            KeyMissing
                | KeyMalformed
                | KeyRevoked
                | KeyKind
                | KeyService
                | KeyStrict
                | KeySize
                | SignatureDiffers
        )
    }
}
