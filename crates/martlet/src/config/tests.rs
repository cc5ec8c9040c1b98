use proptest::prelude::*;

use super::*;

/// Where the reference is kept, seen from this crate.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");

fn parse(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|faults| panic!("{}", printed(&faults)))
}

fn faults(text: &str) -> Vec<Fault> {
    Config::parse(text).expect_err(text)
}

fn printed(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// Parses one line of a section, in a file that is fine otherwise, and expects one fault in it.
fn only_fault(section: &str, line: &str) -> Fault {
    let text = format!("domain = \"chat.example\"\n[{section}]\n{line}\n");
    let mut all = faults(&text);
    assert_eq!(all.len(), 1, "{line}\n{}", printed(&all));
    let fault = all.remove(0);
    assert_eq!(fault.line, 3, "{fault}");
    fault
}

#[test]
fn one_line_is_enough() {
    let config = parse("domain = \"Chat.Example\"");
    assert_eq!(config, Config::new(Domain::parse("chat.example").unwrap()));
    assert_eq!(config.listen.imaps.len(), 2);
    assert_eq!(config.limits.message_size_max.bytes(), mail::limits::MESSAGE_BYTES_MAX);
    assert_eq!(config.no_create_file(), Path::new("/var/lib/martlet/nocreate"));
}

#[test]
fn every_kind_of_value_is_taken() {
    let config = parse(
        "domain = \"[192.0.2.1]\"\ndata_dir = \"/srv/mail\"\n\
         [listen]\nsmtp = []\nimaps = [\"192.0.2.1:993\", \"[2001:db8::1]:993\"]\n\
         [tls]\nmode = \"files\"\ncert = \"/etc/c.pem\"\nkey = \"/etc/k.pem\"\n\
         [limits]\nmessage_size_max = 0x100000\nmailbox_size_max = \"1 GiB\"\nsend_burst = 1_000\n\
         [accounts]\nmax_load_1m = 7\nno_create_file = \"/etc/stop\"\n\
         [privacy]\npostal = \"\"\"\nA street\nA town\"\"\"\nmail = \"a@b.example\"\n\
         [log]\nlevel = \"trace\"\nformat = \"json\"\n",
    );
    assert!(config.listen.smtp.is_empty());
    assert_eq!(config.listen.imaps[1].to_string(), "[2001:db8::1]:993");
    assert_eq!(config.tls.mode, TlsMode::Files);
    assert_eq!(config.limits.message_size_max.bytes(), 1 << 20);
    assert_eq!(config.limits.mailbox_size_max.bytes(), 1 << 30);
    assert_eq!(config.limits.send_burst, 1_000);
    assert_eq!(config.accounts.max_load_1m.to_string(), "7");
    assert_eq!(config.no_create_file(), Path::new("/etc/stop"));
    assert_eq!(config.privacy.postal.as_deref(), Some("A street\nA town"));
    assert_eq!(config.log.level, LogLevel::Trace);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn g1_every_fault_is_reported_at_once_with_place_and_advice() {
    let all = faults(
        "domain = chat example\n\
         data_dir = \"mail\"\n\
         [listen]\n\
         imaps = [\"localhost:993\", \":993\", 993]\n\
         http = \"0.0.0.0:80\"\n\
         [tls]\n\
         mode = \"file\"\n\
         [limits]\n\
         recipients_max = \"100\"\n\
         message_size_max = true\n\
         [accounts]\n\
         username_min_length = 10\n\
         [privacy]\n\
         mail = \"nobody\"\n\
         [log]\n\
         level = \"loud\"\n",
    );
    let places: Vec<(usize, usize)> = all.iter().map(|it| (it.line, it.column)).collect();
    let expected = [
        (1, 10),
        (2, 12),
        (4, 10),
        (4, 27),
        (4, 35),
        (5, 8),
        (7, 8),
        (9, 18),
        (10, 20),
        (12, 23),
        (14, 8),
        (16, 9),
    ];
    assert_eq!(places, expected, "{}", printed(&all));
    assert!(all.iter().all(|fault| !fault.problem.is_empty() && !fault.advice.is_empty()));
}

#[test]
fn g1_a_missing_domain_is_said_once_and_with_the_line_to_write() {
    let all = faults("");
    assert_eq!(
        printed(&all),
        "1:1: domain: the mail domain is missing. Write a line such as domain = \
         \"chat.example.org\" above all sections\n"
    );
}

#[test]
fn g1_a_bad_domain_says_what_is_meant() {
    let advice = |domain: &str| faults(&format!("domain = \"{domain}\"")).remove(0).advice;
    assert_eq!(advice("192.0.2.1"), "Write \"[192.0.2.1]\"");
    for domain in ["https://chat.example", "a@b", "chat example", "", "a..b", "-a.b"] {
        assert!(advice(domain).contains("Write only the name"), "{domain}");
    }
}

#[test]
fn g1_words_without_quotes_are_recognised() {
    let fault = faults("domain = chat.example\n").remove(0);
    assert_eq!(
        fault.to_string(),
        "1:10: chat.example has no quotes around it. Write \"chat.example\""
    );
    let fault = faults("domain =\n").remove(0);
    assert!(fault.to_string().contains("the value is missing"), "{fault}");
}

#[test]
fn g1_an_address_twice_is_one_fault_for_each_clash() {
    let fault = only_fault("listen", "imap = [\"127.0.0.1:993\"]");
    assert!(fault.problem.contains("127.0.0.1:993 is taken by listen.imaps"), "{fault}");
    let fault = only_fault("listen", "http = [\"192.0.2.1:80\", \"192.0.2.1:80\"]");
    assert!(fault.problem.contains("taken by listen.http"), "{fault}");
    parse("domain = \"a.b\"\n[listen]\nimap = [\"127.0.0.1:1\"]\nimaps = [\"127.0.0.2:1\"]");
    parse("domain = \"a.b\"\n[listen]\nimap = [\"0.0.0.0:1\"]\nimaps = [\"[::]:1\"]");
}

#[test]
fn g1_a_relay_that_listens_nowhere_is_a_fault() {
    let services = ["submission", "submissions", "imap", "imaps", "https"];
    let none: String = services.iter().map(|service| format!("{service} = []\n")).collect();
    let found = faults(&format!("domain = \"x.org\"\n[listen]\nsmtp = []\n{none}http = []\n"));
    assert_eq!(found.len(), 1, "{}", printed(&found));
    assert!(found[0].problem.contains("no service listens"), "{}", found[0]);
    parse(&format!("domain = \"x.org\"\n[listen]\nsmtp = []\n{none}"));
}

#[test]
fn g1_bad_socket_addresses() {
    for bad in ["993", ":993", "localhost:993", "::1:993x", "1.2.3.4", "1.2.3.4:65536", "1.2.3.4:0"]
    {
        let fault = only_fault("listen", &format!("imaps = [\"{bad}\"]"));
        assert_eq!((fault.key.as_str(), fault.column), ("listen.imaps", 10), "{bad}");
    }
    assert!(only_fault("listen", "imaps = \"0.0.0.0:993\"").advice.contains("[\"0.0.0.0:993\""));
}

#[test]
fn g1_certificate_files_go_with_their_mode() {
    let all = faults("domain = \"a.b\"\n[tls]\nmode = \"files\"\n");
    let problems: Vec<&str> = all.iter().map(|fault| fault.problem.as_str()).collect();
    assert!(problems[0].contains("needs the key tls.cert"), "{problems:?}");
    assert!(problems[1].contains("needs the key tls.key"), "{problems:?}");
    assert!(only_fault("tls", "cert = \"/c.pem\"").advice.contains("mode = \"files\""));
    let relative =
        faults("domain = \"a.b\"\n[tls]\nmode = \"files\"\ncert = \"c.pem\"\nkey = \"/k.pem\"\n");
    assert_eq!(relative.len(), 1);
    assert!(relative[0].advice.contains("beginning with a slash"));
}

#[test]
fn g1_values_that_contradict_each_other() {
    let fault = only_fault("accounts", "username_min_length = 10");
    assert!(fault.problem.contains("shortest name (10) is longer than the longest (9)"));
    let fault = only_fault("accounts", "username_max_length = 8");
    assert!(fault.problem.contains("shortest name (9) is longer than the longest (8)"));
    let fault = only_fault("limits", "mailbox_size_max = \"29M\"");
    assert!(fault.problem.contains("the largest message (30M) does not fit"), "{fault}");
    parse("domain = \"a.b\"\n[limits]\nmailbox_size_max = \"30M\"");
}

#[test]
fn g1_ceilings_of_the_rooms_hold_at_the_limit_and_not_past_it() {
    let sizes = "mailbox_size_max = \"8G\"\nmessage_size_max =";
    parse(&format!("domain = \"a.b\"\n[limits]\n{sizes} {}", u32::MAX));
    assert_eq!(faults(&format!("domain = \"a.b\"\n[limits]\n{sizes} \"4G\"")).len(), 1);
    parse("domain = \"a.b\"\n[accounts]\nusername_max_length = 64\npassword_min_length = 1024");
    only_fault("accounts", "username_max_length = 65");
    only_fault("accounts", "password_min_length = 1025");
}

#[test]
fn g2_an_unknown_key_names_its_nearest() {
    let advice = |section: &str, line: &str| only_fault(section, line).advice;
    assert_eq!(advice("limits", "recipient_max = 5"), "Did you mean recipients_max?");
    assert_eq!(advice("limits", "Send_Burst = 5"), "Did you mean send_burst?");
    assert_eq!(advice("limits", "mode = 5"), "It belongs in the section [tls]");
    assert_eq!(advice("tls", "domain = \"a.b\""), "It belongs above all sections");
    assert_eq!(
        advice("tls", "emburst_send = 1"),
        "The keys in the section [tls] are mode, cert, key"
    );
    let fault = only_fault("limits", "\"a\\u001bb\" = 5");
    assert_eq!(fault.key, "limits.a\\u{1b}b", "no control character reaches a terminal");
}

#[test]
fn g2_an_unknown_section_names_its_nearest() {
    let all = faults("domain = \"a.b\"\n[limit]\nsend_burst = 5\n[zzz]\n");
    assert_eq!(all[0].to_string(), "2:2: limit: there is no such section. Did you mean [limits]?");
    assert!(all[1].advice.starts_with("The sections are [listen], [tls], [limits]"));
    assert_eq!(all.len(), 2);
    let all = faults("limits = 5\ndomain = \"a.b\"\n");
    assert!(all[0].advice.starts_with("Write [limits] on a line of its own"), "{}", all[0]);
}

#[test]
fn g2_misspelt_and_missing_is_two_faults() {
    let all = faults("domian = \"a.b\"\n");
    assert_eq!(all.len(), 2);
    assert!(printed(&all).contains("Did you mean domain?"), "{}", printed(&all));
}

#[test]
fn g2_duplicates_are_faults() {
    let all = faults("domain = \"a.b\"\ndomain = \"a.c\"\n[log]\nlevel = \"info\"\n[log]\n");
    assert_eq!(all.len(), 2, "{}", printed(&all));
    assert_eq!(all[0].to_string(), "2:1: \"domain\" is there twice. Keep one of the two");
    assert_eq!(all[1].line, 5);
}

#[test]
fn g3_sizes() {
    let size = |text: &str| {
        let file = format!("domain = \"a.b\"\n[limits]\nmailbox_size_max = {text}\n");
        Config::parse(&file).map(|config| config.limits.mailbox_size_max.bytes())
    };
    for (text, bytes) in [
        ("\"500M\"", 500 << 20),
        ("\"1GiB\"", 1 << 30),
        ("\" 1g \"", 1 << 30),
        ("\"31457280\"", 31_457_280),
        ("524288000", 500 << 20),
        ("\"1048576G\"", 1 << 50),
    ] {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for (text, hint) in [
        ("0", "nothing here is unlimited"),
        ("\"0M\"", "nothing here is unlimited"),
        ("-5", "negative"),
        ("\"-5M\"", "not a size"),
        ("\"5 apples\"", "not a size"),
        ("\"1.5G\"", "not a size"),
        ("\"\"", "not a size"),
        ("\"unlimited\"", "not a size"),
        ("99999999999999999999999", "too large"),
        ("\"99999999999G\"", "too large"),
        ("\"1048577G\"", "too large"),
        ("5.5", "decimal point"),
        ("500M", "no quotes around it"),
    ] {
        let all = size(text).unwrap_err();
        assert_eq!(all.len(), 1, "{text} {}", printed(&all));
        assert!(all[0].to_string().contains(hint), "{text} {}", all[0]);
    }
}

#[test]
fn g3_counts() {
    for (text, hint) in [
        ("0", "nothing here is unlimited"),
        ("-1", "negative"),
        ("1000000001", "too large"),
        ("99999999999999999999999", "too large"),
        ("\"5\"", "without quotes: 5"),
        ("5.0", "decimal point"),
        ("[5]", "a list"),
        ("1979-05-27", "a date"),
    ] {
        let fault = only_fault("limits", &format!("recipients_max = {text}"));
        assert!(fault.to_string().contains(hint), "{text} {fault}");
    }
    parse("domain = \"a.b\"\n[limits]\nrecipients_max = 1000000000\nsend_per_minute = 1\n");
    for text in ["0", "0.0", "-1", "nan", "inf", "\"5\""] {
        only_fault("accounts", &format!("max_load_1m = {text}"));
    }
}

#[test]
fn g3_zero_days_are_no_retention() {
    for key in
        ["delete_mails_after_days", "delete_large_after_days", "delete_inactive_users_after_days"]
    {
        only_fault("retention", &format!("{key} = 0"));
    }
}

#[test]
fn g13_the_sample_is_the_default_configuration() {
    let config = Config::new(Domain::parse("chat.example").unwrap());
    assert_eq!(parse(&config.sample()), config);
    let uncommented: String = config
        .sample()
        .lines()
        .filter(|line| !line.starts_with("# ") && !line.contains(" = # "))
        .map(|line| format!("{}\n", line.trim_start_matches('#')))
        .collect();
    assert!(uncommented.contains("\ndelete_mails_after_days = 20\n"));
    assert_eq!(parse(&uncommented), config, "each commented line is the default");
}

#[test]
fn g13_what_dev_runs_with_can_be_shown() {
    let domain = Domain::parse("chat.test").unwrap();
    let config = Config::dev(&domain, Path::new("/tmp/dev"), 10_000, false);
    assert_eq!(parse(&config.show()), config);
    assert_eq!(config.listen.imaps[0].to_string(), "127.0.0.1:10993");
    assert!(Config::dev(&domain, Path::new("/tmp/dev"), 10_000, true).unlimited);
}

#[test]
fn every_key_is_explained() {
    for entry in Config::new(Domain::parse("a.b").unwrap()).entries() {
        assert!(entry.meaning.trim().ends_with('.'), "{}", entry.path());
        assert!(entry.beyond.is_empty() || entry.beyond.ends_with('.'), "{}", entry.path());
        assert!(!entry.kind.is_empty());
    }
}

#[test]
fn the_reference_in_docs_is_current() {
    let kept = std::fs::read_to_string(REFERENCE).unwrap_or_default();
    assert!(
        kept == Config::describe(),
        "docs/configuration.md is not what the schema says; run the ignored test \
         write_the_reference"
    );
}

#[test]
#[ignore = "writes docs/configuration.md"]
fn write_the_reference() {
    std::fs::write(REFERENCE, Config::describe()).unwrap();
}

fn sockets(port: u16) -> impl Strategy<Value = Vec<SocketAddr>> {
    let ip = prop_oneof![
        any::<[u8; 4]>().prop_map(std::net::IpAddr::from),
        any::<[u8; 16]>().prop_map(std::net::IpAddr::from)
    ];
    let only = move |ip: std::net::IpAddr| SocketAddr::from((ip, port));
    proptest::option::of(ip.prop_map(only)).prop_map(|one| one.into_iter().collect())
}

prop_compose! {
    fn any_config()(
        imaps in sockets(993), https in sockets(443),
        dir in "/[a-z\"\\\\ \u{e4}']{0,12}",
        files in any::<bool>(),
        message in 1u64..u64::from(u32::MAX), more in 0u64..(1 << 40),
        counts in proptest::collection::vec(1u32..1_000_000_000, 6),
        lengths in (1usize..10, 10usize..64, 1usize..1024),
        load in 0.001f64..1e9,
        postal in proptest::option::of("[a-z\"\\\\\n\t\u{e4}#]{0,20}x"),
        contact in proptest::option::of("[a-z]{1,8}@[a-z]{1,8}\\.example"),
        level in 0usize..5, json in any::<bool>(),
    ) -> Config {
        let mut config = Config::new(Domain::parse("chat.example").unwrap());
        config.listen.imaps = imaps;
        config.listen.https = https;
        config.data_dir = dir.clone().into();
        if files {
            config.tls.mode = TlsMode::Files;
            config.tls.cert = Some(dir.clone().into());
            config.tls.key = Some(dir.into());
        }
        config.limits.message_size_max = ByteSize::new(message).unwrap();
        config.limits.mailbox_size_max = ByteSize::new(message + more).unwrap();
        config.limits.recipients_max = counts[0] as usize;
        config.limits.send_per_minute = counts[1];
        config.limits.send_burst = counts[2];
        config.retention.delete_mails_after_days = counts[3];
        config.retention.delete_large_after_days = counts[4];
        config.limits.imap_connections_max = counts[5] as usize;
        config.accounts.username_min_length = lengths.0;
        config.accounts.username_max_length = lengths.1;
        config.accounts.password_min_length = lengths.2;
        config.accounts.max_load_1m = load;
        config.privacy.postal = postal;
        config.privacy.mail = contact.map(|text| text.parse().unwrap());
        config.log.level =
            [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace][level];
        config.log.format = if json { LogFormat::Json } else { LogFormat::Text };
        config
    }
}

proptest! {
    #[test]
    fn g13_what_is_shown_parses_back_to_the_same(config in any_config()) {
        let shown = config.show();
        let parsed = Config::parse(&shown);
        prop_assert_eq!(parsed.map_err(|faults| format!("{}\n{shown}", printed(&faults))), Ok(config));
    }

    #[test]
    fn g1_no_text_makes_the_reader_panic(text in "([a-z_]{0,8}|[\\[\\]=\"'\n#.,{} ]|0|-|domain = |listen|imaps|\\PC){0,40}") {
        if let Err(faults) = Config::parse(&text) {
            prop_assert!(!faults.is_empty());
            prop_assert!(faults.iter().all(|fault| fault.line >= 1 && fault.column >= 1));
        }
    }
}

#[test]
fn a_relay_is_local_only_if_all_of_it_is() {
    let domain = Domain::parse("chat.example").unwrap();
    let everywhere = Config::new(domain.clone());
    let mut config = Config::dev(&domain, Path::new("/nowhere"), 10_000, false);
    assert!(config.is_local());
    config.listen.smtp = everywhere.listen.smtp.clone();
    assert!(!config.is_local());
    // A service that is turned off makes nothing local.
    let mut config = everywhere;
    config.listen.imaps = Vec::new();
    assert!(!config.is_local());
}
