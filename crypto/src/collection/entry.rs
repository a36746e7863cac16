//! Entries: the mutable record of one document or folder. Its descriptors hold K_body, so it has no `Debug`.
//!
//! CBOR of 1 object_id, 2 rev, 3 kind (1 document, 2 folder), 4 parent, 5 name, 6 tags, 7 retention end, 8 trashed_at,
//! 9 modified, 10 changed_by, 11 changed_head_no, 12 descriptor, 13 older descriptors, 15 thumbnail, 16 added, 17 dates
//! of the contents. Optional keys are left out: 4 at the root, 6 and 13 where empty, 7, 8, 12 in a folder, 15 to 17
//! where there is nothing to say. Key 14 (shares) comes with shares; until then it is refused. spec/collection.md
//! section 4.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use crate::codec::{CborReader, CborWriter, Keys, Malformed, Schema, from_cbor, to_cbor};
use crate::collection::name::{NAME_BYTES, Name};
use crate::document::descriptor::Descriptor;
use crate::id::Id;

/// Bytes of an entry, at most.
pub const ENTRY_BYTES: usize = 8 * 1024;
/// Descriptors of older versions, at most.
pub const OLDER_MAX: usize = 8;
/// Tags of one entry, at most.
pub const TAGS_MAX: usize = 32;
/// Bytes of one tag, at most: name, tags, one content and its thumbnail always fit an entry.
pub const TAG_BYTES: usize = 64;
/// What the tags begin with that a client sets and reads itself. All of them together are one field of the entry: the
/// category.
pub const OWN_TAGS: &str = "civis:";

/// What an entry stands for. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Has a descriptor.
    Document,
    /// Holds other entries; has none.
    Folder,
}

/// One document or folder.
#[derive(Clone)]
pub struct Entry {
    /// Random; its place in the trie.
    pub object_id: Id,
    /// Counts its changes, from 1.
    pub rev: u64,
    /// What it is.
    pub kind: Kind,
    /// The folder it lies in; `None` at the root.
    pub parent: Option<Id>,
    /// What it is called.
    pub name: Name,
    /// Labels of its owner.
    pub tags: BTreeSet<Name>,
    /// Seconds UTC until which its owner wants to keep it.
    pub retention_end: Option<u64>,
    /// Seconds UTC at which it went to the trash.
    pub trashed_at: Option<u64>,
    /// Seconds UTC of the last change of name, place or content.
    pub modified: u64,
    /// Account that wrote it last.
    pub changed_by: Id,
    /// Number of the head with which it did.
    pub changed_head_no: u64,
    /// The content; `None` in a folder.
    pub descriptor: Option<Descriptor>,
    /// The contents before it, newest first; empty in a folder.
    pub older: Vec<Descriptor>,
    /// A small picture of the current content, a body of its own; `None` in a folder.
    pub thumbnail: Option<Descriptor>,
    /// Seconds UTC at which it came into the list; `None` where an older client wrote it.
    pub added: Option<u64>,
    /// Seconds UTC at which a body became its content, by body id, where that is known. Of contents that the entry does
    /// not name nothing is written.
    pub dates: BTreeMap<Id, u64>,
}

/// Who changes an entry, when, and with which head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    /// The account.
    pub account: Id,
    /// Seconds UTC.
    pub time: u64,
    /// The number that the committing head will have.
    pub head_no: u64,
}

/// Why bytes or an entry were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not an entry: another form of CBOR, an unknown key, a name or tag that is none.
    #[error("not an entry")]
    Malformed,
    /// A document without descriptor, or a folder with one or with a thumbnail; or an entry that is its own parent.
    #[error("the entry contradicts itself")]
    Contradiction,
    /// More than 8 KiB, 8 older descriptors, 32 tags or 64 bytes of one tag.
    #[error("the entry is too large")]
    TooLarge,
}

impl Entry {
    /// A new document or folder at the root, rev 1: a document if there is a descriptor.
    #[must_use]
    pub fn new(object_id: Id, name: Name, descriptor: Option<Descriptor>, by: &By) -> Self {
        let dates = descriptor.iter().map(|content| (*content.body_id(), by.time));
        Self {
            dates: dates.collect(),
            object_id,
            rev: 1,
            kind: if descriptor.is_some() {
                Kind::Document
            } else {
                Kind::Folder
            },
            parent: None,
            name,
            tags: BTreeSet::new(),
            retention_end: None,
            trashed_at: None,
            modified: by.time,
            changed_by: by.account,
            changed_head_no: by.head_no,
            descriptor,
            older: Vec::new(),
            thumbnail: None,
            added: Some(by.time),
        }
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`EntryError`]; the caps are checked first.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES {
            return Err(EntryError::TooLarge);
        }
        from_cbor(bytes).map_err(|Malformed| EntryError::Malformed)
    }

    /// Its one form, about 500 bytes, with K_body inside.
    ///
    /// # Errors
    /// [`EntryError::Contradiction`], [`EntryError::TooLarge`].
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, EntryError> {
        self.verify()?;
        let bytes = to_cbor(self);
        if bytes.len() <= ENTRY_BYTES {
            Ok(bytes)
        } else {
            Err(EntryError::TooLarge)
        }
    }

    /// Records a change: rev +1, who, when, with which head.
    pub fn touch(&mut self, by: &By) {
        self.rev = self.rev.saturating_add(1);
        self.changed_by = by.account;
        self.changed_head_no = by.head_no;
        self.modified = by.time;
    }

    /// Gives a document new content, or makes an older one current again; the content so far becomes the newest of the
    /// older ones. Each body is named once. The oldest are dropped beyond [`OLDER_MAX`] and near [`ENTRY_BYTES`]. The
    /// thumbnail showed the content so far: it goes.
    pub fn replace_content(&mut self, descriptor: Descriptor) {
        let body_id = *descriptor.body_id();
        let before = self.descriptor.replace(descriptor);
        if before.as_ref().is_none_or(|before| *before.body_id() != body_id) {
            self.thumbnail = None;
        }
        self.older.splice(0..0, before);
        self.older.retain(|older| *older.body_id() != body_id);
        self.fit();
    }

    /// Every content that it names: the current one, then the older ones.
    pub fn contents(&self) -> impl Iterator<Item = &Descriptor> {
        self.descriptor.iter().chain(&self.older)
    }

    /// Every body that it names: its contents and its thumbnail.
    pub fn bodies(&self) -> impl Iterator<Item = &Id> {
        self.contents().chain(&self.thumbnail).map(Descriptor::body_id)
    }

    /// Drops the oldest contents until the caps are kept, or none is left to drop.
    pub(super) fn fit(&mut self) {
        self.older.truncate(OLDER_MAX);
        while !self.older.is_empty() && to_cbor(self).len() > ENTRY_BYTES {
            self.older.pop();
        }
    }

    fn verify(&self) -> Result<(), EntryError> {
        let document = self.kind == Kind::Document;
        if self.descriptor.is_some() != document
            || (!document && (!self.older.is_empty() || self.thumbnail.is_some()))
            || self.parent == Some(self.object_id)
        {
            return Err(EntryError::Contradiction);
        }
        let long_tag = self.tags.iter().any(|tag| tag.as_str().len() > TAG_BYTES);
        if self.older.len() > OLDER_MAX || self.tags.len() > TAGS_MAX || long_tag {
            return Err(EntryError::TooLarge);
        }
        Ok(())
    }
}

impl Schema for Entry {
    fn encode(&self, out: &mut CborWriter) {
        let dates: Vec<u64> = self
            .contents()
            .map(|content| self.dates.get(content.body_id()).copied().unwrap_or(UNKNOWN))
            .collect();
        let dated = dates.iter().any(|date| *date != UNKNOWN);
        let optional = [
            self.parent.is_some(),
            !self.tags.is_empty(),
            self.retention_end.is_some(),
            self.trashed_at.is_some(),
            self.descriptor.is_some(),
            !self.older.is_empty(),
            self.thumbnail.is_some(),
            self.added.is_some(),
            dated,
        ];
        out.map(7 + optional.into_iter().filter(|there| *there).count());
        out.key(1).bytes(&self.object_id);
        out.key(2).uint(self.rev);
        out.key(3).uint(if self.kind == Kind::Document {
            DOCUMENT
        } else {
            FOLDER
        });
        if let Some(parent) = &self.parent {
            out.key(4).bytes(parent);
        }
        out.key(5).text(self.name.as_str());
        if !self.tags.is_empty() {
            out.key(6).array(self.tags.len());
            for tag in &self.tags {
                out.text(tag.as_str());
            }
        }
        for (key, time) in [(7, self.retention_end), (8, self.trashed_at)] {
            if let Some(time) = time {
                out.key(key).uint(time);
            }
        }
        out.key(9).uint(self.modified);
        out.key(10).bytes(&self.changed_by);
        out.key(11).uint(self.changed_head_no);
        if let Some(descriptor) = &self.descriptor {
            out.key(12).nested(descriptor);
        }
        if !self.older.is_empty() {
            out.key(13).array(self.older.len());
            for descriptor in &self.older {
                out.nested(descriptor);
            }
        }
        if let Some(thumbnail) = &self.thumbnail {
            out.key(15).nested(thumbnail);
        }
        if let Some(added) = self.added {
            out.key(16).uint(added);
        }
        if dated {
            out.key(17).array(dates.len());
            for date in dates {
                out.uint(date);
            }
        }
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let object_id = input.fixed()?;
        input.key(&mut keys, 2)?;
        let rev = input.uint()?;
        input.key(&mut keys, 3)?;
        let kind = match input.uint()? {
            DOCUMENT => Kind::Document,
            FOLDER => Kind::Folder,
            _ => return Err(Malformed),
        };
        let parent = optional(input, &mut keys, 4, CborReader::fixed)?;
        input.key(&mut keys, 5)?;
        let name = decode_name(input)?;
        // A set reads back in one order only; a repeated or unsorted tag fails the comparison of bytes.
        let tags = optional(input, &mut keys, 6, |input| input.list(TAGS_MAX, decode_name))?;
        let retention_end = optional(input, &mut keys, 7, CborReader::uint)?;
        let trashed_at = optional(input, &mut keys, 8, CborReader::uint)?;
        input.key(&mut keys, 9)?;
        let modified = input.uint()?;
        input.key(&mut keys, 10)?;
        let changed_by = input.fixed()?;
        input.key(&mut keys, 11)?;
        let changed_head_no = input.uint()?;
        let descriptor = optional(input, &mut keys, 12, CborReader::nested)?;
        let older = optional(input, &mut keys, 13, |input| {
            input.list(OLDER_MAX, CborReader::nested)
        })?;
        let thumbnail = optional(input, &mut keys, 15, CborReader::nested)?;
        let added = optional(input, &mut keys, 16, CborReader::uint)?;
        let dates = optional(input, &mut keys, 17, |input| {
            input.list(1 + OLDER_MAX, CborReader::uint)
        })?;
        keys.end()?;
        let mut entry = Self {
            object_id,
            rev,
            kind,
            parent,
            name,
            tags: tags.into_iter().flatten().collect(),
            retention_end,
            trashed_at,
            modified,
            changed_by,
            changed_head_no,
            descriptor,
            older: older.unwrap_or_default(),
            thumbnail,
            added,
            dates: BTreeMap::new(),
        };
        // One date for each content: more, fewer, or none that is known read back otherwise, and fail likewise.
        let bodies = entry.contents().map(|content| *content.body_id());
        let dated = bodies.zip(dates.unwrap_or_default());
        entry.dates = dated.filter(|(_, date)| *date != UNKNOWN).collect();
        entry.verify().map_err(|_| Malformed)?;
        Ok(entry)
    }
}

/// What stands under a key that may be left out.
fn optional<'a, T>(
    input: &mut CborReader<'a>,
    keys: &mut Keys,
    key: u64,
    decode: impl FnOnce(&mut CborReader<'a>) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    input.has_key(keys, key)?.then(|| decode(input)).transpose()
}

fn decode_name(input: &mut CborReader<'_>) -> Result<Name, Malformed> {
    Name::new(input.text(NAME_BYTES)?).map_err(|_| Malformed)
}

const DOCUMENT: u64 = 1;
const FOLDER: u64 = 2;
/// The date of a content that nobody wrote down.
const UNKNOWN: u64 = 0;
