//! `cargo xtask`: every command a person types to build, run, test and measure Civis.
//!
//! Starts other programs with arguments as lists, never through a shell. Specified by `README.md` and
//! `CONTRIBUTING.md`; installs nothing but what `tool.rs` names.

mod bench;
mod build;
mod bundle;
mod call;
mod check;
mod doctor;
mod error;
mod fingerprint;
mod fuzz;
mod mutate;
mod run;
mod screens;
mod setup;
mod test;
mod tool;
mod tree;

use std::process::ExitCode;

use crate::{call::say, error::Error, tree::Tree};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match obey(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("xtask: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn obey(words: &[&str]) -> Result<(), Error> {
    let tree = Tree::find()?;
    match words {
        ["setup"] => setup::everything(&tree),
        ["build"] => build::all(&tree),
        ["build", "quick"] => build::quick(&tree),
        ["run", rest @ ..] => run::serve(&tree, rest),
        ["check"] => check::all(&tree),
        ["test"] => test::all(&tree),
        ["test", level] => test::level(&tree, level),
        ["screens"] => screens::draw(&tree, false),
        ["screens", "quick"] => screens::draw(&tree, true),
        ["mutate", numbers @ ..] => mutate::all(&tree, numbers),
        ["fuzz", rest @ ..] => fuzz::obey(&tree, rest),
        ["bench"] => bench::all(&tree),
        ["doctor"] => doctor::list(&tree),
        [] | ["help" | "--help" | "-h"] => {
            say(HELP);
            Ok(())
        }
        other => Err(Error::UnknownCommand {
            words: other.join(" "),
        }),
    }
}

const HELP: &str = "\
cargo xtask <command>

  run      build what changed and serve on http://127.0.0.1:8080 with ./data; more arguments go to the server
  test     the tests: native, durable, browser; one level: test native | hostile | durable | browser | deep
  mutate   take each check of the hostile-server checklist out: its own test must fail; some numbers: mutate 05 24
  check    formatting, lints (native and wasm), the server on its own, licences, the tree's own rules
  screens  every screen and state as pictures, on one page: target/screens/index.html; screens quick: of an unoptimised bundle
  build    the client's bundle in dist/ and the server that embeds it; build quick: the bundle alone, unoptimised
  setup    install every tool that is missing
  fuzz     every parser under libFuzzer, 60 s a target: fuzz [target...] [--seconds N]; fuzz keep: new corpora
  bench    measure encryption, upload and memory beside others; never part of the tests
  doctor   every external tool, its version and where it came from";
