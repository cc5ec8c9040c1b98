//! The site itself: which path gets what.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;

use super::answer::{self, Answer, Ask, Keep};
use super::credentials::{Credentials, invent};
use super::pages::{self, Offer, Pages, TemplateError};
use super::qr::{self, Robustness};
use super::registration::{Registration, Turnstile};
use super::{SiteFacts, autoconfig, dclogin_url};

const HTML: &str = "text/html; charset=utf-8";
const PAGE_FRESH_S: u32 = 300;
const ASSET_FRESH_S: u32 = 3_600;
const AUTOCONFIG_PATH: &str = "/.well-known/autoconfig/mail/config-v1.1.xml";
const CODE_LABEL: &str = "QR code that opens a new profile in Delta Chat";

/// A relay's web site, ready to answer.
#[derive(Debug)]
pub struct Site {
    facts: SiteFacts,
    pages: Pages,
    home: Fixed,
    fixed: Vec<Fixed>,
    registration: Registration,
    turnstile: Turnstile,
}

/// Something that is the same for everyone.
#[derive(Debug)]
struct Fixed {
    path: String,
    content_type: &'static str,
    body: Bytes,
    fresh_s: u32,
}

/// The answer of `/new` (services specification 1.5).
#[derive(Serialize)]
struct Account<'a> {
    email: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dclogin_url: Option<String>,
}

/// Why there is no account; the client shows the words to its user.
#[derive(Serialize)]
struct Refusal<'a> {
    reason: &'a str,
}

impl Site {
    /// Renders every page once; from here on a page cannot fail.
    pub fn new(facts: SiteFacts, registration: Registration) -> Result<Site, TemplateError> {
        let pages = Pages::new(&facts)?;
        let turnstile = Turnstile::new(registration.limit);
        let home = usual_home(&facts, &pages)?;
        let fixed = fixed(&facts, &pages)?;
        Ok(Site { facts, pages, home, fixed, registration, turnstile })
    }

    /// What the site tells about the relay.
    pub fn facts(&self) -> &SiteFacts {
        &self.facts
    }

    /// Answers one request; `now` is the monotonic time since the program started.
    pub fn respond(&self, ask: &Ask<'_>, now: Duration) -> Answer {
        if self.is_asked_as_www(ask) {
            return answer::moved(url(&self.facts, ask));
        }
        match ask.path.strip_suffix('/').unwrap_or(ask.path) {
            "" | "/index.html" if ask.path.starts_with('/') => reading(ask, || self.home()),
            "/new" | "/cgi-bin/newemail.py" => self.new_account(ask, now),
            path => match self.fixed.iter().find(|fixed| fixed.path == path) {
                Some(fixed) => reading(ask, || fixed.answer()),
                None if ask.method == Method::CONNECT => answer::wrong_method("GET, HEAD"),
                None => answer::not_found(),
            },
        }
    }

    /// True for `www.<domain>`, which is only another spelling.
    fn is_asked_as_www(&self, ask: &Ask<'_>) -> bool {
        let name = super::redirect::without_port(ask.host.unwrap_or_default());
        name.get(..4).is_some_and(|www| www.eq_ignore_ascii_case("www."))
            && name[4..].eq_ignore_ascii_case(self.facts.domain.bare())
    }

    fn home(&self) -> Answer {
        if let Some(reason) = (self.registration.closed)() {
            return self.rendered_home(Offer::Closed(&reason));
        }
        if self.facts.tls_self_signed {
            return self.home_with_credentials();
        }
        self.home.answer()
    }

    /// Each visitor is offered a profile of his own.
    fn home_with_credentials(&self) -> Answer {
        let Credentials { address, password } = self.invent();
        let link = dclogin_url(&self.facts, &address, &password);
        match qr::svg(&link, Robustness::Screen, CODE_LABEL) {
            Ok(code) => self.rendered_home(Offer::Profile { link: &link, code, picture: None }),
            Err(_) => answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "Something broke.\n"),
        }
    }

    fn rendered_home(&self, offer: Offer<'_>) -> Answer {
        match self.pages.home(offer) {
            Ok(page) => answer::ok(HTML, page, Keep::Never),
            Err(error) => {
                tracing::error!(%error, "the home page cannot be rendered");
                answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "Something broke.\n")
            }
        }
    }

    fn new_account(&self, ask: &Ask<'_>, now: Duration) -> Answer {
        match *ask.method {
            Method::POST => self.hand_out(ask, now),
            Method::GET | Method::HEAD if self.facts.tls_self_signed => self.hand_out(ask, now),
            Method::GET | Method::HEAD => {
                answer::moved(format!("dcaccount:https://{}/new", self.facts.web_host()))
            }
            _ => answer::wrong_method("GET, HEAD, POST"),
        }
    }

    fn hand_out(&self, ask: &Ask<'_>, now: Duration) -> Answer {
        if let Err(too_soon) = self.turnstile.pass(ask.peer, now) {
            return too_many(too_soon.wait);
        }
        if let Some(reason) = (self.registration.closed)() {
            return json(StatusCode::SERVICE_UNAVAILABLE, &Refusal { reason: &reason });
        }
        let Credentials { address, password } = self.invent();
        let dclogin_url =
            self.facts.tls_self_signed.then(|| dclogin_url(&self.facts, &address, &password));
        json(StatusCode::OK, &Account { email: &address, password: &password, dclogin_url })
    }

    fn invent(&self) -> Credentials {
        invent(&self.facts, &*self.registration.random)
    }
}

impl Fixed {
    fn new(path: &str, content_type: &'static str, body: impl Into<Bytes>, fresh_s: u32) -> Fixed {
        Fixed { path: path.to_owned(), content_type, body: body.into(), fresh_s }
    }

    fn answer(&self) -> Answer {
        answer::ok(self.content_type, self.body.clone(), Keep::Seconds(self.fresh_s))
    }
}

/// The home page of a relay whose invite code is the same for everyone.
fn usual_home(facts: &SiteFacts, pages: &Pages) -> Result<Fixed, TemplateError> {
    let invite = facts.invite();
    let code = qr::svg(&invite, Robustness::Paper, CODE_LABEL)?;
    let picture = picture_path(facts);
    let page = pages.home(Offer::Profile { link: &invite, code, picture: Some(&picture) })?;
    Ok(Fixed::new("/", HTML, page, PAGE_FRESH_S))
}

/// Everything else that never changes.
fn fixed(facts: &SiteFacts, pages: &Pages) -> Result<Vec<Fixed>, TemplateError> {
    let info = Bytes::from(pages.info()?);
    let privacy = Bytes::from(pages.privacy()?);
    let picture = qr::png(&facts.invite())?;
    let xml = autoconfig::render(facts);
    Ok(vec![
        Fixed::new("/info", HTML, info.clone(), PAGE_FRESH_S),
        Fixed::new("/info.html", HTML, info, PAGE_FRESH_S),
        Fixed::new("/privacy", HTML, privacy.clone(), PAGE_FRESH_S),
        Fixed::new("/privacy.html", HTML, privacy, PAGE_FRESH_S),
        Fixed::new("/main.css", "text/css; charset=utf-8", pages::STYLE, ASSET_FRESH_S),
        Fixed::new("/logo.svg", "image/svg+xml", pages::LOGO, ASSET_FRESH_S),
        Fixed::new("/robots.txt", "text/plain; charset=utf-8", pages::ROBOTS, ASSET_FRESH_S),
        Fixed::new(&picture_path(facts), "image/png", picture, ASSET_FRESH_S),
        Fixed::new(AUTOCONFIG_PATH, "text/xml; charset=utf-8", xml, ASSET_FRESH_S),
    ])
}

/// Where the printable invite code is (services specification 2.2).
fn picture_path(facts: &SiteFacts) -> String {
    format!("/qr-chatmail-invite-{}.png", facts.domain.bare())
}

/// Answers GET and HEAD; `hyper` leaves the body of the latter away.
fn reading(ask: &Ask<'_>, answer: impl FnOnce() -> Answer) -> Answer {
    match *ask.method {
        Method::GET | Method::HEAD => answer(),
        _ => answer::wrong_method("GET, HEAD"),
    }
}

fn too_many(wait: Duration) -> Answer {
    let reason = "Too many new profiles from your network. Please try again in a moment.";
    let mut answer = json(StatusCode::TOO_MANY_REQUESTS, &Refusal { reason });
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut body = serde_json::to_string(value).expect("strings are always JSON");
    body.push('\n');
    answer::whole(status, "application/json", body, Keep::Never)
}

/// The URL asked for, under our own name.
fn url(facts: &SiteFacts, ask: &Ask<'_>) -> String {
    super::redirect::location(&facts.web_host(), ask)
}

#[cfg(test)]
#[path = "site/tests.rs"]
mod tests;
