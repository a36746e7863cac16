//! The three-way merge of one entry, field by field (M1-M4). What it changes is told in notes.
//!
//! spec/collection.md section 6.

use std::collections::BTreeSet;

use crate::collection::entry::{By, Entry, OWN_TAGS, TAGS_MAX};
use crate::collection::merge::{Gone, Lost, Note};
use crate::collection::name::Name;
use crate::document::descriptor::Descriptor;
use crate::id::Id;

/// One entry merged.
pub(super) struct MergedEntry {
    pub(super) entry: Entry,
    /// My content, where theirs stands; name and id are still those of the entry.
    pub(super) copy: Option<Entry>,
    pub(super) notes: Vec<Note>,
}

/// Merges two changed forms of `base`, or two entries that were added under one id.
pub(super) fn merge_entry(base: Option<&Entry>, theirs: &Entry, mine: &Entry, by: &By) -> MergedEntry {
    let object_id = theirs.object_id;
    let mut notes = Vec::new();
    let mut lose = |lost| notes.push(Note::Overwritten { object_id, lost });
    let mut entry = theirs.clone();

    let (name, lost) = pick(base.map(|base| &base.name), &theirs.name, &mine.name);
    entry.name = name;
    lost.map(Lost::Name).map(&mut lose);
    let (parent, lost) = pick(base.map(|base| &base.parent), &theirs.parent, &mine.parent);
    entry.parent = parent;
    lost.map(Lost::Parent).map(&mut lose);
    let kept = base.map(|base| &base.retention_end);
    let (retention_end, lost) = pick(kept, &theirs.retention_end, &mine.retention_end);
    entry.retention_end = retention_end;
    lost.map(Lost::RetentionEnd).map(&mut lose);
    let (tags, lost) = merge_tags(base.map(|base| &base.tags), &theirs.tags, &mine.tags);
    entry.tags = tags;
    lost.map(Lost::Tags).map(&mut lose);

    let (trashed_at, restored) = merge_trash(base, theirs, mine);
    entry.trashed_at = trashed_at;
    if restored {
        notes.push(Note::Restored {
            object_id,
            from: Gone::Trash,
        });
    }

    let mut copy = merge_content(base, theirs, mine, &mut entry);
    entry.thumbnail = thumbnail_of(&entry, base, theirs, mine);
    entry.added = theirs.added.into_iter().chain(mine.added).min();
    entry.dates.extend(&mine.dates);
    if let Some(copy) = &mut copy {
        copy.thumbnail.clone_from(&mine.thumbnail);
        copy.added = entry.added;
        copy.dates.clone_from(&entry.dates);
    }
    entry.rev = theirs.rev.max(mine.rev).saturating_add(1);
    entry.modified = theirs.modified.max(mine.modified);
    entry.changed_by = by.account;
    entry.changed_head_no = by.head_no;
    entry.fit();
    MergedEntry { entry, copy, notes }
}

/// Whether the one change of `now` is that it went to the trash: no edit, so a purge may stand.
pub(super) fn only_trashed(base: &Entry, now: &Entry) -> bool {
    !edited(Some(base), now) && (now.trashed_at.is_some() || base.trashed_at.is_none())
}

/// Whether anything but the trash differs.
fn edited(base: Option<&Entry>, now: &Entry) -> bool {
    base.is_none_or(|base| {
        base.name != now.name
            || base.parent != now.parent
            || base.tags != now.tags
            || base.retention_end != now.retention_end
            || !same_content(base.descriptor.as_ref(), now.descriptor.as_ref())
            || bodies(base) != bodies(now)
    })
}

/// The value that stands, and the one that loses: theirs, since mine is the later commit (M2).
fn pick<T: Clone + PartialEq>(base: Option<&T>, theirs: &T, mine: &T) -> (T, Option<T>) {
    if theirs == mine || base == Some(mine) {
        (theirs.clone(), None)
    } else if base == Some(theirs) {
        (mine.clone(), None)
    } else {
        (mine.clone(), Some(theirs.clone()))
    }
}

/// The picture of the content that stands: of those who have that content, mine if I changed it, else theirs. It is
/// made from the content and made again, so one that loses is no loss.
fn thumbnail_of(entry: &Entry, base: Option<&Entry>, theirs: &Entry, mine: &Entry) -> Option<Descriptor> {
    let shows = |side: &&Entry| same_content(side.descriptor.as_ref(), entry.descriptor.as_ref());
    let picture = |side: Option<&Entry>| side.filter(shows).map(|side| side.thumbnail.clone());
    match (picture(base), picture(Some(theirs)), picture(Some(mine))) {
        (Some(before), Some(theirs), Some(mine)) if same_content(before.as_ref(), mine.as_ref()) => theirs,
        (_, theirs, Some(mine)) => mine.or(theirs.flatten()),
        (_, theirs, None) => theirs.flatten(),
    }
}

/// Tag by tag: what either side added is there, what either removed is not. The tags that clients set themselves are
/// one field (M2).
fn merge_tags(
    base: Option<&BTreeSet<Name>>,
    theirs: &BTreeSet<Name>,
    mine: &BTreeSet<Name>,
) -> (BTreeSet<Name>, Option<BTreeSet<Name>>) {
    let none = BTreeSet::new();
    let base = base.unwrap_or(&none);
    let own = |tags: &BTreeSet<Name>| -> BTreeSet<Name> {
        let own = tags.iter().filter(|tag| tag.as_str().starts_with(OWN_TAGS));
        own.cloned().collect()
    };
    let (category, lost) = pick(Some(&own(base)), &own(theirs), &own(mine));
    let mut tags: BTreeSet<Name> = theirs.union(&(mine - base)).cloned().collect();
    tags.retain(|tag| !base.contains(tag) || mine.contains(tag));
    tags = &(&tags - &own(&tags)) | &category;
    if tags.len() <= TAGS_MAX {
        (tags, lost.filter(|lost| !lost.is_empty()))
    } else {
        (mine.clone(), Some(theirs.clone()))
    }
}

/// Edit wins over trash (M4); the later date of two stands. Says whether an edit took the entry out of the trash.
fn merge_trash(base: Option<&Entry>, theirs: &Entry, mine: &Entry) -> (Option<u64>, bool) {
    let (side, other) = match (theirs.trashed_at, mine.trashed_at) {
        (Some(one), Some(two)) => return (Some(one.max(two)), false),
        (None, None) => return (None, false),
        (Some(at), None) => (at, mine),
        (None, Some(at)) => (at, theirs),
    };
    // Already in the trash before: the other side took it out, which is an edit of its own.
    if base.is_some_and(|base| base.trashed_at.is_some()) {
        return (None, false);
    }
    if edited(base, other) {
        (None, true)
    } else {
        (Some(side), false)
    }
}

/// Content against content: theirs stands, mine becomes a copy (M3). What one side let go of stays gone, unless the
/// other made it current.
fn merge_content(base: Option<&Entry>, theirs: &Entry, mine: &Entry, entry: &mut Entry) -> Option<Entry> {
    let content = |entry: Option<&Entry>| entry.and_then(|entry| entry.descriptor.clone());
    let before = content(base);
    let mine_changed = base.is_none() || !same_content(before.as_ref(), mine.descriptor.as_ref());
    let theirs_changed = base.is_none() || !same_content(before.as_ref(), theirs.descriptor.as_ref());
    let same = same_content(theirs.descriptor.as_ref(), mine.descriptor.as_ref());
    let base_bodies = base.map(bodies).unwrap_or_default();
    let let_go = |side: &Entry| -> BTreeSet<Id> { &base_bodies - &bodies(side) };

    if same || theirs.kind == mine.kind && !(mine_changed && theirs_changed) {
        let (chosen, other) = if mine_changed && !same {
            (mine, theirs)
        } else {
            (theirs, mine)
        };
        let gone = let_go(other);
        let there = &base_bodies | &bodies(chosen);
        entry.descriptor.clone_from(&chosen.descriptor);
        // A content that the other side made and replaced again is newer than what both had before.
        let made = other
            .older
            .iter()
            .filter(|older| !there.contains(older.body_id()));
        let kept = chosen
            .older
            .iter()
            .filter(|older| !gone.contains(older.body_id()));
        entry.older = made.chain(kept).cloned().collect();
        return None;
    }
    let gone = let_go(mine);
    entry.older.retain(|older| !gone.contains(older.body_id()));
    let mut elsewhere = &base_bodies | &bodies(theirs);
    elsewhere.extend(mine.descriptor.iter().map(|content| *content.body_id()));
    let mut copy = entry.clone();
    copy.kind = mine.kind;
    copy.trashed_at = None;
    copy.rev = 1;
    copy.modified = mine.modified;
    copy.descriptor.clone_from(&mine.descriptor);
    copy.older = mine
        .older
        .iter()
        .filter(|older| !elsewhere.contains(older.body_id()))
        .cloned()
        .collect();
    Some(copy)
}

fn same_content(one: Option<&Descriptor>, other: Option<&Descriptor>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.to_bytes() == other.to_bytes(),
        _ => false,
    }
}

fn bodies(entry: &Entry) -> BTreeSet<Id> {
    entry.contents().map(|content| *content.body_id()).collect()
}
