//! What is kept when an answer is refused: which check failed, for which document, the bytes, when, and what this
//! device knew that they contradict. Never a secret. The format, the table of checks and the file: spec/evidence.md.
//!
//! The server never learns which check failed (checklist 52): evidence stays in the local store, sealed under K_local
//! wherever it names a document. The person sees it, keeps it, and may hand it to whoever they trust.

mod export;
mod keep;

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::{Blob, BodyId, DeploymentId, Hash};

pub use export::{About, Export, Names};
pub use keep::{KEPT_PIECES, list_open, recent};
pub(crate) use keep::{Keeper, Refused, delete, list, refuse};

/// The check that an answer failed. Names are stable: screens word them from `check.<name>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// Another deployment answers than the one this device knows, or one that lacks suite 1.
    Deployment,
    /// The slot does not open, or belongs to another account, generation or place.
    Slot,
    /// The slot opens and the manifest does not list it, or lists it with another hash.
    SlotNotListed,
    /// The account's secrets do not open, or differ from what the manifest names.
    Secrets,
    /// The manifest does not open, or its signature or form is wrong.
    Manifest,
    /// The manifest is older than this device knows, or of the same version with other bytes.
    ManifestRolledBack,
    /// The identity bundle is not the account's own.
    Bundle,
    /// A charter is not the one that was accepted, or its chain or signature breaks.
    Charter,
    /// A head's form, signature, author or box is wrong.
    Head,
    /// The head is older than this device knows, or of the same number with another hash.
    HeadRolledBack,
    /// The heads that lead from the known one to the newest do not form one chain.
    HeadChain,
    /// A page differs from its id, does not open, or does not belong where it stands.
    Page,
    /// A page of the index is withheld.
    PageMissing,
    /// The number of entries differs from what the head's author signed.
    EntryCount,
    /// A descriptor's author signature does not hold.
    Author,
    /// A body's header differs from its descriptor, or breaks the length rule.
    Header,
    /// The list of part hashes does not fold to the body's root.
    PartHashes,
    /// A part differs from its hash, does not open, or carries wrong padding.
    Part,
    /// The whole content differs from what was saved.
    Content,
    /// The body is withheld.
    BodyMissing,
    /// A record of an unfinished upload does not open.
    UploadRecord,
    /// What the server says it stored differs from what was given to it: at the creation, or the handle at a login.
    ReadBack,
    /// A checkpoint of the log is unsigned, another log's, not witnessed as agreed, or withheld.
    Checkpoint,
    /// A checkpoint does not continue one that was seen before: history was cut or changed.
    LogForked,
    /// What this client wrote, or was served, is not in the log.
    LogEntry,
    /// Entries of the log are withheld, or are not those of its checkpoint.
    LogEntries,
    /// The log has a head or manifest of this account that the server does not show.
    Hidden,
    /// The log's map is withheld, or its proofs do not hold under a root that the log has.
    Map,
    /// The log has an identity of this account that is not its own.
    Identity,
    /// The deployment asks for less than the account has agreed to, or has another log.
    LogPolicy,
    /// The log goes on from a backup, as it says itself: nothing is done before the person agrees.
    Restored,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 31] = [
        Self::Deployment,
        Self::Slot,
        Self::SlotNotListed,
        Self::Secrets,
        Self::Manifest,
        Self::ManifestRolledBack,
        Self::Bundle,
        Self::Charter,
        Self::Head,
        Self::HeadRolledBack,
        Self::HeadChain,
        Self::Page,
        Self::PageMissing,
        Self::EntryCount,
        Self::Author,
        Self::Header,
        Self::PartHashes,
        Self::Part,
        Self::Content,
        Self::BodyMissing,
        Self::UploadRecord,
        Self::ReadBack,
        Self::Checkpoint,
        Self::LogForked,
        Self::LogEntry,
        Self::LogEntries,
        Self::Hidden,
        Self::Map,
        Self::Identity,
        Self::LogPolicy,
        Self::Restored,
    ];

    /// The stable name: in JSON, and of the sentence `check.<name>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Slot => "slot",
            Self::SlotNotListed => "slot_not_listed",
            Self::Secrets => "secrets",
            Self::Manifest => "manifest",
            Self::ManifestRolledBack => "manifest_rolled_back",
            Self::Bundle => "bundle",
            Self::Charter => "charter",
            Self::Head => "head",
            Self::HeadRolledBack => "head_rolled_back",
            Self::HeadChain => "head_chain",
            Self::Page => "page",
            Self::PageMissing => "page_missing",
            Self::EntryCount => "entry_count",
            Self::Author => "author",
            Self::Header => "header",
            Self::PartHashes => "part_hashes",
            Self::Part => "part",
            Self::Content => "content",
            Self::BodyMissing => "body_missing",
            Self::UploadRecord => "upload_record",
            Self::ReadBack => "read_back",
            Self::Checkpoint => "checkpoint",
            Self::LogForked => "log_forked",
            Self::LogEntry => "log_entry",
            Self::LogEntries => "log_entries",
            Self::Hidden => "hidden",
            Self::Map => "map",
            Self::Identity => "identity",
            Self::LogPolicy => "log_policy",
            Self::Restored => "restored",
        }
    }

    /// The numbers of the hostile-server checklist that end in this check, ascending.
    #[must_use]
    pub const fn numbers(self) -> &'static [u8] {
        match self {
            Self::Deployment => &[9],
            Self::Slot => &[1, 5, 6, 9],
            Self::SlotNotListed => &[6, 8],
            Self::Secrets => &[9, 24, 26, 28],
            Self::Manifest => &[9, 24, 26],
            Self::ManifestRolledBack => &[28],
            Self::Bundle => &[9, 13, 21, 24, 26],
            Self::Charter => &[9, 15, 16, 20, 24, 26],
            Self::Head => &[9, 20, 24, 26, 27, 38],
            Self::HeadRolledBack => &[28, 30],
            Self::HeadChain => &[28, 30],
            Self::Page => &[9, 24, 26, 27, 38],
            Self::PageMissing => &[29],
            Self::EntryCount => &[27, 29, 38],
            Self::Author => &[31, 32],
            Self::Header => &[9, 24, 25, 26, 38],
            Self::PartHashes => &[24, 25, 38],
            Self::Part => &[24, 25, 26],
            Self::Content => &[24, 26],
            Self::BodyMissing => &[29],
            Self::UploadRecord => &[9, 24, 33],
            Self::ReadBack => &[24, 26],
            Self::Checkpoint => &[41],
            Self::LogForked => &[28, 30, 41, 42, 43],
            Self::LogEntry => &[42],
            Self::LogEntries => &[42],
            Self::Hidden => &[28],
            Self::Map => &[44],
            Self::Identity => &[45],
            Self::LogPolicy => &[41],
            Self::Restored => &[41],
        }
    }
}

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The account's own records.
    Account,
    /// The list of documents as a whole.
    Collection,
    /// One document, by the name that the person gave it.
    Document {
        /// The name.
        name: String,
    },
    /// One document, its name left out of the file by the person.
    UnnamedDocument,
    /// An unfinished upload.
    Upload,
}

/// The request whose answer was refused, by its template: no id, no body, no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the route that its name in JSON says")]
pub enum Route {
    #[serde(rename = "GET /api/v1/deployment")]
    Deployment,
    #[serde(rename = "POST /api/v1/sessions/finish")]
    SessionsFinish,
    #[serde(rename = "POST /api/v1/recoveries/finish")]
    RecoveriesFinish,
    #[serde(rename = "GET /api/v1/account")]
    Account,
    #[serde(rename = "PUT /api/v1/account/manifest")]
    Manifest,
    #[serde(rename = "PUT /api/v1/account/password")]
    Password,
    #[serde(rename = "GET /api/v1/collections/{collection_id}")]
    Collection,
    #[serde(rename = "GET /api/v1/collections/{collection_id}/heads")]
    Heads,
    #[serde(rename = "POST /api/v1/collections/{collection_id}/pages")]
    Pages,
    #[serde(rename = "GET /api/v1/uploads")]
    Uploads,
    #[serde(rename = "POST /api/v1/uploads/{body_id}/commit")]
    UploadCommit,
    #[serde(rename = "GET /api/v1/bodies/{body_id}")]
    Body,
    #[serde(rename = "GET /api/v1/bodies/{body_id}/content")]
    Content,
    #[serde(rename = "GET /api/v1/log")]
    Log,
    #[serde(rename = "POST /api/v1/log/proofs")]
    Proofs,
    #[serde(rename = "POST /api/v1/log/map")]
    Map,
    #[serde(rename = "GET /log/checkpoint")]
    Checkpoint,
    #[serde(rename = "GET /log/tile")]
    Tile,
}

/// Something that this device knew and that the refused bytes contradict. Public values and ciphertext alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Known {
    /// The deployment that the recovery sheet names.
    Deployment {
        /// Its id.
        id: DeploymentId,
    },
    /// The handle that was typed.
    Handle {
        /// In normal form.
        handle: String,
    },
    /// The newest manifest that this device has accepted.
    Manifest {
        /// Its version.
        version: u64,
        /// Its manifest_hash.
        hash: Hash,
    },
    /// What was sent at the creation of the account: SHA-256 of the same JSON, slots in the order of their bytes; after
    /// the login by words, of the words slot.
    Sent {
        /// Of the JSON, or of the slot.
        hash: Hash,
    },
    /// A charter under which heads of this collection are signed.
    Charter {
        /// Its number.
        number: u32,
        /// Its charter_hash.
        hash: Hash,
        /// The signed charter, where this client holds it; heads are judged by the key in it.
        signed: Option<Blob>,
    },
    /// The newest head that this device has accepted. With its signed bytes, two heads of one number prove a fork.
    Head {
        /// Its number.
        number: u64,
        /// The number of its charter.
        charter: u32,
        /// Its head_hash.
        hash: Hash,
        /// The signed head, where this device holds it.
        signed: Option<Blob>,
    },
    /// The page that the signed list names at this place.
    Page {
        /// Its page_id.
        id: Hash,
    },
    /// The body that the signed list, or the person's own upload, names.
    Body {
        /// Its id.
        id: BodyId,
        /// Its body_hash, where the device knows it.
        hash: Option<Hash>,
    },
    /// One part of the body, as the verified list of part hashes has it.
    Part {
        /// From 0.
        number: u32,
        /// Bytes of its ciphertext.
        len: u64,
        /// Its part hash.
        hash: Hash,
    },
    /// How far the log had grown when this device, the manifest or a head saw it last.
    Checkpoint {
        /// Entries.
        size: u64,
        /// The root over them.
        root: Hash,
        /// The note that says so, where this device holds it: with another one it proves a fork.
        signed: Option<Blob>,
    },
    /// An entry that must be in the log.
    Entry {
        /// From 0.
        index: u64,
        /// Its leaf hash.
        leaf: Hash,
    },
}

/// One refusal, as kept and as exported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`FORMAT`].
    pub format: String,
    /// The failed check.
    pub check: Check,
    /// [`Check::numbers`] of it.
    pub checklist: Vec<u8>,
    /// What it was about.
    pub subject: Subject,
    /// When, by this device's clock, Unix seconds.
    pub when: u64,
    /// Whose answer it was.
    pub route: Route,
    /// The address that answered, as this device knows it.
    pub origin: Option<String>,
    /// The deployment that this device has pinned.
    pub deployment: Option<DeploymentId>,
    /// Version of this client.
    pub client: String,
    /// Bytes that were refused, in all.
    pub len: u64,
    /// SHA-256 of the bytes that were refused, all of them.
    pub hash: Hash,
    /// The refused bytes themselves (ciphertext or public), the first [`KEPT_BYTES`] of them.
    pub bytes: Blob,
    /// What this device knew.
    pub known: Vec<Known>,
}

/// The bytes are no piece of evidence, or no file of them, in its one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no evidence of this format")]
pub struct NotEvidence;

/// Why kept evidence could not be exported or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Nothing of this account, nor of before an account was open, has this id.
    #[error("no such evidence")]
    NotFound,
    /// This device's local store.
    #[error("the local store failed")]
    Local,
}

impl Evidence {
    /// The one form: JSON without blanks, every field, in the order of this type.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads the one form; anything else, and any number or hash that does not fit the rest, is refused.
    ///
    /// # Errors
    /// [`NotEvidence`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotEvidence> {
        if bytes.len() > PIECE_BYTES {
            return Err(NotEvidence);
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|_| NotEvidence)?;
        if read.is_coherent() && read.to_bytes() == bytes {
            Ok(read)
        } else {
            Err(NotEvidence)
        }
    }

    /// The same piece without the name that the person gave to the document.
    #[must_use]
    pub fn without_name(mut self) -> Self {
        if matches!(self.subject, Subject::Document { .. }) {
            self.subject = Subject::UnnamedDocument;
        }
        self
    }

    /// What the type alone does not say.
    fn is_coherent(&self) -> bool {
        let kept = self.bytes.0.len();
        let whole = kept as u64 == self.len;
        self.format == FORMAT
            && self.checklist == self.check.numbers()
            && self.known.len() <= KNOWN_ITEMS
            && (whole || (kept == KEPT_BYTES && self.len > kept as u64))
            && (!whole || self.hash.0 == crypto::hash::sha256(&self.bytes.0))
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({:?}, {} bytes)", self.check, self.len)
    }
}

/// The error of every operation that met bytes it must not accept: nothing of them was shown, used or sent on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("refused: {check:?}")]
pub struct Refusal {
    /// The failed check.
    pub check: Check,
    /// What was refused, for the person.
    pub subject: Subject,
    /// Where the evidence is kept; `None` where the local store could not take it: then [`recent`] alone has it.
    pub evidence: Option<EvidenceId>,
}

/// Names one kept piece of evidence on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceId(pub String);

/// The format of a piece. Another one is refused, never guessed at.
pub const FORMAT: &str = "civis-evidence-1";

/// Refused bytes kept in full up to this length; a longer thing keeps its beginning, its length and its hash.
pub const KEPT_BYTES: usize = 64 << 10;

/// A signed record is kept beside the refused bytes up to this length; of a longer one the hash alone.
const SIGNED_BYTES: usize = 8 << 10;
/// More is known about no refusal.
const KNOWN_ITEMS: usize = 8;
/// The longest piece: the refused bytes and what is known in base64url, and the rest with room to spare.
const PIECE_BYTES: usize = (KEPT_BYTES + KNOWN_ITEMS * SIGNED_BYTES) / 3 * 4 + (16 << 10);
