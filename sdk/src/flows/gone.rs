//! What another device destroyed while this one changed it: it comes back where the store still has it, and where not,
//! the person is told. spec/flows.md section 5, M4 of spec/collection.md.

use std::collections::BTreeSet;

use crypto::collection::index::Index;
use shared::collection::Reference;
use shared::{BodyId, ErrorCode};

use super::commit::CommitError;
use super::conflict::{MergeKind, MergeNote};
use super::item::ObjectId;
use super::retry;
use crate::api;
use crate::session::Unlocked;

type Id = [u8; 16];

/// The bodies that `before` named and that went with entries which `after` does not have any more.
pub(crate) fn purged_bodies(before: &Index, after: &Index) -> BTreeSet<Id> {
    let gone = before.differences(after);
    let gone = gone.iter().filter(|id| after.entry(id).is_none());
    let entries = gone.filter_map(|id| before.entry(id));
    entries
        .flat_map(|entry| entry.bodies().copied().collect::<Vec<_>>())
        .collect()
}

/// Those of `purged` that a commit would add again.
pub(crate) fn added_again(adds: &[Reference], purged: &BTreeSet<Id>) -> Vec<Id> {
    let bodies = adds.iter().filter_map(|add| match add {
        Reference::Body(body) => Some(body.0),
        Reference::Page(_) => None,
    });
    bodies.filter(|body| purged.contains(body)).collect()
}

/// Takes out of `mine` what names these bodies: an entry whose content is one goes, an older content or a picture is let
/// go of.
pub(crate) fn take_out(mine: &mut Index, erased: &BTreeSet<Id>) -> Result<Vec<MergeNote>, CommitError> {
    let names = |index: &Index| -> Vec<Id> {
        let entries = index.entries();
        let found = entries.filter(|entry| entry.bodies().any(|body| erased.contains(body)));
        found.map(|entry| entry.object_id).collect()
    };
    let mut notes = Vec::new();
    for id in names(mine) {
        let Some(entry) = mine.entry(&id).cloned() else {
            continue;
        };
        let is_erased = |content: Option<&Id>| content.is_some_and(|body| erased.contains(body));
        if is_erased(entry.descriptor.as_ref().map(|content| content.body_id())) {
            mine.remove(&id);
            notes.push(MergeNote {
                object: ObjectId::of(&id),
                what: MergeKind::Purged,
                lost: Some(entry.name.as_str().to_owned()),
            });
            continue;
        }
        let mut entry = crypto::collection::entry::Entry::clone(&entry);
        entry.older.retain(|older| !erased.contains(older.body_id()));
        if is_erased(entry.thumbnail.as_ref().map(|picture| picture.body_id())) {
            entry.thumbnail = None;
        }
        mine.put(entry)?;
    }
    Ok(notes)
}

impl Unlocked {
    /// Those of `bodies`, which another device purged, that the store does not give any more.
    pub(crate) async fn erased(&self, bodies: &[Id]) -> Result<BTreeSet<Id>, CommitError> {
        let mut erased = BTreeSet::new();
        for body in bodies {
            let ask = || api::document::body(self.transport(), self.session(), BodyId(*body), PARTS);
            match retry(self.device(), ask).await {
                Ok(_) => {}
                Err(error) if error.problem_code() == Some(ErrorCode::NotFound) => {
                    erased.insert(*body);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(erased)
    }
}

/// Parts of the largest body: a bound for the answer.
const PARTS: u64 = 65_536;
