//! Our own vectors of this part, made with a fixed generator and frozen: a difference is a change of format.
//! `CIVIS_WRITE_VECTORS=1` writes them anew, for the day on which a format changes before the first release.

use crypto::collection::charter::Charter;
use crypto::collection::entry::Entry;
use crypto::collection::head::Head;
use crypto::collection::index::Index;
use crypto::collection::name::Name;
use crypto::collection::refs::{Reference, Refs};
use serde_json::json;

use super::{World, descriptor, load};
use crate::support::{freeze, hex, to_hex};

#[test]
fn charter_and_head() {
    let mut world = World::new("frozen charter");
    let sealed = world.seal(&Index::empty(world.collection_id));
    let zero = world.head(&sealed, None);
    let one = world.head(&sealed, Some(&zero.head().pin()));
    let charter = world.charter.charter();
    let head = |head: &crypto::collection::head::SignedHead| json!({ "bytes": to_hex(head.to_bytes()), "hash": to_hex(head.hash()), "head_no": head.head_no() });
    let made = json!({
        "account_id": to_hex(&world.account),
        "identity_seed": to_hex(world.identity.signing().expose_seed()),
        "bundle_hash": to_hex(&world.bundle.hash()),
        "collection_id": to_hex(&world.collection_id),
        "epoch_key": to_hex(world.epoch_key.key().expose()),
        "write_seed": to_hex(world.write_key.expose_seed()),
        "admin_seed": to_hex(world.admin_key.expose_seed()),
        "charter": to_hex(charter.to_bytes()),
        "charter_hash": to_hex(charter.hash()),
        "cases": [head(zero.head()), head(one.head())],
    });
    freeze("collection-chain.json", &made);
    // The frozen bytes are still accepted.
    let read = Charter::parse(&hex(made["charter"].as_str().unwrap())).unwrap();
    let charter = read.verify_genesis(&world.collection_id).unwrap();
    let opened = charter.open_genesis(&world.epoch_key, &world.bundle).unwrap();
    for case in made["cases"].as_array().unwrap() {
        let head = Head::parse(&hex(case["bytes"].as_str().unwrap()))
            .unwrap()
            .verify(&charter)
            .unwrap();
        let head = head
            .open(&world.epoch_key)
            .unwrap()
            .verify_author(&opened, &world.bundle)
            .unwrap();
        assert_eq!((head.author(), head.entries()), (&world.account, 0));
    }
}

#[test]
fn entries_and_pages() {
    let mut world = World::new("frozen pages");
    let mut index = Index::empty(world.collection_id);
    let mut folder = world.folder("Impôts");
    folder.object_id[0] = 0x10;
    as_before(&mut folder);
    for i in 0..40 {
        let mut entry = world.document(&format!("Avis {i}.pdf"));
        if i == 7 {
            entry.parent = Some(folder.object_id);
            entry.tags = ["2024", "foyer"].map(|tag| Name::new(tag).unwrap()).into();
            entry.retention_end = Some(2_000_000_000);
            entry.trashed_at = Some(1_800_000_000);
            entry.touch(&world.by(3));
            entry.replace_content(descriptor([1; 16]));
        }
        as_before(&mut entry);
        index.put(entry).unwrap();
    }
    index.put(folder).unwrap();
    let sealed = world.seal(&index);
    let pages = &sealed.pages;
    let made = json!({
        "collection_id": to_hex(&world.collection_id), "epoch": 0,
        "epoch_key": to_hex(world.epoch_key.key().expose()),
        "root_page_id": to_hex(&sealed.root_page_id), "refs_hash": to_hex(&sealed.refs.hash()),
        "entries": index.entries().map(|entry| to_hex(&entry.to_bytes().unwrap())).collect::<Vec<_>>(),
        "cases": pages.iter().map(|page| {
            json!({ "page_id": to_hex(&page.page_id), "bytes": to_hex(&page.bytes) })
        }).collect::<Vec<_>>(),
    });
    freeze("collection-pages.json", &made);
    let head = world.head(&sealed, None);
    let stored = |id: &[u8; 32]| {
        pages
            .iter()
            .find(|page| page.page_id == *id)
            .unwrap()
            .bytes
            .clone()
    };
    let (read, _) = load(&head, &world.keys(), None, &stored).unwrap();
    for (entry, frozen) in read.entries().zip(made["entries"].as_array().unwrap()) {
        let frozen = Entry::parse(&hex(frozen.as_str().unwrap())).unwrap();
        assert!(frozen.to_bytes() == entry.to_bytes());
    }
}

/// The form of entries from before they had a date of adding and dates of contents: it goes on being read.
fn as_before(entry: &mut Entry) {
    entry.added = None;
    entry.dates.clear();
}

#[test]
fn entries_with_thumbnail_and_dates() {
    let mut world = World::new("frozen entries");
    let folder = world.folder("Impôts");
    let plain = world.document("Avis.pdf");
    let mut full = world.document("Bail signé.pdf");
    full.tags = ["civis:housing", "2024"]
        .map(|tag| Name::new(tag).unwrap())
        .into();
    full.touch(&world.by(3));
    full.replace_content(descriptor([1; 16]));
    full.dates.insert([1; 16], 1_800_000_000);
    full.thumbnail = Some(descriptor([2; 16]));
    let mut partly = full.clone();
    partly.replace_content(descriptor([3; 16]));
    let cases = [folder, plain, full, partly].map(|entry| to_hex(&entry.to_bytes().unwrap()));
    let made = json!({ "cases": cases });
    freeze("collection-entries.json", &made);
    for case in made["cases"].as_array().unwrap() {
        let bytes = hex(case.as_str().unwrap());
        let entry = Entry::parse(&bytes).unwrap();
        assert!(*entry.to_bytes().unwrap() == bytes);
        assert!(entry.added.is_some());
    }
    let last = Entry::parse(&hex(made["cases"][3].as_str().unwrap())).unwrap();
    assert!(last.thumbnail.is_none(), "it showed the content before");
    let known: Vec<_> = last
        .contents()
        .map(|content| last.dates.get(content.body_id()).copied())
        .collect();
    assert_eq!(known, [None, Some(1_800_000_000), Some(1_700_000_000)]);
}

#[test]
fn references() {
    let body = |n| Reference::Body([n; 16]);
    let page = |n| Reference::Page([n; 32]);
    let show = |list: &[Reference]| -> Vec<String> {
        let text = |reference: &Reference| match reference {
            Reference::Body(id) => format!("body {}", to_hex(id)),
            Reference::Page(id) => format!("page {}", to_hex(id)),
        };
        list.iter().map(text).collect()
    };
    let cases: Vec<_> = [
        (vec![], vec![]),
        (vec![body(1), body(2), page(1)], vec![page(2), page(3)]),
        (vec![], vec![body(1)]),
    ]
    .into_iter()
    .map(|(adds, drops)| {
        let refs = Refs::new(adds, drops).unwrap();
        json!({ "adds": show(refs.adds()), "drops": show(refs.drops()), "refs_hash": to_hex(&refs.hash()) })
    })
    .collect();
    freeze("collection-refs.json", &json!({ "cases": cases }));
}
