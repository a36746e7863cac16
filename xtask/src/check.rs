//! `cargo xtask check`: everything that is judged without running the product. Needs no bundle.
//!
//! Every step runs even when one before it failed, so that one call shows all there is to repair.

use std::time::Instant;

use crate::{
    call::{Call, say},
    error::Error,
    setup, test,
    tool::WASM,
    tree::Tree,
};

/// Formatting, lints, the server alone, dependencies, the tree's own rules.
pub(crate) fn all(tree: &Tree) -> Result<(), Error> {
    setup::only(tree, &[WASM, "cargo-nextest", "cargo-deny"])?;
    let mut failed = Vec::new();
    let mut step = |name: &str, result: Result<(), Error>, started: Instant| match result {
        Ok(()) => say(&format!("check: {name} passed ({:.0?})", started.elapsed())),
        Err(error) => {
            say(&format!("check: {name} FAILED: {error}"));
            failed.push(name.to_owned());
        }
    };
    let started = Instant::now();
    step("formatting", cargo(tree, &["fmt", "--all", "--check"]), started);
    let started = Instant::now();
    let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
    step("formatting of fuzz", cargo(tree, &fuzz), started);
    for package in NATIVE {
        let started = Instant::now();
        let args = [
            "clippy",
            "--quiet",
            "--locked",
            "--package",
            package,
            "--all-targets",
            "--",
            "-Dwarnings",
        ];
        step(&format!("lints of {package}"), cargo(tree, &args), started);
    }
    let started = Instant::now();
    step("lints of client (wasm)", wasm(tree), started);
    let started = Instant::now();
    // Built beside other packages the server would get crypto's feature `keys` as well; alone it must do without.
    step(
        "the server alone",
        cargo(tree, &["check", "--quiet", "--locked", "--package", "server"]),
        started,
    );
    let started = Instant::now();
    step("licences and bans", deny(tree, "Cargo.toml"), started);
    let started = Instant::now();
    step(
        "licences and bans of fuzz",
        deny(tree, "fuzz/Cargo.toml"),
        started,
    );
    let started = Instant::now();
    step("the tree's own rules", test::tidy(tree), started);
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::Steps {
            names: failed.join(", "),
        })
    }
}

fn cargo(tree: &Tree, args: &[&str]) -> Result<(), Error> {
    Call::cargo().args(args).dir(tree.root()).run()
}

fn deny(tree: &Tree, manifest: &str) -> Result<(), Error> {
    let args = [
        "deny",
        "--manifest-path",
        manifest,
        "--log-level",
        "error",
        "--locked",
        "check",
        "licenses",
        "bans",
        "sources",
    ];
    cargo(tree, &args)
}

fn wasm(tree: &Tree) -> Result<(), Error> {
    Call::cargo()
        .args([
            "clippy",
            "--quiet",
            "--locked",
            "--package",
            "client",
            "--target",
            WASM,
            "--",
            "-Dwarnings",
        ])
        .env("CARGO_TARGET_DIR", tree.wasm_target())
        .dir(tree.root())
        .run()
}

/// Built natively, each on its own, so that no package lives from the features of another.
const NATIVE: [&str; 7] = ["shared", "crypto", "server", "sdk", "cli", "tests", "xtask"];
