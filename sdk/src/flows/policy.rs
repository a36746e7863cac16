//! Whom this client believes about the log: what the account pinned, held against what the deployment states.
//! spec/flows.md section 10, spec/log.md section 5, checklist 41.

use crypto::account::manifest::LogPin;
use crypto::audit::note::NoteKey;
use crypto::audit::policy::Policy;
use shared::audit::LogCard;

use super::collection::SyncError;
use super::{Device, retry};
use crate::api;
use crate::error::ApiError;
use crate::evidence::{Check, Route};
use crate::session::Unlocked;

/// The log of a deployment at first sight: what a new account pins; the note where it is refused.
pub(crate) async fn first_sight(device: &Device) -> Result<Result<LogPin, Vec<u8>>, ApiError> {
    let card = retry(device, || api::audit::card(device.transport())).await?;
    let note = retry(device, || api::audit::checkpoint(device.transport())).await?;
    let pin = policy_of(&card).and_then(|policy| {
        let tree = *policy.accept(&note).ok()?.checkpoint().tree();
        Some(LogPin { policy, tree })
    });
    Ok(pin.ok_or(note.to_vec()))
}

impl Unlocked {
    /// Once in each session: the deployment still asks for no less than the account agreed to. What asks for more is
    /// agreed to at once, in the next manifest.
    pub(crate) async fn verify_policy(&self) -> Result<(), SyncError> {
        if self.policy_held.get() {
            return Ok(());
        }
        let card = match retry(self.device(), || api::audit::card(self.transport())).await {
            Ok(card) => card,
            Err(error) => return Err(self.withheld_log(error, Check::LogPolicy, Route::Log).await),
        };
        let pinned = self.manifest.borrow().manifest.log.policy.clone();
        let known = self.known_log().await?;
        let mut stated = policy_of(&card);
        // Another log than the one known here: it goes on from a backup and the person is asked, or it is refused.
        if let Some(other) = stated.take_if(|stated| stated.log != known.key)
            && let Some(asked) = Box::pin(self.meet_restored(&other, &card, &known)).await?
        {
            return Err(asked.into());
        }
        self.restored_at.set(card.restored_at);
        // This device has agreed to a later log than the manifest that came out of the backup.
        let held = Policy {
            log: known.key,
            ..pinned.clone()
        };
        let stated = stated.filter(|stated| !held.is_weakened_by(stated));
        let Some(stated) = stated else {
            let bytes = serde_json::to_vec(&card).unwrap_or_default();
            return Err(self.refuse_log(Check::LogPolicy, Route::Log, &bytes).await);
        };
        if stated != pinned {
            if self.bar().await?.is_some() {
                // Nothing is written now; the next look asks again.
                return Ok(());
            }
            let agree =
                |manifest: &mut crypto::account::manifest::Manifest| manifest.log.policy = stated.clone();
            Box::pin(self.write_manifest(agree)).await?;
        }
        self.policy_held.set(true);
        Ok(())
    }
}

/// The policy that a card states.
pub(crate) fn policy_of(card: &LogCard) -> Option<Policy> {
    let witnesses: Result<Vec<NoteKey>, _> = card.witnesses.iter().map(|key| NoteKey::parse(key)).collect();
    let log = NoteKey::parse(&card.key).ok()?;
    Policy::new(log, witnesses.ok()?, card.quorum, card.max_age, card.strict).ok()
}
