//! A real Chromium, driven as a person would: by what is on the screen, never by markup or time.
//!
//! `session` starts and ends it, `find` waits for what is shown, `action` does, `check` and `judge` judge, `look` sets
//! language, theme and width, `keys` is a person without a mouse, `proxy` is the evil server of whoever wants one. Elements are named by the `data-testid`s
//! listed in `client/src/lib.rs`.

mod action;
mod check;
mod find;
mod judge;
mod keys;
mod look;
mod proxy;
mod session;

use std::io;

pub use action::Account;
pub use check::Sent;
pub use look::Look;
pub use proxy::Proxy;
pub use session::{Browser, Stage};
use thirtyfour::error::WebDriverError;

/// Why a story stopped.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The driver or the browser refused a command.
    #[error("the browser refused: {0}")]
    Driver(#[from] WebDriverError),
    /// A file or a process.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The driver did not say where it listens.
    #[error("chromedriver did not start")]
    NoDriver,
    /// No bundle to serve.
    #[error("there is no bundle in {0}: run `cargo xtask test browser`")]
    NoBundle(String),
    /// Something expected did not come.
    #[error("waited in vain for {what}; the page shows: {shown}")]
    NotSeen {
        /// What was waited for.
        what: String,
        /// The text of the page.
        shown: String,
    },
    /// The server could not be started.
    #[error(transparent)]
    World(#[from] crate::world::WorldError),
}
