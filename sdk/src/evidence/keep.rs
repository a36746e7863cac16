//! Keeping refusals on this device, reading and deleting them. May never turn a refusal into anything else: where
//! nothing can be kept, the refusal stands and says so.

use shared::{AccountId, Blob, Hash};
use zeroize::Zeroizing;

use super::{
    Check, Evidence, EvidenceError, EvidenceId, FORMAT, KEPT_BYTES, KNOWN_ITEMS, Known, Refusal, Route,
    SIGNED_BYTES, Subject,
};
use crate::error::LocalError;
use crate::flows::journal::LocalKey;
use crate::flows::{Device, pin};

/// What a check hands over when it fails.
pub(crate) struct Refused<'a> {
    check: Check,
    subject: Subject,
    route: Route,
    bytes: &'a [u8],
    known: Vec<Known>,
}

impl<'a> Refused<'a> {
    /// `bytes` of the answer to `route` failed `check`. They must be what the server gave, or a hash of it: never
    /// plaintext, never a whole answer that holds a session's secret.
    pub(crate) const fn new(check: Check, subject: Subject, route: Route, bytes: &'a [u8]) -> Self {
        Self {
            check,
            subject,
            route,
            bytes,
            known: Vec::new(),
        }
    }

    /// What this device knew instead.
    pub(crate) fn knowing(mut self, known: impl IntoIterator<Item = Known>) -> Self {
        self.known.extend(known);
        self
    }
}

impl Known {
    /// A signed record as it is kept: whole where it is small.
    pub(crate) fn signed(bytes: &[u8]) -> Option<Blob> {
        (!bytes.is_empty() && bytes.len() <= SIGNED_BYTES).then(|| bytes.into())
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

impl Keeper<'_> {
    fn prefix(self) -> String {
        match self {
            Self::Open => OPEN.to_owned(),
            Self::Account(key) => prefix_of(key.account()),
        }
    }
}

/// Keeps evidence and returns the refusal that names it.
pub(crate) async fn refuse(device: &Device, keeper: Keeper<'_>, refused: Refused<'_>) -> Refusal {
    let (check, subject) = (refused.check, refused.subject.clone());
    let evidence = describe(device, refused).await;
    let id = keep(device, keeper, &evidence).await.ok();
    device.remember_refusal(id.clone(), evidence);
    Refusal {
        check,
        subject,
        evidence: id,
    }
}

async fn describe(device: &Device, refused: Refused<'_>) -> Evidence {
    let mut known = refused.known;
    known.truncate(KNOWN_ITEMS);
    let kept = refused
        .bytes
        .get(..refused.bytes.len().min(KEPT_BYTES))
        .unwrap_or_default();
    Evidence {
        format: FORMAT.to_owned(),
        check: refused.check,
        checklist: refused.check.numbers().to_vec(),
        subject: refused.subject,
        when: device.clock().now(),
        route: refused.route,
        origin: device.transport().origin(),
        // A store that fails here has failed for the pin as well; the refusal does not wait for it.
        deployment: pin::known_deployment(device).await.ok().flatten(),
        client: env!("CARGO_PKG_VERSION").to_owned(),
        len: refused.bytes.len() as u64,
        hash: Hash(crypto::hash::sha256(refused.bytes)),
        bytes: kept.into(),
        known,
    }
}

/// The last refusals that this device met since it was made, oldest first, whether or not they could be kept: what a
/// screen saves at once when the store is full, or when the account did not open. A lock forgets them.
#[must_use]
pub fn recent(device: &Device) -> Vec<(Option<EvidenceId>, Evidence)> {
    device.recent_refusals()
}

/// What was refused before an account was open: readable by whoever uses this device, naming no document.
///
/// # Errors
/// [`LocalError`].
pub async fn list_open(device: &Device) -> Result<Vec<(EvidenceId, Evidence)>, LocalError> {
    let mut found = Vec::new();
    read_all(device, Keeper::Open, &mut found).await?;
    found.sort_by_key(|(_, evidence)| evidence.when);
    Ok(found)
}

/// Every piece of evidence this account can read on this device, oldest first.
pub(crate) async fn list(device: &Device, key: &LocalKey) -> Result<Vec<(EvidenceId, Evidence)>, LocalError> {
    let mut found = Vec::new();
    read_all(device, Keeper::Open, &mut found).await?;
    read_all(device, Keeper::Account(key), &mut found).await?;
    found.sort_by_key(|(_, evidence)| evidence.when);
    Ok(found)
}

/// Removes one piece of this account, or of before an account was open. No other key of the store can be named.
pub(crate) async fn delete(device: &Device, key: &LocalKey, id: &EvidenceId) -> Result<(), EvidenceError> {
    let mine = [Keeper::Open, Keeper::Account(key)]
        .iter()
        .any(|keeper| id.0.starts_with(&keeper.prefix()));
    if !mine {
        return Err(EvidenceError::NotFound);
    }
    device
        .local()
        .delete(&id.0)
        .await
        .map_err(|_| EvidenceError::Local)
}

async fn read_all(
    device: &Device,
    keeper: Keeper<'_>,
    into: &mut Vec<(EvidenceId, Evidence)>,
) -> Result<(), LocalError> {
    for name in device.local().list(&keeper.prefix()).await? {
        if let Some(evidence) = read(device, keeper, &name).await? {
            into.push((EvidenceId(name), evidence));
        }
    }
    Ok(())
}

/// Keeps it once: the same refusal again is the piece that is there already.
///
/// Names are random, so two windows that write at once overwrite nothing. Room is made only once the new piece is
/// stored: a store that fails loses nothing that it held.
async fn keep(device: &Device, keeper: Keeper<'_>, evidence: &Evidence) -> Result<EvidenceId, LocalError> {
    let prefix = keeper.prefix();
    let mut names = device.local().list(&prefix).await?;
    // A name begins with the time, so this is oldest first.
    names.sort();
    let mut before = Vec::new();
    for name in names {
        let known = read(device, keeper, &name).await?;
        if known.as_ref().is_some_and(|known| is_same(known, evidence)) {
            return Ok(EvidenceId(name));
        }
        before.push((name, known.map(|known| known.check)));
    }
    let json = Zeroizing::new(evidence.to_bytes());
    let unique = shared::OperationId(device.make_bytes().map_err(|_| LocalError)?);
    let value = match keeper {
        Keeper::Open => json.to_vec(),
        Keeper::Account(key) => key.seal(device, &json).ok_or(LocalError)?,
    };
    let name = format!("{prefix}{:020}-{unique}", evidence.when);
    device.local().put(&name, &value).await?;
    while before.len() >= KEPT_PIECES {
        let (name, _) = before.remove(surplus(&before));
        if device.local().delete(&name).await.is_err() {
            // One piece too many is no reason to doubt the one that was just kept.
            break;
        }
    }
    Ok(EvidenceId(name))
}

/// Which piece makes room: the oldest of the check that has the most. A server that provokes one refusal again and
/// again displaces those alone, not what another check found before.
fn surplus(pieces: &[(String, Option<Check>)]) -> usize {
    let count = |check: &Option<Check>| pieces.iter().filter(|(_, other)| other == check).count();
    let most = pieces.iter().map(|(_, check)| count(check)).max();
    pieces
        .iter()
        .position(|(_, check)| Some(count(check)) == most)
        .unwrap_or(0)
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
    Ok(plain.and_then(|bytes| Evidence::parse(&bytes).ok()))
}

/// The same bytes failed the same check; the subject counts, because what is withheld has no bytes.
fn is_same(one: &Evidence, other: &Evidence) -> bool {
    (one.check, one.hash, &one.subject) == (other.check, other.hash, &other.subject)
}

fn prefix_of(account: AccountId) -> String {
    format!("evidence/{account}/")
}

const OPEN: &str = "evidence/open/";

/// Pieces kept for each account, and as many from before an account was open.
pub const KEPT_PIECES: usize = 64;
