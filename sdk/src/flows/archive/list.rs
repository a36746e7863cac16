//! `civis/documents.json`: every folder and document of an archive with its true name, its place, what its owner noted
//! of it, its hash and its author's signature. Strict both ways: one form, checked as a whole. spec/archive.md section 4.

use std::collections::{BTreeMap, BTreeSet};

use crypto::collection::entry::{OWN_TAGS, TAG_BYTES, TAGS_MAX};
use crypto::collection::name::Name;
use crypto::document::descriptor::Authorship;
use serde::{Deserialize, Serialize};
use shared::{AccountId, Blob, Hash};

use super::place;
use super::read::ArchiveError;

/// The list of an archive. Its one form is JSON, indented by two blanks, fields in this order, one line end after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// [`FORMAT`].
    pub format: String,
    /// When it was made, Unix seconds, by the device that made it.
    pub made: u64,
    /// Whose documents these are.
    pub account: AccountId,
    /// Every folder, each after the one it lies in.
    pub folders: Vec<Folder>,
    /// Every document, in the order of the archive.
    pub documents: Vec<Document>,
    /// What should be here and is not.
    pub missing: Vec<Missing>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Where it is in the archive, without a `/` at its end.
    pub path: String,
    /// As its owner called it.
    pub name: String,
    /// The path of the folder that it lay in.
    pub folder: Option<String>,
    /// Its category's id.
    pub category: Option<String>,
    /// Its owner's own labels, sorted.
    pub tags: Vec<String>,
    /// When it went to the trash, Unix seconds.
    pub trashed: Option<u64>,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Where it is in the archive.
    pub path: String,
    /// As its owner called it.
    pub name: String,
    /// The path of the folder that it lay in.
    pub folder: Option<String>,
    /// Media type from the closed list of `spec/body.md`.
    pub media: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, 64 hexadecimal digits, as every system's own tool shows it.
    pub sha256: String,
    /// Its category's id.
    pub category: Option<String>,
    /// Its owner's own labels, sorted.
    pub tags: Vec<String>,
    /// When it was added, Unix seconds.
    pub added: u64,
    /// When name, place or content last changed, Unix seconds.
    pub modified: u64,
    /// Until when its owner wants to keep it, Unix seconds.
    pub keep_until: Option<u64>,
    /// When it, or a folder above it, went to the trash, Unix seconds.
    pub trashed: Option<u64>,
    /// Who signed it, and what is signed.
    pub author: Author,
}

/// An author's signature with all that it covers beside the size: `spec/body.md` section 7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Author {
    /// Account of the author.
    pub account: AccountId,
    /// Number of the identity in `civis/identity`.
    pub identity: u32,
    /// Hash of the header under which the document was stored.
    pub body_hash: Hash,
    /// Root over the pieces of 16 KiB of the document.
    pub content_root: Hash,
    /// Ed25519 over label, body_hash, size as 8 bytes, content_root.
    pub signature: Blob,
}

/// A document that is in the safe and not in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// As its owner called it.
    pub name: String,
    /// The path of the folder that it lay in.
    pub folder: Option<String>,
    /// Why.
    pub why: Why,
}

/// Why a document is not in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// What the server gave is not the document; the evidence is kept on the device.
    Refused,
    /// Another device destroyed it while the archive was made.
    Gone,
    /// It changed each time it was read.
    Changed,
}

impl Author {
    pub(crate) fn of(signed: &Authorship) -> Self {
        Self {
            account: AccountId(signed.account),
            identity: signed.seq,
            body_hash: Hash(signed.body_hash),
            content_root: Hash(signed.content_root),
            signature: Blob(signed.signature.to_vec()),
        }
    }

    /// For a document of `size` bytes; `None` for a signature of another length.
    pub(crate) fn authorship(&self, size: u64) -> Option<Authorship> {
        Some(Authorship {
            account: self.account.0,
            seq: self.identity,
            body_hash: self.body_hash.0,
            plain_len: size,
            content_root: self.content_root.0,
            signature: self.signature.as_slice().try_into().ok()?,
        })
    }
}

impl List {
    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and lists always serialise.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Reads the one form, and checks that it agrees with itself.
    ///
    /// # Errors
    /// [`ArchiveError::List`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let read: Self = serde_json::from_slice(bytes).map_err(|_| ArchiveError::List)?;
        if read.format == FORMAT && read.is_coherent() && read.to_bytes() == bytes {
            Ok(read)
        } else {
            Err(ArchiveError::List)
        }
    }

    /// `civis/SHA256SUMS`, as `sha256sum --check` reads it from the archive's top.
    #[must_use]
    pub fn sums(&self) -> String {
        self.documents
            .iter()
            .map(|document| format!("{}  {}\n", document.sha256, document.path))
            .collect()
    }

    /// Bytes of all documents.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.documents
            .iter()
            .fold(0, |sum, document| document.size.saturating_add(sum))
    }

    /// The true names of the folders that lead to `folder`, joined for people to read.
    #[must_use]
    pub fn way_to(&self, folder: Option<&str>) -> Vec<&str> {
        let by_path: BTreeMap<_, _> = self.folders.iter().map(|one| (one.path.as_str(), one)).collect();
        let (mut way, mut next) = (Vec::new(), folder);
        while let Some(folder) = next.and_then(|path| by_path.get(path)) {
            way.push(folder.name.as_str());
            next = folder.folder.as_deref();
        }
        way.reverse();
        way
    }

    /// Names that are names, paths that were given out once, folders before what lies in them, plausible dates.
    fn is_coherent(&self) -> bool {
        let (mut folders, mut taken) = (BTreeSet::new(), BTreeSet::new());
        for folder in &self.folders {
            let known = is_known(&folders, folder.folder.as_deref());
            let labels = is_name(&folder.name) && are_tags(&folder.tags);
            let right = known && labels && is_place(&folder.path) && is_date(folder.trashed);
            if !right || !taken.insert(place::fold(&folder.path)) {
                return false;
            }
            folders.insert(folder.path.as_str());
        }
        let documents = self.documents.iter().all(|document| {
            is_known(&folders, document.folder.as_deref())
                && document.is_coherent()
                && taken.insert(place::fold(&document.path))
        });
        let missing = self
            .missing
            .iter()
            .all(|one| is_known(&folders, one.folder.as_deref()) && is_name(&one.name));
        documents && missing && is_date(Some(self.made))
    }
}

impl Document {
    fn is_coherent(&self) -> bool {
        let digits = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let dates = [
            Some(self.added),
            Some(self.modified),
            self.keep_until,
            self.trashed,
        ];
        is_place(&self.path)
            && is_name(&self.name)
            && self.sha256.len() == 64
            && self.sha256.bytes().all(digits)
            && are_tags(&self.tags)
            && dates.into_iter().all(is_date)
            && self.author.signature.as_slice().len() == 64
    }
}

fn is_known(folders: &BTreeSet<&str>, folder: Option<&str>) -> bool {
    folder.is_none_or(|folder| folders.contains(folder))
}

fn is_place(path: &str) -> bool {
    place::is_safe(path)
        && !path.ends_with('/')
        && path
            .strip_prefix(place::TOP)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn is_name(name: &str) -> bool {
    Name::new(name).is_ok()
}

/// Labels of people, sorted, each once.
fn are_tags(tags: &[String]) -> bool {
    let own = |tag: &String| is_name(tag) && tag.len() <= TAG_BYTES && !tag.starts_with(OWN_TAGS);
    tags.len() < TAGS_MAX && tags.iter().all(own) && tags.is_sorted_by(|one, next| one < next)
}

fn is_date(time: Option<u64>) -> bool {
    time.is_none_or(|time| time <= LAST_SECOND)
}

/// The format of the list, and with it of the archive.
pub const FORMAT: &str = "civis-archive-1";
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;
