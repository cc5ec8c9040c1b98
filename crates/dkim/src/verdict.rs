//! What came of a message's signatures.

use mail::Domain;

use crate::fault::Fault;

/// What came of each signature that was tried, from the top of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// At most [`mail::limits::DKIM_SIGNATURES_MAX`].
    pub signatures: Vec<Checked>,
}

/// What came of one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// `d=`; `None` if the signature cannot be read.
    pub domain: Option<Domain>,
    /// The result.
    pub outcome: Outcome,
}

/// The result of checking one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is valid.
    Pass,
    /// It does not count.
    Fail(Fault),
    /// Its key could not be looked up; the same may pass later.
    Temporary,
    /// Its key was not asked for.
    Untried,
}

/// How a domain stands to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It vouches for the message.
    Vouched,
    /// It may, but a key could not be looked up.
    Undecided,
    /// There is no signature at all, of nobody.
    Unsigned,
    /// It does not. With the reason why its own first signature does not count, if it made one.
    Unvouched(Option<Fault>),
}

impl Verdict {
    /// How `domain` stands to the message: a valid signature with exactly this `d=` is needed,
    /// whatever the others are.
    pub fn standing(&self, domain: &Domain) -> Standing {
        let own = || self.signatures.iter().filter(|it| it.domain.as_ref() == Some(domain));
        if self.signatures.is_empty() {
            Standing::Unsigned
        } else if own().any(|it| it.outcome == Outcome::Pass) {
            Standing::Vouched
        } else if own().any(|it| it.outcome == Outcome::Temporary) {
            Standing::Undecided
        } else {
            let fault = own().find_map(|it| match it.outcome {
                Outcome::Fail(fault) => Some(fault),
                _ => None,
            });
            Standing::Unvouched(fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(signatures: &[(&str, Outcome)]) -> Standing {
        let checked = |&(domain, outcome): &(&str, Outcome)| Checked {
            domain: Domain::parse(domain).ok(),
            outcome,
        };
        let verdict = Verdict { signatures: signatures.iter().map(checked).collect() };
        verdict.standing(&Domain::parse("example.org").unwrap())
    }

    #[test]
    fn k10_only_the_domain_itself_can_vouch() {
        use Outcome::{Fail, Pass, Temporary};
        let expired = Fail(Fault::Expired);
        assert_eq!(standing(&[]), Standing::Unsigned);
        assert_eq!(standing(&[("EXAMPLE.org", Pass)]), Standing::Vouched);
        assert_eq!(standing(&[("org", Pass), ("x.example.org", Pass)]), Standing::Unvouched(None));
        assert_eq!(
            standing(&[("x.net", Pass), ("example.org", expired)]),
            Standing::Unvouched(Some(Fault::Expired))
        );
        assert_eq!(standing(&[("example.org", expired), ("example.org", Pass)]), Standing::Vouched);
        assert_eq!(
            standing(&[("example.org", Temporary), ("example.org", expired)]),
            Standing::Undecided
        );
        assert_eq!(standing(&[("x.net", Temporary), ("", expired)]), Standing::Unvouched(None));
    }
}
