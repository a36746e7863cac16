//! What an auditor runs: `civis audit` replays the log of a deployment and examines its store, `civis audit witness`
//! cosigns checkpoints, `civis audit evidence` judges what somebody kept.
//!
//! Holds no key of a person and needs no trust in the server: whatever it sends is hostile until it is proven. The
//! checks and their names are those of `spec/audit.md`.

pub mod address;
pub mod audit;
pub mod canary;
pub mod command;
pub mod evidence;
pub mod key;
pub mod witness;
