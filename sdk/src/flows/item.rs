//! One line of the list as a person sees it: name, place, category, dates; and the list of all of them.
//!
//! Reads the verified state, changes nothing. spec/flows.md section 5.

use std::collections::BTreeMap;
use std::fmt;

use crypto::collection::entry::{Entry, OWN_TAGS};
use crypto::collection::name::Name;
use crypto::collection::tree::Tree;
use crypto::document::descriptor::Descriptor;
use serde::{Deserialize, Serialize};
use shared::{BodyId, OperationId};

use super::document::TRASH_SECONDS;
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

/// Names one content of a document: its body's id, as text. Only to tell one content from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentId(pub String);

impl ContentId {
    pub(crate) fn of(body: &[u8; 16]) -> Self {
        Self(BodyId(*body).to_string())
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

/// What a document is about: the categories that every safe has. In an entry it is the tag `civis:<id>`, inside the
/// encrypted list: the server sees none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Passport, identity card, voter's card.
    Identity,
    /// Lease, deeds, insurance of the home.
    Housing,
    /// Notices and declarations.
    Tax,
    /// Contracts, pay slips, pension.
    Work,
    /// Diplomas, certificates of studies.
    Studies,
    /// Gas, electricity, telephone.
    Bills,
    /// Prescriptions, results, cards.
    Health,
    /// Births, marriage, children.
    Family,
    /// Registration, licence, insurance of the car.
    Vehicle,
    /// What the others do not say.
    Other,
}

impl Category {
    /// Every category with its id, in the order of a screen.
    pub const ALL: [(Self, &'static str); 10] = [
        (Self::Identity, "identity"),
        (Self::Housing, "housing"),
        (Self::Tax, "tax"),
        (Self::Work, "work"),
        (Self::Studies, "studies"),
        (Self::Bills, "bills"),
        (Self::Health, "health"),
        (Self::Family, "family"),
        (Self::Vehicle, "vehicle"),
        (Self::Other, "other"),
    ];

    /// Its id, as in the tag and in the keys of texts.
    #[must_use]
    pub fn id(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(category, _)| *category == self)
            .map_or("other", |(_, id)| id)
    }

    /// The category of this id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == id);
        found.map(|(category, _)| *category)
    }

    pub(crate) fn tag(self) -> Option<Name> {
        Name::new(&format!("{OWN_TAGS}{}", self.id())).ok()
    }
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
    /// Names the content: another one with each new version, the same one where an older version is current again. `None`
    /// for a folder.
    pub content: Option<ContentId>,
    /// Media type from the closed list; `None` for a folder.
    pub media: Option<String>,
    /// Bytes of content; 0 for a folder.
    pub len: u64,
    /// The person's own tags, sorted.
    pub tags: Vec<String>,
    /// What it is about, where the person said so.
    pub category: Option<Category>,
    /// Until when the person wants to keep it, Unix seconds; `None` for good. Nothing is deleted by itself.
    pub retention_end: Option<u64>,
    /// When it came into the list, Unix seconds, by the device that added it.
    pub added: u64,
    /// When its content, name or place last changed, Unix seconds, by the device that changed it.
    pub modified: u64,
    /// Older contents that can be made current again.
    pub versions: u32,
    /// Whether there is a small picture of it: see [`Unlocked::read_thumbnail`].
    pub thumbnail: bool,
    /// When it went to the trash itself; `None` if it did not.
    pub trashed_at: Option<u64>,
    /// Whether it, or a folder above it, is in the trash.
    pub in_trash: bool,
    /// For what is in the trash: when it is purged by itself, at the next opening after that, Unix seconds.
    pub purge_at: Option<u64>,
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
        let trashed_at = |id: &[u8; 16]| state.index.entry(id).and_then(|entry| entry.trashed_at);
        let mut names = BTreeMap::<_, u32>::new();
        for entry in state.index.entries() {
            *names
                .entry((tree.parent(&entry.object_id), &entry.name))
                .or_default() += 1;
        }
        let mut items = state
            .index
            .entries()
            .map(|entry| {
                let id = &entry.object_id;
                let parent = tree.parent(id);
                let again = names.get(&(parent, &entry.name)).is_some_and(|count| *count > 1);
                // Whatever went first takes the rest with it.
                let above = tree.above(id).filter_map(|above| trashed_at(&above));
                let purged = entry.trashed_at.into_iter().chain(above).min();
                to_item(entry, parent, purged, again)
            })
            .collect::<Vec<_>>();
        items.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        items
    }
}

/// Splits the tags of an entry into the person's own and the category. Of several categories, which no client writes,
/// the first in the order of bytes.
pub(crate) fn split_tags(entry: &Entry) -> (Vec<String>, Option<Category>) {
    let (mut tags, mut category) = (Vec::new(), None);
    for tag in &entry.tags {
        match tag.as_str().strip_prefix(OWN_TAGS) {
            Some(id) => category = category.or_else(|| Category::of(id)),
            None => tags.push(tag.as_str().to_owned()),
        }
    }
    (tags, category)
}

/// Puts a category in the place of the one that was there.
pub(crate) fn put_category(entry: &mut Entry, category: Option<Category>) {
    entry.tags.retain(|tag| !tag.as_str().starts_with(OWN_TAGS));
    entry.tags.extend(category.and_then(Category::tag));
}

fn to_item(entry: &Entry, parent: Option<[u8; 16]>, in_trash: Option<u64>, same_name: bool) -> Item {
    let descriptor = entry.descriptor.as_ref();
    let (tags, category) = split_tags(entry);
    Item {
        id: ObjectId::of(&entry.object_id),
        kind: if descriptor.is_some() {
            Kind::Document
        } else {
            Kind::Folder
        },
        name: entry.name.as_str().to_owned(),
        parent: parent.map(|parent| ObjectId::of(&parent)),
        content: descriptor.map(|content| ContentId::of(content.body_id())),
        media: descriptor.map(|content| content.media().name().to_owned()),
        len: descriptor.map_or(0, Descriptor::plain_len),
        tags,
        category,
        retention_end: entry.retention_end,
        added: entry.added.unwrap_or(entry.modified),
        modified: entry.modified,
        versions: u32::try_from(entry.older.len()).unwrap_or(u32::MAX),
        thumbnail: entry.thumbnail.is_some(),
        trashed_at: entry.trashed_at,
        in_trash: in_trash.is_some(),
        purge_at: in_trash.map(|at| at.saturating_add(TRASH_SECONDS)),
        same_name,
    }
}

/// An item for tests that look at a few of its fields.
#[cfg(test)]
pub(crate) fn sample() -> Item {
    Item {
        id: ObjectId::of(&[1; 16]),
        kind: Kind::Document,
        name: "a.pdf".to_owned(),
        parent: None,
        content: None,
        media: None,
        len: 0,
        tags: Vec::new(),
        category: None,
        retention_end: None,
        added: 0,
        modified: 0,
        versions: 0,
        thumbnail: false,
        trashed_at: None,
        in_trash: false,
        purge_at: None,
        same_name: false,
    }
}
