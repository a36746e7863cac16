//! Loading an index from its pages: says which pages are missing, takes them one by one, checks each.
//!
//! Pages that are known from an older index are taken over without being fetched. Memory is bounded by the entry count
//! that the head's author signed: every page that is asked for must hold at least one entry of its own. No I/O.
//! spec/collection.md section 5, checklist 24, 26, 29, 38.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::collection::entry::Entry;
use crate::collection::head::VerifiedHead;
use crate::collection::index::{ENTRIES_MAX, Index};
use crate::collection::keys::EpochKeys;
use crate::collection::page::{Child, DEPTH_MAX, Node, PageError, open_page, page_id};
use crate::collection::trie::{Page, SealedAs, Tree, nibble};
use crate::id::{Hash32, Id};

/// Why a page, or the pages together, were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The head counts more entries than [`ENTRIES_MAX`].
    #[error("too many entries")]
    TooMany,
    /// A page that was not asked for: altered, or another one.
    #[error("not a page that was asked for")]
    Unexpected,
    /// The page is of an epoch whose key is not held.
    #[error("no key for the page's epoch")]
    NoKey,
    /// It does not open under its collection and epoch, or breaks a rule of pages.
    #[error("the page is refused")]
    Page,
    /// An entry or page lies where its id does not lead, too deep, or twice.
    #[error("the page is out of place")]
    Place,
    /// More or fewer entries than the head counts.
    #[error("the number of entries is not the head's")]
    Count,
    /// Pages are still missing.
    #[error("pages are missing")]
    Missing,
}

/// An index being loaded.
pub struct Loader {
    collection_id: Id,
    root: Hash32,
    entries: u64,
    loaded: u64,
    wanted: BTreeMap<Hash32, Place>,
    taken: HashMap<Hash32, Taken>,
    known: HashMap<Hash32, Known>,
}

/// Where a page must lie, and under which epoch it is sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    depth: usize,
    /// The first `depth` nibbles count.
    path: Id,
    epoch: u32,
}

struct Known {
    place: Place,
    page: Arc<Page>,
    entries: u64,
}

enum Taken {
    Known(Arc<Page>),
    Leaf(u32, Vec<Arc<Entry>>),
    Interior(u32, Vec<Child>),
}

impl Loader {
    /// Begins to load the index under `head`; what of it is in `known` is not fetched again.
    ///
    /// # Errors
    /// [`LoadError::TooMany`], [`LoadError::Count`].
    pub fn new(head: &VerifiedHead, known: Option<&Index>) -> Result<Self, LoadError> {
        let signed = head.head();
        Self::of_root(
            *signed.collection_id(),
            *signed.root_page_id(),
            signed.epoch(),
            head.entries(),
            known,
        )
    }

    /// As [`new`](Self::new), from what the head says.
    fn of_root(
        collection_id: Id,
        root: Hash32,
        epoch: u32,
        entries: u64,
        known: Option<&Index>,
    ) -> Result<Self, LoadError> {
        if entries > ENTRIES_MAX {
            return Err(LoadError::TooMany);
        }
        let mut loader = Self {
            collection_id,
            root,
            entries,
            loaded: 0,
            wanted: BTreeMap::new(),
            taken: HashMap::new(),
            known: HashMap::new(),
        };
        if let Some(known) = known.filter(|known| *known.collection_id() == collection_id) {
            remember(
                known.root(),
                Place {
                    depth: 0,
                    path: [0; 16],
                    epoch,
                },
                &mut loader.known,
            );
        }
        loader.want(
            root,
            Place {
                depth: 0,
                path: [0; 16],
                epoch,
            },
        );
        loader.verify_count(0)?;
        Ok(loader)
    }

    /// At most `at_most` page ids to fetch next; empty once everything is there.
    #[must_use]
    pub fn missing(&self, at_most: usize) -> Vec<Hash32> {
        self.wanted.keys().take(at_most).copied().collect()
    }

    /// How many pages are known to be missing; more may follow from them.
    #[must_use]
    pub fn missing_count(&self) -> usize {
        self.wanted.len()
    }

    /// Takes one page that [`missing`](Self::missing) named.
    ///
    /// # Errors
    /// [`LoadError`]; the page is still missing then.
    pub fn feed(&mut self, keys: &EpochKeys, page: &[u8]) -> Result<(), LoadError> {
        let id = page_id(page);
        let place = *self.wanted.get(&id).ok_or(LoadError::Unexpected)?;
        let key = keys.key(place.epoch).ok_or(LoadError::NoKey)?;
        let node =
            open_page(page, &self.collection_id, place.epoch, key).map_err(|PageError| LoadError::Page)?;
        match node {
            Node::Leaf(entries) => {
                self.verify_leaf(&place, &entries)?;
                self.wanted.remove(&id);
                self.loaded += entries.len() as u64;
                self.taken.insert(id, Taken::Leaf(place.epoch, entries));
            }
            Node::Interior(children) => {
                self.verify_interior(&id, &place, &children)?;
                self.wanted.remove(&id);
                for child in &children {
                    self.want(child.page_id, place.of_child(child));
                }
                self.taken.insert(id, Taken::Interior(place.epoch, children));
            }
        }
        Ok(())
    }

    /// The index, once nothing is missing.
    ///
    /// # Errors
    /// [`LoadError::Missing`], [`LoadError::Count`].
    pub fn finish(mut self) -> Result<Index, LoadError> {
        if !self.wanted.is_empty() {
            return Err(LoadError::Missing);
        }
        if self.loaded != self.entries {
            return Err(LoadError::Count);
        }
        let root = self.assemble(&self.root.clone()).ok_or(LoadError::Missing)?;
        Ok(Index::from_root(self.collection_id, root, self.entries))
    }

    /// Takes a page over from what is known, if it is known at this place; else asks for it.
    fn want(&mut self, id: Hash32, place: Place) {
        match self.known.get(&id).filter(|known| known.place == place) {
            Some(known) => {
                self.loaded = self.loaded.saturating_add(known.entries);
                self.taken.insert(id, Taken::Known(Arc::clone(&known.page)));
            }
            None => {
                self.wanted.insert(id, place);
            }
        }
    }

    /// `more` pages beside those wanted, each with an entry at least, must not pass the head's count.
    fn verify_count(&self, more: u64) -> Result<(), LoadError> {
        let least = self
            .loaded
            .saturating_add(self.wanted.len() as u64)
            .saturating_add(more);
        // The root of an empty collection is the one page without an entry.
        if least <= self.entries.max(1) {
            Ok(())
        } else {
            Err(LoadError::Count)
        }
    }

    fn verify_leaf(&self, place: &Place, entries: &[Arc<Entry>]) -> Result<(), LoadError> {
        if entries.is_empty() && (place.depth > 0 || self.entries > 0) {
            return Err(LoadError::Page);
        }
        if !entries.iter().all(|entry| place.leads_to(&entry.object_id)) {
            return Err(LoadError::Place);
        }
        // One page of those wanted is this one.
        let rest = self.wanted.len() as u64 - 1;
        let least = self
            .loaded
            .saturating_add(rest)
            .saturating_add(entries.len() as u64);
        if least <= self.entries {
            Ok(())
        } else {
            Err(LoadError::Count)
        }
    }

    fn verify_interior(&self, id: &Hash32, place: &Place, children: &[Child]) -> Result<(), LoadError> {
        if place.depth >= DEPTH_MAX {
            return Err(LoadError::Place);
        }
        let mut known = 0_u64;
        for (at, child) in children.iter().enumerate() {
            let again = children
                .iter()
                .take(at)
                .any(|other| other.page_id == child.page_id);
            let met = self.wanted.contains_key(&child.page_id) || self.taken.contains_key(&child.page_id);
            // A page is rewritten whenever one under it is, so no child is of a later epoch.
            if again || met || child.page_id == *id || child.epoch > place.epoch {
                return Err(LoadError::Place);
            }
            let place = place.of_child(child);
            let found = self
                .known
                .get(&child.page_id)
                .filter(|known| known.place == place);
            known = known.saturating_add(found.map_or(1, |known| known.entries));
        }
        let rest = self.wanted.len() as u64 - 1;
        let least = self.loaded.saturating_add(rest).saturating_add(known);
        if least <= self.entries {
            Ok(())
        } else {
            Err(LoadError::Count)
        }
    }

    fn assemble(&mut self, id: &Hash32) -> Option<Arc<Page>> {
        let (epoch, node) = match self.taken.remove(id)? {
            Taken::Known(page) => return Some(page),
            Taken::Leaf(epoch, entries) => (epoch, Tree::Leaf(entries)),
            Taken::Interior(epoch, list) => {
                let mut children: [Option<Arc<Page>>; 16] = Default::default();
                for child in list {
                    *children.get_mut(usize::from(child.nibble))? = Some(self.assemble(&child.page_id)?);
                }
                (epoch, Tree::Interior(children))
            }
        };
        Some(Arc::new(Page {
            node,
            sealed: Some(SealedAs { page_id: *id, epoch }),
        }))
    }
}

impl Place {
    fn of_child(&self, child: &Child) -> Self {
        self.below(child.nibble, child.epoch)
    }

    fn below(&self, nibble: u8, epoch: u32) -> Self {
        let mut path = self.path;
        if let Some(byte) = path.get_mut(self.depth / 2) {
            *byte |= if self.depth.is_multiple_of(2) {
                nibble << 4
            } else {
                nibble
            };
        }
        Self {
            depth: self.depth + 1,
            path,
            epoch,
        }
    }

    fn leads_to(&self, object_id: &Id) -> bool {
        (0..self.depth).all(|depth| nibble(object_id, depth) == nibble(&self.path, depth))
    }
}

/// Lists the stored pages of an index with their places; returns how many entries lie under `page`.
fn remember(page: &Arc<Page>, place: Place, known: &mut HashMap<Hash32, Known>) -> u64 {
    let place = Place {
        epoch: page.sealed.map_or(place.epoch, |sealed| sealed.epoch),
        ..place
    };
    let entries = match &page.node {
        Tree::Leaf(entries) => entries.len() as u64,
        Tree::Interior(children) => (0_u8..)
            .zip(children)
            .filter_map(|(nibble, child)| Some((nibble, child.as_ref()?)))
            .map(|(nibble, child)| remember(child, place.below(nibble, place.epoch), known))
            .sum(),
    };
    if let Some(sealed) = page.sealed {
        known.insert(
            sealed.page_id,
            Known {
                place,
                page: Arc::clone(page),
                entries,
            },
        );
    }
    entries
}
