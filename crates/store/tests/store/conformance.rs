//! Random sequences of operations on the model and on the durable engine at once: every answer must
//! be the same, through restarts, and the promises about UIDs and change counters must hold.
//!
//! A failure names its seed and step; add the seed to `seeds!` to run it again.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use mail::mailbox::{
    FlagChange, FlagOp, Flags, Keyword, MailboxId, ModSeq, SystemFlags, Uid, UidSet, UidValidity,
};
use mail::{Address, Day, MailboxName, Timestamp};
use store::{
    Acceptance, AccountId, ClaimToken, ExpiryRule, LocalOutcome, MemoryStore, MetaValue,
    NewAccount, NewMessage, Opened, QueueId, RemoteEnvelope, Result, SqliteStore, Store, Watch,
};

use crate::support::*;

const STEPS: u32 = 500;
const LOCALS: [&str; 4] = ["anna", "berta", "clara", "dora"];
const NAMES: [&str; 8] = ["INBOX", "A", "A.B", "A.B.C", "INBOX.x", "Sent", "DeltaChat", "Trash"];
const SIZES: [usize; 7] = [0, 1, 500, 3_000, 70_000, 250_000, 600_000];

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

struct Run {
    dice: Dice,
    seed: u64,
    step: u32,
    locals: &'static [&'static str],
    names: &'static [&'static str],
    dir: tempfile::TempDir,
    model: Arc<MemoryStore>,
    engine: Arc<SqliteStore>,
    now: Timestamp,
    accounts: Vec<AccountId>,
    mailboxes: Vec<MailboxId>,
    claims: Vec<(QueueId, ClaimToken, ClaimToken)>,
    queued: Vec<QueueId>,
    /// Highest UID seen for each incarnation of a mailbox.
    highest: HashMap<(MailboxId, UidValidity), Uid>,
    modseqs: HashMap<MailboxId, ModSeq>,
    watches: HashMap<MailboxId, (Watch, Watch)>,
    /// How often a recipient was served, unknown, over quota.
    outcomes: [u32; 3],
    /// The most messages any opened mailbox had.
    largest: u32,
}

/// Asks both stores the same; the answers must be equal.
macro_rules! both {
    ($run:expr, $what:expr, |$store:ident| $ask:expr) => {{
        let expected = {
            let $store: &dyn Store = $run.model.as_ref();
            $ask.await
        };
        let found = {
            let $store: &dyn Store = $run.engine.as_ref();
            $ask.await
        };
        $run.compare(&$what, &expected, &found);
        expected
    }};
}

impl Run {
    fn new(seed: u64) -> Run {
        let dir = tempfile::tempdir().unwrap();
        // Every other run stays with two mailboxes, which grow large.
        let is_broad = seed.is_multiple_of(2);
        let (locals, names) =
            if is_broad { (&LOCALS[..], &NAMES[..]) } else { (&LOCALS[..1], &NAMES[..2]) };
        Run {
            dice: Dice(seed),
            seed,
            step: 0,
            locals,
            names,
            engine: open(dir.path()),
            dir,
            model: MemoryStore::new(QUOTA_BYTES),
            now: NOW,
            accounts: vec![AccountId(99)],
            mailboxes: vec![MailboxId(99)],
            claims: Vec::new(),
            queued: vec![QueueId(99)],
            highest: HashMap::new(),
            modseqs: HashMap::new(),
            watches: HashMap::new(),
            outcomes: [0; 3],
            largest: 0,
        }
    }

    fn compare<T: Debug + PartialEq>(&self, what: &dyn Debug, expected: &T, found: &T) {
        let (seed, step) = (self.seed, self.step);
        assert_eq!(expected, found, "seed {seed}, step {step}: {what:?} (model left)");
    }

    async fn step(&mut self) {
        self.now.0 += self.dice.below(6_000) as i64;
        match self.dice.below(100) {
            0..=3 => self.create_account().await,
            4 => self.account_changes().await,
            5..=24 => self.accept().await,
            25..=30 => self.append().await,
            31..=36 => self.copy_or_move().await,
            37..=50 => self.store_flags().await,
            51..=57 => self.expunge().await,
            58..=62 => self.mailbox_changes().await,
            63..=72 => self.open_mailbox().await,
            73..=80 => self.look().await,
            81..=84 => self.read_body().await,
            85..=90 => self.queue().await,
            91..=93 => self.sweep().await,
            94..=95 => self.meta().await,
            96 => self.leases().await,
            97..=98 => self.watch(),
            _ => self.restart().await,
        }
        self.check_hints().await;
    }

    // ---- choices --------------------------------------------------------------------------

    fn account(&mut self) -> AccountId {
        self.dice.pick(&self.accounts)
    }

    fn mailbox(&mut self) -> MailboxId {
        self.dice.pick(&self.mailboxes)
    }

    fn name(&mut self) -> MailboxName {
        name(self.dice.pick(self.names))
    }

    fn local(&mut self) -> Address {
        let nobody = self.dice.below(12) == 0;
        address(if nobody { "nobody" } else { self.dice.pick(self.locals) })
    }

    fn uid_set(&mut self) -> UidSet {
        if self.dice.below(6) == 0 {
            return all();
        }
        let from = uid(1 + self.dice.below(90) as u32);
        let upto = uid(from.get() + self.dice.below(10) as u32);
        let mut set = UidSet::from_range(from, upto);
        set.insert(uid(1 + self.dice.below(120) as u32));
        set
    }

    fn flags(&mut self) -> Flags {
        let mut bits = SystemFlags::from_bits(self.dice.below(32) as u8);
        if self.dice.below(4) > 0 {
            bits.remove(SystemFlags::DELETED);
        }
        let mut flags = Flags::from(bits);
        for word in ["$Forwarded", "work", "$MDNSent"] {
            if self.dice.below(4) == 0 {
                flags.insert_keyword(Keyword::parse(word).unwrap());
            }
        }
        flags
    }

    fn bytes(&mut self) -> Bytes {
        let small = self.dice.below(20) > 0;
        let sizes = if small { &SIZES[..4] } else { &SIZES[..] };
        let len = self.dice.pick(sizes);
        content(self.dice.next(), len)
    }

    // ---- operations -----------------------------------------------------------------------

    async fn create_account(&mut self) {
        let new = NewAccount { address: self.local(), now: self.now, ..new_account("x") };
        let made = both!(self, new, |s| s.create_account(new.clone()));
        if let Ok(account) = made {
            self.accounts.push(account.id);
            self.mailboxes.push(account.inbox);
        }
    }

    async fn account_changes(&mut self) {
        let (id, day) = (self.account(), day(self.dice.below(60) as u32));
        let what = self.dice.below(6);
        match what {
            0 => drop(both!(self, (what, id), |s| s.set_password(id, "new".into()))),
            1 | 2 => drop(both!(self, (what, id), |s| s.touch_login(id, day))),
            3 => drop(both!(self, (what, id), |s| s.set_enabled(id, day.0 % 2 == 0))),
            4 => {
                let n = 1 + self.dice.below(3) as usize;
                drop(both!(self, (day, id), |s| s.inactive_accounts(day, Some(id), n)));
            }
            _ if self.dice.below(4) > 0 => {}
            _ => drop(both!(self, (what, id), |s| s.delete_account(id))),
        }
        let who = self.local();
        drop(both!(self, who, |s| s.find_account(&who)));
    }

    async fn accept(&mut self) {
        let bytes = self.bytes();
        let local: Vec<Address> = (0..self.dice.below(4)).map(|_| self.local()).collect();
        let to_elsewhere: Vec<RemoteEnvelope> = (0..self.dice.below(6) / 4)
            .map(|n| remote(&format!("r{n}.example"), &["x", "y"]))
            .collect();
        let dedupe = (self.dice.below(3) == 0).then(|| key(self.dice.below(6)));
        let now = self.now;
        let accepted = both!(self, (&local, &to_elsewhere, dedupe, bytes.len()), |s| async {
            let body = body(s, &bytes).await;
            let (local, remote) = (local.clone(), to_elsewhere.clone());
            s.accept(Acceptance { dedupe, body, local, remote, now }).await
        });
        let accepted = accepted.unwrap();
        for outcome in &accepted.local {
            let kind = match outcome {
                LocalOutcome::Stored { .. } => 0,
                LocalOutcome::NoSuchUser => 1,
                LocalOutcome::OverQuota => 2,
            };
            self.outcomes[kind] += 1;
        }
        self.queued.extend(accepted.queued);
    }

    async fn append(&mut self) {
        let (account, to) = (self.account(), self.name());
        let messages: Vec<_> = (0..self.dice.below(4))
            .map(|_| (self.bytes(), self.flags(), Timestamp(self.now.0 - 1_000)))
            .collect();
        drop(both!(self, (account, &to, messages.len()), |s| async {
            let mut new = Vec::new();
            for (bytes, flags, internal_date) in messages.clone() {
                let body = body(s, &bytes).await;
                new.push(NewMessage { body, flags, internal_date });
            }
            s.append(account, to.clone(), new).await
        }));
    }

    async fn copy_or_move(&mut self) {
        let (account, from, set, to) =
            (self.account(), self.mailbox(), self.uid_set(), self.name());
        let what = ("copy or move", account, from, &set, &to);
        if self.dice.coin() {
            drop(both!(self, what, |s| s.copy(account, from, set.clone(), to.clone())));
        } else {
            drop(both!(self, what, |s| s.move_messages(account, from, set.clone(), to.clone())));
        }
    }

    async fn store_flags(&mut self) {
        let (mailbox, set) = (self.mailbox(), self.uid_set());
        let op = self.dice.pick(&[FlagOp::Set, FlagOp::Add, FlagOp::Remove]);
        let change = FlagChange { op, flags: self.flags() };
        let since = (self.dice.below(4) == 0).then(|| ModSeq(self.dice.below(200)));
        let what = ("flags", mailbox, &set, &change, since);
        drop(both!(self, what, |s| s.store_flags(mailbox, set.clone(), change.clone(), since)));
    }

    async fn expunge(&mut self) {
        let mailbox = self.mailbox();
        let set = (self.dice.below(4) > 0).then(|| self.uid_set());
        drop(both!(self, ("expunge", mailbox, &set), |s| s.expunge(mailbox, set.clone())));
    }

    async fn mailbox_changes(&mut self) {
        let (account, from, to, now) = (self.account(), self.name(), self.name(), self.now);
        let what = self.dice.below(6);
        let said = (what, account, &from, &to);
        match what {
            0..=2 => drop(both!(self, said, |s| s.create_mailbox(account, from.clone(), now))),
            3 => drop(both!(self, said, |s| s.delete_mailbox(account, from.clone()))),
            4 => {
                drop(both!(self, said, |s| {
                    s.rename_mailbox(account, from.clone(), to.clone(), now)
                }));
            }
            _ => {
                let on = self.dice.coin();
                drop(both!(self, said, |s| s.subscribe(account, from.clone(), on)));
            }
        }
        drop(both!(self, account, |s| s.mailboxes(account)));
    }

    async fn open_mailbox(&mut self) {
        let (account, name, read_only) = (self.account(), self.name(), self.dice.coin());
        let what = ("open", account, &name, read_only);
        let opened = both!(self, what, |s| s.open(account, name.clone(), read_only));
        if let Ok(opened) = opened {
            self.check_opened(&opened).await;
            self.mailboxes.push(opened.id);
        }
    }

    /// P3: EXISTS agrees with FETCH, UIDs ascend, counters never fall.
    async fn check_opened(&mut self, opened: &Opened) {
        let (id, status) = (opened.id, &opened.status);
        assert_eq!(u64::from(status.exists), opened.uids.len());
        let messages = both!(self, id, |s| s.messages(id, all(), usize::MAX)).unwrap();
        assert_eq!(messages.len(), status.exists as usize);
        let bytes: u64 = messages.iter().map(|m| u64::from(m.size_bytes)).sum();
        assert_eq!(bytes, status.size_bytes);
        assert!(messages.iter().all(|m| m.modseq <= status.highest_modseq));
        assert!(opened.uids.last() < status.uid_next);
        self.largest = self.largest.max(status.exists);
        let highest = self.highest.entry((id, status.uid_validity)).or_insert(Uid::MIN);
        let next = status.uid_next.unwrap();
        assert!(*highest <= next, "UIDs go back");
        *highest = next;
        let modseq = self.modseqs.entry(id).or_insert(ModSeq::ZERO);
        assert!(*modseq <= status.highest_modseq, "MODSEQ goes back");
        *modseq = status.highest_modseq;
    }

    async fn look(&mut self) {
        let (account, name, mailbox) = (self.account(), self.name(), self.mailbox());
        drop(both!(self, account, |s| s.quota(account)));
        drop(both!(self, (account, &name), |s| s.status(account, name.clone())));
        let since = ModSeq(self.dice.below(250));
        drop(both!(self, (mailbox, since), |s| s.changes_since(mailbox, since)));
        let (set, n) = (self.uid_set(), self.dice.below(12) as usize);
        drop(both!(self, (mailbox, &set, n), |s| s.messages(mailbox, set.clone(), n)));
    }

    async fn read_body(&mut self) {
        let (mailbox, uid) = (self.mailbox(), uid(1 + self.dice.below(30) as u32));
        let from = self.dice.pick(&[0, 1, 499, 262_143, 262_144, 300_000, 599_999, 700_000]);
        let upto = from + self.dice.pick(&[0, 1, 1_000, 262_144, 1_000_000]);
        let what = ("read", mailbox, uid, from, upto);
        drop(both!(self, what, |s| s.read_body(mailbox, uid, from..upto)));
    }

    async fn queue(&mut self) {
        let (now, n) = (self.now, 1 + self.dice.below(3) as usize);
        let later = Timestamp(now.0 + self.dice.below(100_000) as i64);
        if self.dice.coin() || self.claims.is_empty() {
            self.claim(now, n).await;
            return;
        }
        let (id, ours, theirs) = self.dice.pick(&self.claims);
        let done = vec![remote("r0.example", &["x"]).recipients[0].clone()];
        let what = self.dice.below(5);
        let (model, engine): (Result<bool>, Result<bool>) = match what {
            0 => (
                self.model.renew(id, ours, later).await,
                self.engine.renew(id, theirs, later).await,
            ),
            1 => (
                self.model.defer(id, ours, later, "later".into()).await,
                self.engine.defer(id, theirs, later, "later".into()).await,
            ),
            2 => (self.model.release(id, ours).await, self.engine.release(id, theirs).await),
            3 => (
                self.model.finish(id, ours, done.clone()).await,
                self.engine.finish(id, theirs, done).await,
            ),
            _ => {
                let all = ["r0.example", "r1.example"].map(|d| remote(d, &["x", "y"]).recipients);
                (
                    self.model.finish(id, ours, all.concat()).await,
                    self.engine.finish(id, theirs, all.concat()).await,
                )
            }
        };
        self.compare(&("queue", what, id), &model, &engine);
        let some = self.dice.pick(&self.queued);
        drop(both!(self, some, |s| s.read_queued(some, 0..1_000_000)));
        drop(both!(self, "queue", |s| s.queue_len()));
    }

    async fn claim(&mut self, now: Timestamp, n: usize) {
        let mut ours = self.model.claim("me", now, n, 60_000).await.unwrap();
        let mut theirs = self.engine.claim("me", now, n, 60_000).await.unwrap();
        for (our, their) in ours.iter_mut().zip(&mut theirs) {
            self.claims.push((our.id, our.token, their.token));
            (our.token, their.token) = (ClaimToken(0), ClaimToken(0));
        }
        self.compare(&("claim", now, n), &ours, &theirs);
    }

    async fn sweep(&mut self) {
        let (today, budget) = (self.now.day().0, 1 + self.dice.below(12) as usize);
        match self.dice.below(4) {
            0 | 1 => {
                let before = Day(today.saturating_sub(self.dice.below(40) as u32));
                let large_before = Day(today.saturating_sub(self.dice.below(20) as u32));
                let rule = ExpiryRule { before, large_before };
                drop(both!(self, (rule, budget), |s| s.expire_due(rule, budget)));
            }
            2 => {
                let (account, target) = (self.account(), self.dice.below(800_000));
                let before = Timestamp(self.now.0 - self.dice.below(400_000) as i64);
                let what = ("evict", account, target, before, budget);
                drop(both!(self, what, |s| s.evict(account, target, before, budget)));
            }
            _ => {
                let now = self.now;
                drop(both!(self, "reclaim", |s| s.reclaim(now, 10_000)));
                drop(both!(self, "sweep", |s| s.set_last_sweep(now)));
            }
        }
        drop(both!(self, "sweep", |s| s.last_sweep()));
    }

    async fn meta(&mut self) {
        let (account, now) = (self.account(), self.now);
        for _ in 0..self.dice.below(8) {
            let value = content(self.dice.below(40), 20);
            let expires = Timestamp(now.0 + self.dice.below(500_000) as i64);
            let value = MetaValue { value, expires };
            drop(both!(self, account, |s| s.meta_put(account, "k", value.clone())));
        }
        let gone = content(self.dice.below(40), 20);
        drop(both!(self, account, |s| s.meta_remove(account, "k", &gone)));
        drop(both!(self, (account, now), |s| s.meta_get(account, "k", now)));
    }

    async fn leases(&mut self) {
        let owner = self.dice.pick(&["one", "two"]);
        let now = self.now;
        drop(both!(self, owner, |s| s.acquire_lease("sweep", owner, now, 50_000)));
        if self.dice.coin() {
            drop(both!(self, owner, |s| s.release_lease("sweep", owner)));
        }
    }

    fn watch(&mut self) {
        let mailbox = self.mailbox();
        let pair = (self.model.watch(mailbox), self.engine.watch(mailbox));
        self.watches.insert(mailbox, pair);
    }

    /// Every hint is there when the operation is answered.
    async fn check_hints(&mut self) {
        for (mailbox, (ours, theirs)) in &self.watches {
            self.compare(&("hint", mailbox), &ours.current(), &theirs.current());
        }
    }

    async fn restart(&mut self) {
        self.watches.clear();
        if self.dice.coin() {
            self.engine.close().await.unwrap();
        }
        let verified = if self.dice.coin() { self.engine.verify().await } else { Ok(Vec::new()) };
        assert!(verified.is_err() || verified == Ok(Vec::new()), "{}: {verified:?}", self.seed);
        // The old one must be gone before the new one may have the directory.
        let placeholder = tempfile::tempdir().unwrap();
        self.engine = open(placeholder.path());
        self.engine = open(self.dir.path());
    }
}

/// Sequences that meet only one kind of answer prove little.
fn check_outcomes(run: &Run) {
    println!("seed {}: {:?}, up to {} messages", run.seed, run.outcomes, run.largest);
    assert!(run.outcomes[..2].iter().all(|n| *n > 0));
}

async fn conform(seed: u64) {
    let mut run = Run::new(seed);
    for step in 0..STEPS {
        run.step = step;
        run.step().await;
    }
    assert_eq!(run.engine.verify().await, Ok(Vec::new()), "seed {seed}");
    check_outcomes(&run);
}

macro_rules! seeds {
    ($($name:ident: $seed:expr,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                conform($seed).await;
            }
        )*
    };
}

seeds! {
    p3_the_engine_behaves_as_the_model_0: 0,
    p3_the_engine_behaves_as_the_model_1: 1,
    p3_the_engine_behaves_as_the_model_2: 2,
    p3_the_engine_behaves_as_the_model_3: 3,
    p3_the_engine_behaves_as_the_model_4: 4,
    p3_the_engine_behaves_as_the_model_5: 5,
}
