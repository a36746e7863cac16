//! `cargo xtask bench`: the numbers that people ask for, each beside something known. Never part of the tests.
//!
//! The measuring itself stands in `tests/bench`; this builds what it needs.

use std::{fs, path::Path};

use crate::{
    build,
    call::{Call, say},
    error::{At, Error},
    setup,
    tool::WASM,
    tree::Tree,
};

/// Browser encryption, upload, memory, logins, what the log adds.
pub(crate) fn all(tree: &Tree) -> Result<(), Error> {
    setup::everything(tree)?;
    build::all(tree)?;
    let page = page(tree)?;
    say("bench: do nothing else on this machine meanwhile");
    Call::cargo()
        .args(["bench", "--quiet", "--package", "tests", "--bench", "bench"])
        .env("CIVIS_BENCH_PAGE", page)
        .env("CIVIS_SERVER_BIN", tree.join("target/release/civis-server"))
        .dir(tree.root())
        .run()
}

/// The page that measures, with our sealing as a program of its own and libsodium beside it.
fn page(tree: &Tree) -> Result<std::path::PathBuf, Error> {
    let page = tree.join("target/bench/page");
    fs::create_dir_all(&page).at(&page)?;
    Call::cargo()
        .args([
            "build",
            "--quiet",
            "--profile",
            "wasm-release",
            "--target",
            WASM,
            "--package",
            "client",
        ])
        .args(["--example", "seal"])
        .env("CARGO_TARGET_DIR", tree.wasm_target())
        .env("CARGO_ENCODED_RUSTFLAGS", build::rust_flags(tree.root()))
        .dir(tree.root())
        .run()?;
    let built = tree
        .wasm_target()
        .join(WASM)
        .join("wasm-release/examples/seal.wasm");
    Call::new("wasm-bindgen")
        .args([
            "--target",
            "web",
            "--no-typescript",
            "--out-name",
            "seal",
            "--out-dir",
        ])
        .args([page.as_os_str(), built.as_os_str()])
        .run()?;
    let sealed = page.join("seal_bg.wasm");
    // As the bundle treats the worker: see index.html.
    Call::new("wasm-opt")
        .args(["-O3", "-o"])
        .args([sealed.as_os_str(), sealed.as_os_str()])
        .path_first(&tree.npm_programs())
        .run()?;
    for (from, to) in COPIES {
        copy(&tree.join(from), &page.join(to))?;
    }
    Ok(page)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::copy(from, to).at(from).map(|_| ())
}

const COPIES: [(&str, &str); 4] = [
    ("tests/bench/page/index.html", "index.html"),
    ("tests/bench/page/bench.js", "bench.js"),
    ("node_modules/libsodium/dist/modules/libsodium.js", "libsodium.js"),
    (
        "node_modules/libsodium-wrappers/dist/modules/libsodium-wrappers.js",
        "libsodium-wrappers.js",
    ),
];
