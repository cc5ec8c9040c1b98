//! Keys and sections that do not exist: each is a fault that names what could be meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::fault::{Faults, nearest};
use super::read::example_domain;
use super::section::{Entry, path};

/// Notes a fault for everything in a file that the schema does not know.
pub(super) fn keys(root: &DeTable<'_>, faults: &mut Faults<'_>) {
    let schema = Schema(Config::new(example_domain()).entries());
    for (key, value) in root {
        let (at, name) = (key.span().start, key.get_ref().as_ref());
        match value.get_ref() {
            DeValue::Table(table) if schema.has_section(name) => {
                schema.keys_of_section(name, table, faults);
            }
            _ if schema.has_section(name) => faults.add(
                at,
                name,
                "this is the name of a section, not a key",
                format!("Write [{name}] on a line of its own and the section's keys below it"),
            ),
            _ if schema.has_key("", name) => {}
            DeValue::Table(_) => {
                let advice = schema.advice_for_section(name);
                faults.add(at, printable(name), "there is no such section", advice);
            }
            _ => schema.unknown_key("", key, faults),
        }
    }
}

/// What there is.
struct Schema(Vec<Entry>);

impl Schema {
    fn has_section(&self, name: &str) -> bool {
        self.section_names().any(|section| section == name)
    }

    fn has_key(&self, section: &str, name: &str) -> bool {
        self.keys_in(section).any(|key| key == name)
    }

    fn keys_in(&self, section: &str) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(move |entry| entry.section == section).map(|entry| entry.key)
    }

    /// Without the nameless part above all sections.
    fn section_names(&self) -> impl Iterator<Item = &'static str> {
        let chunks = self.0.chunk_by(|a, b| a.section == b.section);
        chunks.map(|entries| entries[0].section).filter(|name| !name.is_empty())
    }

    fn keys_of_section(&self, section: &str, table: &DeTable<'_>, faults: &mut Faults<'_>) {
        for key in table.keys().filter(|key| !self.has_key(section, key.get_ref())) {
            self.unknown_key(section, key, faults);
        }
    }

    fn unknown_key(
        &self,
        section: &str,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        faults: &mut Faults<'_>,
    ) {
        let name = key.get_ref();
        let path = path(section, &printable(name));
        faults.add(
            key.span().start,
            path,
            "there is no such key",
            self.advice_for_key(section, name),
        );
    }

    fn advice_for_section(&self, name: &str) -> String {
        if let Some(section) = nearest(name, self.section_names()) {
            return format!("Did you mean [{section}]?");
        }
        let all: Vec<String> = self.section_names().map(|name| format!("[{name}]")).collect();
        format!("The sections are {}", all.join(", "))
    }

    fn advice_for_key(&self, section: &str, name: &str) -> String {
        if let Some(entry) = self.0.iter().find(|entry| entry.key == name) {
            return format!("It belongs {}", place(entry.section));
        }
        if let Some(key) = nearest(name, self.keys_in(section)) {
            return format!("Did you mean {key}?");
        }
        let elsewhere = nearest(name, self.0.iter().map(|entry| entry.key));
        if let Some(entry) = self.0.iter().find(|entry| Some(entry.key) == elsewhere) {
            return format!("Did you mean {} {}?", entry.key, place(entry.section));
        }
        let keys: Vec<&str> = self.keys_in(section).collect();
        format!("The keys {} are {}", place(section), keys.join(", "))
    }
}

fn place(section: &str) -> String {
    match section {
        "" => "above all sections".to_owned(),
        section => format!("in the section [{section}]"),
    }
}

/// A stranger's name as it may stand on a terminal.
fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}
