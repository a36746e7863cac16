//! The ways in of the signed-in account: a new password, a new sheet. Each is one request and one transaction.

use axum::Json;
use axum::extract::State as Extract;
use crypto::account::record::Record;
use crypto::account::slot::{Slot, SlotType};
use crypto::audit::opening::{Event, Opening};
use crypto::id::{Hash32, Id};
use crypto::opaque::server as opaque;
use crypto::signature::VerifyingKey;
use shared::account::{ManifestStored, PutPassword, PutWords};
use shared::audit::LogWrite;
use shared::journal::Happening;
use shared::{ErrorCode, limit};

use super::account::{log_manifest, manifest_of, manifest_stored, slots, stage_manifest};
use super::registration::check_slot;
use crate::audit::write::Entries;
use crate::auth::Who;
use crate::error::Failure;
use crate::extract::Signed;
use crate::journal;
use crate::key;
use crate::params::IfMatch;
use crate::row::{AccountRow, EventItem, EventsRow, LoginRow, RecoveryRow};
use crate::state::State;
use crate::store::Batch;
use crate::transact::{Step, Writes};

/// A new password: record, slot and manifest in one request. Ends every other session and every login under way.
pub(crate) async fn put_password(
    Extract(state): Extract<State>,
    IfMatch(before): IfMatch,
    Signed {
        who, json, digest, ..
    }: Signed<PutPassword>,
) -> Result<Json<ManifestStored>, Failure> {
    who.stepped_up(state.now())?;
    let record =
        opaque::Record::accept(&state.setup, json.registration.as_slice()).map_err(|_| ErrorCode::Refused)?;
    let change = NewWayIn {
        operation_id: json.operation_id.0,
        digest,
        proof: Proof::Password(record),
        slot: check_slot(&json.password_slot, SlotType::Password, &who.account_id)?,
        manifest: Record::parse(json.manifest.as_slice()).map_err(|_| ErrorCode::Refused)?,
        log: json.log,
    };
    change.apart(state, who, before).await
}

/// A new sheet: the old words open nothing from then on. Otherwise like a new password.
pub(crate) async fn put_words(
    Extract(state): Extract<State>,
    IfMatch(before): IfMatch,
    Signed {
        who, json, digest, ..
    }: Signed<PutWords>,
) -> Result<Json<ManifestStored>, Failure> {
    who.stepped_up(state.now())?;
    VerifyingKey::from_bytes(&json.recovery_pk.0).map_err(|_| ErrorCode::Refused)?;
    let change = NewWayIn {
        operation_id: json.operation_id.0,
        digest,
        proof: Proof::Words {
            recovery_id: json.recovery_id.0,
            recovery_pk: json.recovery_pk.0,
        },
        slot: check_slot(&json.words_slot, SlotType::Words, &who.account_id)?,
        manifest: Record::parse(json.manifest.as_slice()).map_err(|_| ErrorCode::Refused)?,
        log: json.log,
    };
    change.apart(state, who, before).await
}

struct NewWayIn {
    operation_id: Id,
    digest: [u8; 32],
    proof: Proof,
    slot: Slot,
    manifest: Record,
    log: LogWrite,
}

/// What the server will check at the new way in.
enum Proof {
    Password(opaque::Record),
    Words { recovery_id: Id, recovery_pk: [u8; 32] },
}

impl NewWayIn {
    /// In a task of its own: a request that is cut off for its time still ends what the old way in opened.
    async fn apart(self, state: State, who: Who, before: [u8; 32]) -> Result<Json<ManifestStored>, Failure> {
        let work = tokio::spawn(async move { self.run(&state, &who, before).await });
        work.await.map_err(|_| ErrorCode::Internal)?
    }

    async fn run(&self, state: &State, who: &Who, before: [u8; 32]) -> Result<Json<ManifestStored>, Failure> {
        let _writer = state.account_lock(&who.account_id).lock().await;
        let outcome = state.transact(|| self.stage(state, who, before)).await;
        // Whatever else the store answered, the new way in may be there.
        let refused = matches!(
            outcome,
            Err(Failure {
                code: ErrorCode::Conflict | ErrorCode::Refused | ErrorCode::LostRace,
                ..
            })
        );
        if !refused {
            let why = match self.proof {
                Proof::Password(_) => ErrorCode::PhraseChanged,
                Proof::Words { .. } => ErrorCode::SheetChanged,
            };
            state
                .sessions
                .close_others(&who.account_id, &who.session_id, why, state.now());
            state.logins.forget(&who.account_id);
        }
        outcome?;
        manifest_stored(state, &who.account_id, &self.manifest).await
    }

    async fn stage(&self, state: &State, who: &Who, before: [u8; 32]) -> Result<Step<()>, Failure> {
        let id = &who.account_id;
        let place = key::account(id);
        let (mut account, seen) = state
            .row::<AccountRow>(&place)
            .await?
            .ok_or(ErrorCode::Internal)?;
        if account.operation_id == self.operation_id {
            let same = account.operation == self.digest;
            return if same {
                Ok(Step::Done(()))
            } else {
                Err(ErrorCode::Conflict.into())
            };
        }
        account.operation_id = self.operation_id;
        account.operation = self.digest;
        let mut batch = Batch::default();
        let (stored, manifest_seen) = manifest_of(state, id).await?;
        stage_manifest(id, &self.manifest, (&stored, manifest_seen), before, &mut batch)?;
        self.stage_slot(state, id, &mut batch).await?;
        self.stage_proof(state, id, &mut account, &mut batch).await?;
        self.stage_event(state, who, &mut batch).await?;
        let what = Happening::NewWayIn {
            sheet: matches!(self.proof, Proof::Words { .. }),
            by_words: who.by_words,
        };
        journal::note(state, id, what, &mut batch).await?;
        batch.expect(&place, seen).put_row(place, &account);
        self.log(who, &account.label, &mut batch);
        Ok(Step::Write(batch, ()))
    }

    /// What happened to the way in, where the owner is to be told, and the manifest that lists it.
    fn log(&self, who: &Who, label: &Hash32, batch: &mut Batch) {
        let mut entries = Entries::new(batch, who.account_id, &self.log);
        let event = match self.proof {
            Proof::Words { .. } => Some(Event::WordsReplaced),
            Proof::Password(_) if who.by_words => Some(Event::PasswordByWords),
            Proof::Password(_) => None,
        };
        if let Some(event) = event {
            entries.seal(Opening::Recovery {
                label: *label,
                event,
                not_before: 0,
            });
        }
        log_manifest(&mut entries, &who.account_id, &self.manifest, label, &self.log);
    }

    /// The new slot in the place of the one of its type.
    async fn stage_slot(&self, state: &State, id: &Id, batch: &mut Batch) -> Result<(), Failure> {
        let slots = slots(state, id).await?;
        if slots.len() as u64 > limit::SLOTS {
            return Err(Failure::with_limit(ErrorCode::Refused, limit::SLOTS));
        }
        let (own_type, own_id) = (self.slot.header().slot_type, self.slot.header().slot_id);
        for old in slots {
            let (old_type, old_id) = (old.header().slot_type, old.header().slot_id);
            match (old_type == own_type, old_id == own_id) {
                // Replaced: by the put below if the id stays, which a batch may not also delete.
                (true, false) => _ = batch.delete(key::slot(id, &old_id)),
                (false, true) => return Err(ErrorCode::Refused.into()),
                _ => {}
            }
        }
        batch.put(key::slot(id, &own_id), self.slot.to_bytes().to_vec());
        Ok(())
    }

    /// What the old way in was checked against gives way to the new.
    async fn stage_proof(
        &self,
        state: &State,
        id: &Id,
        account: &mut AccountRow,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        match &self.proof {
            Proof::Password(record) => {
                let login = LoginRow {
                    account_id: *id,
                    record: record.to_bytes().to_vec(),
                };
                batch.put_row(key::login(&account.credential_id), &login);
            }
            Proof::Words {
                recovery_id,
                recovery_pk,
            } => {
                let place = key::recovery(recovery_id);
                // Words that somebody has, or had before: fresh ones never meet others.
                if state.meta.get(place.0, &place.1).await?.is_some() {
                    return Err(ErrorCode::Conflict.into());
                }
                let row = RecoveryRow {
                    account_id: *id,
                    recovery_pk: *recovery_pk,
                };
                batch
                    .absent(&place)
                    .put_row(place, &row)
                    .delete(key::recovery(&account.recovery_id));
                account.recovery_id = *recovery_id;
            }
        }
        Ok(())
    }

    /// What the owner is shown at every sign-in until they say that they have seen it: words in the place of a phrase,
    /// and every new sheet.
    async fn stage_event(&self, state: &State, who: &Who, batch: &mut Batch) -> Result<(), Failure> {
        let sheet = matches!(self.proof, Proof::Words { .. });
        if !sheet && !who.by_words {
            return Ok(());
        }
        let place = key::events(&who.account_id);
        let mut row = match state.row::<EventsRow>(&place).await? {
            Some((row, seen)) => {
                batch.expect(&place, seen);
                row
            }
            None => {
                batch.absent(&place);
                EventsRow::default()
            }
        };
        if row.events.len() as u64 >= limit::EVENTS {
            row.events.remove(0);
        }
        row.events.push(EventItem {
            id: self.operation_id,
            at: state.now(),
            sheet,
            by_words: who.by_words,
        });
        batch.put_row(place, &row);
        Ok(())
    }
}
