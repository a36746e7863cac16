//! A parcel into this safe: folders, then each document once its hashes and its author agree, then what its owner had
//! noted of it. Asked again after an interruption, it goes on: what is there already is not added twice.
//! spec/archive.md section 8.

use std::cell::Cell;
use std::collections::BTreeMap;

use crypto::collection::entry::Entry;
use crypto::document::content::ContentHasher;
use crypto::hash::Sha256Runs;
use serde::{Deserialize, Serialize};

use super::parcel::{Listed, Parcel, Parceled};
use crate::error::FileError;
use crate::flows::collection::SyncError;
use crate::flows::commit::{CommitError, Signer};
use crate::flows::item::{Category, Kind, ObjectId};
use crate::flows::upload::{NewDocument, Unfinished, UploadError};
use crate::flows::watch::{Progress, Step, Watch};
use crate::session::Unlocked;

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Documents that were added.
    pub added: u64,
    /// Documents that were there already: same folder, same name, same content.
    pub already: u64,
    /// Documents that were not added: to be told.
    pub left: Vec<Left>,
}

/// A document that was not added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Its name, or its path where it has no name that a safe can keep.
    pub name: String,
    /// Why.
    pub why: Why,
}

/// Why a document was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its content is not the one whose hash the list has.
    Damaged,
    /// It is not signed by the account that the archive names.
    Author,
    /// The name holds what a name may not hold, or is too long.
    Name,
    /// It cannot be read, or changed while it was read.
    Unreadable,
    /// Larger than any document may be.
    TooLarge,
}

/// Why an import stopped. What was added stays; asking again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The list could not be read.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The list could not be changed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A document could not be saved for a reason that the next one would meet as well.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl Unlocked {
    /// Adds what is in `parcel`.
    ///
    /// # Errors
    /// [`ImportError`]; see there.
    pub async fn import(&self, parcel: &Parcel<'_>, watch: &Watch<'_>) -> Result<Imported, ImportError> {
        self.sync().await?;
        let mut import = Import {
            safe: self,
            watch,
            folders: Vec::new(),
            known: self.known_documents(),
            unfinished: self.unfinished().await?,
            facts: Vec::new(),
            done: Imported::default(),
            before: Cell::new(0),
            total: parcel.size(),
        };
        import.done.left.extend(parcel.nameless.iter().map(|path| Left {
            name: path.clone(),
            why: Why::Name,
        }));
        import.make_folders(parcel).await?;
        for document in &parcel.documents {
            if watch.cancel.is_cancelled() {
                import.note_facts().await?;
                return Err(UploadError::Cancelled.into());
            }
            let settled = import.add(parcel, document).await;
            if let Err(error) = settled {
                // What is saved keeps its dates and labels, if that much can still be said.
                let _ = import.note_facts().await;
                return Err(error);
            }
            if import.facts.len() >= FACTS {
                import.note_facts().await?;
            }
        }
        import.note_facts().await?;
        Ok(import.done)
    }

    /// What the safe holds: folder, name and content to the documents that have them.
    fn known_documents(&self) -> BTreeMap<Key, Vec<ObjectId>> {
        let mut known = BTreeMap::<Key, Vec<ObjectId>>::new();
        for item in self.list().into_iter().filter(|item| item.kind == Kind::Document) {
            if let Some((_, descriptor)) = self.described(&item.id) {
                let key = (item.parent, item.name, *descriptor.content_root(), item.in_trash);
                known.entry(key).or_default().push(item.id);
            }
        }
        known
    }
}

/// Folder, name, content_root, and whether it is in the trash.
type Key = (Option<ObjectId>, String, [u8; 32], bool);

struct Import<'a> {
    safe: &'a Unlocked,
    watch: &'a Watch<'a>,
    /// The folders of the parcel, in the safe.
    folders: Vec<ObjectId>,
    known: BTreeMap<Key, Vec<ObjectId>>,
    unfinished: Vec<Unfinished>,
    /// What is still to be noted.
    facts: Vec<(ObjectId, Facts)>,
    done: Imported,
    before: Cell<u64>,
    total: u64,
}

/// What a new document does not know by itself.
struct Facts {
    added: u64,
    modified: u64,
    trashed: bool,
}

impl Import<'_> {
    /// The parcel's folders, each found in the safe by name and place, or made.
    async fn make_folders(&mut self, parcel: &Parcel<'_>) -> Result<(), ImportError> {
        let mut known: BTreeMap<_, _> = (self.safe.list().into_iter())
            .filter(|item| item.kind == Kind::Folder && !item.in_trash)
            .map(|item| ((item.parent, item.name), item.id))
            .collect();
        for folder in &parcel.folders {
            let parent = folder.parent.and_then(|index| self.folders.get(index)).cloned();
            let key = (parent, folder.name.clone());
            let id = match known.get(&key) {
                Some(id) => id.clone(),
                None => {
                    let made = self.safe.make_folder(&folder.name, key.0.as_ref()).await?;
                    if folder.category.is_some() {
                        let made = std::slice::from_ref(&made);
                        self.safe.set_category(made, folder.category).await?;
                    }
                    if !folder.tags.is_empty() {
                        self.safe.set_tags(&made, &folder.tags).await?;
                    }
                    known.insert(key, made.clone());
                    made
                }
            };
            self.folders.push(id);
        }
        Ok(())
    }

    /// One document; an error is one that ends the import.
    async fn add(&mut self, parcel: &Parcel<'_>, document: &Parceled<'_>) -> Result<(), ImportError> {
        let source = document.content.source();
        let (size, name) = (source.len(), document.name.clone());
        let settled = match verify(parcel, document).await {
            Ok(root) => self.place(document, root).await?,
            Err(why) => Err(why),
        };
        match settled {
            Ok(()) => {}
            Err(why) => self.done.left.push(Left { name, why }),
        }
        self.before.set(self.before.get().saturating_add(size));
        self.say(Step::Sending, 0);
        Ok(())
    }

    /// Finds it in the safe, or saves it.
    async fn place(
        &mut self,
        document: &Parceled<'_>,
        root: [u8; 32],
    ) -> Result<Result<(), Why>, ImportError> {
        let parent = document.folder.and_then(|index| self.folders.get(index)).cloned();
        let trashed = (document.listed.as_ref()).is_some_and(|listed| listed.document.trashed.is_some());
        let key = (parent.clone(), document.name.clone(), root, trashed);
        let found = self.known.get_mut(&key).and_then(Vec::pop);
        let object = match found {
            Some(object) => {
                self.done.already += 1;
                object
            }
            None => match self.save(document, parent).await {
                Ok(object) => {
                    self.done.added += 1;
                    object
                }
                Err(UploadError::Name) => return Ok(Err(Why::Name)),
                Err(UploadError::TooLarge) => return Ok(Err(Why::TooLarge)),
                Err(UploadError::File(FileError)) => return Ok(Err(Why::Unreadable)),
                Err(error) => return Err(error.into()),
            },
        };
        if let Some(Listed { document, .. }) = &document.listed {
            let facts = Facts {
                added: document.added,
                modified: document.modified,
                trashed,
            };
            self.facts.push((object, facts));
        }
        Ok(Ok(()))
    }

    /// Uploads it; continues where an upload of a file of this name and length stopped, if rule R allows it.
    async fn save(
        &mut self,
        document: &Parceled<'_>,
        parent: Option<ObjectId>,
    ) -> Result<ObjectId, UploadError> {
        let source = document.content.source();
        let listed = document.listed.as_ref().map(|listed| &listed.document);
        let category = listed.and_then(|listed| listed.category.as_deref());
        let new = NewDocument {
            name: document.name.clone(),
            parent,
            media: document.media.clone(),
            category: category.and_then(Category::of),
            tags: listed.map(|listed| listed.tags.clone()).unwrap_or_default(),
            retention_end: listed.and_then(|listed| listed.keep_until),
            ..NewDocument::default()
        };
        let begun = (self.unfinished.iter())
            .position(|begun| begun.len == source.len() && begun.name.as_deref() == Some(new.name.as_str()))
            .map(|at| self.unfinished.remove(at));
        let watch = Watch {
            cancel: self.watch.cancel.clone(),
            progress: &|said| self.say(said.step, said.done),
        };
        let saved = match begun {
            Some(begun) => self.safe.resume(begun.body, source, &new, &watch).await?,
            None => self.safe.upload(source, &new, &watch).await?,
        };
        Ok(saved.object)
    }

    /// Dates, and the trash, of what was added or found since the last time; nothing is committed where all is right.
    async fn note_facts(&mut self) -> Result<(), ImportError> {
        let facts = std::mem::take(&mut self.facts);
        self.safe.note_facts(&facts).await?;
        Ok(())
    }

    fn say(&self, step: Step, done: u64) {
        (self.watch.progress)(Progress {
            step,
            done: self.before.get().saturating_add(done).min(self.total),
            total: self.total,
        });
    }
}

impl Unlocked {
    async fn note_facts(&self, facts: &[(ObjectId, Facts)]) -> Result<(), CommitError> {
        let now = self.device().clock().now();
        let state = self.state()?;
        let differ = |entry: &Entry, facts: &Facts| {
            (entry.modified, entry.added) != (facts.modified, Some(facts.added))
                || entry.trashed_at.is_some() != facts.trashed
        };
        let todo: Vec<_> = facts
            .iter()
            .filter_map(|(object, facts)| Some((object.parse()?, facts)))
            .filter(|(id, facts)| state.index.entry(id).is_some_and(|entry| differ(entry, facts)))
            .collect();
        if todo.is_empty() {
            return Ok(());
        }
        self.commit(Signer::Write, |index, by| {
            for (id, facts) in &todo {
                let Some(entry) = index.entry(id) else { continue };
                let mut entry = Entry::clone(entry);
                entry.touch(by);
                entry.modified = facts.modified;
                entry.added = Some(facts.added);
                // Thirty days from now, not from when it was thrown away elsewhere.
                entry.trashed_at = facts.trashed.then_some(now);
                index.put(entry)?;
            }
            Ok(())
        })
        .await?;
        Ok(())
    }
}

/// Reads it once: the hashes and the author of the list, where there is one. Returns content_root.
async fn verify(parcel: &Parcel<'_>, document: &Parceled<'_>) -> Result<[u8; 32], Why> {
    let source = document.content.source();
    let (mut crc, mut sha256) = (crc32fast::Hasher::new(), Sha256Runs::default());
    let mut content = ContentHasher::new();
    let mut at = 0;
    while at < source.len() {
        let len = RUN.min(source.len() - at);
        let bytes = source
            .read(at, usize::try_from(len).unwrap_or(usize::MAX))
            .await
            .map_err(|_| Why::Unreadable)?;
        crc.update(&bytes);
        sha256.update(&bytes);
        content.update(&bytes);
        at += len;
    }
    let root = content.root();
    if let (
        Some(Listed {
            document,
            crc: wanted,
        }),
        Some(identity),
    ) = (&document.listed, &parcel.identity)
    {
        let sha256: String = sha256.finish().iter().map(|byte| format!("{byte:02x}")).collect();
        if sha256 != document.sha256 || wanted.is_some_and(|wanted| wanted != crc.finalize()) {
            return Err(Why::Damaged);
        }
        let signed = document.author.authorship(document.size).ok_or(Why::Author)?;
        if signed.content_root != root {
            return Err(Why::Author);
        }
        signed
            .verify(identity.account_id(), identity.seq(), identity.identity_key())
            .map_err(|_| Why::Author)?;
    }
    Ok(root)
}

/// Bytes read at once.
const RUN: u64 = 1 << 20;
/// Documents whose dates are noted in one commit.
const FACTS: usize = 64;
