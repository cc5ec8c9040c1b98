//! The site by its answers, without a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::header;
use hyper::{Method, StatusCode};
use serde_json::Value;

use super::super::answer::{Answer, Ask};
use super::super::{Privacy, Registration, Site, SiteFacts, new_rate, samples};

fn site(facts: SiteFacts) -> Site {
    site_that_is(facts, None)
}

fn site_that_is(facts: SiteFacts, closed: Option<&'static str>) -> Site {
    let registration = Registration {
        random: Arc::new(|out| out.fill(0x5a)),
        closed: Arc::new(move || closed.map(str::to_owned)),
        limit: Some(new_rate()),
    };
    Site::new(facts, registration).unwrap()
}

fn ask(site: &Site, method: &Method, path: &str) -> Answer {
    ask_of(site, method, path, "chat.example")
}

fn ask_of(site: &Site, method: &Method, target: &str, host: &str) -> Answer {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let peer = "192.0.2.1".parse().unwrap();
    let ask = Ask { method, path, query, host: Some(host), peer };
    site.respond(&ask, Duration::from_secs(1))
}

fn get(site: &Site, path: &str) -> Answer {
    ask(site, &Method::GET, path)
}

fn body(answer: Answer) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(answer.into_body().collect()).unwrap().to_bytes().to_vec()
}

fn text(answer: Answer) -> String {
    String::from_utf8(body(answer)).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn every_path_of_the_site_answers_with_its_type() {
    let site = site(samples::ordinary());
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/info", "text/html; charset=utf-8"),
        ("/info/", "text/html; charset=utf-8"),
        ("/info.html", "text/html; charset=utf-8"),
        ("/privacy?x=1", "text/html; charset=utf-8"),
        ("/privacy.html", "text/html; charset=utf-8"),
        ("/main.css", "text/css; charset=utf-8"),
        ("/logo.svg", "image/svg+xml"),
        ("/robots.txt", "text/plain; charset=utf-8"),
        ("/qr-chatmail-invite-chat.example.png", "image/png"),
        ("/.well-known/autoconfig/mail/config-v1.1.xml", "text/xml; charset=utf-8"),
    ] {
        let answer = get(&site, path);
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, "content-type"), content_type, "{path}");
        assert!(header(&answer, "cache-control").starts_with("public, max-age="), "{path}");
        assert!(!body(answer).is_empty(), "{path}");
    }
}

#[test]
fn h4_paths_are_compared_and_never_opened() {
    let site = site(samples::ordinary());
    for path in [
        "/..%2f..%2fetc/passwd",
        "/../main.css",
        "/%00",
        "/main.css%00",
        "/info//",
        "//",
        "/INFO",
        "/newfoo",
        "/favicon.ico",
        "/qr-chatmail-invite-other.example.png",
        "/autodiscover/autodiscover.xml",
        "/mail/config-v1.1.xml",
        "*",
    ] {
        let answer = get(&site, path);
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(body(answer).len() < 64);
    }
}

#[test]
fn every_answer_carries_the_security_headers_and_no_server_name() {
    let site = site(samples::ordinary());
    for path in ["/", "/nothing", "/new", "/main.css"] {
        let answer = get(&site, path);
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "x-frame-options"), "DENY");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
        assert!(!answer.headers().contains_key(header::SERVER));
    }
}

#[test]
fn wrong_methods_learn_the_right_ones() {
    let site = site(samples::ordinary());
    for (method, path, allow) in [
        (Method::POST, "/", "GET, HEAD"),
        (Method::DELETE, "/main.css", "GET, HEAD"),
        (Method::PUT, "/new", "GET, HEAD, POST"),
        (Method::CONNECT, "", "GET, HEAD"),
    ] {
        let answer = ask(&site, &method, path);
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&answer, "allow"), allow);
        assert_eq!(header(&answer, "connection"), "close");
    }
}

#[test]
fn new_hands_out_credentials_as_one_line_of_json() {
    let site = site(samples::ordinary());
    for path in ["/new", "/new/", "/new?token=x", "/cgi-bin/newemail.py"] {
        let answer = ask(&site, &Method::POST, path);
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, "content-type"), "application/json");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let line = text(answer);
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
        let account: Value = serde_json::from_str(&line).unwrap();
        assert!(account["email"].as_str().unwrap().ends_with("@chat.example"));
        assert_eq!(account["password"].as_str().unwrap().len(), 12);
        assert!(account.get("dclogin_url").is_none());
    }
}

#[test]
fn a_browser_at_new_is_sent_to_the_app() {
    let answer = get(&site(samples::ordinary()), "/new");
    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(header(&answer, "location"), "dcaccount:https://chat.example/new");
}

#[test]
fn without_a_trusted_certificate_get_answers_too_and_has_a_login_link() {
    let site = site(samples::self_signed("[192.0.2.7]"));
    let account: Value = serde_json::from_str(&text(get(&site, "/new"))).unwrap();
    let link = account["dclogin_url"].as_str().unwrap();
    assert!(link.starts_with("dclogin:") && link.contains("@[192.0.2.7]?p="));
    assert!(link.ends_with("&sh=192.0.2.7&sp=465&ss=ssl&ic=3"));
}

#[test]
fn h3_too_many_are_told_when_to_come_back() {
    let site = site(samples::ordinary());
    let answers: Vec<_> = (0..1_000).map(|_| ask(&site, &Method::POST, "/new")).collect();
    let refused: Vec<_> = answers.into_iter().filter(|a| a.status() != StatusCode::OK).collect();
    assert_eq!(refused.len(), 995);
    let last = refused.into_iter().next_back().unwrap();
    assert_eq!(last.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&last, "retry-after"), "1");
    let told: Value = serde_json::from_str(&text(last)).unwrap();
    assert!(told["reason"].as_str().unwrap().contains("try again"));
}

#[test]
fn h3_a_closed_relay_says_why() {
    let site = site_that_is(samples::ordinary(), Some("Full up <now>."));
    let answer = ask(&site, &Method::POST, "/new");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told: Value = serde_json::from_str(&text(answer)).unwrap();
    assert_eq!(told["reason"], "Full up <now>.");
    let home = get(&site, "/");
    assert_eq!(header(&home, "cache-control"), "no-store");
    let page = text(home);
    assert!(page.contains("Full up &lt;now&gt;.") && !page.contains("class=\"button\""));
}

#[test]
fn the_home_page_offers_the_invite() {
    let page = text(get(&site(samples::ordinary()), "/"));
    let link = attribute(&page, "class=\"button\" href=\"");
    assert_eq!(link, "DCACCOUNT:https://chat.example/new");
    assert!(
        page.contains("<svg class=\"qr\"") && page.contains("qr-chatmail-invite-chat.example.png")
    );
    assert!(!page.contains("<script") && !page.contains(" style="));
}

#[test]
fn each_visitor_of_a_self_signed_relay_gets_a_link_of_his_own() {
    let facts = samples::self_signed("_relay.example");
    let drawn = AtomicU8::new(0);
    let registration = Registration {
        random: Arc::new(move |out| out.fill(drawn.fetch_add(37, Ordering::Relaxed))),
        closed: Arc::new(|| None),
        limit: None,
    };
    let site = Site::new(facts, registration).unwrap();
    let (first, second) = (get(&site, "/"), get(&site, "/"));
    assert_eq!(header(&first, "cache-control"), "no-store");
    let (first, second) = (text(first), text(second));
    let (first, second) = (
        attribute(&first, "class=\"button\" href=\""),
        attribute(&second, "class=\"button\" href=\""),
    );
    assert!(first.starts_with("dclogin:") && first.ends_with("&v=1&ic=3"));
    assert_ne!(first, second);
}

#[test]
fn h6_www_is_only_another_spelling_and_other_hosts_are_ignored() {
    let site = site(samples::ordinary());
    let answer = ask_of(&site, &Method::GET, "/info?x=1", "WWW.chat.example:443");
    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(header(&answer, "location"), "https://chat.example/info?x=1");
    for host in ["evil.example", "www.evil.example", "", "ww\u{e9}.x", "mta-sts.chat.example"] {
        let answer = ask_of(&site, &Method::GET, "/info", host);
        assert_eq!(answer.status(), StatusCode::OK, "{host}");
        assert!(!text(answer).contains("evil"));
    }
}

#[test]
fn contacts_that_are_not_configured_leave_no_trace() {
    let site = site(samples::ordinary());
    for path in ["/info", "/privacy"] {
        let page = text(get(&site, path));
        for trace in ["Contact", "responsible", "officer", "mailto:", "None", "none</", "{{", "{%"]
        {
            assert!(!page.contains(trace), "{path} has {trace}");
        }
    }
}

#[test]
fn contacts_are_shown_as_words_whatever_they_hold() {
    let mut facts = samples::ordinary();
    facts.privacy = Privacy {
        postal: Some("Ann <script>alert(1)</script>\n# 1 *Street*".to_owned()),
        mail: Some("ann_b@chat.example".to_owned()),
        pdo: Some("  ".to_owned()),
        supervisor: Some("[Office](javascript:x)".to_owned()),
    };
    let page = text(get(&site(facts), "/privacy"));
    assert!(page.contains("Ann &lt;script&gt;alert(1)&lt;/script&gt;<br />\n# 1 *Street*"));
    assert!(page.contains("<a href=\"mailto:ann_b@chat.example\">ann_b@chat.example</a>"));
    assert!(page.contains("[Office](javascript:x)"));
    assert!(!page.contains("officer") && !page.contains("href=\"javascript"));
}

#[test]
fn pages_tell_the_limits_that_hold() {
    let mut facts = samples::ordinary();
    facts.limits.delete_after_days = 33;
    facts.limits.send_per_minute = 77;
    facts.limits.mailbox_bytes_max = 3 << 29;
    let site = site(facts);
    assert!(text(get(&site, "/")).contains("Gone after 33 days"));
    let info = text(get(&site, "/info"));
    for words in ["77 messages a minute", "1.5\u{a0}GB", "30\u{a0}MB", "200\u{a0}kB", "33 days"] {
        assert!(info.contains(words), "{words}");
    }
}

/// The attribute value behind `before`, as a browser understands it.
fn attribute(page: &str, before: &str) -> String {
    let value = page.split_once(before).unwrap().1.split_once('"').unwrap().0;
    value.replace("&#x2f;", "/").replace("&amp;", "&")
}
