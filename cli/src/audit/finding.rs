//! What an audit finds wrong: a stable name each, and what proves it.

use serde::Serialize;

/// The checks of `spec/audit.md`, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Checkpoint, cosignatures, times.
    A1,
    /// Consistency with what this auditor saw before.
    A2,
    /// Entries and tiles hash to the checkpoint.
    A3,
    /// Every entry is of a known form.
    A4,
    /// Openings and the rules of what they say.
    A5,
    /// The map.
    A6,
    /// Census of the store.
    A7,
    /// Structure of what is stored.
    A8,
    /// Statistics of ciphertext.
    A9,
    /// Possession.
    A10,
    /// The published code.
    A11,
    /// Canary.
    A12,
    /// Recoveries with a delay.
    A13,
    /// Consultations.
    A14,
    /// What no program can prove.
    A15,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::A1,
        Self::A2,
        Self::A3,
        Self::A4,
        Self::A5,
        Self::A6,
        Self::A7,
        Self::A8,
        Self::A9,
        Self::A10,
        Self::A11,
        Self::A12,
        Self::A13,
        Self::A14,
        Self::A15,
    ];

    /// As in `spec/audit.md`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Makes [`Name`] from a table: name in code, name everywhere else, the check that it fails.
macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $check:ident;)+) => {
        /// What is wrong. Names are stable: reports word them from `finding.<name>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Name {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Name {
            /// Every name.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// The check that it fails.
            #[must_use]
            pub const fn check(self) -> Check {
                match self {
                    $(Self::$name => Check::$check,)+
                }
            }
        }
    };
}

names! {
    /// The checkpoint is not a note that the log's key signed.
    Checkpoint = "checkpoint", A1;
    /// The log signs under another key or name than this auditor knows.
    LogKey = "log_key", A1;
    /// Fewer witnesses have signed than the deployment promises, or one of the signatures is false.
    Quorum = "quorum", A1;
    /// The deployment promises less than this auditor has seen it promise.
    PolicyWeaker = "policy_weaker", A1;
    /// The witnesses' signatures are older than promised, or than those seen before.
    Stale = "stale", A1;
    /// The log is smaller than this auditor has seen it.
    LogShrunk = "log_shrunk", A2;
    /// The log does not continue what this auditor has seen.
    LogForked = "log_forked", A2;
    /// The log goes on from a backup: what stood behind it in the log before is lost. Named by the log before itself.
    Restored = "restored", A2;
    /// This auditor's own state is damaged, cut, or of another deployment.
    State = "state", A2;
    /// A tile or a bundle of entries below the checkpoint does not come.
    TileWithheld = "tile_withheld", A3;
    /// A tile of hashes is not what the entries make of it.
    TileAltered = "tile_altered", A3;
    /// Entries do not hash to the checkpoint.
    EntriesAltered = "entries_altered", A3;
    /// An entry has an unknown form.
    EntryForm = "entry_form", A4;
    /// A sealed entry has no opening, and no entry says that it was erased.
    OpeningWithheld = "opening_withheld", A5;
    /// An opening is not the one that the entry commits to.
    OpeningWrong = "opening_wrong", A5;
    /// Charters do not form one signed chain.
    CharterChain = "charter_chain", A5;
    /// Heads do not form one chain.
    HeadChain = "head_chain", A5;
    /// A head that was logged is not there.
    HeadMissing = "head_missing", A5;
    /// A head is not the one that was logged, or its signature does not hold.
    Head = "head", A5;
    /// Versions of a manifest do not count up.
    ManifestChain = "manifest_chain", A5;
    /// A label has a second identity, or a gap in its identities.
    IdentityChain = "identity_chain", A5;
    /// Something was erased that no signed head dropped.
    DropUncovered = "drop_uncovered", A5;
    /// An erasure names entries that it cannot erase.
    DropUnknown = "drop_unknown", A5;
    /// A body was logged that no signed head adds.
    BodyUncovered = "body_uncovered", A5;
    /// A root of the map is not that of the entries.
    MapHead = "map_head", A6;
    /// The map was not brought up to entries of an earlier checkpoint.
    MapBehind = "map_behind", A6;
    /// A list of the store does not come, or is not one.
    ListWithheld = "list_withheld", A7;
    /// A body that was logged and not erased is not there.
    BodyLost = "body_lost", A7;
    /// A body is stored that was never logged, and is too old to wait for it.
    BodyUnlogged = "body_unlogged", A7;
    /// A page is not named by its hash, or has a length that no page has.
    Page = "page", A8;
    /// The header of a body does not read, breaks the length rule, or is not the one that was logged.
    BodyHeader = "body_header", A8;
    /// Two bodies share a salt.
    SaltRepeated = "salt_repeated", A8;
    /// What is stored does not look like ciphertext.
    Plaintext = "plaintext", A9;
    /// A chunk of a body does not come.
    ChunkLost = "chunk_lost", A10;
    /// A chunk is not the one that was committed to.
    ChunkAltered = "chunk_altered", A10;
    /// A test account's traffic has something that the protocol does not know.
    CanaryWire = "canary_wire", A12;
    /// A word, name or size of the test account was seen outside it.
    CanaryLeak = "canary_leak", A12;
    /// The test account could not do what anybody can.
    CanaryStopped = "canary_stopped", A12;
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub name: Name,
    /// Where: an index, an id, a tile.
    pub place: String,
    /// What proves it, as it came.
    pub proof: Vec<Piece>,
}

/// Bytes that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// What they are said to be.
    pub what: String,
    /// Base64.
    pub bytes: String,
}

impl Piece {
    /// Bytes under a name, cut where they are longer than any piece of evidence has to be.
    #[must_use]
    pub fn new(what: impl Into<String>, bytes: &[u8]) -> Self {
        let kept = bytes.get(..bytes.len().min(PIECE_BYTES)).unwrap_or_default();
        Self {
            what: what.into(),
            bytes: base64::BASE64.encode(kept),
        }
    }
}

/// Everything that an audit found, a few of each name with their proof, and how many of each.
#[derive(Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    counts: std::collections::BTreeMap<Name, u64>,
}

impl Findings {
    /// Notes one more.
    pub fn add(&mut self, name: Name, place: impl Into<String>, proof: Vec<Piece>) {
        let count = self.counts.entry(name).or_default();
        *count += 1;
        if *count <= KEPT {
            self.kept.push(Finding {
                name,
                place: place.into(),
                proof,
            });
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many of each name.
    #[must_use]
    pub const fn counts(&self) -> &std::collections::BTreeMap<Name, u64> {
        &self.counts
    }

    /// Those that are kept.
    #[must_use]
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Whether a check failed.
    #[must_use]
    pub fn fails(&self, check: Check) -> bool {
        self.counts.keys().any(|name| name.check() == check)
    }
}

/// Of each name; what comes behind is counted.
const KEPT: u64 = 8;
/// Bytes of one piece of proof: a chunk with its path, or a bundle of sealed entries.
const PIECE_BYTES: usize = 64 << 10;
