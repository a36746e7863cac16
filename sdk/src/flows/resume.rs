//! Going on with an open session on the same device, and the list as it was known last. spec/flows.md sections 3 and 4.
//!
//! A resumption is checked like an opening: what the server gives is held against the keys and the pins. The kept list
//! is sealed under K_local, was verified before it was kept, and counts only while its head is the pinned one: nothing
//! older than what this device has accepted is ever shown. It can be read and nothing else: no act takes it.

use std::rc::Rc;

use crypto::account::handle::Handle;
use crypto::account::keys::Ark;
use crypto::account::resume::Resumption;
use crypto::secret::Key32;
use crypto::session::{LIFE_SECONDS, MacKey};
use futures::future::{Either, select};
use serde::{Deserialize, Serialize};
use shared::{AccountId, CollectionId, DeploymentId, Hash, SessionId};
use zeroize::Zeroizing;

use super::document::Item;
use super::login::{OpenError, Way};
use super::{Device, pin};
use crate::api::{self, Session};
use crate::error::{ApiError, LocalError};
use crate::evidence::Refusal;
use crate::session::{Keys, Unlocked};

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The bytes are no resumption, or one of another deployment.
    #[error("not a resumption of this deployment")]
    Foreign,
    /// Its time is over, or lies too far ahead to be true.
    #[error("the session is over")]
    Expired,
    /// The network or the server; [`last_known`] may help where nobody answered.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The server answered with what must not be accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// This device's local store.
    #[error("this device failed")]
    Device,
}

impl From<LocalError> for ResumeError {
    fn from(_: LocalError) -> Self {
        Self::Device
    }
}

impl From<OpenError> for ResumeError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Api(error) => Self::Api(error),
            OpenError::Refused(refusal) => Self::Refused(refusal),
            OpenError::Wrong | OpenError::Words(_) => Self::Foreign,
            OpenError::Device => Self::Device,
        }
    }
}

/// The list as this device knew it last, whole and verified then. It cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastKnown {
    /// The name to log in with.
    pub handle: String,
    /// When the server was last asked, Unix seconds by this device's clock.
    pub when: u64,
    /// Everything, the trash included.
    pub items: Vec<Item>,
}

/// Goes on with the session that `bytes` hold, as [`Unlocked::to_resume`] gave them.
///
/// # Errors
/// [`ResumeError`].
pub async fn resume(device: Rc<Device>, bytes: &[u8]) -> Result<Unlocked, ResumeError> {
    let kept = read(&device, bytes).await?;
    let account = AccountId(kept.account_id);
    let keys = Keys::derive(kept.ark, account);
    let session = Session::new(SessionId(kept.session_id), kept.mac_key);
    // A server that takes a request and says nothing is as good as none: a person waits for this.
    let answer = {
        let asked = std::pin::pin!(api::account::read(device.transport(), &session));
        let waited = std::pin::pin!(device.clock().sleep(PATIENCE));
        match select(asked, waited).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(ApiError::Offline),
        }
    };
    let stored = answer?;
    let way = Way::Resumed {
        handle: kept.handle,
        began: kept.expires.saturating_sub(LIFE_SECONDS),
        first_visit: kept.first_visit,
    };
    let deployment = DeploymentId(kept.deployment_id);
    Ok(Unlocked::assemble(device, session, deployment, keys, stored, way).await?)
}

/// The list as this device knew it last; `None` where it kept none, or none that is as new as what it has accepted.
///
/// # Errors
/// [`ResumeError`]; never one of network or server, which are not asked.
pub async fn last_known(device: &Device, bytes: &[u8]) -> Result<Option<LastKnown>, ResumeError> {
    let kept = read(device, bytes).await?;
    let account = AccountId(kept.account_id);
    let keys = Keys::derive(kept.ark, account);
    let Some(sealed) = device.local().get(&list_key(account)).await? else {
        return Ok(None);
    };
    let opened = keys.local.open(&sealed);
    let Some(list) = opened.and_then(|json| serde_json::from_slice::<KeptList>(&json).ok()) else {
        return Ok(None);
    };
    if list.format != FORMAT {
        return Ok(None);
    }
    let pinned = pin::head(device, account, list.collection).await?;
    let newest = pinned.is_some_and(|pinned| pinned.head_hash == list.head_hash.0);
    Ok(newest.then(|| LastKnown {
        handle: kept.handle.as_str().to_owned(),
        when: list.when,
        items: list.items,
    }))
}

/// Removes the kept list of this account; for a lock. It could not be read any more, and is nobody's concern.
///
/// # Errors
/// [`LocalError`] where it may still be there.
pub async fn forget_list(device: &Device, account: AccountId) -> Result<(), LocalError> {
    device.local().delete(&list_key(account)).await
}

impl Unlocked {
    /// What another worker of this device needs to go on with this session: see [`resume`]. It holds the account's keys.
    ///
    /// `None` where the handle has no form of one, which no account that opened has.
    #[must_use]
    pub fn to_resume(&self) -> Option<Zeroizing<Vec<u8>>> {
        let kept = Resumption {
            account_id: self.account_id.0,
            deployment_id: self.deployment.0,
            handle: Handle::parse(&self.handle).ok()?,
            ark: Ark::new(Key32::new(*self.keys.ark.key().expose())),
            session_id: self.session.id().0,
            mac_key: MacKey::from_bytes(*self.session.key().expose()),
            expires: self.began.saturating_add(LIFE_SECONDS),
            first_visit: self.first_visit,
        };
        Some(kept.to_bytes())
    }

    /// Where this account is kept.
    #[must_use]
    pub const fn deployment(&self) -> DeploymentId {
        self.deployment
    }

    /// Keeps the verified list on this device, sealed under K_local, for [`last_known`]. Nothing to keep is fine.
    ///
    /// # Errors
    /// [`LocalError`] where nothing was kept; the list before is then still there.
    pub async fn keep_list(&self) -> Result<(), LocalError> {
        let list = {
            let replica = self.replica.borrow();
            let Some(state) = &replica.state else {
                return Ok(());
            };
            KeptList {
                format: FORMAT.to_owned(),
                collection: replica.id,
                head_hash: Hash(*state.head.head().hash()),
                when: self.device().clock().now(),
                items: self.list(),
            }
        };
        // Another window may have gone on meanwhile: what it keeps is newer.
        let pinned = pin::head(self.device(), self.account_id, list.collection).await?;
        if pinned.is_none_or(|pinned| pinned.head_hash != list.head_hash.0) {
            return Ok(());
        }
        let json = Zeroizing::new(serde_json::to_vec(&list).map_err(|_| LocalError)?);
        let sealed = self.local_key().seal(self.device(), &json).ok_or(LocalError)?;
        let key = list_key(self.account_id);
        self.device().local().put(&key, &sealed).await
    }
}

impl Unlocked {
    /// The list that this device kept under the head that it has pinned, if it kept one.
    pub(crate) async fn known_items(&self) -> Result<Option<Vec<Item>>, LocalError> {
        let Some(sealed) = self.device().local().get(&list_key(self.account_id)).await? else {
            return Ok(None);
        };
        let opened = self.local_key().open(&sealed);
        let list = opened.and_then(|json| serde_json::from_slice::<KeptList>(&json).ok());
        let Some(list) = list.filter(|list| list.format == FORMAT) else {
            return Ok(None);
        };
        let pinned = pin::head(self.device(), self.account_id, list.collection).await?;
        let newest = pinned.is_some_and(|pinned| pinned.head_hash == list.head_hash.0);
        Ok(newest.then_some(list.items))
    }
}

/// The list as it is kept, in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptList {
    format: String,
    collection: CollectionId,
    /// The head that this list is under.
    head_hash: Hash,
    when: u64,
    items: Vec<Item>,
}

/// Of this deployment and of these hours, or an error.
async fn read(device: &Device, bytes: &[u8]) -> Result<Resumption, ResumeError> {
    let kept = Resumption::parse(bytes).map_err(|_| ResumeError::Foreign)?;
    let deployment = DeploymentId(kept.deployment_id);
    if !pin::is_known_deployment(device, deployment).await? {
        return Err(ResumeError::Foreign);
    }
    let now = device.clock().now();
    if now >= kept.expires || kept.expires > now.saturating_add(LIFE_SECONDS) {
        return Err(ResumeError::Expired);
    }
    Ok(kept)
}

fn list_key(account: AccountId) -> String {
    format!("list/{account}")
}

const FORMAT: &str = "civis-list-1";
/// Milliseconds until a server that says nothing counts as none.
const PATIENCE: u32 = 20_000;
