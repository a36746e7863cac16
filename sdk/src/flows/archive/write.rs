//! Everything in the safe into one archive: each document through the verifying reader, piece by piece; what cannot be
//! had is named in the list, never left out in silence. Memory does not grow with content. spec/archive.md section 6.

use std::cell::Cell;
use std::collections::BTreeMap;

use async_trait::async_trait;
use crypto::document::content::ContentHasher;
use crypto::document::descriptor::Authorship;
use crypto::hash::Sha256Runs;
use serde::{Deserialize, Serialize};

use super::list::{Author, Document, FORMAT, Folder, List, Missing, Why};
use super::page::{Language, page};
use super::place::{Places, TOP};
use super::zip::{self, Member};
use super::{IDENTITY, LIST, PAGE_EN, PAGE_FR, SUMS};
use crate::error::{ApiError, FileError};
use crate::flows::Sink;
use crate::flows::item::{Item, Kind, ObjectId};
use crate::flows::read::ReadError;
use crate::flows::watch::{Progress, Step, Watch};
use crate::session::Unlocked;

/// Where an archive goes: in order, but the end can be taken back, and a header written again with what is known then.
#[async_trait(?Send)]
pub trait Target: Sink {
    /// Forgets every byte from `to` on; writing goes on there.
    ///
    /// # Errors
    /// [`FileError`].
    async fn rewind(&mut self, to: u64) -> Result<(), FileError>;
    /// Puts `bytes` where as many were written at `at` in one call.
    ///
    /// # Errors
    /// [`FileError`].
    async fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), FileError>;
}

#[async_trait(?Send)]
impl Target for Vec<u8> {
    async fn rewind(&mut self, to: u64) -> Result<(), FileError> {
        self.truncate(usize::try_from(to).map_err(|_| FileError)?);
        Ok(())
    }

    async fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), FileError> {
        let at = usize::try_from(at).map_err(|_| FileError)?;
        let place = at
            .checked_add(bytes.len())
            .and_then(|end| self.get_mut(at..end))
            .ok_or(FileError)?;
        place.copy_from_slice(bytes);
        Ok(())
    }
}

/// What goes into an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Choice {
    /// What lies in the trash, too.
    pub trash: bool,
}

/// An archive is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Documents in it.
    pub documents: u64,
    /// Bytes of the archive.
    pub len: u64,
    /// Documents that should be in it and are not: to be told.
    pub missing: Vec<Missing>,
}

/// Why there is no archive. What the target got is to be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The person stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The target could not take it.
    #[error(transparent)]
    File(#[from] FileError),
    /// The network or the server; a refused document is no error but missing.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Unlocked {
    /// Writes everything that the list names, as it was last synced, into one archive.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(
        &self,
        target: &mut dyn Target,
        choice: Choice,
        watch: &Watch<'_>,
    ) -> Result<Exported, ExportError> {
        let plan = Plan::of(self.list(), choice);
        let made = self.device().clock().now();
        let mut list = List {
            format: FORMAT.to_owned(),
            made,
            account: self.account_id(),
            folders: plan.folders,
            documents: Vec::new(),
            missing: Vec::new(),
        };
        let mut writer = Writer::new(target);
        for folder in &list.folders {
            writer.add(format!("{}/", folder.path), &[], made).await?;
        }
        let meter = Meter::new(watch, plan.documents.iter().map(|planned| planned.item.len));
        for planned in plan.documents {
            match self.export_document(&mut writer, &planned, &meter).await? {
                Ok(document) => list.documents.push(document),
                Err(why) => list.missing.push(Missing {
                    name: planned.item.name,
                    folder: planned.folder,
                    why,
                }),
            }
            meter.passed(planned.item.len);
        }
        let identity = *self.replica.borrow().bundle().to_bytes();
        writer.add(IDENTITY.to_owned(), &identity, made).await?;
        writer.add(LIST.to_owned(), &list.to_bytes(), made).await?;
        writer.add(SUMS.to_owned(), list.sums().as_bytes(), made).await?;
        for (path, language) in [(PAGE_FR, Language::French), (PAGE_EN, Language::English)] {
            writer
                .add(path.to_owned(), page(&list, language).as_bytes(), made)
                .await?;
        }
        Ok(Exported {
            documents: list.documents.len() as u64,
            len: writer.finish().await?,
            missing: list.missing,
        })
    }

    /// One document, or why it is missing; then nothing of it is left in the archive.
    async fn export_document(
        &self,
        writer: &mut Writer<'_>,
        planned: &Planned,
        meter: &Meter<'_>,
    ) -> Result<Result<Document, Why>, ExportError> {
        let at = writer.at;
        for _ in 0..TRIES {
            // As it is now, not as it was listed: another device may have given it another content.
            let Some((_, descriptor)) = self.described(&planned.item.id) else {
                return Ok(Err(Why::Gone));
            };
            let signed = descriptor.authorship();
            let watch = Watch {
                cancel: meter.watch.cancel.clone(),
                progress: &|said| meter.say(said.done),
            };
            let mut passing = writer
                .begin(&planned.path, &signed, planned.item.modified)
                .await?;
            let read = self.download(&planned.item.id, &mut passing, &watch).await;
            let passed = passing.finish(&signed);
            let why = match (read, passed) {
                (Ok(()), Passed::Whole(sums)) => {
                    writer
                        .keep(&planned.path, &signed, planned.item.modified, sums.crc)
                        .await?;
                    return Ok(Ok(planned.document(&signed, &sums)));
                }
                (Ok(()) | Err(ReadError::Range), _) | (Err(ReadError::File(_)), Passed::Over) => Why::Changed,
                (Err(ReadError::NotFound), _) => Why::Gone,
                (Err(ReadError::Refused(_)), _) => Why::Refused,
                (Err(ReadError::Cancelled), _) => return Err(ExportError::Cancelled),
                (Err(ReadError::File(error)), _) => return Err(error.into()),
                (Err(ReadError::Api(error)), _) => return Err(error.into()),
            };
            writer.rewind(at).await?;
            if why != Why::Changed {
                return Ok(Err(why));
            }
        }
        Ok(Err(Why::Changed))
    }
}

/// What goes where, folders before what lies in them, by name.
struct Plan {
    folders: Vec<Folder>,
    documents: Vec<Planned>,
}

struct Planned {
    item: Item,
    path: String,
    folder: Option<String>,
    /// When it, or a folder above it, went to the trash.
    trashed: Option<u64>,
}

impl Plan {
    fn of(items: Vec<Item>, choice: Choice) -> Self {
        let mut inside = BTreeMap::<Option<ObjectId>, Vec<Item>>::new();
        for item in items.into_iter().filter(|item| choice.trash || !item.in_trash) {
            inside.entry(item.parent.clone()).or_default().push(item);
        }
        let (mut places, mut plan) = (
            Places::default(),
            Self {
                folders: Vec::new(),
                documents: Vec::new(),
            },
        );
        let mut open = vec![(None, None::<String>, None)];
        while let Some((id, folder, above)) = open.pop() {
            let begin = open.len();
            for item in inside.remove(&id).unwrap_or_default() {
                let path = places.give(folder.as_deref().unwrap_or(TOP), &item.name);
                if item.kind == Kind::Folder {
                    open.push((Some(item.id), Some(path.clone()), item.trashed_at.or(above)));
                    plan.folders.push(Folder {
                        path,
                        name: item.name,
                        folder: folder.clone(),
                        category: item.category.map(|category| category.id().to_owned()),
                        tags: item.tags,
                        trashed: item.trashed_at,
                    });
                } else {
                    let folder = folder.clone();
                    plan.documents.push(Planned {
                        trashed: item.trashed_at.or(above),
                        item,
                        path,
                        folder,
                    });
                }
            }
            // The first by name is the next one taken.
            open.get_mut(begin..).unwrap_or_default().reverse();
        }
        plan
    }
}

impl Planned {
    fn document(&self, signed: &Authorship, sums: &Sums) -> Document {
        let item = &self.item;
        Document {
            path: self.path.clone(),
            name: item.name.clone(),
            folder: self.folder.clone(),
            media: item.media.clone().unwrap_or_default(),
            size: signed.plain_len,
            sha256: sums.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            category: item.category.map(|category| category.id().to_owned()),
            tags: item.tags.clone(),
            added: item.added,
            modified: item.modified,
            keep_until: item.retention_end,
            trashed: self.trashed,
            author: Author::of(signed),
        }
    }
}

/// Puts members into the target, one after another.
struct Writer<'a> {
    target: &'a mut dyn Target,
    members: Vec<Member>,
    /// Where the next member begins.
    at: u64,
}

impl<'a> Writer<'a> {
    fn new(target: &'a mut dyn Target) -> Self {
        Self {
            target,
            members: Vec::new(),
            at: 0,
        }
    }

    /// A member that is in memory.
    async fn add(&mut self, path: String, bytes: &[u8], time: u64) -> Result<(), FileError> {
        let mut member = Member::new(path, bytes.len() as u64, time, self.at);
        member.crc = crc32fast::hash(bytes);
        self.target.write(&member.local_header()).await?;
        if !bytes.is_empty() {
            self.target.write(bytes).await?;
        }
        self.push(member)
    }

    /// A member that comes piece by piece, its CRC not yet known.
    async fn begin(&mut self, path: &str, signed: &Authorship, time: u64) -> Result<Passing<'_>, FileError> {
        let member = Member::new(path.to_owned(), signed.plain_len, time, self.at);
        self.target.write(&member.local_header()).await?;
        Ok(Passing::to(self.target, signed.plain_len))
    }

    /// The member begun last is whole.
    async fn keep(&mut self, path: &str, signed: &Authorship, time: u64, crc: u32) -> Result<(), FileError> {
        let mut member = Member::new(path.to_owned(), signed.plain_len, time, self.at);
        member.crc = crc;
        self.target.patch(self.at, &member.local_header()).await?;
        self.push(member)
    }

    async fn rewind(&mut self, to: u64) -> Result<(), FileError> {
        self.target.rewind(to).await
    }

    /// The directory; returns the bytes of the whole.
    async fn finish(self) -> Result<u64, FileError> {
        let directory = zip::directory_bytes(&self.members);
        self.target.write(&directory).await?;
        Ok(self.at + directory.len() as u64)
    }

    fn push(&mut self, member: Member) -> Result<(), FileError> {
        self.at = member.end().ok_or(FileError)?;
        self.members.push(member);
        Ok(())
    }
}

/// Content on its way into the target.
struct Passing<'a> {
    target: &'a mut dyn Target,
    left: u64,
    is_over: bool,
    crc: crc32fast::Hasher,
    sha256: Sha256Runs,
    content: ContentHasher,
}

struct Sums {
    crc: u32,
    sha256: [u8; 32],
}

enum Passed {
    /// All of it, and what its author signed.
    Whole(Sums),
    /// More than was announced.
    Over,
    /// Another content, or not all of it.
    Other,
}

impl<'a> Passing<'a> {
    fn to(target: &'a mut dyn Target, len: u64) -> Self {
        Self {
            target,
            left: len,
            is_over: false,
            crc: crc32fast::Hasher::new(),
            sha256: Sha256Runs::default(),
            content: ContentHasher::new(),
        }
    }

    fn finish(self, signed: &Authorship) -> Passed {
        if self.is_over {
            Passed::Over
        } else if self.left == 0 && self.content.root() == signed.content_root {
            Passed::Whole(Sums {
                crc: self.crc.finalize(),
                sha256: self.sha256.finish(),
            })
        } else {
            Passed::Other
        }
    }
}

#[async_trait(?Send)]
impl Sink for Passing<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_over = true;
            return Err(FileError);
        };
        self.left = left;
        self.crc.update(bytes);
        self.sha256.update(bytes);
        self.content.update(bytes);
        self.target.write(bytes).await
    }
}

/// Tells how far the whole is; a document read a second time does not fall back.
struct Meter<'a> {
    watch: &'a Watch<'a>,
    before: Cell<u64>,
    said: Cell<u64>,
    total: u64,
}

impl<'a> Meter<'a> {
    fn new(watch: &'a Watch<'a>, lengths: impl Iterator<Item = u64>) -> Self {
        let meter = Self {
            watch,
            before: Cell::new(0),
            said: Cell::new(0),
            total: lengths.fold(0, u64::saturating_add),
        };
        meter.say(0);
        meter
    }

    fn say(&self, done: u64) {
        let done = self.before.get().saturating_add(done).min(self.total);
        self.said.set(done.max(self.said.get()));
        (self.watch.progress)(Progress {
            step: Step::Receiving,
            done: self.said.get(),
            total: self.total,
        });
    }

    fn passed(&self, len: u64) {
        self.before.set(self.before.get().saturating_add(len));
        self.say(0);
    }
}

/// Times that a document is read which changes meanwhile.
const TRIES: usize = 3;
