//! Rules for every file: what it says first, how long it is, what it may not hold.

use crate::tree::{files, files_ending, none, product_text, text};

#[test]
fn every_rust_file_says_what_it_holds() {
    let silent: Vec<_> = files_ending(".rs")
        .into_iter()
        .filter(|file| !text(file).starts_with("//!"))
        .collect();
    none("these files do not begin with `//!`", &silent);
}

#[test]
fn no_file_is_over_its_budget() {
    let long: Vec<_> = files_ending(".rs")
        .into_iter()
        .map(|file| (product_text(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, file)| format!("{file}: {lines} lines"))
        .collect();
    none("split these files", &long);
}

#[test]
fn every_test_of_the_page_is_run() {
    let list = text("tests/page/main.rs");
    let left_out: Vec<_> = files_ending(".rs")
        .into_iter()
        .filter(|file| file.starts_with("client/src/") && text(file).contains("#[cfg(test)]\n"))
        .filter(|file| {
            let name = file
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".rs");
            !list.contains(&format!("pub mod {name};"))
        })
        .collect();
    none(
        "name these in tests/page/main.rs, or nothing runs their tests",
        &left_out,
    );
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["XX", "X:"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["#[ign", "ore"],
    ]
    .map(|halves| halves.concat());
    none("finish these", &lines_with(&files_ending(".rs"), &words));
}

#[test]
fn no_file_names_a_place_of_one_machine() {
    let words =
        [["/ro", "ot/"], ["/ho", "me/"], ["/wo", "rk/"], ["/Us", "ers/"]].map(|halves| halves.concat());
    let files: Vec<_> = files()
        .into_iter()
        .filter(|file| !file.starts_with("LICENSES/"))
        .collect();
    none(
        "these lines hold only where they were written",
        &lines_with(&files, &words),
    );
}

#[test]
fn locked_packages_are_named_by_content_not_by_place() {
    // Of cargo's, `cargo deny check sources` demands the public registry.
    let lock = text("package-lock.json");
    let places: Vec<_> = lock
        .lines()
        .filter(|line| line.contains("\"resolved\":"))
        .map(str::to_owned)
        .collect();
    none("these packages name where they were fetched", &places);
    let packages = lock.matches("\"node_modules/").count();
    assert_eq!(packages, lock.matches("\"integrity\": \"sha512-").count());
    assert!(packages > 0);
}

fn lines_with(files: &[String], words: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in text(file).lines().enumerate() {
            if let Some(word) = words.iter().find(|word| line.contains(word.as_str())) {
                found.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    found
}

/// Lines of a file before its tests.
const LINES: usize = 600;
