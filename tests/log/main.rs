//! The log as the public has it (`spec/log.md`): judged by programs of others, and searched for what it tells of people.

#![allow(clippy::unwrap_used, reason = "tests")]

mod independent;
mod privacy;
