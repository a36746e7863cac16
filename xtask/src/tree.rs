//! Where things stand in the working tree. Holds paths only, reads nothing but the location of the workspace.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// The root of the workspace.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The workspace above the current folder.
    pub(crate) fn find() -> Result<Self, Error> {
        let start = std::env::current_dir().unwrap_or_default();
        start
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .map(|root| Self {
                root: root.to_owned(),
            })
            .ok_or(Error::NoTree { start })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn join(&self, part: &str) -> PathBuf {
        self.root.join(part)
    }

    /// The client's bundle.
    pub(crate) fn dist(&self) -> PathBuf {
        self.join("dist")
    }

    /// Everything built for the browser.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.join("target/wasm")
    }

    /// What the commands remember between two calls.
    pub(crate) fn memory(&self) -> PathBuf {
        self.join("target/xtask")
    }

    /// Programs installed by npm.
    pub(crate) fn npm_programs(&self) -> PathBuf {
        self.join("node_modules/.bin")
    }
}
