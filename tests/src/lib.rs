//! What the end-to-end tests are made of: a world to act in, people who act, eyes that look where they should not.
//!
//! Nothing of this is part of the product.

pub mod adversary;
pub mod browser;
pub mod evil;
pub mod insider;
pub mod logs;
pub mod parsers;
pub mod person;
pub mod program;
pub mod public_log;
pub mod recorder;
pub mod reference;
pub mod sample;
pub mod witness;
pub mod world;
