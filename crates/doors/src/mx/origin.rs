//! Who vouches for a message: the author's domain, by DKIM (mail specification 4.2).

use std::time::Duration;

use dkim::{KeyLookup, KeyName, Standing, Verifier};
use mail::Domain;
use mail::limits::DKIM_LOOKUPS_TIMEOUT_S;
use net::{LookupError, Resolver};
use smtp::Reply;

use super::MxDoor;

/// Whether `domain` vouches for the message. Only its own keys are looked up: nobody else's
/// signature counts.
pub(super) async fn check(
    door: &MxDoor,
    verifier: &Verifier,
    domain: &Domain,
) -> Result<(), Reply> {
    let patience = Duration::from_secs(DKIM_LOOKUPS_TIMEOUT_S);
    let standing = tokio::time::timeout(patience, standing(door, verifier, domain)).await;
    match standing.unwrap_or(Standing::Undecided) {
        Standing::Vouched => Ok(()),
        Standing::Undecided => Err(Reply::dns_trouble()),
        Standing::Unsigned => Err(Reply::dkim_missing()),
        Standing::Unvouched(fault) => {
            let reason = fault.map_or_else(|| "not signed by it".into(), |it| it.to_string());
            tracing::info!(%domain, reason, "rejected mail its domain does not vouch for");
            Err(Reply::dkim_invalid())
        }
    }
}

/// A key that was remembered may have changed since: before it counts against a message it is asked
/// for once more.
async fn standing(door: &MxDoor, verifier: &Verifier, domain: &Domain) -> Standing {
    let mut names = verifier.keys();
    names.retain(|name| name.domain() == domain);
    let first = judged(door, verifier, domain, &names).await;
    match first {
        Standing::Unvouched(Some(fault)) if fault.blames_key() => {
            names.iter().for_each(|name| door.resolver.forget_txt(&name.to_string()));
            judged(door, verifier, domain, &names).await
        }
        standing => standing,
    }
}

async fn judged(
    door: &MxDoor,
    verifier: &Verifier,
    domain: &Domain,
    names: &[KeyName],
) -> Standing {
    let mut keys = Vec::with_capacity(names.len());
    for name in names {
        keys.push((name.clone(), look_up(&door.resolver, name).await));
    }
    verifier.verdict(&keys, door.clock.now()).standing(domain)
}

async fn look_up(resolver: &Resolver, name: &KeyName) -> KeyLookup {
    match resolver.txt(&name.to_string()).await {
        Ok(records) => KeyLookup::Records(records),
        Err(LookupError::NoSuchName | LookupError::NoData) => KeyLookup::Nothing,
        Err(LookupError::Temporary) => KeyLookup::Unknown,
    }
}
