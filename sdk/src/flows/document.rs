//! Documents and folders as a person sees them: the list, and every change that is a commit of the collection.
//!
//! Bodies are not touched here: see `upload` and `read`. spec/flows.md section 5.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crypto::collection::entry::{By, Entry, Kind as EntryKind};
use crypto::collection::index::Index;
use crypto::collection::name::Name;
use crypto::collection::tree::Tree;
use crypto::document::body::BodyHeader;
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};
use serde::{Deserialize, Serialize};
use shared::OperationId;

use super::commit::{CommitError, Committed, Signer};
use super::journal::UploadNote;
use super::seal::SealJob;
use super::upload::UploadError;
use crate::session::Unlocked;

/// Names one document or folder: 16 random bytes, as text (22 characters of base64url).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub String);

impl ObjectId {
    pub(crate) fn of(id: &[u8; 16]) -> Self {
        Self(OperationId(*id).to_string())
    }

    /// The bytes; `None` for a text that names nothing.
    pub(crate) fn parse(&self) -> Option<[u8; 16]> {
        self.0.parse::<OperationId>().ok().map(|id| id.0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Has content.
    Document,
    /// Holds items.
    Folder,
}

/// One document or folder of the list, decrypted and verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which.
    pub id: ObjectId,
    /// Document or folder.
    pub kind: Kind,
    /// The name that the person gave.
    pub name: String,
    /// The folder in which it is shown; `None` at the root (also where its folder is gone or in a circle: M5).
    pub parent: Option<ObjectId>,
    /// Media type from the closed list; `None` for a folder.
    pub media: Option<String>,
    /// Bytes of content; 0 for a folder.
    pub len: u64,
    /// When its content, name or place last changed, Unix seconds, by the device that changed it.
    pub modified: u64,
    /// When it went to the trash itself; `None` if it did not.
    pub trashed_at: Option<u64>,
    /// Whether it, or a folder above it, is in the trash.
    pub in_trash: bool,
    /// Whether another item of the same folder has the same name (M6): show a suffix.
    pub same_name: bool,
}

impl Unlocked {
    /// Every document and folder, the trash included, by name; empty before the first `sync`.
    #[must_use]
    pub fn list(&self) -> Vec<Item> {
        let Ok(state) = self.state() else {
            return Vec::new();
        };
        let tree = Tree::of(&state.index);
        let trashed = |id: &[u8; 16]| {
            state
                .index
                .entry(id)
                .is_some_and(|entry| entry.trashed_at.is_some())
        };
        let mut names = BTreeMap::<_, u32>::new();
        for entry in state.index.entries() {
            *names
                .entry((tree.parent(&entry.object_id), entry.name.clone()))
                .or_default() += 1;
        }
        let mut items = state
            .index
            .entries()
            .map(|entry| {
                let id = &entry.object_id;
                let parent = tree.parent(id);
                let again = names
                    .get(&(parent, entry.name.clone()))
                    .is_some_and(|count| *count > 1);
                let in_trash = trashed(id) || tree.above(id).any(|above| trashed(&above));
                to_item(entry, parent, in_trash, again)
            })
            .collect::<Vec<_>>();
        items.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        items
    }

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
        let id = object.parse().ok_or(CommitError::NotFound)?;
        let folder = match folder {
            Some(folder) => Some(folder.parse().ok_or(CommitError::NotFound)?),
            None => None,
        };
        self.commit(Signer::Write, |index, by| {
            if let Some(folder) = &folder {
                verify_folder(index, folder)?;
                if Tree::of(index).is_within(folder, &id) {
                    return Err(CommitError::Circle);
                }
            }
            change_entry(index, by, &id, |entry| entry.parent = folder)
        })
        .await
    }

    /// Puts it into the trash; nothing is lost yet.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn trash(&self, object: &ObjectId) -> Result<Committed, CommitError> {
        let now = self.device().clock().now();
        self.change(object, |entry| entry.trashed_at = Some(now)).await
    }

    /// Takes it out of the trash.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn restore(&self, object: &ObjectId) -> Result<Committed, CommitError> {
        self.change(object, |entry| entry.trashed_at = None).await
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn make_folder(&self, name: &str, parent: Option<&ObjectId>) -> Result<ObjectId, CommitError> {
        let name = Name::normalised(name).map_err(|_| CommitError::Name)?;
        let id = self.device().make_bytes::<16>()?;
        let parent = match parent {
            Some(parent) => Some(parent.parse().ok_or(CommitError::NotFound)?),
            None => None,
        };
        self.commit(Signer::Write, |index, by| {
            if let Some(parent) = &parent {
                verify_folder(index, parent)?;
            }
            let mut entry = Entry::new(id, name, None, by);
            entry.parent = parent;
            Ok(index.put(entry)?)
        })
        .await?;
        Ok(ObjectId::of(&id))
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

    /// Files a stored body under the entry that its journal names; a second time changes nothing.
    pub(crate) async fn file_document(
        &self,
        note: &UploadNote,
        descriptor: Descriptor,
    ) -> Result<ObjectId, CommitError> {
        let name = Name::new(&note.name).map_err(|_| CommitError::Name)?;
        let id = <[u8; 16]>::try_from(note.object.as_slice()).map_err(|_| CommitError::Device)?;
        let parent = note
            .parent
            .as_ref()
            .and_then(|parent| <[u8; 16]>::try_from(parent.as_slice()).ok());
        self.commit(Signer::Write, |index, by| {
            if index.entry(&id).is_some() {
                return Ok(());
            }
            let mut entry = Entry::new(id, name, Some(descriptor), by);
            // A folder that went away meanwhile must not lose the document: it is filed at the root.
            entry.parent = parent.filter(|parent| verify_folder(index, parent).is_ok());
            Ok(index.put(entry)?)
        })
        .await?;
        Ok(ObjectId::of(&id))
    }
}

fn change_entry(
    index: &mut Index,
    by: &By,
    id: &[u8; 16],
    change: impl FnOnce(&mut Entry),
) -> Result<(), CommitError> {
    let mut entry = Entry::clone(index.entry(id).ok_or(CommitError::NotFound)?);
    let (modified, trashed_at) = (entry.modified, entry.trashed_at);
    entry.touch(by);
    change(&mut entry);
    // The trash changes neither name, place nor content.
    if entry.trashed_at != trashed_at {
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
fn verify_folder(index: &Index, id: &[u8; 16]) -> Result<(), CommitError> {
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

fn to_item(entry: &Entry, parent: Option<[u8; 16]>, in_trash: bool, same_name: bool) -> Item {
    let descriptor = entry.descriptor.as_ref();
    Item {
        id: ObjectId::of(&entry.object_id),
        kind: if descriptor.is_some() {
            Kind::Document
        } else {
            Kind::Folder
        },
        name: entry.name.as_str().to_owned(),
        parent: parent.map(|parent| ObjectId::of(&parent)),
        media: descriptor.map(|content| content.media().name().to_owned()),
        len: descriptor.map_or(0, Descriptor::plain_len),
        modified: entry.modified,
        trashed_at: entry.trashed_at,
        in_trash,
        same_name,
    }
}

/// How long the trash keeps what is in it: thirty days.
const TRASH_SECONDS: u64 = 30 * 86_400;
/// A clock further than this past the newest head purges nothing by itself: it may be the clock that is wrong.
const IMPLAUSIBLE_SECONDS: u64 = 40 * 86_400;
/// Entries of one purging commit: their pages and bodies stay far below the wire's caps.
const PURGE_BATCH: usize = 32;
