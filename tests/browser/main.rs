//! Stories in a real Chromium: what a person does with the page, and what the page may never do.
//!
//! One browser at a time (nextest's group `browser`); every story has a server, a driver and profiles of its own.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests; they print what they counted"
)]

mod archive;
mod canary;
mod content;
mod document;
mod door;
mod evil;
mod load;
mod page;
mod resume;
mod safe;
mod screens;
mod story;
mod viewer;
