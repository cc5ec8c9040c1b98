//! A message's signatures, checked while it streams by (RFC 6376 section 6).

use mail::Timestamp;
use mail::header::{Field, HeaderBlock};
use mail::limits::{DKIM_KEY_RECORDS_MAX, DKIM_SIGNATURES_MAX, HEADER_FIELDS_MAX};

use crate::canonical::{self, BodyHash, Form};
use crate::fault::Fault;
use crate::key::{Key, KeyLookup, KeyName};
use crate::signature::Signature;
use crate::verdict::{Checked, Outcome, Verdict};

/// Checks a message's signatures.
///
/// Memory: the header block, and for the time of [`Verifier::verdict`] its signed part once more.
/// Fields beyond [`HEADER_FIELDS_MAX`] and malformed lines are not there for it; whoever accepts
/// messages refuses such a header.
pub struct Verifier {
    header: Vec<u8>,
    candidates: Vec<Candidate>,
    simple: Option<BodyHash>,
    relaxed: Option<BodyHash>,
}

/// A signature field that is tried.
struct Candidate {
    /// Which of the header's fields it is.
    field: usize,
    signature: Result<Signature, Fault>,
}

impl Verifier {
    /// Takes a whole header block as it was transmitted, with or without its empty line.
    pub fn new(header: Vec<u8>) -> Verifier {
        let signatures = fields(&header).enumerate().filter(|(_, it)| it.is("DKIM-Signature"));
        let candidates: Vec<_> = signatures
            .take(DKIM_SIGNATURES_MAX)
            .map(|(field, it)| Candidate { field, signature: Signature::parse(it.value) })
            .collect();
        let hash = |form| {
            let needed =
                |it: &Candidate| it.signature.as_ref().is_ok_and(|it| it.body_form == form);
            candidates.iter().any(needed).then(|| BodyHash::new(form))
        };
        let (simple, relaxed) = (hash(Form::Simple), hash(Form::Relaxed));
        Verifier { header, candidates, simple, relaxed }
    }

    /// The next bytes of the body, as transmitted but without dot-stuffing.
    pub fn feed(&mut self, body: &[u8]) {
        for hash in [&mut self.simple, &mut self.relaxed].into_iter().flatten() {
            hash.feed(body);
        }
    }

    /// The keys that are needed to decide, each once. Who only cares about one domain need not look
    /// up those of others.
    pub fn keys(&self) -> Vec<KeyName> {
        let mut keys = Vec::new();
        for signature in self.candidates.iter().flat_map(|it| &it.signature) {
            if !keys.contains(&signature.key) {
                keys.push(signature.key.clone());
            }
        }
        keys
    }

    /// The header block.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Judges the message after its last byte, by what was found under the names of
    /// [`Verifier::keys`]. May be asked again with other keys.
    pub fn verdict(&self, keys: &[(KeyName, KeyLookup)], now: Timestamp) -> Verdict {
        let from_fields = fields(&self.header).filter(|it| it.is("From")).count();
        let hashes = Hashes { simple: finished(&self.simple), relaxed: finished(&self.relaxed) };
        let check = |candidate: &Candidate| {
            let signature = match &candidate.signature {
                Ok(signature) => signature,
                Err(fault) => return Checked { domain: None, outcome: Outcome::Fail(*fault) },
            };
            let sound = signature
                .check_from(from_fields)
                .and_then(|()| signature.check_time(now))
                .and_then(|()| hashes.check(signature));
            let outcome = match sound {
                Ok(()) => self.check_key(candidate.field, signature, keys),
                Err(fault) => Outcome::Fail(fault),
            };
            Checked { domain: Some(signature.key.domain().clone()), outcome }
        };
        Verdict { signatures: self.candidates.iter().map(check).collect() }
    }

    fn check_key(
        &self,
        field: usize,
        signature: &Signature,
        keys: &[(KeyName, KeyLookup)],
    ) -> Outcome {
        match keys.iter().find(|(name, _)| *name == signature.key) {
            None => Outcome::Untried,
            Some((_, KeyLookup::Unknown)) => Outcome::Temporary,
            Some((_, KeyLookup::Nothing)) => Outcome::Fail(Fault::KeyMissing),
            Some((_, KeyLookup::Records(records))) => {
                match self.try_records(field, signature, records) {
                    Ok(()) => Outcome::Pass,
                    Err(fault) => Outcome::Fail(fault),
                }
            }
        }
    }

    /// A selector should have one record; while keys change it may have more. One that fits will do.
    fn try_records(
        &self,
        field: usize,
        signature: &Signature,
        records: &[String],
    ) -> Result<(), Fault> {
        let signed = self.signed_header(field, signature);
        let mut first_fault = None;
        for record in records.iter().take(DKIM_KEY_RECORDS_MAX) {
            match Key::parse(record).and_then(|key| key.verify(signature, &signed)) {
                Ok(()) => return Ok(()),
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        Err(first_fault.unwrap_or(Fault::KeyMissing))
    }

    /// The signed fields in canonical form, each name's from the bottom up, then the signature's own
    /// field (RFC 6376 sections 3.7 and 5.4.2).
    fn signed_header(&self, own: usize, signature: &Signature) -> Vec<u8> {
        let form = signature.header_form;
        let fields: Vec<_> = fields(&self.header).collect();
        let mut taken = vec![false; fields.len()];
        taken[own] = true;
        let mut out = Vec::new();
        for name in &signature.signed {
            let next = (0..fields.len()).rev().find(|&at| !taken[at] && fields[at].is(name));
            if let Some(at) = next {
                taken[at] = true;
                canonical::field(form, &fields[at], &mut out);
            }
        }
        canonical::field_without_signature(form, &fields[own], &mut out);
        out
    }
}

/// Hash and length of the body in each form that is needed.
struct Hashes {
    simple: Option<(ring::digest::Digest, u64)>,
    relaxed: Option<(ring::digest::Digest, u64)>,
}

impl Hashes {
    fn check(&self, signature: &Signature) -> Result<(), Fault> {
        let hash = match signature.body_form {
            Form::Simple => &self.simple,
            Form::Relaxed => &self.relaxed,
        };
        let (hash, len) = hash.as_ref().ok_or(Fault::BodyChanged)?;
        signature.check_body(hash.as_ref(), *len)
    }
}

fn finished(hash: &Option<BodyHash>) -> Option<(ring::digest::Digest, u64)> {
    hash.clone().map(BodyHash::finish)
}

fn fields(header: &[u8]) -> impl Iterator<Item = Field<'_>> {
    HeaderBlock::new(header).fields().take(HEADER_FIELDS_MAX).flatten()
}

#[cfg(test)]
mod tests;
