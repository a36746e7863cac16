//! The merge rules M1-M6, case by case; folders as they are shown.

use std::collections::BTreeSet;

use crypto::collection::entry::{By, Entry};
use crypto::collection::index::Index;
use crypto::collection::merge::{Gone, Lost, MergeError, Merged, Note, merge};
use crypto::collection::name::Name;
use crypto::collection::refs::Reference;
use crypto::collection::tree::Tree;
use crypto::id::Id;

use super::{World, descriptor};
use crate::support::{FixedRandom, NoRandom};

pub(super) const BY: By = By {
    account: [0xaa; 16],
    time: 9,
    head_no: 9,
};

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn edit(index: &mut Index, id: &Id, change: impl FnOnce(&mut Entry)) {
    let mut entry = Entry::clone(index.entry(id).unwrap());
    change(&mut entry);
    entry.rev += 1;
    index.put(entry).unwrap();
}

pub(super) fn merged(base: &Index, theirs: &Index, mine: &Index) -> Merged {
    merge(base, theirs, mine, &BY, " (2)", &mut FixedRandom::new("merge")).unwrap()
}

/// A base with one folder and, in it, one document.
struct Case {
    base: Index,
    theirs: Index,
    mine: Index,
    folder: Id,
    document: Id,
}

impl Case {
    fn new() -> Self {
        let mut world = World::new("merge");
        let folder = world.folder("Impôts");
        let mut document = world.document("avis.pdf");
        document.parent = Some(folder.object_id);
        let mut index = Index::empty(world.collection_id);
        let (folder_id, document_id) = (folder.object_id, document.object_id);
        index.put(folder).unwrap();
        index.put(document).unwrap();
        let base = world.seal(&index).index;
        Self {
            theirs: base.clone(),
            mine: base.clone(),
            base,
            folder: folder_id,
            document: document_id,
        }
    }

    fn theirs(&mut self, change: impl FnOnce(&mut Entry)) -> &mut Self {
        edit(&mut self.theirs, &self.document, change);
        self
    }

    fn mine(&mut self, change: impl FnOnce(&mut Entry)) -> &mut Self {
        edit(&mut self.mine, &self.document, change);
        self
    }

    fn merged(&self) -> (Index, Vec<Note>) {
        let Merged { index, notes } = merged(&self.base, &self.theirs, &self.mine);
        (index, notes)
    }
}

#[test]
fn m1_different_fields_merge_in_either_order() {
    let mut case = Case::new();
    case.theirs(|entry| entry.name = name("Avis.pdf")).mine(|entry| {
        entry.parent = None;
        entry.tags.insert(name("2024"));
        entry.retention_end = Some(7);
    });
    let (index, notes) = case.merged();
    let entry = index.entry(&case.document).unwrap();
    assert_eq!(notes, []);
    assert_eq!(
        (entry.name.as_str(), entry.parent, entry.tags.len()),
        ("Avis.pdf", None, 1)
    );
    assert_eq!(
        (entry.rev, entry.changed_by, entry.changed_head_no),
        (3, BY.account, 9)
    );
    let other = merged(&case.base, &case.mine, &case.theirs);
    assert!(index.differences(&other.index).is_empty());
}

#[test]
fn m2_of_two_values_of_a_field_the_later_commit_wins_and_the_other_is_told() {
    let mut case = Case::new();
    let object_id = case.document;
    case.theirs(|entry| {
        entry.name = name("theirs");
        entry.parent = None;
        entry.retention_end = Some(1);
    });
    case.mine(|entry| {
        entry.name = name("mine");
        entry.parent = Some([1; 16]);
        entry.retention_end = Some(2);
    });
    let (index, notes) = case.merged();
    let entry = index.entry(&case.document).unwrap();
    assert_eq!(
        (entry.name.as_str(), entry.parent, entry.retention_end),
        ("mine", Some([1; 16]), Some(2))
    );
    let lost = [
        Lost::Name(name("theirs")),
        Lost::Parent(None),
        Lost::RetentionEnd(Some(1)),
    ];
    assert_eq!(notes, lost.map(|lost| Note::Overwritten { object_id, lost }));
}

#[test]
fn m2_of_two_categories_the_later_commit_wins_and_the_other_is_told() {
    let mut case = Case::new();
    let object_id = case.document;
    edit(&mut case.base, &object_id, |entry| {
        entry.tags = ["civis:other", "a"].map(name).into();
    });
    (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
    case.theirs(|entry| entry.tags = ["civis:tax", "a", "b"].map(name).into());
    // Mine is untouched: theirs stands.
    let (index, notes) = case.mine(|entry| entry.retention_end = Some(1)).merged();
    assert_eq!(notes, []);
    assert_eq!(
        index.entry(&object_id).unwrap().tags,
        ["civis:tax", "a", "b"].map(name).into()
    );
    case.mine(|entry| entry.tags = ["civis:housing", "c"].map(name).into());
    let (index, notes) = case.merged();
    assert_eq!(
        index.entry(&object_id).unwrap().tags,
        ["civis:housing", "b", "c"].map(name).into()
    );
    let lost = Lost::Tags(["civis:tax"].map(name).into());
    assert_eq!(notes, [Note::Overwritten { object_id, lost }]);
}

#[test]
fn a_thumbnail_goes_with_the_content_that_it_shows() {
    let picture = |entry: &Entry| entry.thumbnail.as_ref().map(|picture| *picture.body_id());
    let shown = |case: &Case| {
        let (index, notes) = case.merged();
        (picture(index.entry(&case.document).unwrap()), notes)
    };
    // One side made a picture, the other renamed.
    let mut case = Case::new();
    case.theirs(|entry| entry.thumbnail = Some(descriptor([1; 16])));
    case.mine(|entry| entry.name = name("Avis.pdf"));
    assert_eq!(shown(&case), (Some([1; 16]), vec![]));
    // Both made one: mine, and nobody is told of a picture.
    case.mine(|entry| entry.thumbnail = Some(descriptor([2; 16])));
    assert_eq!(shown(&case), (Some([2; 16]), vec![]));
    // They replaced the content: a picture of the old one is none.
    let mut case = Case::new();
    case.theirs(|entry| entry.replace_content(descriptor([3; 16])));
    case.mine(|entry| entry.thumbnail = Some(descriptor([2; 16])));
    assert_eq!(shown(&case), (None, vec![]));
    // Both replaced it: each keeps its own picture, and both when it was added.
    let mut case = Case::new();
    case.theirs(|entry| {
        entry.replace_content(descriptor([3; 16]));
        entry.thumbnail = Some(descriptor([4; 16]));
        entry.dates.insert([3; 16], 30);
    });
    case.mine(|entry| {
        entry.replace_content(descriptor([5; 16]));
        entry.thumbnail = Some(descriptor([6; 16]));
        entry.dates.insert([5; 16], 50);
    });
    let (index, notes) = case.merged();
    let [Note::ConflictCopy { copy, .. }] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    let (theirs, copy) = (index.entry(&case.document).unwrap(), index.entry(copy).unwrap());
    assert_eq!((picture(theirs), picture(copy)), (Some([4; 16]), Some([6; 16])));
    assert_eq!(
        (theirs.added, copy.added),
        (Some(1_700_000_000), Some(1_700_000_000))
    );
    assert_eq!(
        (theirs.dates.get(&[3; 16]), copy.dates.get(&[5; 16])),
        (Some(&30), Some(&50))
    );
}

#[test]
fn a_new_thumbnail_keeps_nothing_out_of_the_trash() {
    let mut case = Case::new();
    case.theirs(|entry| entry.trashed_at = Some(5));
    case.mine(|entry| entry.thumbnail = Some(descriptor([1; 16])));
    let (index, notes) = case.merged();
    assert_eq!(index.entry(&case.document).unwrap().trashed_at, Some(5));
    assert_eq!(notes, []);
    case.theirs.remove(&case.document);
    let (index, notes) = case.merged();
    assert!(index.entry(&case.document).is_none() && notes.is_empty());
}

#[test]
fn the_body_of_a_thumbnail_comes_and_goes_with_its_entry() {
    let mut world = World::new("thumbnail refs");
    let mut entry = world.document("avis.pdf");
    let object_id = entry.object_id;
    entry.thumbnail = Some(descriptor([1; 16]));
    let mut index = Index::empty(world.collection_id);
    index.put(entry).unwrap();
    let picture = Reference::Body([1; 16]);
    let sealed = world.seal(&index);
    assert!(sealed.refs.adds().contains(&picture));
    let mut index = sealed.index;
    edit(&mut index, &object_id, |entry| entry.name = name("b.pdf"));
    let sealed = world.seal(&index);
    assert!(!sealed.refs.adds().contains(&picture) && !sealed.refs.drops().contains(&picture));
    let mut index = sealed.index;
    edit(&mut index, &object_id, |entry| {
        entry.replace_content(descriptor([9; 16]))
    });
    assert!(world.seal(&index).refs.drops().contains(&picture));
    index.remove(&object_id);
    assert!(world.seal(&index).refs.drops().contains(&picture));
}

#[test]
fn m2_tags_merge_one_by_one() {
    let mut case = Case::new();
    edit(&mut case.base, &case.document, |entry| {
        entry.tags = ["a", "b"].map(name).into()
    });
    (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
    case.theirs(|entry| entry.tags = ["b", "c"].map(name).into());
    case.mine(|entry| entry.tags = ["a", "d"].map(name).into());
    let (index, notes) = case.merged();
    assert_eq!(
        index.entry(&case.document).unwrap().tags,
        ["c", "d"].map(name).into()
    );
    assert_eq!(notes, []);
    case.theirs(|entry| entry.tags = (0..32).map(|i| name(&format!("t{i}"))).collect());
    let (index, notes) = case.merged();
    assert_eq!(
        index.entry(&case.document).unwrap().tags,
        ["a", "d"].map(name).into()
    );
    assert!(
        matches!(notes.as_slice(), [Note::Overwritten { lost: Lost::Tags(tags), .. }] if tags.len() == 32)
    );
}

#[test]
fn m3_content_against_content_keeps_both() {
    let mut case = Case::new();
    let first = *case
        .base
        .entry(&case.document)
        .unwrap()
        .descriptor
        .as_ref()
        .unwrap()
        .body_id();
    case.theirs(|entry| entry.replace_content(descriptor([1; 16])));
    case.mine(|entry| {
        entry.replace_content(descriptor([2; 16]));
        entry.replace_content(descriptor([3; 16]));
        entry.name = name("renamed.pdf");
    });
    let (index, notes) = case.merged();
    let [Note::ConflictCopy { object_id, copy }] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert_eq!(object_id, &case.document);
    let bodies = |id| {
        index
            .entry(id)
            .unwrap()
            .contents()
            .map(|c| *c.body_id())
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(&case.document), [[1; 16], first]);
    assert_eq!(bodies(copy), [[3; 16], [2; 16]]);
    let copy = index.entry(copy).unwrap();
    assert_eq!(
        (copy.name.as_str(), copy.parent),
        ("renamed (2).pdf", Some(case.folder))
    );
    assert_eq!(index.entry(&case.document).unwrap().name.as_str(), "renamed.pdf");
    assert_eq!(index.count(), 3);
    // The same new content on both sides is no conflict, and what was in between on one of them is kept.
    case.theirs(|entry| entry.replace_content(descriptor([3; 16])));
    let (index, notes) = case.merged();
    let bodies: Vec<_> = index
        .entry(&case.document)
        .unwrap()
        .contents()
        .map(|c| *c.body_id())
        .collect();
    assert_eq!((bodies, notes.len()), (vec![[3; 16], [2; 16], [1; 16], first], 0));
    // A whole side twice: a commit whose answer was lost.
    let again = merged(&case.base, &case.mine, &case.mine);
    assert!(again.notes.is_empty() && again.index.differences(&case.mine).is_empty());
}

#[test]
fn m4_an_edit_wins_over_trash_and_purge_from_either_side() {
    let renamed = |entry: &mut Entry| entry.name = name("renamed");
    for (they_trash, from) in [
        (true, Gone::Trash),
        (false, Gone::Trash),
        (true, Gone::Purge),
        (false, Gone::Purge),
    ] {
        let mut case = Case::new();
        let object_id = case.document;
        if from == Gone::Purge {
            // What is purged was in the trash before.
            edit(&mut case.base, &case.document, |entry| entry.trashed_at = Some(4));
            (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
        }
        let (gone, kept) = if they_trash {
            (&mut case.theirs, &mut case.mine)
        } else {
            (&mut case.mine, &mut case.theirs)
        };
        match from {
            Gone::Trash => edit(gone, &object_id, |entry| entry.trashed_at = Some(5)),
            Gone::Purge => assert!(gone.remove(&object_id)),
        }
        edit(kept, &object_id, renamed);
        let (index, notes) = case.merged();
        let entry = index.entry(&object_id).unwrap();
        assert_eq!((entry.name.as_str(), entry.trashed_at), ("renamed", None));
        assert_eq!(notes, [Note::Restored { object_id, from }]);
    }
}

#[test]
fn m4_trash_and_purge_stand_where_nothing_was_edited() {
    let mut case = Case::new();
    case.theirs(|entry| entry.trashed_at = Some(5))
        .mine(|entry| entry.trashed_at = Some(6));
    let (index, notes) = case.merged();
    assert_eq!(
        (index.entry(&case.document).unwrap().trashed_at, notes.len()),
        (Some(6), 0)
    );
    // Both purge; one purges what the other only trashed.
    let mut both = Case::new();
    both.theirs.remove(&both.document);
    both.mine.remove(&both.document);
    assert_eq!(both.merged().0.count(), 1);
    let mut one = Case::new();
    one.theirs.remove(&one.document);
    one.mine(|entry| entry.trashed_at = Some(5));
    assert_eq!((one.merged().0.count(), one.merged().1.len()), (1, 0));
    let mut one = Case::new();
    one.mine.remove(&one.document);
    one.theirs(|entry| entry.trashed_at = Some(5));
    assert_eq!((one.merged().0.count(), one.merged().1.len()), (1, 0));
    // Taking something out of the trash is an edit.
    let mut case = Case::new();
    edit(&mut case.base, &case.document, |entry| entry.trashed_at = Some(4));
    (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
    case.theirs.remove(&case.document);
    case.mine(|entry| entry.trashed_at = None);
    let restored = Note::Restored {
        object_id: case.document,
        from: Gone::Purge,
    };
    assert_eq!(case.merged().1, [restored]);
}

#[test]
fn m4_a_folder_that_was_trashed_or_purged_under_a_new_document_is_back() {
    for purge in [false, true] {
        for they_trash in [false, true] {
            let mut case = Case::new();
            let mut world = World::new("folder");
            let mut new = world.document("new.pdf");
            new.parent = Some(case.folder);
            let new_id = new.object_id;
            let (gone, kept) = if they_trash {
                (&mut case.theirs, &mut case.mine)
            } else {
                (&mut case.mine, &mut case.theirs)
            };
            if purge {
                gone.remove(&case.folder);
                gone.remove(&case.document);
            } else {
                edit(gone, &case.folder, |entry| entry.trashed_at = Some(5));
                edit(gone, &case.document, |entry| entry.trashed_at = Some(5));
            }
            kept.put(new).unwrap();
            let (index, notes) = case.merged();
            assert_eq!(index.entry(&new_id).unwrap().parent, Some(case.folder));
            assert_eq!(index.entry(&case.folder).unwrap().trashed_at, None);
            let from = if purge { Gone::Purge } else { Gone::Trash };
            assert_eq!(
                notes,
                [Note::Restored {
                    object_id: case.folder,
                    from
                }]
            );
            // The document that nobody edited stays where its owner sent it.
            assert!(
                index
                    .entry(&case.document)
                    .is_none_or(|entry| entry.trashed_at.is_some())
            );
        }
    }
}

#[test]
fn m5_a_move_that_makes_a_cycle_is_dropped() {
    let mut case = Case::new();
    let mut world = World::new("cycle");
    let (a, b) = (world.folder("a"), world.folder("b"));
    let (a_id, b_id) = (a.object_id, b.object_id);
    case.base.put(a).unwrap();
    case.base.put(b).unwrap();
    (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
    edit(&mut case.theirs, &a_id, |entry| entry.parent = Some(b_id));
    edit(&mut case.mine, &b_id, |entry| entry.parent = Some(a_id));
    let (index, notes) = case.merged();
    assert_eq!(index.entry(&a_id).unwrap().parent, Some(b_id));
    assert_eq!(index.entry(&b_id).unwrap().parent, None);
    assert_eq!(
        notes,
        [Note::MoveDropped {
            object_id: b_id,
            to: Some(a_id)
        }]
    );
    // Swapping nesting by two moves of mine is no cycle, in whatever order they are looked at.
    edit(&mut case.base, &a_id, |entry| entry.parent = Some(b_id));
    (case.theirs, case.mine) = (case.base.clone(), case.base.clone());
    edit(&mut case.mine, &a_id, |entry| entry.parent = None);
    edit(&mut case.mine, &b_id, |entry| entry.parent = Some(a_id));
    let (index, notes) = case.merged();
    assert_eq!((index.entry(&b_id).unwrap().parent, notes.len()), (Some(a_id), 0));
}

#[test]
fn m5_cycles_and_missing_parents_are_shown_at_the_root() {
    let mut world = World::new("tree");
    let mut index = Index::empty(world.collection_id);
    let mut folders: Vec<_> = ["a", "b", "c", "d", "e"].map(|text| world.folder(text)).into();
    let ids: Vec<_> = folders.iter().map(|folder| folder.object_id).collect();
    // a and b are each other's parents, c lies in a, d in nothing known, e in a document.
    let document = world.document("x");
    folders[0].parent = Some(ids[1]);
    folders[1].parent = Some(ids[0]);
    folders[2].parent = Some(ids[0]);
    folders[3].parent = Some([0xee; 16]);
    folders[4].parent = Some(document.object_id);
    for entry in folders.into_iter().chain([document.clone()]) {
        index.put(entry).unwrap();
    }
    let tree = Tree::of(&index);
    let root: BTreeSet<_> = tree.children(None).iter().copied().collect();
    assert_eq!(root, [ids[0], ids[1], ids[3], ids[4], document.object_id].into());
    assert_eq!(tree.children(Some(&ids[0])), [ids[2]]);
    assert_eq!(tree.above(&ids[2]).collect::<Vec<_>>(), [ids[0]]);
    assert!(tree.is_within(&ids[2], &ids[0]) && !tree.is_within(&ids[0], &ids[2]));
}

#[test]
fn m6_equal_names_are_allowed() {
    let mut case = Case::new();
    let mut world = World::new("equal");
    let mut twin = || {
        let mut entry = world.document("twin.pdf");
        entry.parent = Some(case.folder);
        entry
    };
    case.theirs.put(twin()).unwrap();
    case.mine.put(twin()).unwrap();
    let (index, notes) = case.merged();
    assert_eq!((index.count(), notes.len()), (4, 0));
}

#[test]
fn a_merge_that_cannot_be_is_an_error() {
    let case = Case::new();
    let other = Index::empty([9; 16]);
    let by = &BY;
    let result = merge(&case.base, &other, &case.mine, by, "", &mut NoRandom);
    assert_eq!(result.err(), Some(MergeError::OtherCollection));
    let mut case = Case::new();
    case.theirs(|entry| entry.replace_content(descriptor([1; 16])));
    case.mine(|entry| entry.replace_content(descriptor([2; 16])));
    let result = merge(
        &case.base,
        &case.theirs,
        &case.mine,
        by,
        "/",
        &mut FixedRandom::new(""),
    );
    assert!(matches!(result.err(), Some(MergeError::Suffix(_))));
    let result = merge(&case.base, &case.theirs, &case.mine, by, "", &mut NoRandom);
    assert!(matches!(result.err(), Some(MergeError::Random(_))));
}
