//! The switches: which number of the checklist is attacked. How, stand in the modules beside this one.

use super::{Attack, body, frame, list, log, login, way_in, wire};

/// One number of the hostile-server checklist at which the server can lie now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Switch {
    /// Other parameters of the key derivation, another profile.
    N01,
    /// The OPAQUE record or key of another account.
    N02,
    /// Answers that tell a known account from an unknown one.
    N03,
    /// KE2 replayed, reflected, of another login, truncated, made of identity elements.
    N04,
    /// A slot with any field or byte altered.
    N05,
    /// The slot of another account or of an old generation.
    N06,
    /// Many logins with altered records.
    N07,
    /// The slot from before a change of phrase.
    N08,
    /// An unknown magic, suite or version in any structure.
    N09,
    /// A ciphertext made to open under two keys or in two places.
    N10,
    /// A head signed by another key than the charter names.
    N20,
    /// Low-order points, malformed keys, wrong lengths in a bundle.
    N21,
    /// One bit of anything flipped.
    N24,
    /// Chunks and parts reordered, repeated, dropped, cut or extended.
    N25,
    /// Bodies, pages and records exchanged for others that are genuine.
    N26,
    /// Entries renamed, moved, dated or typed by the server.
    N27,
    /// An older head, charter, manifest, secrets or whole account.
    N28,
    /// A body or page withheld, a purged entry brought back.
    N29,
    /// Two histories.
    N30,
    /// A body or entry that nobody here wrote.
    N31,
    /// Answers to uploads replayed, parts denied or claimed, records rolled back.
    N33,
    /// Counts, lengths, depths and numbers beyond every bound.
    N38,
    /// Checkpoints unsigned, of another log, withheld, or older than one that was told.
    N41,
    /// Proofs and bundles of entries altered or withheld.
    N42,
    /// The words used silently in the place of the phrase.
    N47,
    /// Answers outside the contract: types, fields, numbers, HTML, redirects.
    N50,
    /// Lies at one answer that fail at different checks, to learn which.
    N52,
    /// Times years off.
    N53,
}

impl Switch {
    /// Every switch, in the order of the checklist.
    pub const ALL: [Self; 28] = [
        Self::N01,
        Self::N02,
        Self::N03,
        Self::N04,
        Self::N05,
        Self::N06,
        Self::N07,
        Self::N08,
        Self::N09,
        Self::N10,
        Self::N20,
        Self::N21,
        Self::N24,
        Self::N25,
        Self::N26,
        Self::N27,
        Self::N28,
        Self::N29,
        Self::N30,
        Self::N31,
        Self::N33,
        Self::N38,
        Self::N41,
        Self::N42,
        Self::N47,
        Self::N50,
        Self::N52,
        Self::N53,
    ];

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::N01 => 1,
            Self::N02 => 2,
            Self::N03 => 3,
            Self::N04 => 4,
            Self::N05 => 5,
            Self::N06 => 6,
            Self::N07 => 7,
            Self::N08 => 8,
            Self::N09 => 9,
            Self::N10 => 10,
            Self::N20 => 20,
            Self::N21 => 21,
            Self::N24 => 24,
            Self::N25 => 25,
            Self::N26 => 26,
            Self::N27 => 27,
            Self::N28 => 28,
            Self::N29 => 29,
            Self::N30 => 30,
            Self::N31 => 31,
            Self::N33 => 33,
            Self::N38 => 38,
            Self::N41 => 41,
            Self::N42 => 42,
            Self::N47 => 47,
            Self::N50 => 50,
            Self::N52 => 52,
            Self::N53 => 53,
        }
    }

    /// Every way in which the evil server carries this lie out; some need what it has seen before, on this line or another.
    #[must_use]
    pub fn attacks(self) -> Vec<Attack> {
        match self {
            Self::N01 => way_in::n01(),
            Self::N02 => login::n02(),
            Self::N03 => login::n03(),
            Self::N04 => login::n04(),
            Self::N05 => way_in::n05(),
            Self::N06 => way_in::n06(),
            Self::N07 => login::n07(),
            Self::N08 => way_in::n08(),
            Self::N09 => frame::n09(),
            Self::N10 => way_in::n10(),
            Self::N20 => list::n20(),
            Self::N21 => list::n21(),
            Self::N24 => body::n24(),
            Self::N25 => body::n25(),
            Self::N26 => body::n26(),
            Self::N27 => list::n27(),
            Self::N28 => list::n28(),
            Self::N29 => list::n29(),
            Self::N30 => list::n30(),
            Self::N31 => list::n31(),
            Self::N33 => wire::n33(),
            Self::N38 => list::n38(),
            Self::N41 => log::n41(),
            Self::N42 => log::n42(),
            Self::N47 => way_in::n47(),
            Self::N50 => wire::n50(),
            Self::N52 => wire::n52(),
            Self::N53 => wire::n53(),
        }
    }
}
