//! What can go wrong in a command, each with what to do about it. Holds no logic.

use std::{io, path::PathBuf, process::ExitStatus};

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no such command: `{words}`; `cargo xtask help` lists them")]
    UnknownCommand { words: String },
    #[error("this is not run from inside the Civis tree: {start} has no workspace above it")]
    NoTree { start: PathBuf },
    #[error("`{program}` cannot be started ({source}); `cargo xtask doctor` shows what is missing")]
    Start { program: String, source: io::Error },
    #[error("`{line}` failed: {status}")]
    Failed { line: String, status: ExitStatus },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("Debian packages are missing and only root may install them; run: {command}")]
    NeedsRoot { command: String },
    #[error("`{program}` is missing after its installation; is {folder} on the PATH?")]
    NotFound { program: &'static str, folder: String },
    #[error("`{name}` is not what the bundler should have left in dist/: {what}")]
    Bundle { name: String, what: &'static str },
    #[error("these failed: {names}")]
    Steps { names: String },
}

/// Ties an I/O error to its path.
pub(crate) trait At<T> {
    fn at(self, path: &std::path::Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &std::path::Path) -> Result<T, Error> {
        self.map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    }
}
