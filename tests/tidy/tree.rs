//! The working tree as lists of files and texts. What is generated or fetched is not part of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of the tree, by its path from the root with `/`, sorted.
pub(crate) fn files() -> Vec<String> {
    let root = root();
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    files.sort();
    files
}

/// Files whose name ends like this.
pub(crate) fn files_ending(end: &str) -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(end)).collect()
}

/// The text of a file, empty where it is not text.
pub(crate) fn text(file: &str) -> String {
    String::from_utf8(fs::read(root().join(file)).unwrap()).unwrap_or_default()
}

/// The text of a Rust file before its tests.
pub(crate) fn product_text(file: &str) -> String {
    let text = text(file);
    text.split("#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Fails with one line for each thing found.
#[track_caller]
pub(crate) fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

fn walk(root: &Path, folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // In a second worktree `.git` is a file.
        if folder == root && GENERATED.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, into);
        } else {
            into.push(
                path.strip_prefix(root)
                    .unwrap()
                    .to_string_lossy()
                    .replace('\\', "/"),
            );
        }
    }
}

/// Folders of the root that are in `.gitignore`, and git's own.
pub(crate) const GENERATED: [&str; 5] = [".git", "data", "dist", "node_modules", "target"];
