//! The schema on paper: the present values, the sample, the reference.

use std::fmt::Write;

use super::Config;
use super::read::example_domain;
use super::section::Entry;

impl Config {
    /// All settings as a `martlet.toml` that means the same as this one.
    pub fn show(&self) -> String {
        let mut out = String::new();
        for (section, entries) in sections(&self.entries()) {
            if !section.is_empty() {
                let _ = write!(out, "\n[{section}]\n");
            }
            for entry in entries {
                if let Some(value) = &entry.value {
                    let _ = writeln!(out, "{} = {value}", entry.key);
                }
            }
        }
        out
    }

    /// The reference of all keys, as Markdown: type, default, meaning, what happens at the limit.
    pub fn describe() -> String {
        let mut out = String::from(INTRODUCTION);
        for (section, entries) in sections(&Config::new(example_domain()).entries()) {
            if !section.is_empty() {
                let _ = write!(out, "\n## `[{section}]`\n\n{}\n", wrapped(entries[0].about, ""));
            }
            for entry in entries {
                describe_entry(&mut out, entry);
            }
        }
        out
    }

    /// A `martlet.toml` for a new relay: every key, commented out at its default, explained.
    pub fn sample(&self) -> String {
        let mut out = String::from("# Configuration of Martlet. One line is needed: the domain.\n");
        for (section, entries) in sections(&self.entries()) {
            if !section.is_empty() {
                let _ = write!(out, "\n\n{}\n[{section}]\n", wrapped(entries[0].about, "# "));
            }
            for entry in entries {
                sample_entry(&mut out, entry);
            }
        }
        out
    }
}

const INTRODUCTION: &str = "\
# Configuration

Martlet reads one file, `martlet.toml`. One line in it is needed, everything else has a default that
suits a small machine:

```toml
domain = \"chat.example.org\"
```

The file is [TOML](https://toml.io): `key = value`, text in quotes, sections in brackets, comments
after `#`. A key that does not exist is an error; so is zero where a limit is meant. `martlet config
check` says everything that is wrong with a file, `martlet config show` prints all values that are
in force, `martlet config describe` prints this page.
";

/// The entries of each section, in order.
fn sections(entries: &[Entry]) -> impl Iterator<Item = (&'static str, &[Entry])> {
    entries.chunk_by(|a, b| a.section == b.section).map(|chunk| (chunk[0].section, chunk))
}

fn describe_entry(out: &mut String, entry: &Entry) {
    let default = match (entry.key, &entry.value) {
        ("domain", _) => "none: this key must be there".to_owned(),
        (_, Some(value)) => format!("`{value}`"),
        (_, None) => "not set".to_owned(),
    };
    let _ = write!(out, "\n### `{}`\n\n{}\n\n", entry.path(), wrapped(entry.meaning, ""));
    let _ = writeln!(out, "- Type: {}", entry.kind);
    let _ = writeln!(out, "- Default: {default}");
    if !entry.beyond.is_empty() {
        let _ = writeln!(out, "- At the limit: {}", entry.beyond);
    }
}

fn sample_entry(out: &mut String, entry: &Entry) {
    let _ = write!(out, "\n{}\n", wrapped(entry.meaning, "# "));
    if !entry.beyond.is_empty() {
        let _ = writeln!(out, "{}", wrapped(&format!("At the limit: {}", entry.beyond), "# "));
    }
    let comment = if entry.key == "domain" { "" } else { "#" };
    let _ = match &entry.value {
        Some(value) => writeln!(out, "{comment}{} = {value}", entry.key),
        None => writeln!(out, "#{} = # {}", entry.key, entry.kind),
    };
}

/// Text in lines of at most a hundred columns, each after `prefix`.
fn wrapped(text: &str, prefix: &str) -> String {
    let mut lines = vec![String::from(prefix)];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        let empty = line.len() == prefix.len();
        if !empty && line.len() + 1 + word.len() > 100 {
            lines.push(format!("{prefix}{word}"));
        } else {
            line.push_str(if empty { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n")
}
