//! `cargo xtask doctor`: every external tool, its version and where it came from. Installs nothing.

use std::path::{Path, PathBuf};

use crate::{
    call::{Call, say},
    error::Error,
    tool::{Need, Source, TOOLS, Tool},
    tree::Tree,
};

/// Prints the table.
pub(crate) fn list(tree: &Tree) -> Result<(), Error> {
    for program in ["rustup", "cargo", "rustc", "cc"] {
        let version = Call::new(program).args(["--version"]).dir(tree.root()).ask();
        let place = locate(program, &[]);
        row(
            program,
            version,
            &place.map_or_else(String::new, |path| origin(&path)),
            "builds everything",
        );
    }
    for tool in TOOLS {
        let version = tool.version(tree).or_else(|| {
            (tool.need == Need::Fuzz).then(|| "not here: cargo xtask fuzz installs it".to_owned())
        });
        row(tool.program, version, &came_from(&tool, tree), tool.purpose);
    }
    Ok(())
}

fn row(program: &str, version: Option<String>, origin: &str, purpose: &str) {
    let version = version.map_or_else(
        || "MISSING: cargo xtask setup".to_owned(),
        |text| text.lines().next().unwrap_or_default().chars().take(44).collect(),
    );
    say(&format!("{program:<23} {version:<45} {origin:<40} {purpose}"));
}

fn came_from(tool: &Tool, tree: &Tree) -> String {
    match tool.source {
        Source::Rustup => "rustup".to_owned(),
        Source::Npm => locate(tool.program, &[tree.npm_programs()])
            .map_or_else(String::new, |_| "npm, package-lock.json".to_owned()),
        Source::Cargo { .. } | Source::Debian { .. } => {
            locate(tool.program, &[]).map_or_else(String::new, |path| origin(&path))
        }
    }
}

/// The first program of this name on the PATH, these folders first.
fn locate(program: &str, first: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    first
        .iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The package manager that owns a file, or its place.
fn origin(file: &Path) -> String {
    let place = file.display();
    if file.parent().is_some_and(|folder| folder.ends_with(".cargo/bin")) {
        return format!("cargo ({place})");
    }
    let owner = Call::new("dpkg").args(["-S"]).args([file]).ask();
    match owner.as_deref().and_then(|text| text.split(':').next()) {
        Some(package) => format!("Debian package {package}"),
        None => place.to_string(),
    }
}
