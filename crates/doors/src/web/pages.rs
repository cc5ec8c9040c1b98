//! The pages: templates and markdown of `site/`, filled with the relay's own numbers.
//!
//! Templates are part of the program and are all rendered once at start, so a faulty one stops the
//! start and not a visitor. Values are escaped for where they stand: in `.html` as HTML, in `.md`
//! as markdown.

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, Output, State, context, escape_formatter};

use super::SiteFacts;
use super::markdown;

/// The style sheet, as served.
pub(super) const STYLE: &str = include_str!("../../site/main.css");
/// The bird, as served.
pub(super) const LOGO: &str = include_str!("../../site/logo.svg");
/// No crawler needs to come here.
pub(super) const ROBOTS: &str = include_str!("../../site/robots.txt");

const TEMPLATES: [(&str, &str); 4] = [
    ("layout.html", include_str!("../../site/layout.html")),
    ("home.html", include_str!("../../site/home.html")),
    ("info.md", include_str!("../../site/info.md")),
    ("privacy.md", include_str!("../../site/privacy.md")),
];

/// A page cannot be rendered from these facts.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template is faulty.
    #[error("page template: {0}")]
    Template(#[from] Error),
    /// The domain is too long for an invite code.
    #[error(transparent)]
    Code(#[from] super::qr::TooLong),
}

/// The templates and what stays the same in all of them.
#[derive(Debug)]
pub(super) struct Pages {
    templates: Environment<'static>,
    words: Value,
}

/// What the home page offers at this moment.
#[derive(Debug)]
pub(super) enum Offer<'a> {
    /// A new profile.
    Profile {
        /// Target of the button.
        link: &'a str,
        /// The same target as an SVG element.
        code: String,
        /// Path of a printable picture of the code, if it is the same for everyone.
        picture: Option<&'a str>,
    },
    /// Nothing, for this reason.
    Closed(&'a str),
}

impl Pages {
    pub(super) fn new(facts: &SiteFacts) -> Result<Pages, TemplateError> {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|name| match name.ends_with(".md") {
            true => AutoEscape::Custom("markdown".into()),
            false => AutoEscape::Html,
        });
        templates.set_formatter(write_value);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Pages { templates, words: words(facts) })
    }

    /// The home page with what it offers.
    pub(super) fn home(&self, offer: Offer<'_>) -> Result<String, TemplateError> {
        let here = match offer {
            Offer::Profile { link, code, picture } => {
                context! { link, code => Value::from_safe_string(code), picture }
            }
            Offer::Closed(reason) => context! { closed => reason },
        };
        let body = self.fill("home.html", here)?;
        self.in_layout("home", "Home", body)
    }

    /// The information page.
    pub(super) fn info(&self) -> Result<String, TemplateError> {
        self.text("info", "Info", "info.md")
    }

    /// The privacy policy.
    pub(super) fn privacy(&self) -> Result<String, TemplateError> {
        self.text("privacy", "Privacy", "privacy.md")
    }

    fn text(&self, page: &str, title: &str, template: &str) -> Result<String, TemplateError> {
        let body = markdown::render(&self.fill(template, Value::UNDEFINED)?);
        self.in_layout(page, title, format!("<article class=\"text\">\n{body}</article>"))
    }

    fn in_layout(&self, page: &str, title: &str, body: String) -> Result<String, TemplateError> {
        let body = Value::from_safe_string(body);
        self.fill("layout.html", context! { page, title, body })
    }

    fn fill(&self, template: &str, here: Value) -> Result<String, TemplateError> {
        let relay = self.words.clone();
        Ok(self.templates.get_template(template)?.render(context! { relay, here })?)
    }
}

fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    match state.auto_escape() {
        AutoEscape::Custom(_) => Ok(markdown::write_escaped(out, &value.to_string())?),
        _ => escape_formatter(out, state, value),
    }
}

/// What templates call `relay`.
fn words(facts: &SiteFacts) -> Value {
    let limits = &facts.limits;
    context! {
        domain => facts.domain.bare(),
        version => facts.version.as_str(),
        self_signed => facts.tls_self_signed,
        send_per_minute => limits.send_per_minute,
        mailbox_size => size_in_words(limits.mailbox_bytes_max),
        message_size => size_in_words(limits.message_bytes_max),
        large_size => size_in_words(limits.large_message_bytes),
        delete_after_days => limits.delete_after_days,
        delete_large_after_days => limits.delete_large_after_days,
        delete_inactive_after_days => limits.delete_inactive_after_days,
        privacy_postal => filled(&facts.privacy.postal),
        privacy_mail => filled(&facts.privacy.mail),
        privacy_pdo => filled(&facts.privacy.pdo),
        privacy_supervisor => filled(&facts.privacy.supervisor),
    }
}

/// A contact that says something; blank is as good as absent.
fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// A size for people, rounded down: they do not care whether a kilobyte has 24 bytes more.
fn size_in_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1_000, "kB")];
    let Some((unit, name)) = UNITS.iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes}\u{a0}bytes");
    };
    match (bytes / unit, bytes % unit * 10 / unit) {
        (whole @ 1..10, tenths @ 1..) => format!("{whole}.{tenths}\u{a0}{name}"),
        (whole, _) => format!("{whole}\u{a0}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_words() {
        for (bytes, words) in [
            (999, "999 bytes"),
            (200_000, "200 kB"),
            (31_457_280, "30 MB"),
            (500 << 20, "500 MB"),
            (1 << 30, "1 GB"),
            (3 << 29, "1.5 GB"),
            (25 << 29, "12 GB"),
        ] {
            assert_eq!(size_in_words(bytes), words.replace(' ', "\u{a0}"));
        }
    }
}
