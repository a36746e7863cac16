//! Calls about the account: deployment, draft, creation, opening, lock. spec/flows.md sections 2 and 3.

use std::rc::Rc;

use sdk::fault::Fault;
use sdk::flows::account::Draft;
use sdk::flows::login;
use sdk::session::Unlocked;
use zeroize::Zeroizing;

use super::{Desk, evidence, failure};
use crate::message::{Answer, Asked, Deployment, Failure, Notice, Opened, Sheet};
use crate::platform::device::{Browser, own_name};
use crate::platform::transport::Fetch;

/// The deployment's card; claims of the server, for the sheet and the settings.
pub(super) async fn deployment() -> Result<Answer, Failure> {
    let card = sdk::api::account::deployment(&Fetch)
        .await
        .map_err(|error| failure(&error))?;
    Ok(Answer::Deployment(Deployment {
        id: card.deployment_id.to_string(),
        version: card.version,
        source: card.source,
    }))
}

/// Eight words at random.
pub(super) fn propose_phrase() -> Result<Answer, Failure> {
    let phrase = sdk::make_phrase(&mut Browser).map_err(|_| Failure::code("device"))?;
    Ok(Answer::Phrase(phrase.split(' ').map(str::to_owned).collect()))
}

impl Desk {
    /// A new account on this device alone. Going back and choosing another handle keeps the words.
    pub(super) async fn draft(&self, handle: &str) -> Result<Answer, Failure> {
        let kept = self.draft.borrow_mut().take();
        let draft = match kept {
            Some(draft) => draft,
            None => Draft::make(Rc::clone(&self.device)).map_err(|error| failure(&error))?,
        };
        // The one that this device has pinned, and that the account will be created at: not what a card claims.
        let deployment = draft.deployment().await;
        let sheet = deployment.map(|deployment| Sheet {
            handle: handle.trim().to_lowercase(),
            words: draft
                .words()
                .iter()
                .map(|word| word.as_str().to_owned())
                .collect(),
            account: draft.account_id().to_string(),
            deployment: deployment.to_string(),
        });
        *self.draft.borrow_mut() = Some(draft);
        sheet.map(Answer::Sheet).map_err(|error| failure(&error))
    }

    /// Creates the drafted account. A failure keeps the draft: trying again sends the same account.
    pub(super) async fn create(&self, handle: &str, phrase: &str) -> Result<Answer, Failure> {
        let phrase = Zeroizing::new(phrase.to_owned());
        let Some(draft) = self.draft.borrow_mut().take() else {
            return Err(Failure::code("worker"));
        };
        match draft.register(handle.trim(), &phrase).await {
            Ok(safe) => self.opened(safe).await,
            Err(error) => {
                *self.draft.borrow_mut() = Some(draft);
                Err(failure(&error))
            }
        }
    }

    pub(super) async fn open(&self, handle: &str, phrase: &str) -> Result<Answer, Failure> {
        let phrase = Zeroizing::new(phrase.to_owned());
        let opened = login::open(Rc::clone(&self.device), handle.trim(), &phrase).await;
        self.opened(opened.map_err(|error| failure(&error))?).await
    }

    /// Stops what runs, ends the session at the server where it can be reached, and forgets every key.
    pub(super) async fn lock(&self) -> Result<Answer, Failure> {
        self.closed.set(true);
        self.forget_open().await;
        for cancel in self.running.borrow().values() {
            cancel.cancel();
        }
        self.draft.borrow_mut().take();
        self.history.borrow_mut().take();
        let safe = self.safe.borrow_mut().take();
        let asked = self.asked.borrow_mut().take();
        if let Some(safe) = safe.and_then(Rc::into_inner).or(asked) {
            // Locked either way; a session that could not be ended runs out by itself.
            let _ = safe.sign_out().await;
        }
        Ok(Answer::Done)
    }

    /// Yes to a backup: the safe goes on from it.
    pub(super) async fn agree(&self) -> Result<Answer, Failure> {
        let safe = self.asked.borrow_mut().take();
        let safe = safe.ok_or_else(|| Failure::code("signed_out"))?;
        if let Err(error) = safe.agree_to_restored().await {
            // The question stays where it was not answered, and the next opening goes on where it was.
            return Err(failure(&error));
        }
        self.opened(safe).await
    }

    pub(super) async fn opened(&self, safe: Unlocked) -> Result<Answer, Failure> {
        let synced = match safe.sync().await {
            Ok(synced) => synced,
            Err(error) => {
                let (told, evidence) = (safe.restored(), evidence::refused(&error));
                let Some((told, evidence)) = told.zip(evidence) else {
                    return Err(failure(&error));
                };
                *self.asked.borrow_mut() = Some(safe);
                return Ok(Answer::Restored(Box::new(Asked { told, evidence })));
            }
        };
        let safe = Rc::new(safe);
        // What lay in the bin for thirty days goes now. A failure costs nothing: the next opening tries again.
        let merged = match safe.purge_expired().await {
            Ok(purged) => purged.merged,
            Err(error) if error.refusal().is_some() => return Err(failure(&error)),
            Err(_) => Vec::new(),
        };
        // Of another safe, perhaps.
        self.fill.set(None);
        let listing = self.listing(&safe, merged).await;
        let first_time_here = synced.first_time.map(|seen| Notice {
            last_change: seen.when,
            documents: seen.documents,
            restored: seen.restored.map(Box::new),
        });
        self.keep_open(&safe).await;
        self.keep_list(&safe, true).await;
        let handle = safe.handle().to_owned();
        let kit = safe.kit().await.map_err(|_| Failure::code("device"))?;
        let changes = safe.way_changes().await.map_err(|_| Failure::code("device"))?;
        // A device without a name is a device all the same.
        let _ = safe.name_device(&own_name()).await;
        *self.safe.borrow_mut() = Some(safe);
        Ok(Answer::Opened(Opened {
            handle,
            kit,
            changes,
            first_time_here,
            listing,
        }))
    }
}
