//! Every path that prose names exists.

use crate::tree::{GENERATED, files, files_ending, none, root, text};

#[test]
fn every_path_in_prose_exists() {
    let all = files();
    let prose: Vec<_> = all
        .iter()
        .filter(|file| file.ends_with(".md") && *file != "CHANGELOG.md")
        .collect();
    for needed in ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"] {
        assert!(prose.iter().any(|file| *file == needed), "{needed} is missing");
    }
    let mut wrong = Vec::new();
    for file in prose {
        for path in text(file)
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|word| looks_like_a_path(word))
            .flat_map(spread)
        {
            if !exists(&all, file, &path) {
                wrong.push(format!("{file}: {path}"));
            }
        }
    }
    none("prose names what is not there", &wrong);
}

#[test]
fn every_cited_specification_exists() {
    let mut wrong = Vec::new();
    for file in files_ending(".rs") {
        for rest in text(&file).split("spec/").skip(1) {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c)))
                .unwrap_or(rest.len());
            let cited = rest[..end].trim_end_matches(['.', '/']);
            if cited.ends_with(".md") && !root().join("spec").join(cited).is_file() {
                wrong.push(format!("{file}: spec/{cited}"));
            }
        }
    }
    none("code cites what is not there", &wrong);
}

/// A backticked word of path characters that ends like a file or begins with a folder of the root.
fn looks_like_a_path(word: &str) -> bool {
    let characters = |c: char| c.is_ascii_alphanumeric() || "-_./{},".contains(c);
    if word.is_empty() || !word.chars().all(characters) || word.starts_with('/') || word.contains("//") {
        return false;
    }
    let word = word.trim_start_matches("./");
    let first = word.split('/').next().unwrap_or_default();
    if GENERATED.contains(&first) || word.starts_with("../") {
        return false;
    }
    let file = ENDINGS
        .iter()
        .any(|end| word.len() > end.len() && word.ends_with(end));
    file || (word.contains('/') && root().join(first).is_dir())
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn spread(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else {
        return vec![word.to_owned()];
    };
    let Some((inside, after)) = rest.split_once('}') else {
        return vec![word.to_owned()];
    };
    inside
        .split(',')
        .flat_map(|part| spread(&format!("{before}{part}{after}")))
        .collect()
}

/// From the root, from the prose's own folder, or as the end of one file's path.
fn exists(all: &[String], prose: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let beside = prose
        .rsplit_once('/')
        .map_or_else(|| path.to_owned(), |(folder, _)| format!("{folder}/{path}"));
    root().join(path).exists()
        || root().join(beside).exists()
        || (ENDINGS.iter().any(|end| path.ends_with(end))
            && all.iter().any(|file| file.ends_with(&format!("/{path}"))))
}

const ENDINGS: [&str; 10] = [
    ".rs",
    ".md",
    ".toml",
    ".json",
    ".css",
    ".html",
    ".mjs",
    ".js",
    ".svg",
    ".config/nextest.toml",
];
