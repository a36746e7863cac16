//! The external tools, once: what each is for, which version, how its presence is seen and how it is installed.

use std::path::Path;

use crate::{call::Call, tree::Tree};

/// How a tool comes to a machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A target of the pinned toolchain.
    Rustup,
    /// A crate, built here once; the flag says whether its own lock file is used.
    Cargo {
        package: &'static str,
        version: &'static str,
        locked: bool,
    },
    /// A Debian package.
    Debian { package: &'static str },
    /// The locked npm packages of `package.json`.
    Npm,
}

/// Which commands need a tool.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// `run` and everything else.
    Run,
    /// `check` and `test`.
    Test,
    /// `fuzz`, which alone installs it.
    Fuzz,
}

/// One external tool.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) source: Source,
    pub(crate) need: Need,
    /// The exact version must be there, not just any.
    pub(crate) exact: bool,
    version_args: &'static [&'static str],
}

impl Tool {
    /// What the tool says of its version, or nothing where it is missing.
    pub(crate) fn version(&self, tree: &Tree) -> Option<String> {
        match self.source {
            Source::Rustup => wasm_installed().then(|| "installed".to_owned()),
            Source::Npm => self.ask(Call::new(self.program).path_first(&tree.npm_programs())),
            Source::Cargo { .. } | Source::Debian { .. } => self.ask(Call::new(self.program)),
        }
    }

    /// Whether the tool is there, in the version that is asked for.
    pub(crate) fn present(&self, tree: &Tree) -> bool {
        match (self.version(tree), self.source) {
            (None, _) => false,
            (Some(found), Source::Cargo { version, .. }) if self.exact => {
                found.split_whitespace().any(|word| word == version)
            }
            (Some(_), _) => true,
        }
    }

    fn ask(&self, call: Call) -> Option<String> {
        let text = call.args(self.version_args).ask()?;
        Some(text.lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// Whether the pinned toolchain can build for the browser.
fn wasm_installed() -> bool {
    Call::new("rustc")
        .args(["--print", "sysroot"])
        .ask()
        .is_some_and(|root| Path::new(&root).join("lib/rustlib").join(WASM).is_dir())
}

/// The browser's target.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

const VERSION: &[&str] = &["--version"];

/// Every tool; `doctor` prints them in this order.
pub(crate) const TOOLS: [Tool; 13] = [
    Tool {
        program: WASM,
        purpose: "builds the client",
        source: Source::Rustup,
        need: Need::Run,
        exact: true,
        version_args: VERSION,
    },
    Tool {
        program: "trunk",
        purpose: "bundles the client",
        source: Source::Cargo {
            package: "trunk",
            version: "0.21.14",
            locked: true,
        },
        need: Need::Run,
        exact: true,
        version_args: VERSION,
    },
    Tool {
        program: "wasm-bindgen",
        purpose: "joins the client to the browser's API",
        // Its lock file names a dependency that was withdrawn, so it is resolved anew.
        source: Source::Cargo {
            package: "wasm-bindgen-cli",
            version: "0.2.130",
            locked: false,
        },
        need: Need::Run,
        exact: true,
        version_args: VERSION,
    },
    Tool {
        program: "node",
        purpose: "runs wasm-opt",
        source: Source::Debian { package: "nodejs" },
        need: Need::Run,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "npm",
        purpose: "fetches wasm-opt, the font, the icons and axe",
        source: Source::Debian { package: "npm" },
        need: Need::Run,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "wasm-opt",
        purpose: "makes the bundle smaller",
        source: Source::Npm,
        need: Need::Run,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "cargo-nextest",
        purpose: "runs the tests",
        source: Source::Cargo {
            package: "cargo-nextest",
            version: "0.9.143",
            locked: true,
        },
        need: Need::Test,
        exact: false,
        version_args: &["nextest", "--version"],
    },
    Tool {
        program: "cargo-deny",
        purpose: "checks licences, bans and advisories",
        source: Source::Cargo {
            package: "cargo-deny",
            version: "0.20.2",
            locked: true,
        },
        need: Need::Test,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "chromium",
        purpose: "the browser of the browser tests",
        source: Source::Debian { package: "chromium" },
        need: Need::Test,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "chromedriver",
        purpose: "drives the browser",
        source: Source::Debian {
            package: "chromium-driver",
        },
        need: Need::Test,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "strace",
        purpose: "shows the order of writes and answers",
        source: Source::Debian { package: "strace" },
        need: Need::Test,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "cargo-fuzz",
        purpose: "builds and runs the fuzz targets",
        source: Source::Cargo {
            package: "cargo-fuzz",
            version: "0.13.2",
            locked: true,
        },
        need: Need::Fuzz,
        exact: false,
        version_args: VERSION,
    },
    Tool {
        program: "g++",
        purpose: "builds libFuzzer",
        source: Source::Debian { package: "g++" },
        need: Need::Fuzz,
        exact: false,
        version_args: VERSION,
    },
];
