//! Who may log in under which name, and who may become an account by logging in.
//!
//! A relay makes an account of whoever comes first with a name and a password (mail specification
//! 1.1 to 1.4). Names are a closed alphabet, checked before any look-up or hashing. Old names of any
//! length go on working: length and password rules hold for new accounts only. Why somebody was
//! refused is for the log; the client only ever learns that authentication failed.

use mail::address::is_account_local_part;
use mail::limits::{LOGIN_NAME_BYTES_MAX, PASSWORD_BYTES_MAX};
use mail::{Address, Domain};

/// What the operator asks of names and passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRules {
    /// Fewest characters of a new local part.
    pub username_min: usize,
    /// Most characters of a new local part.
    pub username_max: usize,
    /// Fewest characters (Unicode scalar values) of a new password.
    pub password_min: usize,
    /// The one domain whose accounts live here.
    pub domain: Domain,
}

impl NameRules {
    /// Turns what a client typed as its name into an address of ours. Upper case is forgiven.
    pub fn login_name(&self, name: &str) -> Result<Address, LoginRefusal> {
        if name.len() > LOGIN_NAME_BYTES_MAX {
            return Err(LoginRefusal::TooLong);
        }
        if !name.bytes().all(is_login_byte) {
            return Err(LoginRefusal::Character);
        }
        let address = Address::parse(name).map_err(|_| LoginRefusal::NotAnAddress)?;
        if *address.domain() != self.domain {
            return Err(LoginRefusal::OtherDomain);
        }
        Ok(address)
    }
}

/// Why a text cannot be the login name of anybody here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// More than [`LOGIN_NAME_BYTES_MAX`] bytes.
    #[error("the login name is too long")]
    TooLong,
    /// A character outside `A-Z a-z 0-9 . - _ @ [ ]`.
    #[error("the login name has a character no login name has")]
    Character,
    /// Not `local@domain`.
    #[error("the login name is not an address")]
    NotAnAddress,
    /// An address of another domain.
    #[error("the login name belongs to another domain")]
    OtherDomain,
}

/// Why an unknown name did not become an account.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CreateRefusal {
    /// The operator has closed registration.
    #[error("registration is closed")]
    Closed,
    /// Fewer characters than [`NameRules::password_min`].
    #[error("the password is too short")]
    PasswordTooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("the password is too long")]
    PasswordTooLong,
    /// An address of another domain.
    #[error("the name belongs to another domain")]
    OtherDomain,
    /// Fewer or more characters than the rules allow.
    #[error("the name is too short or too long")]
    NameLength,
    /// Something outside `[a-z0-9._-]`.
    #[error("the name has a character a new name must not have")]
    NameCharacter,
    /// The machine is too busy.
    #[error("registration rejected: load average {load} is above {max}")]
    Load {
        /// One-minute load average now.
        load: f64,
        /// The most at which accounts are made.
        max: f64,
    },
    /// The machine has too little memory left.
    #[error("registration rejected: {available} bytes of memory available, {min} wanted")]
    Memory {
        /// Bytes available now.
        available: u64,
        /// The fewest at which accounts are made.
        min: u64,
    },
    /// The file system of the store has too little room left.
    #[error("registration rejected: {free} bytes of disk free, {min} wanted")]
    Disk {
        /// Bytes free now.
        free: u64,
        /// The fewest at which accounts are made.
        min: u64,
    },
}

impl CreateRefusal {
    /// True if the machine is the reason: the operator should know. The text then begins with
    /// `registration rejected: `.
    pub fn is_system(&self) -> bool {
        matches!(
            self,
            CreateRefusal::Load { .. } | CreateRefusal::Memory { .. } | CreateRefusal::Disk { .. }
        )
    }
}

/// What is known of the machine at this moment. An unreadable value is `None` and not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SystemFacts {
    /// The operator's "no new accounts" file exists.
    pub no_create: bool,
    /// Load average of the last minute.
    pub load_1m: Option<f64>,
    /// Memory that programs could still get, in bytes.
    pub available_memory_bytes: Option<u64>,
    /// Free room on the file system that holds the mail, in bytes.
    pub free_disk_bytes: Option<u64>,
}

/// What the machine must have left for a new account. Comparisons are strict.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SystemLimits {
    /// Greatest one-minute load average.
    pub load_1m_max: f64,
    /// Least available memory, in bytes.
    pub available_memory_bytes_min: u64,
    /// Least free disk, in bytes.
    pub free_disk_bytes_min: u64,
}

/// Whether an unknown name may become an account with this password.
pub fn may_create(
    rules: &NameRules,
    name: &Address,
    password: &str,
    facts: &SystemFacts,
    limits: &SystemLimits,
) -> Result<(), CreateRefusal> {
    if facts.no_create {
        return Err(CreateRefusal::Closed);
    }
    password_suits(rules, password)?;
    name_suits(rules, name)?;
    system_has_room(facts, limits)
}

/// `[` and `]` are for domains that are address literals.
fn is_login_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b".-_@[]".contains(&b)
}

fn password_suits(rules: &NameRules, password: &str) -> Result<(), CreateRefusal> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(CreateRefusal::PasswordTooLong);
    }
    if password.chars().count() < rules.password_min {
        return Err(CreateRefusal::PasswordTooShort);
    }
    Ok(())
}

fn name_suits(rules: &NameRules, name: &Address) -> Result<(), CreateRefusal> {
    if *name.domain() != rules.domain {
        return Err(CreateRefusal::OtherDomain);
    }
    let length = name.local().chars().count();
    if !(rules.username_min..=rules.username_max).contains(&length) {
        return Err(CreateRefusal::NameLength);
    }
    if !is_account_local_part(name.local()) {
        return Err(CreateRefusal::NameCharacter);
    }
    Ok(())
}

fn system_has_room(facts: &SystemFacts, limits: &SystemLimits) -> Result<(), CreateRefusal> {
    let max = limits.load_1m_max;
    if let Some(load) = facts.load_1m.filter(|load| *load > max) {
        return Err(CreateRefusal::Load { load, max });
    }
    let min = limits.available_memory_bytes_min;
    if let Some(available) = facts.available_memory_bytes.filter(|bytes| *bytes < min) {
        return Err(CreateRefusal::Memory { available, min });
    }
    let min = limits.free_disk_bytes_min;
    if let Some(free) = facts.free_disk_bytes.filter(|bytes| *bytes < min) {
        return Err(CreateRefusal::Disk { free, min });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Domain {
        Domain::parse("chat.example").unwrap()
    }

    fn rules() -> NameRules {
        NameRules { username_min: 6, username_max: 10, password_min: 9, domain: ours() }
    }

    fn limits() -> SystemLimits {
        SystemLimits {
            load_1m_max: 5.0,
            available_memory_bytes_min: 200 << 20,
            free_disk_bytes_min: 1 << 30,
        }
    }

    fn create(local: &str, password: &str) -> Result<(), CreateRefusal> {
        let name = Address::new(local, &ours()).unwrap();
        may_create(&rules(), &name, password, &SystemFacts::default(), &limits())
    }

    fn create_on(facts: &SystemFacts) -> Result<(), CreateRefusal> {
        let name = Address::new("abcdef", &ours()).unwrap();
        may_create(&rules(), &name, "123456789", facts, &limits())
    }

    #[test]
    fn s18_login_names_are_a_closed_alphabet() {
        let login = |name: &str| rules().login_name(name);
        assert_eq!(login("ABC.d-e_1@Chat.Example").unwrap().as_str(), "abc.d-e_1@chat.example");
        for name in
            ["a+b@chat.example", "a/b@chat.example", "a b@chat.example", "\u{e4}@chat.example"]
        {
            assert_eq!(login(name), Err(LoginRefusal::Character), "{name}");
        }
        for name in ["", "abc", "a@b@chat.example", "@chat.example", "..@chat.example"] {
            assert_eq!(login(name), Err(LoginRefusal::NotAnAddress), "{name}");
        }
        for name in ["[a]@chat.example", ".a@chat.example", "a.@chat.example", "a..b@chat.example"]
        {
            assert_eq!(login(name), Err(LoginRefusal::NotAnAddress), "{name}");
        }
        assert_eq!(login("abc@other.example"), Err(LoginRefusal::OtherDomain));
        assert_eq!(login("abc@x.chat.example"), Err(LoginRefusal::OtherDomain));
    }

    #[test]
    fn an_address_literal_may_be_our_domain() {
        let rules = NameRules { domain: Domain::parse("[192.0.2.1]").unwrap(), ..rules() };
        assert!(rules.login_name("abcdefghi@[192.0.2.1]").is_ok());
        assert_eq!(rules.login_name("a@[192.0.2.2]"), Err(LoginRefusal::OtherDomain));
    }

    #[test]
    fn a_login_name_at_the_ceiling_is_looked_at_and_one_past_it_is_not() {
        let at = "a".repeat(LOGIN_NAME_BYTES_MAX);
        assert_eq!(rules().login_name(&at), Err(LoginRefusal::NotAnAddress));
        assert_eq!(rules().login_name(&format!("{at}a")), Err(LoginRefusal::TooLong));
    }

    #[test]
    fn s18_new_names_are_as_long_as_the_operator_says() {
        assert_eq!(create("abcde", "123456789"), Err(CreateRefusal::NameLength));
        for name in ["abcdef", "abc-d_1", "abcdefghij"] {
            assert_eq!(create(name, "123456789"), Ok(()), "{name}");
        }
        assert_eq!(create("abcdefghijk", "123456789"), Err(CreateRefusal::NameLength));
    }

    #[test]
    fn s18_new_names_have_no_other_characters() {
        for name in ["abc+def", "abc!def", "abc/def", "abcd\u{e9}f"] {
            assert_eq!(create(name, "123456789"), Err(CreateRefusal::NameCharacter), "{name}");
        }
        let elsewhere = Address::parse("abcdef@other.example").unwrap();
        let facts = SystemFacts::default();
        let verdict = may_create(&rules(), &elsewhere, "123456789", &facts, &limits());
        assert_eq!(verdict, Err(CreateRefusal::OtherDomain));
    }

    #[test]
    fn passwords_are_counted_in_characters_and_capped_in_bytes() {
        assert_eq!(create("abcdef", "12345678"), Err(CreateRefusal::PasswordTooShort));
        assert_eq!(
            create("abcdef", "1234\u{e4}\u{e4}\u{e4}\u{e4}"),
            Err(CreateRefusal::PasswordTooShort)
        );
        assert_eq!(create("abcdef", "1234\"'\\/\u{e4}"), Ok(()));
        assert_eq!(create("abcdef", &"x".repeat(PASSWORD_BYTES_MAX)), Ok(()));
        let beyond = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(create("abcdef", &beyond), Err(CreateRefusal::PasswordTooLong));
    }

    #[test]
    fn refusals_come_in_the_order_of_the_specification() {
        let mut facts = SystemFacts { no_create: true, load_1m: Some(9.0), ..Default::default() };
        let name = Address::new("a+", &ours()).unwrap();
        let verdict = |name, password, facts: &SystemFacts| {
            may_create(&rules(), name, password, facts, &limits())
        };
        assert_eq!(verdict(&name, "short", &facts), Err(CreateRefusal::Closed));
        facts.no_create = false;
        assert_eq!(verdict(&name, "short", &facts), Err(CreateRefusal::PasswordTooShort));
        assert_eq!(verdict(&name, "123456789", &facts), Err(CreateRefusal::NameLength));
        let name = Address::new("abcde+", &ours()).unwrap();
        assert_eq!(verdict(&name, "123456789", &facts), Err(CreateRefusal::NameCharacter));
        assert_eq!(create_on(&facts), Err(CreateRefusal::Load { load: 9.0, max: 5.0 }));
    }

    #[test]
    fn system_limits_are_strict_and_the_first_hit_wins() {
        let at = SystemFacts {
            no_create: false,
            load_1m: Some(5.0),
            available_memory_bytes: Some(200 << 20),
            free_disk_bytes: Some(1 << 30),
        };
        assert_eq!(create_on(&at), Ok(()));
        let memory = SystemFacts {
            available_memory_bytes: Some((200 << 20) - 1),
            free_disk_bytes: Some(0),
            ..at
        };
        assert!(matches!(create_on(&memory), Err(CreateRefusal::Memory { .. })));
        let disk = SystemFacts { free_disk_bytes: Some((1 << 30) - 1), ..at };
        let refusal = create_on(&disk).unwrap_err();
        assert!(refusal.is_system() && !CreateRefusal::Closed.is_system());
        assert!(refusal.to_string().starts_with("registration rejected: "));
        let unreadable = SystemFacts { load_1m: None, ..disk };
        assert!(matches!(create_on(&unreadable), Err(CreateRefusal::Disk { .. })));
    }
}
