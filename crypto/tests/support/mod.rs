//! What the tests share: hex, a generator with a fixed stream, and the folder of official vectors.

use std::path::{Path, PathBuf};

use base64::HEXLOWER_PERMISSIVE;
use crypto::hash::sha256_of;
use crypto::random::{Random, RandomError};
use serde::de::DeserializeOwned;

/// Reads hex.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// Writes hex.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    HEXLOWER_PERMISSIVE.encode(bytes)
}

/// SHA-256(seed ‖ counter), one block after another: the same bytes in every run.
pub(crate) struct FixedRandom {
    seed: [u8; 32],
    counter: u64,
    block: Vec<u8>,
}

impl FixedRandom {
    pub(crate) fn new(seed: &str) -> Self {
        Self {
            seed: crypto::hash::sha256(seed.as_bytes()),
            counter: 0,
            block: Vec::new(),
        }
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        self.fill(&mut out).unwrap();
        out
    }
}

impl Random for FixedRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        for byte in out {
            if self.block.is_empty() {
                self.block = sha256_of(&[&self.seed, &self.counter.to_be_bytes()]).to_vec();
                self.counter += 1;
            }
            *byte = self.block.remove(0);
        }
        Ok(())
    }
}

/// A generator that has failed.
pub(crate) struct NoRandom;

impl Random for NoRandom {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError)
    }
}

/// The folder of official vectors: `CIVIS_VECTORS`, or `../shared/vectors` beside the workspace. Where it is absent
/// the test says so and passes, except under `CI=true`, where that is a failure.
pub(crate) fn official(part: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let folder = std::env::var_os("CIVIS_VECTORS").map_or(default, PathBuf::from);
    let path = folder.join(part);
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci != "true"),
        "{} is missing under CI",
        path.display()
    );
    say(&format!("SKIPPED: {} is missing", path.display()));
    None
}

/// One line for whoever runs the tests with their output shown.
#[expect(
    clippy::print_stderr,
    reason = "counts of vectors are for the reader of the test run"
)]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Reads a JSON file.
pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Holds `made` to the frozen file `spec/vectors/{name}`, or writes it when `CIVIS_WRITE_VECTORS` is set.
///
/// Values are compared, not text: the order of keys follows features that other packages choose.
pub(crate) fn freeze(name: &str, made: &serde_json::Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../spec/vectors")
        .join(name);
    if std::env::var_os("CIVIS_WRITE_VECTORS").is_some() {
        std::fs::write(&path, format!("{made:#}\n")).unwrap();
    }
    let frozen: serde_json::Value = json(&path);
    assert!(
        *made == frozen,
        "{name}: a frozen format is no longer what it was"
    );
    let count = made["cases"].as_array().map_or(1, Vec::len);
    say(&format!("spec/vectors/{name}: {count} of {count}, 0 skipped"));
}
