//! What is kept when an answer is refused: which check failed, for which document, the bytes, when.
//!
//! The server never learns which check failed (checklist 52): evidence stays in the local store, sealed under K_local
//! wherever it names a document. The person sees it, keeps it, and may hand it to whoever they trust.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::{AccountId, Hash};

use crate::error::LocalError;
use crate::flows::Device;
use crate::flows::journal::LocalKey;

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
    /// An unfinished upload.
    Upload,
}

/// One refusal, as kept and as exported.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The failed check.
    pub check: Check,
    /// What it was about.
    pub subject: Subject,
    /// When, by this device's clock, Unix seconds.
    pub when: u64,
    /// SHA-256 of the bytes that were refused.
    pub hash: Hash,
    /// The refused bytes themselves (ciphertext), where they are small; see [`KEPT_BYTES`].
    pub bytes: shared::Blob,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({:?}, {} bytes)", self.check, self.bytes.0.len())
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
    /// Where the evidence is kept; `None` where the local store could not take it.
    pub evidence: Option<EvidenceId>,
}

/// Names one kept piece of evidence on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceId(pub String);

/// Keeps evidence and returns the refusal that names it.
pub(crate) async fn refuse(
    device: &Device,
    keeper: Keeper<'_>,
    check: Check,
    subject: Subject,
    bytes: &[u8],
) -> Refusal {
    let kept = bytes.get(..bytes.len().min(KEPT_BYTES)).unwrap_or_default();
    let evidence = Evidence {
        check,
        subject: subject.clone(),
        when: device.clock().now(),
        hash: Hash(crypto::hash::sha256(bytes)),
        bytes: kept.into(),
    };
    let id = keep(device, keeper, &evidence).await.ok();
    Refusal {
        check,
        subject,
        evidence: id,
    }
}

/// Under which key evidence is kept.
#[derive(Clone, Copy)]
pub(crate) enum Keeper<'a> {
    /// Before the account is open: no name is known yet, nothing needs sealing.
    Open,
    /// Sealed for this account.
    Account(&'a LocalKey),
}

/// Every piece of evidence this account can read on this device, oldest first.
pub(crate) async fn list(device: &Device, key: &LocalKey) -> Result<Vec<(EvidenceId, Evidence)>, LocalError> {
    let mut found = Vec::new();
    for (prefix, keeper) in [
        (OPEN.to_owned(), Keeper::Open),
        (prefix_of(key.account()), Keeper::Account(key)),
    ] {
        for name in device.local().list(&prefix).await? {
            if let Some(evidence) = read(device, keeper, &name).await? {
                found.push((EvidenceId(name), evidence));
            }
        }
    }
    found.sort_by_key(|(_, evidence)| evidence.when);
    Ok(found)
}

/// Keeps it once: the same refusal again is the piece that is there already. The oldest make room.
async fn keep(device: &Device, keeper: Keeper<'_>, evidence: &Evidence) -> Result<EvidenceId, LocalError> {
    let prefix = match keeper {
        Keeper::Open => OPEN.to_owned(),
        Keeper::Account(key) => prefix_of(key.account()),
    };
    let mut names = device.local().list(&prefix).await?;
    // A name begins with the time, so this is oldest first.
    names.sort();
    for name in &names {
        let known = read(device, keeper, name).await?;
        if known.is_some_and(|known| is_same(&known, evidence)) {
            return Ok(EvidenceId(name.clone()));
        }
    }
    let surplus = (names.len() + 1).saturating_sub(KEPT_PIECES);
    for name in names.iter().take(surplus) {
        device.local().delete(name).await?;
    }
    let json = serde_json::to_vec(evidence).map_err(|_| LocalError)?;
    let unique = shared::OperationId(device.make_bytes().map_err(|_| LocalError)?);
    let value = match keeper {
        Keeper::Open => json,
        Keeper::Account(key) => key.seal(device, &json).ok_or(LocalError)?,
    };
    let name = format!("{prefix}{:020}-{unique}", evidence.when);
    device.local().put(&name, &value).await?;
    Ok(EvidenceId(name))
}

/// One kept piece. A damaged one is left where it is: it may still be of use to an examiner.
async fn read(device: &Device, keeper: Keeper<'_>, name: &str) -> Result<Option<Evidence>, LocalError> {
    let Some(stored) = device.local().get(name).await? else {
        return Ok(None);
    };
    let plain = match keeper {
        Keeper::Open => Some(stored.into()),
        Keeper::Account(key) => key.open(&stored),
    };
    Ok(plain.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The same bytes failed the same check; the subject counts, because what is withheld has no bytes.
fn is_same(one: &Evidence, other: &Evidence) -> bool {
    (one.check, one.hash, &one.subject) == (other.check, other.hash, &other.subject)
}

fn prefix_of(account: AccountId) -> String {
    format!("evidence/{account}/")
}

const OPEN: &str = "evidence/open/";

/// Refused bytes kept in full up to this length; a longer thing keeps its beginning and its hash.
pub const KEPT_BYTES: usize = 64 << 10;

/// Pieces kept for each account, and as many from before an account was open; the oldest make room.
pub const KEPT_PIECES: usize = 64;
