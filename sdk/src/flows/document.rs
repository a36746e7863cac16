//! Documents and folders: every change of one of them, and purges. The list itself is `item`, acts on many `many`.
//!
//! Bodies are not touched here: see `upload` and `read`. spec/flows.md section 5.

use std::collections::BTreeSet;
use std::sync::Arc;

use crypto::collection::entry::{By, Entry, Kind as EntryKind};
use crypto::collection::index::Index;
use crypto::collection::name::Name;
use crypto::collection::tree::Tree;
use crypto::document::body::BodyHeader;
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};

use super::commit::{CommitError, Committed, Signer};
use super::item::put_category;
use super::journal::UploadNote;
use super::many::{bring_in_sight, to_tags};
use super::seal::SealJob;
use super::upload::UploadError;
use crate::session::Unlocked;

pub use super::item::{Category, Item, Kind, ObjectId};

impl Unlocked {
    /// Gives it another name.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn rename(&self, object: &ObjectId, name: &str) -> Result<Committed, CommitError> {
        let name = Name::normalised(name).map_err(|_| CommitError::Name)?;
        self.change(object, |entry| entry.name = name).await
    }

    /// Puts it into `folder`, or at the root.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn move_to(
        &self,
        object: &ObjectId,
        folder: Option<&ObjectId>,
    ) -> Result<Committed, CommitError> {
        self.move_many(std::slice::from_ref(object), folder).await
    }

    /// Puts it into the trash; nothing is lost yet.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn trash(&self, object: &ObjectId) -> Result<Committed, CommitError> {
        self.trash_many(std::slice::from_ref(object)).await
    }

    /// Takes it out of the trash; see [`restore_many`](Self::restore_many).
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn restore(&self, object: &ObjectId) -> Result<Committed, CommitError> {
        self.restore_many(std::slice::from_ref(object)).await
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn make_folder(&self, name: &str, parent: Option<&ObjectId>) -> Result<ObjectId, CommitError> {
        self.add_folder(name, parent).await.map(|(folder, _)| folder)
    }

    /// Makes a folder, and tells what a merge decided on the way.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn add_folder(
        &self,
        name: &str,
        parent: Option<&ObjectId>,
    ) -> Result<(ObjectId, Committed), CommitError> {
        let name = Name::normalised(name).map_err(|_| CommitError::Name)?;
        let id = self.device().make_bytes::<16>()?;
        let parent = match parent {
            Some(parent) => Some(parent.parse().ok_or(CommitError::NotFound)?),
            None => None,
        };
        let committed = self.commit(Signer::Write, |index, by| {
            if let Some(parent) = &parent {
                verify_folder(index, parent)?;
            }
            let mut entry = Entry::new(id, name, None, by);
            entry.parent = parent;
            Ok(index.put(entry)?)
        });
        let committed = committed.await?;
        Ok((ObjectId::of(&id), committed))
    }

    /// Destroys them, folders with all that lies in them: bodies and entries are gone at once, for good. What changed
    /// since it was shown stays.
    ///
    /// # Errors
    /// [`CommitError`]; what was purged before the error stays purged.
    pub async fn purge(&self, objects: &[ObjectId]) -> Result<Committed, CommitError> {
        let mut all = BTreeSet::new();
        for object in objects {
            all.insert(object.parse().ok_or(CommitError::NotFound)?);
        }
        if all.is_empty() {
            return Ok(Committed::default());
        }
        self.purge_roots(&all, Signer::Admin).await
    }

    /// Purges what has lain in the trash for thirty days, by this device's clock; to be called after `sync`.
    ///
    /// Nobody confirms it and the clock is nobody's proof, so it is signed by the write key: the server keeps the
    /// bodies for seven days more. Nothing is purged in a session that began on a device that did not know the
    /// collection, nor where the last change seems more than forty days old: after the next commit it will do.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn purge_expired(&self) -> Result<Committed, CommitError> {
        let now = self.device().clock().now();
        let state = self.state()?;
        let since_change = now.saturating_sub(state.head.head().time());
        if self.first_visit || since_change > IMPLAUSIBLE_SECONDS {
            return Ok(Committed::default());
        }
        let expired = |entry: &&Arc<Entry>| {
            entry
                .trashed_at
                .is_some_and(|at| now.saturating_sub(at) > TRASH_SECONDS)
        };
        let roots = state
            .index
            .entries()
            .filter(expired)
            .map(|entry| entry.object_id)
            .collect();
        self.purge_roots(&roots, Signer::Write).await
    }

    /// Removes `roots` and all that lies in them, as they are now, the deepest first: a folder outlives its content.
    async fn purge_roots(
        &self,
        roots: &BTreeSet<[u8; 16]>,
        signer: Signer,
    ) -> Result<Committed, CommitError> {
        let shown = self.state()?.index;
        let mut doomed = {
            let tree = Tree::of(&shown);
            let mut doomed = shown
                .entries()
                .map(|entry| entry.object_id)
                .filter(|id| roots.contains(id) || tree.above(id).any(|above| roots.contains(&above)))
                .collect::<Vec<_>>();
            doomed.sort_by_key(|id| tree.above(id).count());
            doomed
        };
        let mut done = Committed::default();
        while !doomed.is_empty() {
            let batch = doomed.split_off(doomed.len().saturating_sub(PURGE_BATCH));
            let committed = self.commit(signer, |index, _| {
                remove_unchanged(index, &shown, roots, &batch);
                Ok(())
            });
            done.merged.extend(committed.await?.merged);
        }
        Ok(done)
    }

    async fn change(
        &self,
        object: &ObjectId,
        change: impl FnOnce(&mut Entry),
    ) -> Result<Committed, CommitError> {
        let id = object.parse().ok_or(CommitError::NotFound)?;
        self.commit(Signer::Write, |index, by| change_entry(index, by, &id, change))
            .await
    }

    /// Name and descriptor of a document in the list.
    pub(crate) fn described(&self, object: &ObjectId) -> Option<(String, Descriptor)> {
        let state = self.state().ok()?;
        let entry = state.index.entry(&object.parse()?)?;
        Some((entry.name.as_str().to_owned(), entry.descriptor.clone()?))
    }

    /// Describes a stored body, signed as this account's own.
    pub(crate) fn make_descriptor(
        &self,
        job: &SealJob,
        header: &BodyHeader,
        content_root: [u8; 32],
        media: &str,
    ) -> Result<Descriptor, UploadError> {
        let identity = self.secrets.current().map_err(|_| UploadError::Device)?;
        let author = Author {
            account: self.account_id.0,
            seq: identity.seq(),
            identity: identity.signing(),
        };
        let content = Content {
            plain_len: job.plain_len(),
            content_root,
            media: MediaType::from_name(media),
        };
        Ok(Descriptor::new(header, job.key(), &content, &author))
    }

    /// Files a stored body under the entry that its journal names, or as the new content of the document that it
    /// replaces; a second time changes nothing. Tells where it lies, and what a merge decided.
    pub(crate) async fn file_document(
        &self,
        note: &UploadNote,
        descriptor: Descriptor,
        thumbnail: Option<Descriptor>,
    ) -> Result<(ObjectId, Committed), CommitError> {
        let name = Name::new(&note.name).map_err(|_| CommitError::Name)?;
        let tags = to_tags(&note.tags)?;
        let id = <[u8; 16]>::try_from(note.object.as_slice()).map_err(|_| CommitError::Device)?;
        let named = |id: &Option<shared::Blob>| -> Option<[u8; 16]> {
            id.as_ref().and_then(|id| id.as_slice().try_into().ok())
        };
        let (parent, replaced) = (named(&note.parent), named(&note.replace));
        let body = *descriptor.body_id();
        let committed = self.commit(Signer::Write, |index, by| {
            if holder(index, &body).is_some() {
                return Ok(());
            }
            let replaced = replaced
                .and_then(|id| index.entry(&id))
                .filter(|entry| entry.kind == EntryKind::Document);
            let mut entry = if let Some(replaced) = replaced {
                let mut entry = Entry::clone(replaced);
                entry.touch(by);
                entry.replace_content(descriptor);
                entry.dates.insert(body, by.time);
                bring_in_sight(index, &Tree::of(index), &mut entry);
                entry
            } else {
                let mut entry = Entry::new(id, name, Some(descriptor), by);
                // A folder that went away meanwhile must not lose the document: it is filed at the root.
                entry.parent = parent.filter(|parent| verify_folder(index, parent).is_ok());
                entry
            };
            entry.thumbnail = thumbnail;
            entry.tags.extend(tags);
            if note.category.is_some() {
                put_category(&mut entry, note.category);
            }
            entry.retention_end = note.retention_end.or(entry.retention_end);
            Ok(index.put(entry)?)
        });
        let committed = committed.await?;
        // A conflict copy lies elsewhere than it was meant to.
        let holder = holder(&self.state()?.index, &body).unwrap_or(id);
        Ok((ObjectId::of(&holder), committed))
    }

    /// Reads the list where that was not done yet.
    pub(crate) async fn ready(&self) -> Result<(), CommitError> {
        let _turn = self.turn.lock().await;
        if self.replica.borrow().state.is_none() {
            self.sync_in_turn().await?;
        }
        Ok(())
    }
}

/// The entry that has this body for its content, now or before.
fn holder(index: &Index, body: &[u8; 16]) -> Option<[u8; 16]> {
    let mut entries = index.entries();
    let found = entries.find(|entry| entry.contents().any(|content| content.body_id() == body));
    found.map(|entry| entry.object_id)
}

/// Changes one entry; a change that changes nothing writes nothing.
pub(crate) fn change_entry(
    index: &mut Index,
    by: &By,
    id: &[u8; 16],
    change: impl FnOnce(&mut Entry),
) -> Result<(), CommitError> {
    let before = index.entry(id).ok_or(CommitError::NotFound)?;
    let mut entry = Entry::clone(before);
    change(&mut entry);
    if is_same(before, &Arc::new(entry.clone())) {
        return Ok(());
    }
    let content = |entry: &Entry| entry.descriptor.as_ref().map(|content| *content.body_id());
    let kept =
        before.name == entry.name && before.parent == entry.parent && content(before) == content(&entry);
    let modified = before.modified;
    entry.touch(by);
    // Trash, tags, dates and pictures change neither name, place nor content.
    if kept {
        entry.modified = modified;
    }
    Ok(index.put(entry)?)
}

/// Removes those of `batch` that are as they were in `shown` and still lie under a root that is as it was.
///
/// Another task or device may have restored, moved or renamed them between the showing and this turn.
fn remove_unchanged(index: &mut Index, shown: &Index, roots: &BTreeSet<[u8; 16]>, batch: &[[u8; 16]]) {
    let tree = Tree::of(index);
    let same = |id: &[u8; 16]| match (index.entry(id), shown.entry(id)) {
        (Some(now), Some(then)) => is_same(now, then),
        _ => false,
    };
    let is_root = |id: &[u8; 16]| roots.contains(id) && same(id);
    let gone = batch
        .iter()
        .filter(|id| same(id) && (is_root(id) || tree.above(id).any(|above| is_root(&above))))
        .collect::<Vec<_>>();
    for id in gone {
        index.remove(id);
    }
}

fn is_same(one: &Arc<Entry>, other: &Arc<Entry>) -> bool {
    Arc::ptr_eq(one, other)
        || match (one.to_bytes(), other.to_bytes()) {
            (Ok(one), Ok(other)) => *one == *other,
            _ => false,
        }
}

/// A folder that can take something: neither it nor a folder above it is in the trash.
pub(crate) fn verify_folder(index: &Index, id: &[u8; 16]) -> Result<(), CommitError> {
    let trashed = |id: &[u8; 16]| index.entry(id).is_some_and(|entry| entry.trashed_at.is_some());
    match index.entry(id) {
        Some(entry) if entry.kind == EntryKind::Folder => {}
        _ => return Err(CommitError::NotFound),
    }
    if trashed(id) || Tree::of(index).above(id).any(|above| trashed(&above)) {
        return Err(CommitError::NotFound);
    }
    Ok(())
}

/// How long the trash keeps what is in it: thirty days.
pub(crate) const TRASH_SECONDS: u64 = 30 * 86_400;
/// A clock further than this past the newest head purges nothing by itself: it may be the clock that is wrong.
const IMPLAUSIBLE_SECONDS: u64 = 40 * 86_400;
/// Entries of one purging commit: their pages and bodies stay far below the wire's caps.
const PURGE_BATCH: usize = 32;
