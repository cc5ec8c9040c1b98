//! From TOML text to a [`Config`], collecting every fault on the way.
//!
//! The TOML parser goes on after a syntax error with what it could make out, so that one missing
//! quote does not hide the other mistakes of a file.

use std::collections::HashMap;

use mail::Domain;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::check;
use super::fault::{Faults, nearest};
use super::section::{Entry, path};
use super::value::{Value, Wrong};

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
    let known = known_entries();
    unknown_keys(root.get_ref(), &known, faults);
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

fn known_entries() -> Vec<Entry> {
    Config::new(example_domain()).entries()
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
    if message.starts_with("string values must be quoted") {
        let problem = format!("{} has no quotes around it", text.escape_debug());
        return (problem, format!("Write \"{}\"", text.escape_debug()));
    }
    let advice =
        "Write key = value on a line of its own, text in \"quotes\", sections in [brackets]";
    (message.to_owned(), advice.to_owned())
}

fn unknown_keys(root: &DeTable<'_>, known: &[Entry], faults: &mut Faults<'_>) {
    for (key, value) in root {
        let name = key.get_ref().as_ref();
        let at = key.span().start;
        if known.iter().any(|entry| !entry.section.is_empty() && entry.section == name) {
            match value.get_ref() {
                DeValue::Table(table) => unknown_keys_in(name, table, known, faults),
                _ => faults.add(
                    at,
                    name,
                    "this is the name of a section, not a key",
                    format!("Write [{name}] on a line of its own and the section's keys below it"),
                ),
            }
        } else if !known.iter().any(|entry| entry.section.is_empty() && entry.key == name) {
            unknown(at, "", name, value.get_ref().is_table(), known, faults);
        }
    }
}

fn unknown_keys_in(section: &str, table: &DeTable<'_>, known: &[Entry], faults: &mut Faults<'_>) {
    for key in table.keys() {
        let name = key.get_ref().as_ref();
        if !known.iter().any(|entry| entry.section == section && entry.key == name) {
            unknown(key.span().start, section, name, false, known, faults);
        }
    }
}

fn unknown(
    at: usize,
    section: &str,
    name: &str,
    is_section: bool,
    known: &[Entry],
    faults: &mut Faults<'_>,
) {
    let what = if is_section { "section" } else { "key" };
    let advice = match is_section {
        true => advice_for_section(name, known),
        false => advice_for_key(section, name, known),
    };
    let problem = format!("there is no such {what}");
    faults.add(at, path(section, &name.escape_debug().to_string()), problem, advice);
}

fn advice_for_section(name: &str, known: &[Entry]) -> String {
    let sections = || known.iter().map(|entry| entry.section).filter(|name| !name.is_empty());
    match nearest(name, sections()) {
        Some(section) => format!("Did you mean [{section}]?"),
        None => {
            let mut all: Vec<String> = sections().map(|name| format!("[{name}]")).collect();
            all.dedup();
            format!("The sections are {}", all.join(", "))
        }
    }
}

fn advice_for_key(section: &str, name: &str, known: &[Entry]) -> String {
    let here = || known.iter().filter(|entry| entry.section == section).map(|entry| entry.key);
    if let Some(entry) = known.iter().find(|entry| entry.key == name) {
        return format!("It belongs {}", place_of(entry));
    }
    if let Some(key) = nearest(name, here()) {
        return format!("Did you mean {key}?");
    }
    if let Some(key) = nearest(name, known.iter().map(|entry| entry.key)) {
        let entry = known.iter().find(|entry| entry.key == key);
        return format!(
            "Did you mean {key}{}?",
            entry.map(|it| format!(" {}", place_of(it))).unwrap_or_default()
        );
    }
    let keys: Vec<&str> = here().collect();
    let place = if section.is_empty() {
        "above all sections".to_owned()
    } else {
        format!("in [{section}]")
    };
    format!("The keys {place} are {}", keys.join(", "))
}

fn place_of(entry: &Entry) -> String {
    match entry.section {
        "" => "above all sections".to_owned(),
        section => format!("in the section [{section}]"),
    }
}
