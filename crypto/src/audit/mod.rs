//! What can be checked without any key: Merkle trees and their proofs.

pub mod proof;
pub mod tree;
