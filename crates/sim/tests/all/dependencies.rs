//! Every dependency has a reason in docs/dependencies.md and a line of code that uses it, and the
//! repository does not care from which registry crates come.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Hosts of package registries, in two parts so that this file names none.
const REGISTRIES: &[(&str, &str)] = &[
    ("crates", ".io"),
    ("static.crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("deb.debian", ".org"),
];

/// Folders of builds and of git; nothing in them is kept.
const NOT_KEPT: &[&str] = &[".git", ".venv", "target", "__pycache__", ".pytest_cache", "artifacts"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All kept files below a folder, in no order. The work list bounds the walk, not the stack.
fn files(folder: PathBuf) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_file() {
                files.push(entry.path());
            } else if kind.is_dir() && !NOT_KEPT.iter().any(|name| entry.file_name() == *name) {
                folders.push(entry.path());
            }
        }
    }
    files
}

fn manifests() -> Vec<PathBuf> {
    let mut list: Vec<_> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("Cargo.toml"))
        .collect();
    list.push(root().join("fuzz/Cargo.toml"));
    list
}

/// What one manifest names, other rooms included.
fn named(manifest: &Path) -> BTreeSet<String> {
    let table: toml::Table = read(manifest).parse().unwrap();
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|section| table.get(*section)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

fn rooms() -> BTreeSet<String> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The crates that manifests name, without our own.
fn foreign() -> BTreeSet<String> {
    let all: BTreeSet<_> = manifests().iter().flat_map(|manifest| named(manifest)).collect();
    all.difference(&rooms()).cloned().collect()
}

#[test]
fn every_dependency_has_a_row_and_every_row_a_dependency() {
    let page = read(&root().join("docs/dependencies.md"));
    let (crates, _) = page.split_once("\n## Tools of the tests").unwrap();
    let rows = crates.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.map(str::to_owned).collect::<BTreeSet<_>>(), foreign());
}

#[test]
fn the_workspace_declares_what_its_rooms_use() {
    let table: toml::Table = read(&root().join("Cargo.toml")).parse().unwrap();
    let declared = table["workspace"]["dependencies"].as_table().unwrap();
    let used: BTreeSet<_> = manifests().iter().flat_map(|manifest| named(manifest)).collect();
    for name in declared.keys().filter(|name| !rooms().contains(*name)) {
        assert!(used.contains(name), "no room uses `{name}`");
    }
}

#[test]
fn what_a_manifest_names_some_source_file_uses() {
    for manifest in manifests() {
        let sources: Vec<_> = files(manifest.parent().unwrap().to_path_buf())
            .into_iter()
            .filter(|path| path.extension().is_some_and(|it| it == "rs"))
            .map(|path| read(&path))
            .collect();
        for name in named(&manifest) {
            let path = format!("{}::", name.replace('-', "_"));
            let used = sources.iter().any(|source| mentions(source, &path));
            assert!(used, "{} names `{name}` in vain", manifest.display());
        }
    }
}

/// Whether a path begins with this crate: what stands before it is no part of a name.
fn mentions(source: &str, path: &str) -> bool {
    let in_a_name = |before: char| before.is_alphanumeric() || before == '_';
    source.match_indices(path).any(|(at, _)| !source[..at].ends_with(in_a_name))
}

#[test]
fn no_file_but_the_lock_files_names_a_registry() {
    for path in files(root()) {
        let lock = path.file_name().is_some_and(|name| name == "Cargo.lock");
        let Ok(text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
        for (name, end) in REGISTRIES.iter().filter(|_| !lock) {
            let host = format!("{name}{end}");
            assert!(!text.contains(&host), "{} names {host}", path.display());
        }
    }
}
