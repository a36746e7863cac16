//! `cargo xtask fuzz`: every parser under libFuzzer, each family of `tests/src/parsers` as one target of `fuzz/`.
//!
//! Runs on the pinned toolchain, without a sanitizer: what is looked for is a panic, memory, and a second encoding.
//! What is found lies in `fuzz/artifacts` and makes every later run fail until it is repaired and removed.

use std::{fs, path::Path};

use crate::{
    call::{Call, say},
    error::{At, Error},
    setup,
    tree::Tree,
};

/// What one target did.
struct Outcome {
    target: String,
    executions: u64,
    inputs: usize,
    findings: usize,
    failed: bool,
}

/// `[target...] [--seconds N]`, or `keep`: makes what was learnt the committed corpora, as small as it gets.
pub(crate) fn obey(tree: &Tree, words: &[&str]) -> Result<(), Error> {
    let unknown = || Error::UnknownCommand {
        words: format!("fuzz {}", words.join(" ")),
    };
    if let ["keep"] = words {
        return keep(tree);
    }
    let mut seconds = SECONDS;
    let mut asked = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "--seconds" => {
                let number = rest.next().and_then(|number| number.parse().ok());
                seconds = number.ok_or_else(unknown)?;
            }
            name => asked.push(name),
        }
    }
    let all = targets(tree)?;
    if asked.iter().any(|name| !all.iter().any(|target| target == name)) {
        return Err(unknown());
    }
    let chosen = all
        .into_iter()
        .filter(|target| asked.is_empty() || asked.contains(&target.as_str()));
    run(tree, chosen.collect(), seconds)
}

/// Every target, for the time that a deep test gives to each.
pub(crate) fn deep(tree: &Tree) -> Result<(), Error> {
    run(tree, targets(tree)?, SECONDS)
}

fn run(tree: &Tree, targets: Vec<String>, seconds: u64) -> Result<(), Error> {
    build(tree)?;
    let mut outcomes = Vec::new();
    for target in targets {
        outcomes.push(one(tree, target, seconds)?);
    }
    say("fuzz: target        executions    inputs  findings");
    for outcome in &outcomes {
        say(&format!(
            "fuzz: {:<12} {:>11} {:>9} {:>9}",
            outcome.target, outcome.executions, outcome.inputs, outcome.findings
        ));
    }
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.failed || outcome.findings > 0)
        .map(|outcome| outcome.target.as_str())
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::Steps {
            names: format!("{} (see fuzz/artifacts)", failed.join(", ")),
        })
    }
}

fn build(tree: &Tree) -> Result<(), Error> {
    setup::only(tree, &["cargo-fuzz", "g++"])?;
    cargo_fuzz(tree, "build", &[]).run()
}

fn one(tree: &Tree, target: String, seconds: u64) -> Result<Outcome, Error> {
    let learnt = tree.join(LEARNT).join(&target);
    fs::create_dir_all(&learnt).at(&learnt)?;
    let time = format!("-max_total_time={seconds}");
    let mut executions = 0;
    // The first folder takes what is new; the committed one is read alone.
    let folders = [learnt.as_path(), &tree.join(CORPUS).join(&target)];
    let result = libfuzzer(
        tree,
        &target,
        &folders,
        &[&time, "-print_final_stats=1", "-verbosity=0"],
    )
    .run_watched(|line| {
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            executions = count.trim().parse().unwrap_or_default();
        }
    });
    Ok(Outcome {
        inputs: count(&learnt) + count(folders[1]),
        findings: count(&tree.join(ARTIFACTS).join(&target)),
        failed: result.is_err(),
        target,
        executions,
    })
}

/// Merges what was learnt with what is committed: the fewest inputs that reach everything, beside the seeds.
fn keep(tree: &Tree) -> Result<(), Error> {
    build(tree)?;
    for target in targets(tree)? {
        let (learnt, kept) = (tree.join(LEARNT).join(&target), tree.join(CORPUS).join(&target));
        let fewest = tree.join(FEWEST).join(&target);
        if fewest.exists() {
            fs::remove_dir_all(&fewest).at(&fewest)?;
        }
        for folder in [&learnt, &fewest] {
            fs::create_dir_all(folder).at(folder)?;
        }
        let folders = [fewest.as_path(), &kept, &learnt];
        // By places reached alone, not by how often: a tenth of the inputs.
        libfuzzer(
            tree,
            &target,
            &folders,
            &["-set_cover_merge=1", "-use_counters=0", "-verbosity=0"],
        )
        .run_watched(|_| {})?;
        for file in files(&kept) {
            let seed = file
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("seed-"));
            if !seed {
                fs::remove_file(&file).at(&file)?;
            }
        }
        let seeds: Vec<Vec<u8>> = files(&kept)
            .iter()
            .map(|file| fs::read(file).at(file))
            .collect::<Result<_, _>>()?;
        for file in files(&fewest) {
            let input = fs::read(&file).at(&file)?;
            if let (false, Some(name)) = (seeds.contains(&input), file.file_name()) {
                fs::write(kept.join(name), input).at(&kept)?;
            }
        }
        say(&format!("fuzz: {target} keeps {} inputs", count(&kept)));
    }
    Ok(())
}

fn libfuzzer(tree: &Tree, target: &str, folders: &[&Path], flags: &[&str]) -> Call {
    cargo_fuzz(tree, "run", &[target])
        .args(folders)
        .args(["--", "-timeout=5", "-rss_limit_mb=512"])
        .args(flags)
}

fn cargo_fuzz(tree: &Tree, command: &str, first: &[&str]) -> Call {
    Call::cargo()
        .args(["fuzz", command, "--fuzz-dir"])
        .args([tree.join("fuzz")])
        .args(["--sanitizer", "none", "--target-dir"])
        .args([tree.join("target/fuzz")])
        .args(first)
        .dir(tree.root())
}

/// The targets are the files of one folder.
fn targets(tree: &Tree) -> Result<Vec<String>, Error> {
    let folder = tree.join("fuzz/targets");
    fs::metadata(&folder).at(&folder)?;
    let mut names: Vec<String> = files(&folder)
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The files of a folder; none where there is no folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect()
}

fn count(folder: &Path) -> usize {
    files(folder).len()
}

/// Seconds for each target.
const SECONDS: u64 = 60;
const CORPUS: &str = "fuzz/corpus";
const ARTIFACTS: &str = "fuzz/artifacts";
const LEARNT: &str = "target/fuzz/corpus";
const FEWEST: &str = "target/fuzz/fewest";
