//! One archive of all documents, readable without Civis, and the way back in. spec/archive.md.
//!
//! - `zip`, `place`: the one form of ZIP, and names that every system takes; pure.
//! - [`list`]: `civis/documents.json`; `page`: the two pages for people; pure.
//! - [`write`]: from the safe into an archive; [`read`]: what somebody gives back, checked as a whole;
//!   [`parcel`], [`import`]: from there, or from a folder, into a safe.

pub mod import;
pub mod list;
mod page;
pub mod parcel;
pub(crate) mod place;
pub mod read;
pub mod write;
pub(crate) mod zip;

/// Identity bundle that verifies the authors (`spec/account.md`).
const IDENTITY: &str = "civis/identity";
/// The list.
const LIST: &str = "civis/documents.json";
/// Hashes, for a tool that checks them all.
const SUMS: &str = "civis/SHA256SUMS";
/// For people, in French.
const PAGE_FR: &str = "LISEZMOI.html";
/// For people, in English.
const PAGE_EN: &str = "README.html";
