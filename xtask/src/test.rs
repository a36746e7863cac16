//! `cargo xtask test`: the levels of the tests, each with what it needs, and their counts at the end.

use std::time::Instant;

use crate::{
    build,
    call::{Call, say},
    error::Error,
    fuzz, mutate, screens, setup,
    tree::Tree,
};

/// Native, durable and browser, in this order; all run even when one fails.
pub(crate) fn all(tree: &Tree) -> Result<(), Error> {
    setup::everything(tree)?;
    let mut failed = Vec::new();
    let mut lines = Vec::new();
    for name in ["native", "durable", "browser"] {
        let started = Instant::now();
        let mut summary = String::new();
        let result = run_level(tree, name, &mut summary);
        lines.push(format!(
            "{name}: {} ({:.0?} with the build)",
            summary.trim(),
            started.elapsed()
        ));
        if let Err(error) = result {
            lines.push(format!("{name} FAILED: {error}"));
            failed.push(name);
        }
    }
    for line in lines {
        say(&format!("test: {line}"));
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::Steps {
            names: failed.join(", "),
        })
    }
}

/// One level.
pub(crate) fn level(tree: &Tree, name: &str) -> Result<(), Error> {
    match name {
        "native" | "hostile" => setup::only(tree, &["cargo-nextest"])?,
        "durable" => setup::only(tree, &["cargo-nextest", "strace"])?,
        "browser" => setup::only(tree, &["cargo-nextest", "chromium", "chromedriver"])?,
        "deep" => setup::everything(tree)?,
        other => {
            return Err(Error::UnknownCommand {
                words: format!("test {other}"),
            });
        }
    }
    run_level(tree, name, &mut String::new())?;
    if name == "deep" {
        screens::judge(tree)?;
        fuzz::deep(tree)?;
        mutate::all(tree, &[])?;
    }
    Ok(())
}

/// The rules of the tree itself, as part of `check`.
pub(crate) fn tidy(tree: &Tree) -> Result<(), Error> {
    nextest(tree, &["--package", "tests", "--test", "tidy"]).run()
}

fn run_level(tree: &Tree, name: &str, summary: &mut String) -> Result<(), Error> {
    say(&format!("test: {name}"));
    let call = match name {
        "durable" => {
            durable_server(tree)?;
            nextest(
                tree,
                &["--package", "tests", "--test", "durability", "--test", "flood"],
            )
            .env("CIVIS_SERVER_BIN", tree.join("target/debug/civis-server"))
        }
        "browser" => {
            build::client(tree)?;
            nextest(tree, &["--package", "tests", "--test", "browser"]).env("CIVIS_DIST", tree.dist())
        }
        "deep" => {
            durable_server(tree)?;
            nextest(
                tree,
                &["--package", "tests", "--test", "durability", "--test", "flood"],
            )
            .env("CIVIS_SERVER_BIN", tree.join("target/debug/civis-server"))
            .env("CIVIS_DEEP", "1")
        }
        "hostile" => nextest(tree, &["--package", "tests", "--test", "hostile"]),
        _ => {
            let packages = NATIVE.into_iter().flat_map(|package| ["--package", package]);
            nextest(tree, &[])
                .args(packages)
                .args(["-E", "not binary(/^(browser|durability|flood)$/)"])
        }
    };
    call.run_watched(|line| {
        if line.trim_start().starts_with("Summary") {
            line.trim().clone_into(summary);
        }
    })
}

fn nextest(tree: &Tree, args: &[&str]) -> Call {
    Call::cargo()
        .args(["nextest", "run", "--cargo-quiet"])
        .args(args)
        .dir(tree.root())
}

/// The server as a program of its own, with the hooks of the durability tests.
fn durable_server(tree: &Tree) -> Result<(), Error> {
    Call::cargo()
        .args(["build", "--quiet", "--package", "server", "--features", "testing"])
        .dir(tree.root())
        .run()
}

const NATIVE: [&str; 7] = ["shared", "crypto", "server", "sdk", "cli", "tests", "xtask"];
