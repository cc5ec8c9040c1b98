use bytes::Bytes;
use mail::mailbox::UidSet;
use mail::{Address, Domain, Timestamp, limits};
use store::{Acceptance, Account, MemoryStore, NewAccount, RemoteEnvelope};

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);

struct House {
    store: Arc<MemoryStore>,
    clock: Clock,
    keeper: Housekeeping,
    anna: Account,
}

impl House {
    async fn new() -> House {
        let (store, clock) = (MemoryStore::new(1_000_000), Clock::fake(NOW));
        let domain = Domain::parse("here.example").unwrap();
        let postmaster = Postmaster { hostname: "here.example".into(), domain };
        let shared: Arc<dyn Store> = store.clone();
        let keeper = Housekeeping::new(shared, clock.clone(), Retention::default(), postmaster);
        let new = NewAccount {
            address: Address::parse("anna@here.example").unwrap(),
            password_hash: "x".into(),
            day: NOW.day(),
            now: NOW,
        };
        let anna = store.create_account(new).await.unwrap();
        House { store, clock, keeper, anna }
    }

    async fn accept(&self, local: Vec<Address>, remote: Vec<RemoteEnvelope>) {
        let body =
            Bytes::from_static(b"Message-ID: <1@x>\r\nSubject: [...]\r\n\r\nbody\r\n").into();
        let now = self.clock.now();
        let acceptance = Acceptance { dedupe: None, body, local, remote, now };
        self.store.accept(acceptance).await.unwrap();
    }

    /// The next round, some days later.
    async fn days_later(&mut self, days: u32) {
        for _ in 0..days {
            self.clock.advance(DAY);
            self.keeper.round().await.unwrap();
        }
    }

    async fn inbox(&self) -> Vec<Bytes> {
        let all = UidSet::from_range(mail::mailbox::Uid::MIN, mail::mailbox::Uid::MAX);
        let found = self.store.messages(self.anna.inbox, all, 100).await.unwrap();
        let mut bodies = Vec::new();
        for message in found {
            let range = 0..u64::MAX;
            bodies.push(self.store.read_body(self.anna.inbox, message.uid, range).await.unwrap());
        }
        bodies
    }
}

fn to_elsewhere(sender: Option<Address>) -> RemoteEnvelope {
    let recipient = Address::parse("bob@else.example").unwrap();
    RemoteEnvelope { sender, domain: recipient.domain().clone(), recipients: vec![recipient] }
}

#[tokio::test(start_paused = true)]
async fn mail_stays_for_its_days_and_goes_the_day_after() {
    let mut house = House::new().await;
    house.accept(vec![house.anna.address.clone()], Vec::new()).await;
    house.days_later(limits::MAIL_DAYS).await;
    assert_eq!(house.inbox().await.len(), 1);
    house.days_later(1).await;
    assert!(house.inbox().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_account_nobody_uses_goes() {
    let mut house = House::new().await;
    house.days_later(limits::INACTIVE_USER_DAYS).await;
    assert!(house.store.find_account(&house.anna.address).await.unwrap().is_some());
    house.days_later(1).await;
    assert!(house.store.find_account(&house.anna.address).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn c8_a_clock_that_jumps_deletes_nothing() {
    let mut house = House::new().await;
    house.accept(vec![house.anna.address.clone()], Vec::new()).await;
    house.keeper.round().await.unwrap();
    house.clock.set_wall(Timestamp(NOW.0 + 10 * 365 * 86_400));
    for _ in 0..3 {
        house.keeper.round().await.unwrap();
    }
    assert_eq!(house.inbox().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn mail_that_cannot_leave_comes_back_as_a_report() {
    let mut house = House::new().await;
    let sender = house.anna.address.clone();
    house.accept(Vec::new(), vec![to_elsewhere(Some(sender)), to_elsewhere(None)]).await;
    house.days_later(1).await;
    assert_eq!(house.store.queue_len().await, Ok(2));
    assert!(house.inbox().await.is_empty());
    house.days_later(1).await;
    assert_eq!(house.store.queue_len().await, Ok(0));
    let reports = house.inbox().await;
    assert_eq!(reports.len(), 1);
    let report = String::from_utf8_lossy(&reports[0]);
    for wanted in ["bob@else.example", "Action: failed", "Message-ID: <1@x>", "5.4.7"] {
        assert!(report.contains(wanted), "{wanted} is not in {report}");
    }
}
