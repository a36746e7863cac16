//! One call of another program: arguments as a list, the line printed before it runs, its failure typed.
//!
//! Never a shell, so that no name of a file is ever read as a command.

use std::{
    ffi::OsStr,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use crate::error::Error;

/// A program about to be called.
pub(crate) struct Call {
    program: String,
    command: Command,
}

impl Call {
    pub(crate) fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            command: Command::new(program),
        }
    }

    /// The cargo that called us, and so the toolchain of `rust-toolchain.toml`.
    pub(crate) fn cargo() -> Self {
        let mut call = Self::new("cargo");
        for name in INHERITED {
            call.command.env_remove(name);
        }
        call
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Puts a folder before everything else on the PATH of the called program.
    pub(crate) fn path_first(mut self, folder: &Path) -> Self {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old));
        if let Ok(path) = std::env::join_paths(folders) {
            self.command.env("PATH", path);
        }
        self
    }

    /// Runs it to its end, its output on ours.
    pub(crate) fn run(mut self) -> Result<(), Error> {
        let line = self.announce();
        let status = self
            .command
            .status()
            .map_err(|source| self.cannot_start(source))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::Failed { line, status })
        }
    }

    /// Runs it to its end, its errors on ours, and passes every line of them to `see`.
    pub(crate) fn run_watched(mut self, mut see: impl FnMut(&str)) -> Result<(), Error> {
        let line = self.announce();
        let mut child = self
            .command
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| self.cannot_start(source))?;
        if let Some(stderr) = child.stderr.take() {
            for text in BufReader::new(stderr).lines().map_while(Result::ok) {
                say(&text);
                see(&text);
            }
        }
        let status = child.wait().map_err(|source| self.cannot_start(source))?;
        if status.success() {
            Ok(())
        } else {
            Err(Error::Failed { line, status })
        }
    }

    /// What it prints, if it can be started and succeeds; nothing is shown.
    pub(crate) fn ask(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn cannot_start(&self, source: io::Error) -> Error {
        Error::Start {
            program: self.program.clone(),
            source,
        }
    }

    fn announce(&self) -> String {
        let args = self
            .command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned());
        let line = std::iter::once(self.program.clone())
            .chain(args)
            .collect::<Vec<_>>()
            .join(" ");
        say(&format!("  > {line}"));
        line
    }
}

/// One line for the person, on standard error so that a command's own output stays clean.
pub(crate) fn say(line: &str) {
    // A closed terminal is no reason to stop the work.
    let _ = writeln!(io::stderr(), "{line}");
}

/// What `cargo run` sets for us and a called cargo must not take for its own.
const INHERITED: [&str; 12] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "LD_LIBRARY_PATH",
    "CARGO_BIN_NAME",
];
