//! The house stands as ARCHITECTURE.md says: a room depends on rooms of lower floors only, and
//! pure rooms on no crate that does IO.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which floor each room stands on. `sim` stands beside the house and may use all of it.
const FLOORS: &[(&str, u8)] = &[
    ("mail", 0),
    ("smtp", 1),
    ("imap", 1),
    ("policy", 1),
    ("dkim", 1),
    ("store", 2),
    ("net", 2),
    ("doors", 3),
    ("martlet", 4),
];

/// What the rooms of floors 0 and 1 must never pull in.
const IO_CRATES: &[&str] = &["tokio", "rustls", "tokio-rustls", "rusqlite", "hyper", "getrandom"];

fn crates_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn manifest(room: &str) -> toml::Table {
    let path = crates_dir().join(room).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    text.parse().unwrap_or_else(|e| panic!("{path:?}: {e}"))
}

fn dependencies(room: &str) -> Vec<String> {
    let manifest = manifest(room);
    let sections = ["dependencies", "build-dependencies"];
    let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
    tables.flat_map(|table| table.keys().cloned()).collect()
}

fn floors() -> BTreeMap<&'static str, u8> {
    FLOORS.iter().copied().collect()
}

#[test]
fn every_room_has_a_floor() {
    let known = floors();
    for entry in std::fs::read_dir(crates_dir()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "sim" || known.contains_key(&*name), "room `{name}` has no floor");
    }
}

#[test]
fn rooms_depend_on_lower_floors_only() {
    let known = floors();
    for (room, floor) in FLOORS {
        for dependency in dependencies(room) {
            assert_ne!(dependency, "sim", "`{room}` would ship the fake world");
            if let Some(below) = known.get(&*dependency) {
                assert!(below < floor, "`{room}` must not depend on `{dependency}`");
            }
        }
    }
}

#[test]
fn pure_rooms_do_no_io() {
    for (room, _) in FLOORS.iter().filter(|(_, floor)| *floor < 2) {
        for dependency in dependencies(room) {
            assert!(!IO_CRATES.contains(&&*dependency), "`{room}` must not do IO: {dependency}");
        }
    }
}
