//! Logins over the model store.

use std::sync::atomic::{AtomicBool, Ordering};

use mail::{Domain, Timestamp};
use policy::accounts::SystemLimits;
use store::MemoryStore;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000);
const NEW: &[u8] = b"user.0123@here.example";
const PASSWORD: &[u8] = b"password 1";

struct House {
    store: Arc<MemoryStore>,
    clock: Clock,
    accounts: Accounts,
    closed: Arc<AtomicBool>,
}

fn house() -> House {
    let (store, closed) = (MemoryStore::new(1_000_000), Arc::new(AtomicBool::new(false)));
    let is_closed = Arc::clone(&closed);
    let facts = move || SystemFacts {
        no_create: is_closed.load(Ordering::Relaxed),
        ..SystemFacts::default()
    };
    let rules = AccountRules {
        names: NameRules {
            username_min: 9,
            username_max: 9,
            password_min: 9,
            domain: Domain::parse("here.example").unwrap(),
        },
        system: SystemLimits {
            load_1m_max: 5.0,
            available_memory_bytes_min: 0,
            free_disk_bytes_min: 0,
        },
        facts: Arc::new(facts),
    };
    let clock = Clock::fake(NOW);
    let accounts = Accounts::new(store.clone(), clock.clone(), rules, 2);
    House { store, clock, accounts, closed }
}

impl House {
    async fn enters(&self, user: &[u8], password: &[u8]) -> bool {
        matches!(self.accounts.enter(user, password, Door::Imap).await, Entry::Welcome(_))
    }

    async fn account(&self) -> Option<Account> {
        let address = Address::parse(std::str::from_utf8(NEW).unwrap()).unwrap();
        self.store.find_account(&address).await.unwrap()
    }
}

#[tokio::test]
async fn s17_the_first_login_makes_the_account_and_binds_its_password() {
    let house = house();
    assert!(house.enters(NEW, PASSWORD).await);
    assert!(!house.enters(NEW, b"password 2").await);
    assert!(house.enters(NEW, PASSWORD).await);
    assert!(house.enters(b"User.0123@HERE.example", PASSWORD).await, "case is forgiven");
}

#[tokio::test]
async fn s17_of_two_first_logins_at_once_one_wins() {
    let house = house();
    let (a, b) = tokio::join!(house.enters(NEW, b"password a"), house.enters(NEW, b"password b"));
    assert!(a ^ b);
    assert_eq!(house.enters(NEW, b"password a").await, a);
    let (c, d) = tokio::join!(
        house.enters(b"user.4567@here.example", PASSWORD),
        house.enters(b"user.4567@here.example", PASSWORD)
    );
    assert!(c && d, "two with the same password both get in");
}

#[tokio::test]
async fn s18_names_that_become_no_account() {
    let house = house();
    for name in [
        &b""[..],
        b"user.0123",
        b"user.012@here.example",
        b"user.01234@here.example",
        b"user+0123@here.example",
        b"user/0123@here.example",
        b"../../etc@here.example",
        b"user.0123@there.example",
        b"user.0123@here.example@here.example",
        b"user.012\xff@here.example",
        "us\u{e9}r.0123@here.example".as_bytes(),
        b"user.0123@here.example\0",
        &[b'a'; 400],
    ] {
        assert!(!house.enters(name, PASSWORD).await, "{name:?}");
    }
    for password in [&b""[..], b"12345678", b"pass\xffword 1", &[b'a'; 1_025]] {
        assert!(!house.enters(NEW, password).await, "{password:?}");
    }
    house.closed.store(true, Ordering::Relaxed);
    assert!(!house.enters(NEW, PASSWORD).await);
    assert_eq!(house.account().await, None);
}

#[tokio::test]
async fn a_closed_house_still_knows_its_people() {
    let house = house();
    assert!(house.enters(NEW, PASSWORD).await);
    house.closed.store(true, Ordering::Relaxed);
    assert!(house.enters(NEW, PASSWORD).await);
}

#[tokio::test]
async fn a_remembered_login_outlives_neither_the_password_nor_a_block_nor_the_account() {
    let house = house();
    assert!(house.enters(NEW, PASSWORD).await && house.enters(NEW, PASSWORD).await);
    let account = house.account().await.unwrap();
    house.store.set_enabled(account.id, false).await.unwrap();
    assert!(!house.enters(NEW, PASSWORD).await);
    house.store.set_enabled(account.id, true).await.unwrap();
    assert!(house.enters(NEW, PASSWORD).await);
    house.store.set_password(account.id, "{PLAIN}another one".into()).await.unwrap();
    assert!(!house.enters(NEW, PASSWORD).await);
    assert!(house.enters(NEW, b"another one").await);
    house.store.delete_account(account.id).await.unwrap();
    assert!(house.enters(NEW, b"somebody else").await, "made anew");
    assert!(!house.enters(NEW, b"another one").await);
}

#[tokio::test]
async fn only_imap_counts_as_a_sign_of_life() {
    let house = house();
    assert!(house.enters(NEW, PASSWORD).await);
    house.clock.advance(std::time::Duration::from_secs(86_400));
    house.accounts.enter(NEW, PASSWORD, Door::Submission).await;
    assert_eq!(house.account().await.unwrap().last_login, NOW.day());
    assert!(house.enters(NEW, PASSWORD).await);
    assert_eq!(house.account().await.unwrap().last_login, house.clock.now().day());
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_nobodys_fault() {
    let house = house();
    house.store.fail("gone");
    let entry = house.accounts.enter(NEW, PASSWORD, Door::Imap).await;
    assert_eq!(entry, Entry::Unavailable);
}
