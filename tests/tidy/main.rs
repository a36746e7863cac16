//! The tree keeps its own rules: prose names what exists, files keep their budget, words stand where they belong.
//!
//! Reads the working tree and asks cargo for the dependency graph, offline. Changes nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

mod evidence;
mod files;
mod grammar;
mod graph;
mod hostile;
mod locale;
mod parsers;
mod prose;
mod spec;
mod tree;
