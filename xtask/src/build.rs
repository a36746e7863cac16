//! Builds what `run` serves: the client's bundle in `dist/`, then the server that embeds it.
//!
//! A bundle whose sources did not change is not built again. Nothing here reaches the network.

use std::{fs, path::Path, time::Instant};

use crate::{
    bundle,
    call::{Call, say},
    error::{At, Error},
    fingerprint, setup,
    tree::Tree,
};

/// The bundle and the release server.
pub(crate) fn all(tree: &Tree) -> Result<(), Error> {
    client(tree)?;
    let started = Instant::now();
    // The fingerprint makes cargo look at the embedded files again whenever the bundle is another one.
    let mark = fs::read_to_string(tree.memory().join(MARK)).at(&tree.memory().join(MARK))?;
    Call::cargo()
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "server",
            "--features",
            "embed",
        ])
        .env("CIVIS_BUNDLE", mark)
        .dir(tree.root())
        .run()?;
    say(&format!(
        "build: the server is up to date ({:.0?})",
        started.elapsed()
    ));
    Ok(())
}

/// The client's bundle, with what it needs to be built.
pub(crate) fn client(tree: &Tree) -> Result<(), Error> {
    setup::for_run(tree)?;
    let _turn = turn(tree)?;
    let sources = fingerprint::of_files(tree.root(), SOURCES)?;
    let mark = tree.memory().join(MARK);
    let unchanged = fs::read_to_string(&mark).is_ok_and(|built| built == sources);
    if unchanged && tree.dist().join("index.html").is_file() {
        say("build: the client is up to date");
        return Ok(());
    }
    let started = Instant::now();
    fs::remove_file(&mark).or_else(gone).at(&mark)?;
    trunk(tree, &["--cargo-profile", "wasm-release"])?;
    let sizes = bundle::finish(&tree.dist())?;
    fs::write(&mark, sources).at(&mark)?;
    say(&format!(
        "build: the client took {:.0?}; {} KiB in {} files, {} KiB compressed",
        started.elapsed(),
        sizes.plain / 1_024,
        sizes.files,
        sizes.sent / 1_024
    ));
    Ok(())
}

/// Held while the bundle is built: two builds at once would mix their files.
fn turn(tree: &Tree) -> Result<fs::File, Error> {
    let folder = tree.memory();
    fs::create_dir_all(&folder).at(&folder)?;
    let path = folder.join("lock");
    let file = fs::File::create(&path).at(&path)?;
    file.lock().at(&path)?;
    Ok(file)
}

/// The same bundle, built fast for someone who changes it: unoptimised, uncompressed, and never taken for the real one.
pub(crate) fn quick(tree: &Tree) -> Result<(), Error> {
    setup::for_run(tree)?;
    let _turn = turn(tree)?;
    let started = Instant::now();
    let mark = tree.memory().join(MARK);
    fs::remove_file(&mark).or_else(gone).at(&mark)?;
    trunk(tree, &["--release=false", "--cargo-profile", "wasm-quick"])?;
    say(&format!(
        "build: the client took {:.0?}, unoptimised; serve it with `civis-server --assets-dir dist`, test it with CIVIS_DIST=dist",
        started.elapsed()
    ));
    Ok(())
}

fn trunk(tree: &Tree, how: &[&str]) -> Result<(), Error> {
    Call::new("trunk")
        .args(["build", "--offline"])
        .args(how)
        .env("CARGO_TARGET_DIR", tree.wasm_target())
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(tree.root()))
        .env("NO_COLOR", "true")
        .path_first(&tree.npm_programs())
        .dir(tree.root())
        .run()
}

/// The flags of `.cargo/config.toml`, which the variable replaces, and no path of this machine in the bundle.
pub(crate) fn rust_flags(root: &Path) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let sysroot = Call::new("rustc")
        .args(["--print", "sysroot"])
        .dir(root)
        .ask()
        .unwrap_or_default();
    let remap = |from: &str, to: &str| format!("--remap-path-prefix={from}={to}");
    let mut flags: Vec<String> = [
        "--cfg",
        "getrandom_backend=\"wasm_js\"",
        "--cfg",
        "erase_components",
    ]
    .map(str::to_owned)
    .into();
    for (from, to) in [
        (cargo.as_str(), "/cargo"),
        (sysroot.as_str(), "/rust"),
        (&root.to_string_lossy(), "/civis"),
    ] {
        if !from.is_empty() {
            flags.push(remap(from, to));
        }
    }
    flags.join("\u{1f}")
}

fn gone(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

/// The sources' fingerprint of the bundle in `dist/`.
const MARK: &str = "bundle";

/// Everything that the bundle is made of.
const SOURCES: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "client",
    "crypto/Cargo.toml",
    "crypto/src",
    "index.html",
    "package-lock.json",
    "rust-toolchain.toml",
    "sdk/Cargo.toml",
    "sdk/src",
    "shared/Cargo.toml",
    "shared/src",
    "xtask/src/build.rs",
    "xtask/src/bundle.rs",
];
