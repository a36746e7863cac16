//! The corpora of the fuzz targets, fed to the same functions without a fuzzer. `CIVIS_WRITE_SEEDS=1` adds a few
//! valid encodings of every parser to them; `cargo xtask fuzz` grows them from there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::parsers::draw::Draw;
use tests::parsers::{FAMILIES, Family, Rule};

#[test]
fn every_kept_input_is_still_handled() {
    if std::env::var_os("CIVIS_WRITE_SEEDS").is_some() {
        FAMILIES.iter().for_each(write_seeds);
    }
    let mut bytes = 0;
    for family in &FAMILIES {
        let inputs = inputs(family);
        let mut taken = BTreeSet::new();
        for (file, input) in &inputs {
            bytes += input.len();
            assert!(
                input.len() <= family.max_len + 1,
                "{} is longer than its target reads",
                file.display()
            );
            if family.feed(input) {
                taken.insert(usize::from(input[0]) % family.parsers.len());
            }
        }
        let missing: Vec<_> = (0..family.parsers.len())
            .filter(|number| family.parsers[*number].rule != Rule::Never && !taken.contains(number))
            .map(|number| family.parsers[number].name)
            .collect();
        assert!(
            missing.is_empty(),
            "{} keeps no valid input for {missing:?}",
            family.name
        );
    }
    assert!(
        bytes < CORPORA_BYTES,
        "the corpora have {bytes} bytes: minimise them"
    );
}

#[test]
fn every_corpus_is_of_a_family() {
    let known: BTreeSet<_> = FAMILIES.iter().map(|family| family.name.to_owned()).collect();
    let kept: BTreeSet<_> = fs::read_dir(corpora())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(known, kept);
}

fn inputs(family: &Family) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(corpora().join(family.name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| (file.clone(), fs::read(file).unwrap()))
        .collect()
}

fn write_seeds(family: &Family) {
    let folder = corpora().join(family.name);
    fs::create_dir_all(&folder).unwrap();
    for (number, parser) in (0_u8..).zip(family.parsers) {
        // Of the whole server every route.
        let seeds = if family.parsers.len() == 1 {
            8 * SEEDS
        } else {
            SEEDS
        };
        for seed in 0..seeds {
            let valid = (parser.valid)(&mut Draw::new(seed));
            let input = [&[number], valid.as_slice()].concat();
            if input.len() <= family.max_len {
                fs::write(folder.join(format!("seed-{number:02}-{seed}")), input).unwrap();
            }
        }
    }
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("fuzz/corpus")
}

/// Valid encodings of each parser among the seeds.
const SEEDS: u64 = 4;
/// Everything kept, together.
const CORPORA_BYTES: usize = 2 << 20;
