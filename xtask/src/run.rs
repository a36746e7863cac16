//! `cargo xtask run`: builds what changed and serves it, with data in `./data`.

use crate::{
    build,
    call::{Call, say},
    error::Error,
    tree::Tree,
};

/// Serves until the server ends; further words are the server's own flags.
pub(crate) fn serve(tree: &Tree, flags: &[&str]) -> Result<(), Error> {
    build::all(tree)?;
    if !flags.iter().any(|flag| flag.starts_with("--listen")) {
        say("run: http://127.0.0.1:8080 (data in ./data, Ctrl-C ends it)");
    }
    Call::new(&tree.join("target/release/civis-server").to_string_lossy())
        .args(flags)
        .dir(tree.root())
        .run()
}
