//! `spec/hostile.md`, `tests/hostile` and its mutations say the same, number by number, both ways.

use std::{collections::BTreeSet, process::Command};

use crate::tree::{files, none, root, text};

/// A row: `| 05 | what must not happen | check | test | mutation |`.
struct Row {
    number: u8,
    what: String,
    /// Files and functions; or `waits for ...`.
    check: String,
    /// `module::n05_...` of `tests/hostile`, `browser::module::name` of `tests/browser`; or a dash.
    test: String,
    /// `05-....patch`; or a dash.
    mutation: String,
}

impl Row {
    /// Nothing to attack yet: what it waits for is named, and neither a test nor a mutation.
    fn waits(&self) -> bool {
        self.check.starts_with("waits for ") && self.test == DASH && self.mutation == DASH
    }

    fn title(&self) -> String {
        format!("{:02} ({})", self.number, self.what)
    }
}

#[test]
fn every_number_of_the_checklist_has_its_row() {
    let rows = rows();
    let mut wrong: Vec<String> = (1..=LAST)
        .filter(|number| !rows.iter().any(|row| row.number == *number))
        .map(|number| format!("{number:02}: no row"))
        .collect();
    if !rows.is_sorted_by_key(|row| row.number) {
        wrong.push("the rows are not in the order of their numbers".to_owned());
    }
    for row in &rows {
        let full = ticked(&row.check).next().is_some() && ticked(&row.test).next().is_some();
        if row.what.is_empty() || row.number == 0 || row.number > LAST || !(row.waits() || full) {
            wrong.push(format!(
                "{}: neither a check with its test nor a wait",
                row.title()
            ));
        }
        if row.mutation != DASH && ticked(&row.mutation).next().is_none() {
            wrong.push(format!("{}: {} is no mutation", row.title(), row.mutation));
        }
    }
    // A number that is tested at all is shown able to fail.
    for number in 1..=LAST {
        let mut own = rows.iter().filter(|row| row.number == number && !row.waits());
        let tested = own.clone().next().is_some();
        if tested && own.all(|row| row.mutation == DASH) {
            wrong.push(format!("{number:02}: no mutation shows that its tests can fail"));
        }
    }
    none("spec/hostile.md", &wrong);
}

#[test]
fn every_check_that_a_row_names_exists() {
    let all = files();
    let mut wrong = Vec::new();
    for row in rows().iter().filter(|row| !row.waits()) {
        let (paths, names): (Vec<&str>, Vec<&str>) = ticked(&row.check).partition(|word| word.contains('/'));
        if paths.is_empty() {
            wrong.push(format!("{}: no file", row.title()));
        }
        wrong.extend(
            paths
                .iter()
                .filter(|path| !all.iter().any(|file| file == *path))
                .map(|path| format!("{}: {path} is not there", row.title())),
        );
        let sources: Vec<String> = paths
            .iter()
            .filter(|path| root().join(path).is_file())
            .map(|path| text(path))
            .collect();
        wrong.extend(
            names
                .iter()
                .filter(|name| !sources.iter().any(|source| holds(source, last_name(name))))
                .map(|name| format!("{}: {name} is in none of its files", row.title())),
        );
    }
    none("checks of spec/hostile.md", &wrong);
}

#[test]
fn every_test_that_a_row_names_exists_and_every_numbered_test_has_its_row() {
    let hostile = tests_of("tests/hostile");
    let browser = tests_of("tests/browser");
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    for row in rows() {
        for test in ticked(&row.test) {
            let known = match test.strip_prefix("browser::") {
                Some(test) => browser.contains(test),
                None => hostile.contains(test),
            };
            if !known {
                wrong.push(format!("{}: {test} is no test", row.title()));
            } else if !test.starts_with("browser::") && !numbers(test).contains(&row.number) {
                wrong.push(format!("{}: {test} is of another number", row.title()));
            }
            named.insert((row.number, test.to_owned()));
        }
    }
    for (tests, prefix) in [(&hostile, ""), (&browser, "browser::")] {
        for test in tests {
            let test = format!("{prefix}{test}");
            wrong.extend(
                numbers(&test)
                    .into_iter()
                    .filter(|number| !named.contains(&(*number, test.clone())))
                    .map(|number| format!("{test} is in no row of number {number:02}")),
            );
        }
    }
    none("tests of spec/hostile.md", &wrong);
}

#[test]
fn every_mutation_is_named_once_and_still_applies() {
    let patches: Vec<String> = files()
        .into_iter()
        .filter_map(|file| file.strip_prefix(MUTATIONS).map(str::to_owned))
        .filter(|file| file.ends_with(".patch"))
        .collect();
    let mut wrong = Vec::new();
    let mut named = Vec::new();
    for row in rows() {
        for patch in ticked(&row.mutation) {
            if !patch.starts_with(&format!("{:02}-", row.number)) {
                wrong.push(format!("{}: {patch} is of another number", row.title()));
            }
            if !patches.iter().any(|file| file == patch) {
                wrong.push(format!("{}: {patch} is not there", row.title()));
            }
            named.push(patch.to_owned());
        }
    }
    for patch in &patches {
        let count = named.iter().filter(|name| *name == patch).count();
        if count != 1 {
            wrong.push(format!("{patch} is named {count} times"));
        }
        wrong.extend(refusal(patch).map(|reason| format!("{patch} does not apply: {reason}")));
    }
    none("mutations of spec/hostile.md", &wrong);
}

/// Why git would not apply a mutation to the tree as it is.
fn refusal(patch: &str) -> Option<String> {
    let output = Command::new("git")
        .args(["apply", "--check", &format!("{MUTATIONS}{patch}")])
        .current_dir(root())
        .output()
        .unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// Every row of the table. A line that begins with a digit's cell and is no row of five cells ends the test.
fn rows() -> Vec<Row> {
    let text = text("spec/hostile.md");
    let lines = text.lines().filter(|line| {
        line.strip_prefix('|')
            .is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
    });
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(!rows.is_empty(), "spec/hostile.md has no table");
    rows
}

fn row(line: &str) -> Row {
    let inner = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    let cells: Vec<&str> = inner.unwrap_or_default().split(" | ").map(str::trim).collect();
    let [number, what, check, test, mutation] = cells[..] else {
        panic!("not five cells: {line}")
    };
    assert_eq!(number.len(), 2, "two digits: {line}");
    Row {
        number: number.parse().unwrap(),
        what: what.to_owned(),
        check: check.to_owned(),
        test: test.to_owned(),
        mutation: mutation.to_owned(),
    }
}

/// What stands between backticks.
fn ticked(cell: &str) -> impl Iterator<Item = &str> + Clone {
    cell.split('`').skip(1).step_by(2)
}

/// `verify_slot` of `Manifest::verify_slot`, `verify_slot()` or `verify_slot`.
fn last_name(name: &str) -> &str {
    let name = name.rsplit("::").next().unwrap_or(name);
    name.trim_end_matches("()")
}

/// Whether a source holds this word as a whole word.
fn holds(source: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(word).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        let after = source[at + word.len()..].chars().next();
        !before.is_some_and(inside) && !after.is_some_and(inside)
    })
}

/// Every test below a folder as `module::name`, by the attribute before it.
fn tests_of(folder: &str) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for file in files() {
        let Some(module) = file
            .strip_prefix(&format!("{folder}/"))
            .and_then(|file| file.strip_suffix(".rs"))
        else {
            continue;
        };
        let mut marked = false;
        for line in text(&file).lines().map(str::trim_start) {
            let name = line
                .trim_start_matches("async ")
                .strip_prefix("fn ")
                .and_then(|rest| rest.split('(').next());
            match name {
                Some(name) if marked => {
                    tests.insert(format!("{}::{name}", module.replace('/', "::")));
                    marked = false;
                }
                Some(_) => marked = false,
                None => marked = marked || line.starts_with("#[test]") || line.starts_with("#[tokio::test"),
            }
        }
    }
    assert!(tests.len() > 2, "{folder} has tests");
    tests
}

/// The numbers with which a test's name begins: `body::n24_n26_...` has two.
fn numbers(test: &str) -> Vec<u8> {
    let name = test.rsplit("::").next().unwrap_or(test);
    name.split('_')
        .map_while(|word| word.strip_prefix('n')?.parse().ok())
        .collect()
}

const MUTATIONS: &str = "tests/hostile/mutations/";
const DASH: &str = "–";
/// Numbers of the checklist.
const LAST: u8 = 54;
