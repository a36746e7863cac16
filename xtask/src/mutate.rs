//! `cargo xtask mutate`: takes the checks of the hostile-server checklist out, one by one, and demands that the test of
//! that number fails, and no other.
//!
//! Each patch of `tests/hostile/mutations/` is applied to a scratch work tree of the last commit; the tree at hand is
//! never touched. The names of the tests that fail are read from the runner's report, never guessed.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Instant};

use crate::{
    call::{Call, say},
    error::{At, Error},
    setup,
    tree::Tree,
};

/// Every patch, or those whose names begin so: `5`, `05`, `05-a`.
pub(crate) fn all(tree: &Tree, names: &[&str]) -> Result<(), Error> {
    setup::only(tree, &["cargo-nextest"])?;
    let patches = patches(tree, names)?;
    let scratch = Scratch::make(tree)?;
    let started = Instant::now();
    let untouched = scratch.failing()?;
    if !untouched.is_empty() {
        return Err(Error::Steps {
            names: format!("without any mutation: {}", join(&untouched)),
        });
    }
    let mut wrong = Vec::new();
    for patch in &patches {
        let verdict = scratch.judge(patch)?;
        say(&format!("mutate: {}: {verdict}", patch.name));
        if !verdict.starts_with(NOTICED) {
            wrong.push(patch.name.clone());
        }
    }
    say(&format!(
        "mutate: {} of {} noticed by their own tests alone ({:.0?})",
        patches.len() - wrong.len(),
        patches.len(),
        started.elapsed()
    ));
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Steps {
            names: wrong.join(", "),
        })
    }
}

struct Patch {
    name: String,
    /// Two digits, as in the names of the tests.
    number: String,
    path: PathBuf,
}

/// The patches in the order of their numbers.
fn patches(tree: &Tree, names: &[&str]) -> Result<Vec<Patch>, Error> {
    let folder = tree.join("tests/hostile/mutations");
    let wanted: Vec<String> = names.iter().map(|name| format!("{name:0>2}")).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).at(&folder)? {
        let path = entry.at(&folder)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let number = name.chars().take(2).collect::<String>();
        let fits = wanted.is_empty() || wanted.iter().any(|wanted| name.starts_with(wanted.as_str()));
        if name.ends_with(".patch") && fits {
            found.push(Patch { name, number, path });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let is_there = |wanted: &&String| found.iter().any(|patch| patch.name.starts_with(wanted.as_str()));
    if let Some(unknown) = wanted.iter().find(|wanted| !is_there(wanted)) {
        return Err(Error::UnknownCommand {
            words: format!("mutate {unknown}"),
        });
    }
    Ok(found)
}

/// A work tree of the last commit, with a build folder that outlives it.
struct Scratch<'a> {
    tree: &'a Tree,
    folder: PathBuf,
}

impl<'a> Scratch<'a> {
    fn make(tree: &'a Tree) -> Result<Self, Error> {
        let folder = tree.join("target/mutate/civis");
        let scratch = Self { tree, folder };
        scratch.remove();
        let path = scratch.folder.to_string_lossy().into_owned();
        git(
            tree.root().into(),
            &["worktree", "add", "--quiet", "--detach", &path, "HEAD"],
        )
        .run()?;
        Ok(scratch)
    }

    fn remove(&self) {
        if self.folder.exists() {
            let path = self.folder.to_string_lossy().into_owned();
            // What cannot be removed makes the `add` after it fail, with its reason.
            let _ = git(self.tree.root().into(), &["worktree", "remove", "--force", &path]).run();
        }
        let _ = git(self.tree.root().into(), &["worktree", "prune"]).run();
    }

    /// What the hostile level says of the tree with this patch.
    fn judge(&self, patch: &Patch) -> Result<String, Error> {
        let path = patch.path.to_string_lossy().into_owned();
        git(self.folder.clone(), &["apply", "--whitespace=nowarn", &path]).run()?;
        let failing = self.failing();
        git(self.folder.clone(), &["checkout", "--quiet", "--", "."]).run()?;
        let failing = failing?;
        let own = format!("::n{}_", patch.number);
        let foreign: BTreeSet<String> = failing
            .iter()
            .filter(|test| !is_of(test, &own))
            .cloned()
            .collect();
        Ok(if failing.is_empty() {
            "NOT noticed: every test passed".to_owned()
        } else if foreign.is_empty() {
            format!("{NOTICED} {}", join(&failing))
        } else {
            format!("{OTHERS} {}", join(&foreign))
        })
    }

    /// The tests of the hostile level that fail; an error where they do not even build.
    fn failing(&self) -> Result<BTreeSet<String>, Error> {
        let hostile = ["--package", "tests", "--test", "hostile"];
        let call = |args: &[&str]| {
            Call::cargo()
                .args(args)
                .args(hostile)
                .dir(&self.folder)
                .env("CARGO_TARGET_DIR", self.tree.join("target/mutate/build"))
                // Nobody debugs a mutant; without this it is linked in half the time.
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
        };
        call(&["nextest", "run", "--cargo-quiet", "--no-run"]).run()?;
        let mut failing = BTreeSet::new();
        let mut finished = false;
        let run = call(&[
            "nextest",
            "run",
            "--cargo-quiet",
            "--status-level",
            "fail",
            "--failure-output",
            "never",
        ])
        .run_watched(|line| {
            finished |= line.trim_start().starts_with("Summary");
            failing.extend(failed_test(line));
        });
        match run {
            Ok(()) => Ok(failing),
            // A failing test is an answer; a runner that did not come to its end is none.
            Err(_) if finished && !failing.is_empty() => Ok(failing),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Whether a test carries this number: a name may hold several, as `n24_n26_...`.
fn is_of(test: &str, own: &str) -> bool {
    let name = test.rsplit("::").next().unwrap_or_default();
    let number = own.trim_start_matches("::");
    let numbered = name.split_inclusive('_').take_while(|word| {
        word.strip_prefix('n')
            .is_some_and(|rest| rest.trim_end_matches('_').parse::<u8>().is_ok())
    });
    numbered.into_iter().any(|word| word == number)
}

/// The name in a line such as `        FAIL [   0.2s] ( 1/31) tests::hostile account::n05_x`, or of one that ran too long.
fn failed_test(line: &str) -> Option<String> {
    let line = line.trim_start();
    let status = line.split_whitespace().next()?;
    if !matches!(status, "FAIL" | "TIMEOUT" | "SIGABRT" | "SIGSEGV") {
        return None;
    }
    let (_, rest) = line.split_once("tests::hostile ")?;
    Some(rest.trim().to_owned())
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn git(dir: PathBuf, args: &[&str]) -> Call {
    Call::new("git").args(args).dir(&dir)
}

const NOTICED: &str = "noticed by";
/// Begins otherwise, for that is what a verdict is told by.
const OTHERS: &str = "also noticed by others:";

#[cfg(test)]
mod tests {
    use super::{NOTICED, OTHERS, failed_test, is_of};

    #[test]
    fn a_patch_that_others_notice_is_not_taken_for_a_good_one() {
        assert!(!OTHERS.starts_with(NOTICED));
    }

    #[test]
    fn a_failing_test_is_read_from_the_report() {
        let line = "        FAIL [   0.204s] ( 3/31) tests::hostile account::n05_a_slot_is_refused";
        assert_eq!(
            failed_test(line).as_deref(),
            Some("account::n05_a_slot_is_refused")
        );
        assert_eq!(
            failed_test("        PASS [   0.204s] tests::hostile a::n05_b"),
            None
        );
        assert_eq!(failed_test("     Summary [   0.204s] 31 tests run"), None);
    }

    #[test]
    fn a_test_belongs_to_each_number_that_its_name_begins_with() {
        assert!(is_of("list::n24_n26_pages", "::n26_"));
        assert!(is_of("list::n24_n26_pages", "::n24_"));
        assert!(!is_of("list::n24_pages_n26_no", "::n26_"));
        assert!(!is_of("list::name_n26_", "::n26_"));
    }
}
