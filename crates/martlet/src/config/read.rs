//! From TOML text to a [`Config`], collecting every fault on the way.
//!
//! The TOML parser goes on after a syntax error with what it could make out, so that one missing
//! quote does not hide the other mistakes of a file.

use std::collections::HashMap;

use mail::Domain;
use toml::de::DeTable;

use super::fault::Faults;
use super::section::path;
use super::value::{Value, Wrong};
use super::{Config, check, unknown};

/// Hands out the values of a parsed file by key, and remembers where they stand.
pub(super) struct Reader<'r, 't> {
    root: &'r DeTable<'t>,
    faults: &'r mut Faults<'t>,
    places: HashMap<String, usize>,
}

impl Reader<'_, '_> {
    /// The value of a key; the default if it is not there or wrong, which is then a fault.
    pub(super) fn value<T: Value>(&mut self, section: &str, key: &str, default: T) -> T {
        self.optional(section, key).unwrap_or(default)
    }

    fn optional<T: Value>(&mut self, section: &str, key: &str) -> Option<T> {
        let table = match section {
            "" => self.root,
            _ => self.root.get(section)?.get_ref().as_table()?,
        };
        let value = table.get(key)?;
        let path = path(section, key);
        self.places.insert(path.clone(), value.span().start);
        match T::read(value) {
            Ok(value) => Some(value),
            Err(all) => {
                // A value without its quotes was complained about already.
                for Wrong { at, problem, advice } in all {
                    if !self.faults.has_at(at) {
                        self.faults.add(at, path.as_str(), problem, advice);
                    }
                }
                None
            }
        }
    }

    /// Notes a fault at a key's value, or at the top of the file if the key is not in it.
    pub(super) fn fault(&mut self, path: &str, problem: impl Into<String>, advice: &str) {
        let at = self.places.get(path).copied().unwrap_or(0);
        self.faults.add(at, path, problem, advice);
    }

    /// True if the file has this key.
    pub(super) fn has(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }
}

/// Reads a whole file. What comes back may only be used if there are no faults.
pub(super) fn config<'t>(text: &'t str, faults: &mut Faults<'t>) -> Option<Config> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let (problem, advice) = plain_words(error.message(), text.get(span.clone()));
        faults.add(span.start, "", problem, advice);
    }
    let whole = faults.is_empty();
    unknown::keys(root.get_ref(), faults);
    let mut reader = Reader { root: root.get_ref(), faults, places: HashMap::new() };
    let domain = reader.optional::<Domain>("", "domain");
    if domain.is_none() && !reader.has("domain") && whole {
        reader.faults.add(
            0,
            "domain",
            "the mail domain is missing",
            "Write a line such as domain = \"chat.example.org\" above all sections",
        );
    }
    let config = Config::read(domain.clone().unwrap_or_else(example_domain), &mut reader);
    check::all(&config, &mut reader);
    domain.map(|_| config)
}

pub(super) fn example_domain() -> Domain {
    Domain::parse("chat.example.org").expect("this is a domain")
}

/// What the parser's words mean, and what to do.
fn plain_words(message: &str, text: Option<&str>) -> (String, String) {
    let text = text.unwrap_or_default().trim();
    if message == "duplicate key" {
        let problem = format!("\"{}\" is there twice", text.escape_debug());
        return (problem, "Keep one of the two".to_owned());
    }
    if message.starts_with("string values must be quoted") && text.is_empty() {
        return ("the value is missing".to_owned(), "Write it behind the = sign".to_owned());
    }
    if message.starts_with("string values must be quoted") {
        let problem = format!("{} has no quotes around it", text.escape_debug());
        return (problem, format!("Write \"{}\"", text.escape_debug()));
    }
    let advice =
        "Write key = value on a line of its own, text in \"quotes\", sections in [brackets]";
    (message.to_owned(), advice.to_owned())
}
