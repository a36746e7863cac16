//! The trie itself: pages with their children in place, shared between indexes, and the edits of one path.
//!
//! Shape and caps only: which entry may be put is `index`'s to say. spec/collection.md section 5.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::collection::entry::Entry;
use crate::collection::index::PutError;
use crate::collection::page::{DEPTH_MAX, LEAF_ENTRIES, PAGE_CBOR_BYTES, leaf_cbor_len};
use crate::id::{Hash32, Id};

/// One page of the trie, sealed or waiting to be.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) node: Tree,
    pub(super) sealed: Option<SealedAs>,
}

/// Under which name and epoch a page is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SealedAs {
    pub(super) page_id: Hash32,
    pub(super) epoch: u32,
}

/// What a page holds, its children in place.
#[derive(Clone)]
pub(super) enum Tree {
    Interior([Option<Arc<Page>>; 16]),
    /// By object id.
    Leaf(Vec<Arc<Entry>>),
}

impl Page {
    pub(super) const fn leaf(entries: Vec<Arc<Entry>>) -> Self {
        Self {
            node: Tree::Leaf(entries),
            sealed: None,
        }
    }

    /// Calls `seen` for this page and every one under it.
    pub(super) fn visit(&self, seen: &mut impl FnMut(&Self)) {
        seen(self);
        for child in self.children() {
            child.visit(seen);
        }
    }

    pub(super) fn children(&self) -> impl DoubleEndedIterator<Item = &Arc<Self>> {
        let children: &[Option<Arc<Self>>] = match &self.node {
            Tree::Interior(children) => children,
            Tree::Leaf(_) => &[],
        };
        children.iter().flatten()
    }

    fn own_entries(&self) -> &[Arc<Entry>] {
        match &self.node {
            Tree::Interior(_) => &[],
            Tree::Leaf(entries) => entries,
        }
    }
}

/// The nibble of an id that decides at this depth.
pub(super) fn nibble(object_id: &Id, depth: usize) -> usize {
    let byte = object_id.get(depth / 2).copied().unwrap_or_default();
    usize::from(if depth.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 0x0f
    })
}

/// Puts an entry under a page, in a copy of the pages on its path.
pub(super) fn put_at(
    page: &mut Arc<Page>,
    depth: usize,
    entry: Arc<Entry>,
    dropped: &mut Vec<Hash32>,
) -> Result<(), PutError> {
    let page = touch(page, dropped);
    match &mut page.node {
        Tree::Interior(children) => {
            let Some(slot) = children.get_mut(nibble(&entry.object_id, depth)) else {
                return Err(PutError::TooDeep);
            };
            match slot {
                Some(child) => put_at(child, depth + 1, entry, dropped),
                None => {
                    *slot = Some(Arc::new(Page::leaf(vec![entry])));
                    Ok(())
                }
            }
        }
        Tree::Leaf(entries) => {
            match entries.binary_search_by(|old| old.object_id.cmp(&entry.object_id)) {
                Ok(at) => entries.splice(at..=at, [entry]).for_each(drop),
                Err(at) => entries.insert(at, entry),
            }
            page.node = split(core::mem::take(entries), depth)?;
            Ok(())
        }
    }
}

/// A leaf if the entries fit one, else an interior page over smaller ones.
fn split(entries: Vec<Arc<Entry>>, depth: usize) -> Result<Tree, PutError> {
    // Where nothing can be split any more, a leaf takes all that a reader takes.
    let bytes = if depth < DEPTH_MAX {
        LEAF_BYTES
    } else {
        PAGE_CBOR_BYTES
    };
    if entries.len() <= 1 || fits_leaf(&entries, LEAF_ENTRIES, bytes) {
        return Ok(Tree::Leaf(entries));
    }
    if depth >= DEPTH_MAX {
        return Err(PutError::TooDeep);
    }
    let mut parts: [Vec<Arc<Entry>>; 16] = Default::default();
    for entry in entries {
        if let Some(part) = parts.get_mut(nibble(&entry.object_id, depth)) {
            part.push(entry);
        }
    }
    let mut children: [Option<Arc<Page>>; 16] = Default::default();
    for (slot, part) in children
        .iter_mut()
        .zip(parts)
        .filter(|(_, part)| !part.is_empty())
    {
        *slot = Some(Arc::new(Page {
            node: split(part, depth + 1)?,
            sealed: None,
        }));
    }
    Ok(Tree::Interior(children))
}

fn fits_leaf(entries: &[Arc<Entry>], max_entries: usize, max_bytes: usize) -> bool {
    // A count above the cap is not worth encoding; an entry that does not encode was never taken.
    entries.len() <= max_entries && {
        let bytes = entries
            .iter()
            .map(|entry| entry.to_bytes().map_or(0, |bytes| bytes.len()))
            .sum();
        leaf_cbor_len(entries.len(), bytes) <= max_bytes
    }
}

/// Removes an entry that is there; says whether the page is empty now.
pub(super) fn remove_at(
    page: &mut Arc<Page>,
    depth: usize,
    object_id: &Id,
    dropped: &mut Vec<Hash32>,
) -> bool {
    let page = touch(page, dropped);
    match &mut page.node {
        Tree::Interior(children) => {
            if let Some(slot) = children.get_mut(nibble(object_id, depth))
                && slot
                    .as_mut()
                    .is_some_and(|child| remove_at(child, depth + 1, object_id, dropped))
            {
                *slot = None;
            }
            join(page, dropped);
        }
        Tree::Leaf(entries) => entries.retain(|entry| entry.object_id != *object_id),
    }
    matches!(&page.node, Tree::Leaf(entries) if entries.is_empty())
}

/// Makes one leaf of an interior page over few entries: half of the caps, so that the next entry does not split it.
fn join(page: &mut Page, dropped: &mut Vec<Hash32>) {
    if page
        .children()
        .any(|child| matches!(child.node, Tree::Interior(_)))
    {
        return;
    }
    let entries: Vec<_> = page
        .children()
        .flat_map(|child| child.own_entries())
        .cloned()
        .collect();
    if fits_leaf(&entries, LEAF_ENTRIES / 2, LEAF_BYTES / 2) {
        dropped.extend(
            page.children()
                .filter_map(|child| child.sealed)
                .map(|sealed| sealed.page_id),
        );
        page.node = Tree::Leaf(entries);
    }
}

/// Makes a page this index's own, to be sealed anew; its stored form is no longer part of the trie.
fn touch<'a>(page: &'a mut Arc<Page>, dropped: &mut Vec<Hash32>) -> &'a mut Page {
    let page = Arc::make_mut(page);
    dropped.extend(page.sealed.take().map(|sealed| sealed.page_id));
    page
}

/// Adds the objects whose entries differ between two pages of one place.
pub(super) fn differ(one: &Arc<Page>, other: &Arc<Page>, ids: &mut BTreeSet<Id>) {
    if Arc::ptr_eq(one, other) || (one.sealed.is_some() && one.sealed == other.sealed) {
        return;
    }
    if let (Tree::Interior(ones), Tree::Interior(others)) = (&one.node, &other.node) {
        let none = Arc::new(Page::leaf(Vec::new()));
        for (one, other) in ones.iter().zip(others) {
            differ(
                one.as_ref().unwrap_or(&none),
                other.as_ref().unwrap_or(&none),
                ids,
            );
        }
        return;
    }
    let collect = |page: &Arc<Page>| -> BTreeMap<Id, Arc<Entry>> {
        let entries = Entries::under(page);
        entries
            .map(|entry| (entry.object_id, Arc::clone(entry)))
            .collect()
    };
    let (ones, others) = (collect(one), collect(other));
    for (id, entry) in &ones {
        if others.get(id).is_none_or(|other| !same_entry(entry, other)) {
            ids.insert(*id);
        }
    }
    ids.extend(others.into_keys().filter(|id| !ones.contains_key(id)));
}

/// Whether two entries are the same to the byte.
pub(super) fn same_entry(one: &Arc<Entry>, other: &Arc<Entry>) -> bool {
    Arc::ptr_eq(one, other)
        || matches!((one.to_bytes(), other.to_bytes()), (Ok(one), Ok(other)) if one == other)
}

/// Walks over the entries under a page, by object id.
pub(super) struct Entries<'a> {
    stack: Vec<&'a Arc<Page>>,
    leaf: core::slice::Iter<'a, Arc<Entry>>,
}

impl<'a> Entries<'a> {
    pub(super) fn under(page: &'a Arc<Page>) -> Self {
        Self {
            stack: vec![page],
            leaf: [].iter(),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a Arc<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf.next() {
                return Some(entry);
            }
            let page = self.stack.pop()?;
            self.stack.extend(page.children().rev());
            self.leaf = page.own_entries().iter();
        }
    }
}

/// Bytes of CBOR at which a leaf of several entries is split. A reader takes half as much again; a small change of one
/// entry sends its whole leaf, and with this bound at most 20 KB in all, in base64.
const LEAF_BYTES: usize = 8 * 1024;
