//! Freshness S0: what this device has seen last, and the refusal to go back. spec/flows.md section 8, checklist 28.
//!
//! Pins only grow. They hold numbers and hashes, nothing secret.

use crypto::account::record::{ManifestPin, Record, SuccessionError};
use crypto::collection::head::Pin;
use shared::{AccountId, CollectionId, DeploymentId};

use super::Device;
use crate::error::LocalError;

/// Whether `id` is the deployment this device knows; the first one becomes it.
pub(crate) async fn deployment(device: &Device, id: DeploymentId) -> Result<bool, LocalError> {
    if let Some(known) = device.local().get(DEPLOYMENT).await? {
        return Ok(known == id.as_bytes());
    }
    device.local().put(DEPLOYMENT, id.as_bytes()).await?;
    Ok(true)
}

/// Checks a manifest against the pin, then pins it.
pub(crate) async fn advance_manifest(
    device: &Device,
    account: AccountId,
    record: &Record,
) -> Result<Result<(), SuccessionError>, LocalError> {
    let key = format!("pin/{account}/manifest");
    if let Some(stored) = device.local().get(&key).await? {
        // A pin that cannot be read is a failed store, not a first visit.
        let pin = parse_manifest(&stored).ok_or(LocalError)?;
        if let Err(error) = record.verify_pin(&pin) {
            return Ok(Err(error));
        }
    }
    let value = manifest_bytes(&record.manifest_pin());
    device.local().put(&key, &value).await?;
    Ok(Ok(()))
}

/// The newest head of a collection that this device has accepted.
pub(crate) async fn head(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
) -> Result<Option<Pin>, LocalError> {
    let Some(stored) = device.local().get(&head_key(account, collection)).await? else {
        return Ok(None);
    };
    // A pin that cannot be read is a failed store, not a first visit.
    parse_head(&stored).map(Some).ok_or(LocalError)
}

/// How a head that is about to be accepted stands to what this device has pinned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advance {
    /// It is the pin now, or was already.
    Pinned,
    /// Another window of this device has pinned a later one; whether that follows this one is still to be seen.
    Behind,
    /// This device knows another head of the same number: nothing was pinned.
    Fork,
}

/// Pins a head that continues what this client has accepted.
pub(crate) async fn advance_head(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
    pin: &Pin,
) -> Result<Advance, LocalError> {
    match head(device, account, collection).await? {
        Some(known) if known.head_no > pin.head_no => return Ok(Advance::Behind),
        Some(known) if known.head_no == pin.head_no => {
            let same = known.head_hash == pin.head_hash;
            return Ok(if same { Advance::Pinned } else { Advance::Fork });
        }
        _ => {}
    }
    let key = head_key(account, collection);
    device.local().put(&key, &head_bytes(pin)).await?;
    Ok(Advance::Pinned)
}

/// version u64 ‖ hash 32.
pub(crate) fn parse_manifest(bytes: &[u8]) -> Option<ManifestPin> {
    let (version, hash) = bytes.split_first_chunk::<8>()?;
    Some(ManifestPin {
        version: u64::from_be_bytes(*version),
        hash: hash.try_into().ok()?,
    })
}

pub(crate) fn manifest_bytes(pin: &ManifestPin) -> Vec<u8> {
    [&pin.version.to_be_bytes()[..], &pin.hash].concat()
}

/// head_no u64 ‖ charter_no u32 ‖ hash 32.
pub(crate) fn parse_head(bytes: &[u8]) -> Option<Pin> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let (charter, hash) = rest.split_first_chunk::<4>()?;
    Some(Pin {
        head_no: u64::from_be_bytes(*number),
        charter_no: u32::from_be_bytes(*charter),
        head_hash: hash.try_into().ok()?,
    })
}

pub(crate) fn head_bytes(pin: &Pin) -> Vec<u8> {
    [
        &pin.head_no.to_be_bytes()[..],
        &pin.charter_no.to_be_bytes(),
        &pin.head_hash,
    ]
    .concat()
}

fn head_key(account: AccountId, collection: CollectionId) -> String {
    format!("pin/{account}/head/{collection}")
}

const DEPLOYMENT: &str = "pin/deployment";
