//! Installs what is missing, and nothing else: a second call changes nothing and takes a second.
//!
//! Programs go to cargo's own folder, npm packages to `node_modules`, Debian packages through apt when root.

use std::{fs, time::Instant};

use crate::{
    call::{Call, say},
    error::{At, Error},
    fingerprint,
    tool::{Need, Source, TOOLS, Tool, WASM},
    tree::Tree,
};

/// Every tool of every command but `fuzz`.
pub(crate) fn everything(tree: &Tree) -> Result<(), Error> {
    let started = Instant::now();
    install(tree, |tool| tool.need != Need::Fuzz)?;
    say(&format!("setup: everything is there ({:.0?})", started.elapsed()));
    Ok(())
}

/// What `run` and `build` need.
pub(crate) fn for_run(tree: &Tree) -> Result<(), Error> {
    install(tree, |tool| tool.need == Need::Run)
}

/// These tools and nothing more, by the program's name.
pub(crate) fn only(tree: &Tree, programs: &[&str]) -> Result<(), Error> {
    install(tree, |tool| programs.contains(&tool.program))
}

fn install(tree: &Tree, wanted: impl Fn(&Tool) -> bool) -> Result<(), Error> {
    let missing: Vec<Tool> = TOOLS
        .into_iter()
        .filter(|tool| wanted(tool) && !tool.present(tree))
        .collect();
    debian(&missing)?;
    for tool in &missing {
        match tool.source {
            Source::Rustup => Call::new("rustup")
                .args(["target", "add", WASM])
                .dir(tree.root())
                .run()?,
            Source::Cargo {
                package,
                version,
                locked,
            } => cargo_install(tree, package, version, locked)?,
            Source::Debian { .. } | Source::Npm => {}
        }
    }
    if TOOLS
        .iter()
        .any(|tool| tool.source == Source::Npm && wanted(tool))
    {
        npm(tree)?;
    }
    for tool in &missing {
        if !tool.present(tree) {
            return Err(Error::NotFound {
                program: tool.program,
                folder: cargo_home(),
            });
        }
    }
    fs::remove_dir_all(tree.join(TOOL_TARGET))
        .or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
        .at(&tree.join(TOOL_TARGET))
}

fn cargo_install(tree: &Tree, package: &str, version: &str, locked: bool) -> Result<(), Error> {
    let started = Instant::now();
    let mut call = Call::cargo().args(["install", "--quiet", package, "--version", version]);
    if locked {
        call = call.args(["--locked"]);
    }
    // Tools run for seconds and are built once: the cheapest build that is not a debug build.
    call.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_TARGET_DIR", tree.join(TOOL_TARGET))
        .dir(tree.root())
        .run()?;
    say(&format!(
        "setup: {package} {version} installed in {:.0?}",
        started.elapsed()
    ));
    Ok(())
}

fn debian(missing: &[Tool]) -> Result<(), Error> {
    let packages: Vec<&str> = missing
        .iter()
        .filter_map(|tool| match tool.source {
            Source::Debian { package } => Some(package),
            _ => None,
        })
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let install = ["install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(packages.iter().copied());
    if Call::new("id").args(["-u"]).ask().as_deref() != Some("0") {
        let command = format!(
            "sudo apt-get install --no-install-recommends {}",
            packages.join(" ")
        );
        return Err(Error::NeedsRoot { command });
    }
    Call::new("apt-get").args(["update", "--quiet"]).run()?;
    Call::new("apt-get")
        .args(install)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

/// Fetches the npm packages of the lock file when it changed. No package's own scripts are run.
fn npm(tree: &Tree) -> Result<(), Error> {
    let lock = tree.join("package-lock.json");
    let stamp = tree.join("node_modules/.civis");
    let wanted = fingerprint::of_files(tree.root(), &["package-lock.json"])?;
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    fs::metadata(&lock).at(&lock)?;
    Call::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            // A canvas that pdf.js would use outside a browser.
            "--omit=optional",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .dir(tree.root())
        .run()?;
    fs::write(&stamp, wanted).at(&stamp)
}

fn cargo_home() -> String {
    std::env::var("CARGO_HOME").map_or_else(|_| "~/.cargo/bin".to_owned(), |home| format!("{home}/bin"))
}

/// Shared by the installs of one call, then removed.
const TOOL_TARGET: &str = "target/tools";
