//! `cargo xtask screens`: every screen in every state as pictures, and one page that shows them all.
//!
//! The pictures are made by the same walk that judges the screens (`tests/browser/screens`), from real acts.

use std::time::Instant;

use crate::{
    build,
    call::{Call, say},
    error::Error,
    setup,
    tree::Tree,
};

/// Draws every screen of the real bundle, or of the one that is built in seconds.
pub(crate) fn draw(tree: &Tree, quick: bool) -> Result<(), Error> {
    setup::only(tree, &["cargo-nextest", "chromium", "chromedriver"])?;
    if quick {
        build::quick(tree)?;
    } else {
        build::client(tree)?;
    }
    let started = Instant::now();
    let folder = tree.join("target/screens");
    walk(tree).env("CIVIS_SCREENS", &folder).run()?;
    say(&format!(
        "screens: {} ({:.0?})",
        folder.join("index.html").display(),
        started.elapsed()
    ));
    Ok(())
}

/// Judges every screen in every look: the part of `test deep` that needs a browser.
pub(crate) fn judge(tree: &Tree) -> Result<(), Error> {
    build::client(tree)?;
    walk(tree).env("CIVIS_DEEP", "1").run()
}

fn walk(tree: &Tree) -> Call {
    Call::cargo()
        .args(["nextest", "run", "--cargo-quiet", "--success-output", "final"])
        .args([
            "--package",
            "tests",
            "--test",
            "browser",
            "-E",
            "test(/^screens::/)",
        ])
        .env("CIVIS_DIST", tree.dist())
        .dir(tree.root())
}
