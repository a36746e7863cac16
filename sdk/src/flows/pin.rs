//! Freshness S0: what this device has seen last, and the refusal to go back. spec/flows.md section 8, checklist 28.
//!
//! Pins only grow. They hold numbers, hashes and signed heads, nothing secret.

use crypto::account::record::{ManifestPin, Record, SuccessionError};
use crypto::collection::head::{HEAD_HEADER_BYTES, Pin};
use crypto::hash::labelled;
use crypto::label::Label;
use shared::{AccountId, CollectionId, DeploymentId, Hash};

use super::Device;
use crate::error::LocalError;
use crate::evidence::Known;

/// Whether `id` is the deployment this device knows, or it knows none yet.
pub(crate) async fn is_known_deployment(device: &Device, id: DeploymentId) -> Result<bool, LocalError> {
    let known = device.local().get(DEPLOYMENT).await?;
    Ok(known.is_none_or(|known| known == id.as_bytes()))
}

/// Pins the deployment that has proved itself: the first one stays.
///
/// Never on the server's word alone, or one lie to a device that is new would have it refuse the honest server for ever.
pub(crate) async fn keep_deployment(device: &Device, id: DeploymentId) -> Result<(), LocalError> {
    if device.local().get(DEPLOYMENT).await?.is_none() {
        device.local().put(DEPLOYMENT, id.as_bytes()).await?;
    }
    Ok(())
}

/// The deployment that this device knows, if it knows one.
pub(crate) async fn known_deployment(device: &Device) -> Result<Option<DeploymentId>, LocalError> {
    let known = device.local().get(DEPLOYMENT).await?;
    Ok(known.and_then(|id| id.try_into().ok()).map(DeploymentId))
}

/// The manifest that this device has accepted last, as evidence names it.
pub(crate) async fn known_manifest(device: &Device, account: AccountId) -> Option<Known> {
    let stored = device.local().get(&manifest_key(account)).await.ok().flatten()?;
    let (version, hash) = stored.split_first_chunk::<8>()?;
    Some(Known::Manifest {
        version: u64::from_be_bytes(*version),
        hash: Hash(hash.try_into().ok()?),
    })
}

/// The head that this device has accepted last, as evidence names it: with its signed bytes where they are those.
pub(crate) async fn known_head(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
) -> Option<Known> {
    let stored = device
        .local()
        .get(&head_key(account, collection))
        .await
        .ok()
        .flatten()?;
    let (pin, signed) = parse_head(&stored)?;
    let own = signed
        .get(..HEAD_HEADER_BYTES)
        .is_some_and(|header| labelled(Label::HeadHash, header) == pin.head_hash);
    let signed = Known::signed(signed).filter(|_| own);
    Some(Known::Head {
        number: pin.head_no,
        charter: pin.charter_no,
        hash: Hash(pin.head_hash),
        signed,
    })
}

/// Checks a manifest against the pin, then pins it.
pub(crate) async fn advance_manifest(
    device: &Device,
    account: AccountId,
    record: &Record,
) -> Result<Result<(), SuccessionError>, LocalError> {
    let key = manifest_key(account);
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

/// Back to the account record that a person has agreed to after a backup was put back.
pub(crate) async fn start_over(
    device: &Device,
    account: AccountId,
    pin: &ManifestPin,
) -> Result<(), LocalError> {
    let key = manifest_key(account);
    device.local().put(&key, &manifest_bytes(pin)).await
}

/// The same for the newest head of a collection.
pub(crate) async fn start_head_over(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
    pin: &Pin,
    signed: &[u8],
) -> Result<(), LocalError> {
    let key = head_key(account, collection);
    device.local().put(&key, &head_bytes(pin, signed)).await
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
    parse_head(&stored).map(|(pin, _)| Some(pin)).ok_or(LocalError)
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

/// Pins a head that continues what this client has accepted, with its signed bytes: they are what proves a fork.
pub(crate) async fn advance_head(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
    pin: &Pin,
    signed: &[u8],
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
    device.local().put(&key, &head_bytes(pin, signed)).await?;
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

/// head_no u64 ‖ charter_no u32 ‖ hash 32, then the signed head itself.
pub(crate) fn parse_head(bytes: &[u8]) -> Option<(Pin, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let (charter, rest) = rest.split_first_chunk::<4>()?;
    let (hash, signed) = rest.split_first_chunk::<32>()?;
    let pin = Pin {
        head_no: u64::from_be_bytes(*number),
        charter_no: u32::from_be_bytes(*charter),
        head_hash: *hash,
    };
    Some((pin, signed))
}

pub(crate) fn head_bytes(pin: &Pin, signed: &[u8]) -> Vec<u8> {
    [
        &pin.head_no.to_be_bytes()[..],
        &pin.charter_no.to_be_bytes(),
        &pin.head_hash,
        signed,
    ]
    .concat()
}

fn manifest_key(account: AccountId) -> String {
    format!("pin/{account}/manifest")
}

/// Notes that this device is about to see a collection for the first time, and that the person is owed the notice of it.
pub(crate) async fn owe_notice(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
) -> Result<(), LocalError> {
    device.local().put(&notice_key(account, collection), &[1]).await
}

/// Whether the notice of a first visit is owed; it is not any more.
pub(crate) async fn take_notice(
    device: &Device,
    account: AccountId,
    collection: CollectionId,
) -> Result<bool, LocalError> {
    let key = notice_key(account, collection);
    let owed = device.local().get(&key).await?.is_some();
    if owed {
        device.local().delete(&key).await?;
    }
    Ok(owed)
}

fn notice_key(account: AccountId, collection: CollectionId) -> String {
    format!("notice/{account}/{collection}")
}

fn head_key(account: AccountId, collection: CollectionId) -> String {
    format!("pin/{account}/head/{collection}")
}

const DEPLOYMENT: &str = "pin/deployment";
