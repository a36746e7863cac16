//! The laws of the merge, as properties: nothing is lost, an idle side changes nothing, unrelated changes commute.

use std::collections::BTreeSet;

use crypto::collection::entry::{Entry, OWN_TAGS};
use crypto::collection::index::Index;
use crypto::collection::merge::Merged;
use crypto::collection::tree::Tree;
use crypto::id::Id;
use proptest::prelude::*;

use super::descriptor;
use super::merge::{BY, edit, merged, name};
use crate::support::FixedRandom;

/// What one side does to a base of six documents (0..6) and four folders (6..10).
#[derive(Debug, Clone)]
enum Act {
    Rename(usize, u8),
    Move(usize, Option<usize>),
    Tag(usize, u8),
    Content(usize, u8),
    Category(usize, u8),
    Picture(usize, u8),
    Trash(usize),
    Restore(usize),
    Purge(usize),
    Add(u8, Option<usize>),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let folder = || proptest::option::of(6_usize..10);
    let act = prop_oneof![
        (0_usize..10, 0_u8..3).prop_map(|(at, n)| Act::Rename(at, n)),
        (0_usize..10, folder()).prop_map(|(at, to)| Act::Move(at, to)),
        (0_usize..10, 0_u8..3).prop_map(|(at, n)| Act::Tag(at, n)),
        (0_usize..6, any::<u8>()).prop_map(|(at, n)| Act::Content(at, n)),
        (0_usize..10, 0_u8..3).prop_map(|(at, n)| Act::Category(at, n)),
        (0_usize..6, 1_u8..4).prop_map(|(at, n)| Act::Picture(at, n)),
        (0_usize..10).prop_map(Act::Trash),
        (0_usize..10).prop_map(Act::Restore),
        (0_usize..10).prop_map(Act::Purge),
        (any::<u8>(), folder()).prop_map(|(n, to)| Act::Add(n, to)),
    ];
    proptest::collection::vec(act, 0..8)
}

fn object(at: usize) -> Id {
    let mut id = [0; 16];
    id[0] = u8::try_from(at * 25).unwrap();
    id
}

fn act(index: &mut Index, act: &Act, side: u8) {
    let with = |index: &mut Index, at: usize, change: &dyn Fn(&mut Entry)| {
        if index.entry(&object(at)).is_some() {
            edit(index, &object(at), change);
        }
    };
    match act {
        Act::Rename(at, n) => with(index, *at, &|entry| entry.name = name(&format!("name {n}"))),
        Act::Move(at, to) => {
            let to = to.map(object);
            let fine = to.is_none_or(|to| !Tree::of(index).is_within(&to, &object(*at)));
            if fine {
                with(index, *at, &|entry| entry.parent = to);
            }
        }
        Act::Tag(at, n) => with(index, *at, &|entry| {
            entry.tags.insert(name(&format!("tag {n}")));
        }),
        // A quarter of them goes back to the content of the base.
        Act::Content(at, n) => with(index, *at, &|entry| {
            entry.replace_content(descriptor(if *n < 64 { object(*at) } else { [*n | 1; 16] }));
        }),
        Act::Category(at, n) => with(index, *at, &|entry| {
            entry.tags.retain(|tag| !tag.as_str().starts_with(OWN_TAGS));
            entry.tags.insert(name(&format!("civis:{n}")));
        }),
        Act::Picture(at, n) => with(index, *at, &|entry| {
            entry.thumbnail = entry.descriptor.as_ref().map(|content| {
                let mut body = *content.body_id();
                body[13] = body[13].wrapping_add(*n);
                descriptor(body)
            });
        }),
        Act::Trash(at) => with(index, *at, &|entry| entry.trashed_at = Some(5)),
        Act::Restore(at) => with(index, *at, &|entry| entry.trashed_at = None),
        Act::Purge(at) => drop(index.remove(&object(*at))),
        Act::Add(n, to) => {
            let mut id = [*n; 16];
            id[15] = side;
            let mut body = [*n; 16];
            body[14] = side;
            let mut entry = Entry::new(id, name("added"), Some(descriptor(body)), &BY);
            entry.parent = to.map(object);
            index.put(entry).unwrap();
        }
    }
}

fn base() -> Index {
    let mut index = Index::empty([1; 16]);
    for at in 0..10 {
        let content = (at < 6).then(|| descriptor(object(at)));
        let mut entry = Entry::new(object(at), name(&format!("{at}")), content, &BY);
        entry.parent = (at % 3 == 0 && at != 6).then(|| object(6));
        index.put(entry).unwrap();
    }
    let key = crypto::collection::keys::EpochKey::make(&mut FixedRandom::new("base")).unwrap();
    index.seal(0, &key, &mut FixedRandom::new("base")).unwrap().index
}

fn named(index: &Index) -> BTreeSet<Id> {
    index
        .entries()
        .flat_map(|entry| {
            entry
                .contents()
                .map(|content| *content.body_id())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What is in sight: the current content of entries that neither lie in the trash nor under a folder that does.
fn in_sight(index: &Index) -> BTreeSet<Id> {
    let tree = Tree::of(index);
    let live = |id: &Id| index.entry(id).is_some_and(|entry| entry.trashed_at.is_none());
    index
        .entries()
        .filter(|entry| live(&entry.object_id) && tree.above(&entry.object_id).all(|id| live(&id)))
        .filter_map(|entry| entry.descriptor.as_ref().map(|content| *content.body_id()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_document_is_ever_lost(theirs_do in acts(), mine_do in acts()) {
        let base = base();
        let (mut theirs, mut mine) = (base.clone(), base.clone());
        theirs_do.iter().for_each(|one| act(&mut theirs, one, 1));
        mine_do.iter().for_each(|one| act(&mut mine, one, 2));
        let Merged { index, .. } = merged(&base, &theirs, &mine);
        let (before, after) = (named(&base), named(&index));
        // One category at most, and a picture beside none but the content that it shows.
        for entry in index.entries() {
            let own = entry.tags.iter().filter(|tag| tag.as_str().starts_with(OWN_TAGS));
            prop_assert!(own.count() <= 1);
            if let Some(picture) = &entry.thumbnail {
                let content = entry.descriptor.as_ref().unwrap().body_id();
                prop_assert_eq!(picture.body_id()[..13].to_vec(), content[..13].to_vec());
            }
        }
        // Every content that either side made is there.
        for side in [&theirs, &mine] {
            for body in named(side).difference(&before) {
                prop_assert!(after.contains(body));
            }
            // New content that is in sight on the side that made it is in sight afterwards.
            let seen = in_sight(side);
            for body in seen.difference(&before) {
                let kept_current = in_sight(&index).contains(body);
                let replaced = index.entries().any(|entry| entry.older.iter().any(|old| old.body_id() == body));
                prop_assert!(kept_current || replaced, "{:?}", body);
            }
        }
        // What was there before is gone only where one side let go of it.
        for body in &before {
            let let_go = !named(&theirs).contains(body) || !named(&mine).contains(body);
            prop_assert!(let_go || after.contains(body));
        }
        // No entry lies on a cycle that was not there, and every one has a place.
        let tree = Tree::of(&index);
        let cyclic = |index: &Index| index.entries().filter(|entry| {
            entry.parent.is_some_and(|parent| index.entry(&parent).is_some()) && Tree::of(index).parent(&entry.object_id).is_none()
        }).count();
        prop_assert_eq!(cyclic(&index), 0);
        let mut placed = tree.children(None).len();
        for entry in index.entries() {
            placed += tree.children(Some(&entry.object_id)).len();
        }
        prop_assert_eq!(placed as u64, index.count());
    }

    #[test]
    fn a_side_that_did_nothing_changes_nothing(acts in acts()) {
        let base = base();
        let mut side = base.clone();
        acts.iter().for_each(|one| act(&mut side, one, 1));
        let theirs = merged(&base, &side, &base);
        prop_assert!(theirs.notes.is_empty() && theirs.index.differences(&side).is_empty());
        let mine = merged(&base, &base, &side);
        prop_assert!(mine.notes.is_empty());
        let shown = |index: &Index| index.entries().map(|entry| {
            let mut entry = Entry::clone(entry);
            entry.changed_head_no = 0;
            entry.to_bytes().unwrap()
        }).collect::<Vec<_>>();
        prop_assert!(shown(&mine.index) == shown(&side));
    }

    #[test]
    fn changes_of_different_things_commute(theirs_do in acts(), mine_do in acts()) {
        // One side renames and tags, the other moves to the root and replaces content: different fields throughout.
        let base = base();
        let (mut one, mut two) = (base.clone(), base.clone());
        for did in theirs_do.iter().filter(|did| matches!(did, Act::Rename(..) | Act::Tag(..) | Act::Add(..))) {
            act(&mut one, did, 1);
        }
        for did in mine_do.iter().filter(|did| matches!(did, Act::Content(..) | Act::Move(_, None) | Act::Add(..))) {
            act(&mut two, did, 2);
        }
        let (ab, ba) = (merged(&base, &one, &two), merged(&base, &two, &one));
        prop_assert!(ab.notes.is_empty() && ba.notes.is_empty());
        let shown = |index: &Index| index.entries().map(|entry| {
            let mut entry = Entry::clone(entry);
            (entry.changed_head_no, entry.changed_by) = (0, [0; 16]);
            entry.to_bytes().unwrap()
        }).collect::<Vec<_>>();
        prop_assert!(shown(&ab.index) == shown(&ba.index));
    }
}
