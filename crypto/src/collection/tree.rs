//! Folders as they are shown: every entry has exactly one place, whatever the entries say.
//!
//! A missing parent, a parent that is a document, and a cycle put the entry at the root, so that nothing is ever out
//! of reach (M5). spec/collection.md section 6.

use std::collections::{BTreeMap, BTreeSet};

use crate::collection::entry::Kind;
use crate::collection::index::Index;
use crate::id::Id;

/// Where each entry of an index is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    parents: BTreeMap<Id, Option<Id>>,
    children: BTreeMap<Option<Id>, Vec<Id>>,
}

impl Tree {
    /// Places every entry, those in the trash too.
    #[must_use]
    pub fn of(index: &Index) -> Self {
        let mut parents: BTreeMap<Id, Option<Id>> = BTreeMap::new();
        for entry in index.entries() {
            let folder = |id: &Id| index.entry(id).is_some_and(|parent| parent.kind == Kind::Folder);
            parents.insert(entry.object_id, entry.parent.filter(folder));
        }
        for id in cycles(&parents) {
            parents.insert(id, None);
        }
        let mut children: BTreeMap<Option<Id>, Vec<Id>> = BTreeMap::new();
        for (id, parent) in &parents {
            children.entry(*parent).or_default().push(*id);
        }
        Self { parents, children }
    }

    /// What lies in a folder, or at the root; by object id.
    #[must_use]
    pub fn children(&self, folder: Option<&Id>) -> &[Id] {
        self.children.get(&folder.copied()).map_or(&[], Vec::as_slice)
    }

    /// The folder in which an entry is shown; `None` at the root, and for an unknown entry.
    #[must_use]
    pub fn parent(&self, object_id: &Id) -> Option<Id> {
        self.parents.get(object_id).copied().flatten()
    }

    /// The folders above an entry, nearest first.
    pub fn above(&self, object_id: &Id) -> impl Iterator<Item = Id> {
        // There is no cycle left, so this ends.
        core::iter::successors(self.parent(object_id), |id| self.parent(id))
    }

    /// Whether `object_id` is `folder` or lies somewhere in it: where a folder cannot be moved to.
    #[must_use]
    pub fn is_within(&self, object_id: &Id, folder: &Id) -> bool {
        object_id == folder || self.above(object_id).any(|above| above == *folder)
    }
}

/// The entries that are their own ancestors. Every entry is walked over once.
fn cycles(parents: &BTreeMap<Id, Option<Id>>) -> BTreeSet<Id> {
    let mut found = BTreeSet::new();
    let mut done = BTreeSet::new();
    for start in parents.keys() {
        let mut path = Vec::new();
        let mut on_path = BTreeSet::new();
        let mut at = Some(*start);
        while let Some(id) = at.filter(|id| !done.contains(id)) {
            if !on_path.insert(id) {
                found.extend(path.iter().rev().take_while(|other| **other != id).copied());
                found.insert(id);
                break;
            }
            path.push(id);
            at = parents.get(&id).copied().flatten();
        }
        done.extend(path);
    }
    found
}
