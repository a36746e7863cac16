//! The index: every entry of a collection, in the trie of its pages, in memory.
//!
//! A clone shares everything with its original, so keep the one that was loaded as the base and edit a clone. An edit
//! rewrites the pages on one path and no other; `seal` gives those pages and the references that the commit gains and
//! loses. No I/O. spec/collection.md section 5.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ce::SealError;
use crate::collection::entry::{Entry, EntryError};
use crate::collection::keys::EpochKey;
use crate::collection::page::{Child, DEPTH_MAX, Node, page_id, seal_page};
use crate::collection::refs::{Reference, Refs};
use crate::collection::trie::{Entries, Page, SealedAs, Tree, differ, nibble, put_at, remove_at};
use crate::id::{Hash32, Id};
use crate::random::Random;

/// Entries of one collection, at most: a bound for memory, far above any person's documents.
pub const ENTRIES_MAX: u64 = 1_000_000;

/// Why an entry was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The entry breaks a rule of entries.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// [`ENTRIES_MAX`] entries are there.
    #[error("the collection is full")]
    Full,
    /// Too many entries whose ids begin alike: ids that are not random.
    #[error("the trie would be too deep")]
    TooDeep,
}

/// The entries of one collection. Holds keys of documents, so it has no `Debug`.
#[derive(Clone)]
pub struct Index {
    collection_id: Id,
    root: Arc<Page>,
    count: u64,
    /// Pages of the sealed state that are no longer part of the trie.
    dropped: BTreeSet<Hash32>,
    /// What entries were in the sealed state, for those that were touched since.
    touched: BTreeMap<Id, Option<Arc<Entry>>>,
}

/// One new page of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPage {
    /// page_id.
    pub page_id: Hash32,
    /// The ciphertext.
    pub bytes: Vec<u8>,
}

/// An index ready to be committed.
#[derive(Clone)]
pub struct Sealed {
    /// The same entries, nothing touched: the base once the commit is accepted.
    pub index: Index,
    /// For the head.
    pub root_page_id: Hash32,
    /// The pages to send, children before parents.
    pub pages: Vec<NewPage>,
    /// New and replaced pages; bodies named now and not before, or before and no more.
    pub refs: Refs,
}

impl Index {
    /// The index of a new collection: no entry.
    #[must_use]
    pub fn empty(collection_id: Id) -> Self {
        Self::from_root(collection_id, Arc::new(Page::leaf(Vec::new())), 0)
    }

    pub(super) const fn from_root(collection_id: Id, root: Arc<Page>, count: u64) -> Self {
        Self {
            collection_id,
            root,
            count,
            dropped: BTreeSet::new(),
            touched: BTreeMap::new(),
        }
    }

    /// Which collection.
    #[must_use]
    pub const fn collection_id(&self) -> &Id {
        &self.collection_id
    }

    /// How many entries there are, those in the trash too: the head's entry count.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether something was put or removed since it was loaded or sealed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The entry of this object.
    #[must_use]
    pub fn entry(&self, object_id: &Id) -> Option<&Arc<Entry>> {
        let mut page = &self.root;
        for depth in 0..=DEPTH_MAX {
            match &page.node {
                Tree::Interior(children) => page = children.get(nibble(object_id, depth))?.as_ref()?,
                Tree::Leaf(entries) => {
                    let at = entries
                        .binary_search_by(|entry| entry.object_id.cmp(object_id))
                        .ok()?;
                    return entries.get(at);
                }
            }
        }
        None
    }

    /// Every entry, by object id.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        Entries::under(&self.root)
    }

    /// The names of its stored pages, for whoever keeps them; pages touched since are not among them.
    #[must_use]
    pub fn page_ids(&self) -> BTreeSet<Hash32> {
        let mut ids = BTreeSet::new();
        self.root
            .visit(&mut |page| ids.extend(page.sealed.map(|sealed| sealed.page_id)));
        ids
    }

    /// How many pages [`seal`](Self::seal) would make at least: for keeping a commit under the wire's cap.
    #[must_use]
    pub fn pending_pages(&self) -> usize {
        let mut pending = 0;
        self.root
            .visit(&mut |page| pending += usize::from(page.sealed.is_none()));
        pending
    }

    /// Puts an entry in its place, instead of the one of the same object if there is one.
    ///
    /// # Errors
    /// [`PutError`]; the index is as before.
    pub fn put(&mut self, entry: Entry) -> Result<(), PutError> {
        let bytes = entry.to_bytes()?;
        let before = self.entry(&entry.object_id).cloned();
        if before
            .as_ref()
            .is_some_and(|before| before.to_bytes().is_ok_and(|old| old == bytes))
        {
            return Ok(());
        }
        if before.is_none() && self.count >= ENTRIES_MAX {
            return Err(PutError::Full);
        }
        let mut root = Arc::clone(&self.root);
        let mut dropped = Vec::new();
        let object_id = entry.object_id;
        put_at(&mut root, 0, Arc::new(entry), &mut dropped)?;
        self.root = root;
        self.dropped.extend(dropped);
        self.count += u64::from(before.is_none());
        self.touched.entry(object_id).or_insert(before);
        Ok(())
    }

    /// Removes an entry; says whether there was one.
    pub fn remove(&mut self, object_id: &Id) -> bool {
        let Some(before) = self.entry(object_id).cloned() else {
            return false;
        };
        let mut dropped = Vec::new();
        remove_at(&mut self.root, 0, object_id, &mut dropped);
        self.dropped.extend(dropped);
        self.count -= 1;
        self.touched.entry(*object_id).or_insert(Some(before));
        true
    }

    /// The objects whose entries differ between two indexes. Pages that both share are not looked into.
    #[must_use]
    pub fn differences(&self, other: &Self) -> BTreeSet<Id> {
        let mut ids = BTreeSet::new();
        differ(&self.root, &other.root, &mut ids);
        ids
    }

    /// Seals every touched page under the current epoch; the root page always is.
    ///
    /// # Errors
    /// No randomness. The index is as before.
    pub fn seal(&self, epoch: u32, key: &EpochKey, random: &mut dyn Random) -> Result<Sealed, SealError> {
        let mut dropped = self.dropped.clone();
        let mut root = Arc::clone(&self.root);
        if root.sealed.is_some_and(|sealed| sealed.epoch != epoch) {
            dropped.extend(
                Arc::make_mut(&mut root)
                    .sealed
                    .take()
                    .map(|sealed| sealed.page_id),
            );
        }
        let mut sealer = Sealer {
            collection_id: &self.collection_id,
            epoch,
            key,
            random,
            pages: Vec::new(),
        };
        let (root, sealed) = sealer.seal(&root)?;
        let pages = sealer.pages;
        let refs = self.refs(&pages, dropped);
        let index = Self::from_root(self.collection_id, root, self.count);
        Ok(Sealed {
            index,
            root_page_id: sealed.page_id,
            pages,
            refs,
        })
    }

    fn refs(&self, pages: &[NewPage], dropped: BTreeSet<Hash32>) -> Refs {
        let mut before = BTreeSet::new();
        let mut after = BTreeSet::new();
        for (object_id, old) in &self.touched {
            before.extend(old.iter().flat_map(|entry| entry.bodies()));
            after.extend(self.entry(object_id).into_iter().flat_map(|entry| entry.bodies()));
        }
        let mut come: BTreeSet<Id> = after.difference(&before).copied().collect();
        let mut gone: BTreeSet<Id> = before.difference(&after).copied().collect();
        // Another entry may name the same body: then it was there before, and stays.
        if !come.is_empty() || !gone.is_empty() {
            for entry in self
                .entries()
                .filter(|entry| !self.touched.contains_key(&entry.object_id))
            {
                for body in entry.bodies() {
                    come.remove(body);
                    gone.remove(body);
                }
            }
        }
        let new_pages: BTreeSet<Hash32> = pages.iter().map(|page| page.page_id).collect();
        let list = |bodies: BTreeSet<Id>, pages: BTreeSet<Hash32>| {
            bodies
                .into_iter()
                .map(Reference::Body)
                .chain(pages.into_iter().map(Reference::Page))
                .collect()
        };
        // Both lists are sorted, unique and disjoint by construction.
        Refs::new(list(come, new_pages), list(gone, dropped)).unwrap_or_default()
    }

    pub(super) const fn root(&self) -> &Arc<Page> {
        &self.root
    }
}

struct Sealer<'a> {
    collection_id: &'a Id,
    epoch: u32,
    key: &'a EpochKey,
    random: &'a mut dyn Random,
    pages: Vec<NewPage>,
}

impl Sealer<'_> {
    fn seal(&mut self, page: &Arc<Page>) -> Result<(Arc<Page>, SealedAs), SealError> {
        if let Some(sealed) = page.sealed {
            return Ok((Arc::clone(page), sealed));
        }
        let (node, tree) = match &page.node {
            Tree::Leaf(entries) => (Node::Leaf(entries.clone()), page.node.clone()),
            Tree::Interior(children) => self.seal_children(children)?,
        };
        let bytes = seal_page(&node, self.collection_id, self.epoch, self.key, self.random)?;
        let sealed = SealedAs {
            page_id: page_id(&bytes),
            epoch: self.epoch,
        };
        self.pages.push(NewPage {
            page_id: sealed.page_id,
            bytes,
        });
        Ok((
            Arc::new(Page {
                node: tree,
                sealed: Some(sealed),
            }),
            sealed,
        ))
    }

    fn seal_children(&mut self, children: &[Option<Arc<Page>>; 16]) -> Result<(Node, Tree), SealError> {
        let mut list = Vec::new();
        let mut tree: [Option<Arc<Page>>; 16] = Default::default();
        for ((nibble, child), slot) in (0_u8..).zip(children).zip(&mut tree) {
            if let Some(child) = child {
                let (child, sealed) = self.seal(child)?;
                list.push(Child {
                    nibble,
                    page_id: sealed.page_id,
                    epoch: sealed.epoch,
                });
                *slot = Some(child);
            }
        }
        Ok((Node::Interior(list), Tree::Interior(tree)))
    }
}
