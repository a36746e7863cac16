//! The merge of two states that grew from one: what happens after a lost race (M1-M7).
//!
//! `theirs` was committed first, `mine` will be committed on it, so mine is the later commit. Nothing is lost
//! silently: whatever does not survive as it was is told in a [`Note`]. Texts are the caller's.
//! spec/collection.md section 6, checklist 30.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::account::bundle::VerifiedBundle;
use crate::collection::charter::{OpenedCharter, Role};
use crate::collection::entry::{By, Entry};
use crate::collection::index::{Index, PutError};
use crate::collection::merge_entry::{merge_entry, only_trashed};
use crate::collection::name::{Name, NameError};
use crate::collection::trie::same_entry;
use crate::id::Id;
use crate::random::{Random, RandomError, make_bytes};

/// What the merge could not keep as both sides had it; for the person to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Both changed the same field; mine stands, this was theirs (M2).
    Overwritten {
        /// Which entry.
        object_id: Id,
        /// The value that does not stand.
        lost: Lost,
    },
    /// Both changed the content; theirs stands, mine is a new entry beside it (M3).
    ConflictCopy {
        /// The entry with their content.
        object_id: Id,
        /// The new entry with mine.
        copy: Id,
    },
    /// One side trashed or purged what the other changed; it is back (M4).
    Restored {
        /// Which entry.
        object_id: Id,
        /// From where. After a purge its older bodies may be gone from the store.
        from: Gone,
    },
    /// My move would have put a folder inside itself; it lies where it lay (M5).
    MoveDropped {
        /// Which entry.
        object_id: Id,
        /// Where I had moved it; `None` is the root.
        to: Option<Id>,
    },
}

/// The losing value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// Name.
    Name(Name),
    /// Folder; `None` is the root.
    Parent(Option<Id>),
    /// Tags, where both together passed the cap.
    Tags(BTreeSet<Name>),
    /// Retention end.
    RetentionEnd(Option<u64>),
}

/// From where an entry came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The trash.
    Trash,
    /// A purge.
    Purge,
}

/// Why there is no merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// The three indexes are not of one collection.
    #[error("indexes of different collections")]
    OtherCollection,
    /// The suffix for conflict copies cannot stand in a name.
    #[error(transparent)]
    Suffix(#[from] NameError),
    /// An entry cannot be put; see [`PutError`].
    #[error(transparent)]
    Put(#[from] PutError),
    /// No id for a conflict copy.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The outcome: `theirs` with my changes on it, to be sealed and committed.
#[derive(Clone)]
pub struct Merged {
    /// Their index, edited.
    pub index: Index,
    /// What to tell.
    pub notes: Vec<Note>,
}

/// Merges my changes since `base` into `theirs`. `by` is who commits the result, and with which head; `suffix` is put
/// at the end of the name of a conflict copy, before its extension.
///
/// # Errors
/// [`MergeError`]; nothing was changed.
pub fn merge(
    base: &Index,
    theirs: &Index,
    mine: &Index,
    by: &By,
    suffix: &str,
    random: &mut dyn Random,
) -> Result<Merged, MergeError> {
    if [base, mine]
        .iter()
        .any(|index| index.collection_id() != theirs.collection_id())
    {
        return Err(MergeError::OtherCollection);
    }
    let mut merger = Merger {
        base,
        theirs,
        mine,
        by,
        index: theirs.clone(),
        notes: Vec::new(),
    };
    let changed = base.differences(mine);
    for object_id in &changed {
        merger.merge_object(object_id, suffix, random)?;
    }
    merger.revive_folders(mine, &changed)?;
    merger.revive_folders(theirs, &base.differences(theirs))?;
    merger.drop_cyclic_moves(changed)?;
    Ok(Merged {
        index: merger.index,
        notes: merger.notes,
    })
}

/// What a charter that changed meanwhile means for my pending changes (M7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same charter: go on.
    Unchanged,
    /// Another charter of the same epoch, and I may still write: go on under it.
    SameEpoch,
    /// A new epoch, and I may still write: seal my pages under its key, which a grant brings.
    NewEpoch,
    /// I may not write any more: keep the changes on the device, and say so.
    MayNotWrite,
}

/// Compares the charter that my changes were made under with the one that stands now.
#[must_use]
pub fn standing(before: &OpenedCharter, now: &OpenedCharter, me: &VerifiedBundle) -> Standing {
    if now.member_of(me).is_none_or(|member| member.role < Role::Write) {
        Standing::MayNotWrite
    } else if now.charter().hash() == before.charter().hash() {
        Standing::Unchanged
    } else if now.charter().epoch() == before.charter().epoch() {
        Standing::SameEpoch
    } else {
        Standing::NewEpoch
    }
}

struct Merger<'a> {
    base: &'a Index,
    theirs: &'a Index,
    mine: &'a Index,
    by: &'a By,
    index: Index,
    notes: Vec<Note>,
}

impl Merger<'_> {
    /// One object that I changed, added or removed.
    fn merge_object(
        &mut self,
        object_id: &Id,
        suffix: &str,
        random: &mut dyn Random,
    ) -> Result<(), MergeError> {
        let base = self.base.entry(object_id);
        match (base, self.theirs.entry(object_id), self.mine.entry(object_id)) {
            (_, Some(theirs), Some(mine)) if same_entry(theirs, mine) => {}
            // Only I changed it.
            (Some(base), Some(theirs), Some(mine)) if same_entry(base, theirs) => self.put_mine(mine)?,
            (None, None, Some(mine)) => self.put_mine(mine)?,
            (base, Some(theirs), Some(mine)) => {
                let merged = merge_entry(base.map(Arc::as_ref), theirs, mine, self.by);
                if let Some(mut copy) = merged.copy {
                    copy.object_id = make_bytes(random)?;
                    copy.name = copy.name.with_suffix(suffix)?;
                    self.notes.push(Note::ConflictCopy {
                        object_id: *object_id,
                        copy: copy.object_id,
                    });
                    self.index.put(copy)?;
                }
                self.notes.extend(merged.notes);
                self.index.put(merged.entry)?;
            }
            // They purged what I changed.
            (Some(base), None, Some(mine)) if !only_trashed(base, mine) => self.restore(mine, Gone::Purge)?,
            // I purged it: what they changed meanwhile stays.
            (Some(base), Some(theirs), None) if !same_entry(base, theirs) && !only_trashed(base, theirs) => {
                self.restore(theirs, Gone::Purge)?;
            }
            (_, Some(_), None) => {
                self.index.remove(object_id);
            }
            (_, None, _) => {}
        }
        Ok(())
    }

    /// My entry as it is, except that it comes with this head.
    fn put_mine(&mut self, mine: &Entry) -> Result<(), MergeError> {
        let mut entry = mine.clone();
        entry.changed_head_no = self.by.head_no;
        Ok(self.index.put(entry)?)
    }

    fn restore(&mut self, entry: &Entry, from: Gone) -> Result<(), MergeError> {
        let mut entry = entry.clone();
        entry.trashed_at = None;
        entry.rev = entry.rev.saturating_add(1);
        entry.changed_by = self.by.account;
        entry.changed_head_no = self.by.head_no;
        self.notes.push(Note::Restored {
            object_id: entry.object_id,
            from,
        });
        Ok(self.index.put(entry)?)
    }

    /// A change inside a folder counts as a change of the folder: what its writer had in sight is in sight afterwards,
    /// whoever trashed or purged a folder above it. Else a document would end in a trash that its writer never saw.
    fn revive_folders(&mut self, side: &Index, changed: &BTreeSet<Id>) -> Result<(), MergeError> {
        for object_id in changed {
            let edited = match (self.base.entry(object_id), side.entry(object_id)) {
                (Some(base), Some(entry)) => !only_trashed(base, entry),
                (None, Some(_)) => true,
                (_, None) => false,
            };
            if !edited || !in_sight(side, object_id) {
                continue;
            }
            let mut above = self.index.entry(object_id).and_then(|entry| entry.parent);
            let mut seen = BTreeSet::new();
            while let Some(folder) = above.filter(|folder| seen.insert(*folder)) {
                match (self.index.entry(&folder).cloned(), side.entry(&folder)) {
                    (Some(now), _) if now.trashed_at.is_some() => self.restore(&now, Gone::Trash)?,
                    (None, Some(purged)) => self.restore(purged, Gone::Purge)?,
                    _ => {}
                }
                above = self.index.entry(&folder).and_then(|entry| entry.parent);
            }
        }
        Ok(())
    }

    /// Takes back my moves, in the order of the ids, until none of them lies on a cycle.
    fn drop_cyclic_moves(&mut self, changed: BTreeSet<Id>) -> Result<(), MergeError> {
        let parent = |index: &Index, id: &Id| index.entry(id).map(|entry| entry.parent);
        let mut moved: BTreeSet<Id> = changed
            .into_iter()
            .filter(|id| parent(self.mine, id).is_some() && parent(self.mine, id) != parent(self.base, id))
            .filter(|id| parent(&self.index, id) != parent(self.theirs, id))
            .collect();
        while let Some(object_id) = moved.iter().copied().find(|id| on_cycle(&self.index, id)) {
            moved.remove(&object_id);
            let Some(mut entry) = self.index.entry(&object_id).map(|entry| Entry::clone(entry)) else {
                continue;
            };
            let to = entry.parent;
            entry.parent = parent(self.theirs, &object_id).flatten();
            self.index.put(entry)?;
            self.notes.push(Note::MoveDropped { object_id, to });
        }
        // What came back may close a cycle with their moves: it lies at the root then.
        let back = |note: &Note| match note {
            Note::Restored { object_id, .. } => Some(*object_id),
            _ => None,
        };
        for object_id in self.notes.iter().filter_map(back).collect::<BTreeSet<_>>() {
            if on_cycle(&self.index, &object_id)
                && let Some(mut entry) = self.index.entry(&object_id).map(|entry| Entry::clone(entry))
            {
                entry.parent = None;
                self.index.put(entry)?;
            }
        }
        Ok(())
    }
}

/// Whether neither the entry nor a folder above it lies in the trash.
fn in_sight(index: &Index, object_id: &Id) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = index.entry(object_id);
    while let Some(entry) = at.filter(|entry| seen.insert(entry.object_id)) {
        if entry.trashed_at.is_some() {
            return false;
        }
        at = entry.parent.and_then(|parent| index.entry(&parent));
    }
    true
}

/// Whether an entry is its own ancestor.
fn on_cycle(index: &Index, object_id: &Id) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = index.entry(object_id).and_then(|entry| entry.parent);
    while let Some(id) = at.filter(|id| seen.insert(*id)) {
        if id == *object_id {
            return true;
        }
        at = index.entry(&id).and_then(|entry| entry.parent);
    }
    false
}
