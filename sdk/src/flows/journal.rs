//! What this device remembers of one account, sealed under K_local: unfinished uploads, changes that lost a merge.
//!
//! spec/flows.md section 8. Context of every box: L(local) ‖ account_id.

use crypto::account::keys::KLocal;
use crypto::ce::{self, Context};
use crypto::label::Label;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::{AccountId, Blob, BodyId};
use zeroize::Zeroizing;

use super::Device;
use super::item::Category;
use crate::error::LocalError;

/// K_local of one account.
pub(crate) struct LocalKey {
    account: AccountId,
    key: KLocal,
}

impl LocalKey {
    pub(crate) const fn new(account: AccountId, key: KLocal) -> Self {
        Self { account, key }
    }

    pub(crate) const fn account(&self) -> AccountId {
        self.account
    }

    /// Seals `bytes` for this device; `None` where there is no randomness.
    pub(crate) fn seal(&self, device: &Device, bytes: &[u8]) -> Option<Vec<u8>> {
        device
            .with_random(|random| ce::seal(self.key.key(), &self.context(), bytes, random))
            .ok()
    }

    /// Opens what this device sealed; `None` for anything else.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        ce::open(self.key.key(), &self.context(), sealed).ok()
    }

    fn context(&self) -> Context {
        Context::new(Label::Local, &[self.account.as_bytes()])
    }
}

/// An upload that began on this device: enough to finish it, or to say which file it was.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadNote {
    pub(crate) body: BodyId,
    /// The entry that will hold it: a second attempt makes no second document.
    pub(crate) object: Blob,
    pub(crate) name: String,
    pub(crate) parent: Option<Blob>,
    pub(crate) media: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<Category>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retention_end: Option<u64>,
    /// The document whose new content it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replace: Option<Blob>,
    /// The upload record as it was sent, sealed under K_account.
    pub(crate) record: Blob,
}

/// Stores `note` sealed under `journal/<account>/<kind>/<id>`.
pub(crate) async fn write<T: Serialize>(
    device: &Device,
    key: &LocalKey,
    kind: &str,
    id: &str,
    note: &T,
) -> Result<(), LocalError> {
    let json = Zeroizing::new(serde_json::to_vec(note).map_err(|_| LocalError)?);
    let sealed = key.seal(device, &json).ok_or(LocalError)?;
    device.local().put(&path(key, kind, id), &sealed).await
}

/// Every note of `kind` that opens. One that does not is no use and no danger: it is left out.
pub(crate) async fn read_all<T: DeserializeOwned>(
    device: &Device,
    key: &LocalKey,
    kind: &str,
) -> Result<Vec<T>, LocalError> {
    let mut notes = Vec::new();
    for name in device.local().list(&path(key, kind, "")).await? {
        let Some(sealed) = device.local().get(&name).await? else {
            continue;
        };
        let note = key
            .open(&sealed)
            .and_then(|json| serde_json::from_slice(&json).ok());
        notes.extend(note);
    }
    Ok(notes)
}

/// Removes a note.
pub(crate) async fn remove(device: &Device, key: &LocalKey, kind: &str, id: &str) -> Result<(), LocalError> {
    device.local().delete(&path(key, kind, id)).await
}

fn path(key: &LocalKey, kind: &str, id: &str) -> String {
    format!("journal/{}/{kind}/{id}", key.account())
}

/// Unfinished uploads, by body id.
pub(crate) const UPLOADS: &str = "upload";
/// Values that lost a merge.
pub(crate) const LOST: &str = "lost";
