//! Acts on many documents and folders at once: each commit is whole, and there are as few as the wire allows.
//!
//! A commit carries at most [`shared::limit::PAGES`] pages, so an act on some hundreds of entries may take several. What
//! is interrupted between two of them leaves a list in which each entry is as before or as wanted, and the same act
//! again does the rest. spec/flows.md section 5.

use std::collections::BTreeSet;

use crypto::collection::entry::Entry;
use crypto::collection::index::Index;
use crypto::collection::name::Name;
use crypto::collection::tree::Tree;

use super::commit::{CommitError, Committed, Signer};
use super::document::{change_entry, verify_folder};
use super::item::{Category, ObjectId, put_category};
use crate::session::Unlocked;

use crypto::collection::entry::{OWN_TAGS, TAG_BYTES, TAGS_MAX};

type Id = [u8; 16];

impl Unlocked {
    /// Puts them into `folder`, or at the root. What lies in a folder that is moved goes with it.
    ///
    /// # Errors
    /// [`CommitError`]; where one of them may not go there, nothing is sent.
    pub async fn move_many(
        &self,
        objects: &[ObjectId],
        folder: Option<&ObjectId>,
    ) -> Result<Committed, CommitError> {
        let folder = folder
            .map(|folder| folder.parse().ok_or(CommitError::NotFound))
            .transpose()?;
        let ids = self.topmost(ids_of(objects)?).await?;
        let verify = |index: &Index| {
            let Some(folder) = &folder else {
                return Ok(());
            };
            verify_folder(index, folder)?;
            let tree = Tree::of(index);
            if ids.iter().any(|id| tree.is_within(folder, id)) {
                return Err(CommitError::Circle);
            }
            Ok(())
        };
        self.change_many(&ids, verify, |_, _, entry| entry.parent = folder)
            .await
    }

    /// Puts them into the trash, folders with all that lies in them; nothing is lost yet. What is there already keeps
    /// its date.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn trash_many(&self, objects: &[ObjectId]) -> Result<Committed, CommitError> {
        let now = self.device().clock().now();
        let ids = self.topmost(ids_of(objects)?).await?;
        self.change_many(
            &ids,
            |_| Ok(()),
            |_, _, entry| {
                entry.trashed_at.get_or_insert(now);
            },
        )
        .await
    }

    /// Takes them out of the trash. One whose folder stays there comes back beside that folder, in sight.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn restore_many(&self, objects: &[ObjectId]) -> Result<Committed, CommitError> {
        let mut ids = ids_of(objects)?;
        self.ready().await?;
        // Folders first: what lies in one that comes back stays in it.
        {
            let state = self.state()?;
            let tree = Tree::of(&state.index);
            ids.sort_by_key(|id| tree.above(id).count());
        }
        self.change_many(&ids, |_| Ok(()), bring_in_sight).await
    }

    /// Says what they are about, or that nothing is said.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn set_category(
        &self,
        objects: &[ObjectId],
        category: Option<Category>,
    ) -> Result<Committed, CommitError> {
        let ids = ids_of(objects)?;
        self.change_many(
            &ids,
            |_| Ok(()),
            |_, _, entry| {
                put_category(entry, category);
            },
        )
        .await
    }

    /// Gives it these tags instead of those it has; the category stays.
    ///
    /// # Errors
    /// [`CommitError::Tag`] for more than 31, for one that is empty, longer than 64 bytes, holds what no name may hold,
    /// or begins with `civis:`.
    pub async fn set_tags(&self, object: &ObjectId, tags: &[String]) -> Result<Committed, CommitError> {
        let tags = to_tags(tags)?;
        let ids = ids_of(std::slice::from_ref(object))?;
        self.change_many(
            &ids,
            |_| Ok(()),
            |_, _, entry| {
                entry.tags.retain(|tag| tag.as_str().starts_with(OWN_TAGS));
                entry.tags.extend(tags.iter().cloned());
            },
        )
        .await
    }

    /// Until when the person wants to keep it, Unix seconds; `None` for good. Nothing is deleted by itself: see
    /// [`reminders`](super::due::reminders).
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn set_retention(&self, object: &ObjectId, end: Option<u64>) -> Result<Committed, CommitError> {
        let ids = ids_of(std::slice::from_ref(object))?;
        self.change_many(
            &ids,
            |_| Ok(()),
            |_, _, entry| {
                entry.retention_end = end;
            },
        )
        .await
    }

    /// Changes each of `ids` by `change`, which is given the index and tree of the moment. Before anything is sent all of
    /// them must be there and `verify` agree; one that another device purges meanwhile is passed over.
    pub(crate) async fn change_many(
        &self,
        ids: &[Id],
        verify: impl Fn(&Index) -> Result<(), CommitError>,
        change: impl Fn(&Index, &Tree, &mut Entry),
    ) -> Result<Committed, CommitError> {
        let (mut done, mut at) = (Committed::default(), 0);
        while let Some(left) = ids.get(at..).filter(|left| !left.is_empty()) {
            let mut taken = 0;
            let committed = self.commit(Signer::Write, |index, by| {
                if at == 0 && left.iter().any(|id| index.entry(id).is_none()) {
                    return Err(CommitError::NotFound);
                }
                verify(index)?;
                let tree = Tree::of(index);
                for id in left {
                    taken += 1;
                    if index.entry(id).is_none() {
                        continue;
                    }
                    let before = index.clone();
                    change_entry(index, by, id, |entry| change(&before, &tree, entry))?;
                    if index.pending_pages() >= BATCH_PAGES {
                        break;
                    }
                }
                Ok(())
            });
            done.merged.extend(committed.await?.merged);
            at += taken;
        }
        Ok(done)
    }

    /// Those of `ids` that lie under no other of them.
    async fn topmost(&self, ids: Vec<Id>) -> Result<Vec<Id>, CommitError> {
        self.ready().await?;
        let state = self.state()?;
        let tree = Tree::of(&state.index);
        let all = ids.iter().copied().collect::<BTreeSet<_>>();
        let top = |id: &Id| !tree.above(id).any(|above| all.contains(&above));
        Ok(ids.into_iter().filter(top).collect())
    }
}

/// Out of the trash, and out of folders that are in it: to where the nearest folder in sight is.
pub(crate) fn bring_in_sight(index: &Index, tree: &Tree, entry: &mut Entry) {
    entry.trashed_at = None;
    let trashed = |id: &Id| index.entry(id).is_some_and(|entry| entry.trashed_at.is_some());
    let highest = tree.above(&entry.object_id).filter(|above| trashed(above)).last();
    if let Some(highest) = highest {
        entry.parent = tree.parent(&highest);
    }
}

/// The person's tags in normal form, without those that clients set themselves.
pub(crate) fn to_tags(tags: &[String]) -> Result<BTreeSet<Name>, CommitError> {
    let mut all = BTreeSet::new();
    for tag in tags {
        let tag = Name::normalised(tag.trim()).map_err(|_| CommitError::Tag)?;
        if tag.as_str().len() > TAG_BYTES || tag.as_str().starts_with(OWN_TAGS) {
            return Err(CommitError::Tag);
        }
        all.insert(tag);
    }
    // One place is kept for the category.
    if all.len() < TAGS_MAX {
        Ok(all)
    } else {
        Err(CommitError::Tag)
    }
}

/// Each once, in the order given.
fn ids_of(objects: &[ObjectId]) -> Result<Vec<Id>, CommitError> {
    let mut seen = BTreeSet::new();
    let mut ids = Vec::new();
    for object in objects {
        let id = object.parse().ok_or(CommitError::NotFound)?;
        if seen.insert(id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Pages at which a commit is full: one change more adds a path and may split a leaf, a lost race adds a few, and the
/// wire takes 128.
const BATCH_PAGES: usize = 96;
