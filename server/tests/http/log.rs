//! The log: what each write puts into it, what is published, what goes with what is erased.

use axum::http::{Method, StatusCode, header};
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::entry::{Entry, SEALED_BYTES};
use crypto::audit::map::{Map, MapProof, Subject};
use crypto::audit::note::NoteKey;
use crypto::audit::opening::{Event, LogSeed, Opened, Opening};
use crypto::audit::proof::{verify_consistency, verify_inclusion};
use crypto::audit::tile::{Kind, Tile};
use crypto::audit::tree::{TreeHead, leaf_hash, root_of_leaves};
use crypto::collection::refs::Reference as Ref;
use crypto::hash::sha256;
use crypto::id::Hash32;
use crypto::words::Words;
use server::store::{MetaStore, Table};
use shared::account::{Account, ManifestStored, PutManifest, PutWords};
use shared::audit::{LogCard, LogWrite, MapProofs, Proofs, ReadMap, ReadProofs};
use shared::collection::{Collection, Committed};
use shared::{ErrorCode, Hash, OperationId, RecoveryId, limit, path};

use crate::person::{By, Person, record, slot};
use crate::world::{Rng, Session, World, log_write, random};

fn manifest_hash(person: &Person) -> Hash32 {
    let manifest = person.request.manifest.as_slice();
    crypto::account::record::Record::parse(manifest)
        .unwrap()
        .manifest_hash()
}

async fn entries(world: &World) -> Vec<Vec<u8>> {
    let records = world.store.scan(Table::Log, b"", None, 10_000).await.unwrap();
    records.into_iter().map(|(_, entry)| entry).collect()
}

/// The opening of every entry that has one, by index.
async fn openings(world: &World) -> Vec<Option<Opened>> {
    let mut openings = Vec::new();
    for index in 0..entries(world).await.len() as u64 {
        let key = [&b"o"[..], &index.to_be_bytes()].concat();
        let bytes = world.store.get(Table::Opening, &key).await.unwrap();
        openings.push(bytes.map(|bytes| Opened::parse(&bytes).unwrap()));
    }
    openings
}

/// Every sealed entry is the commitment of its opening, where it has one.
async fn verify_openings(world: &World) {
    for (entry, opened) in entries(world).await.iter().zip(openings(world).await) {
        let Some(opened) = opened else { continue };
        let Ok(Entry::Sealed { commit, .. }) = Entry::parse(entry) else {
            panic!("an opening of what is not sealed")
        };
        assert_eq!((entry.len(), commit), (SEALED_BYTES, opened.commit()));
    }
}

async fn checkpoint(world: &World) -> SignedCheckpoint {
    let card: LogCard = world.get(path::LOG).await.json();
    let answer = world.get(path::CHECKPOINT).await;
    answer.succeeds();
    SignedCheckpoint::verify(&answer.body, &NoteKey::parse(&card.key).unwrap()).unwrap()
}

#[tokio::test]
async fn an_account_begins_with_identity_charter_head_and_manifest() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let request = &person.request;
    let all = entries(&world).await;
    let identity = Entry::Identity {
        label: request.label.0,
        seq: 0,
        bundle_hash: crypto::account::bundle::VerifiedBundle::parse(request.bundle.as_slice())
            .unwrap()
            .hash(),
    };
    assert_eq!(Entry::parse(&all[0]).unwrap(), identity);
    let opened = openings(&world).await;
    assert_eq!(opened.len(), 4);
    assert!(opened[0].is_none());
    assert!(matches!(
        opened[1].as_ref().unwrap().opening,
        Opening::Charter { charter_no: 0, .. }
    ));
    assert!(matches!(
        opened[2].as_ref().unwrap().opening,
        Opening::Head { head_no: 0, .. }
    ));
    assert!(matches!(
        opened[3].as_ref().unwrap().opening,
        Opening::Manifest { version: 1, .. }
    ));
    verify_openings(&world).await;
    // The tags and blinds are those that the client chose.
    let seed = LogSeed(request.collection.commit.log.seed.0);
    let head = opened[2].clone().unwrap();
    assert_eq!(head.blind, seed.derive(1).0);
    assert_eq!(all[2], head.entry(request.collection.commit.log.tag.0).to_bytes());
    assert_eq!(
        all[1],
        opened[1].clone().unwrap().entry(seed.derive(0).1).to_bytes()
    );
    let account: Account = world.ask(&session, Method::GET, path::ACCOUNT).await.json();
    assert_eq!(account.logged.index, 3);
    let collection: Collection = world
        .ask(&session, Method::GET, &person.path(path::COLLECTION))
        .await
        .json();
    assert_eq!(
        (collection.logged.index, collection.logged.blind.0),
        (2, head.blind)
    );
    // The same request again writes nothing.
    world.post(path::ACCOUNTS, request).await.is(StatusCode::CREATED);
    assert_eq!(entries(&world).await.len(), 4);
}

#[tokio::test]
async fn a_label_is_one_accounts_alone() {
    let world = World::new();
    let (first, _) = Person::create(&world, "marie").await;
    let mut second = Person::prepare(&world, "paul").await;
    second.request.label = first.request.label;
    world
        .post(path::ACCOUNTS, &second.request)
        .await
        .refused(ErrorCode::Conflict);
    assert_eq!(entries(&world).await.len(), 4);
}

#[tokio::test]
async fn a_commit_logs_what_it_adds_and_drops_and_its_head_last() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 1_000).await;
    assert_eq!(
        entries(&world).await.len(),
        4,
        "an upload alone is nobody's document"
    );
    let adds = vec![Ref::Body(body.id)];
    let stored: Committed = person
        .push(&world, &session, adds, vec![], By::Writer)
        .await
        .json();
    let opened = openings(&world).await;
    let expected = Opening::Body {
        body_id: body.id,
        body_hash: crypto::document::body::BodyHeader::parse(body.commit.header.as_slice())
            .unwrap()
            .hash(),
        ct_len: body.begin.ct_len,
    };
    assert_eq!(opened[4].as_ref().unwrap().opening, expected);
    assert!(matches!(
        opened[5].as_ref().unwrap().opening,
        Opening::Head { head_no: 1, .. }
    ));
    assert_eq!((stored.log_index, opened.len()), (5, 6));
    let drops = vec![Ref::Body(body.id)];
    let stored: Committed = person
        .push(&world, &session, vec![], drops, By::Admin)
        .await
        .json();
    let opened = openings(&world).await;
    assert_eq!((stored.log_index, opened.len()), (7, 8));
    assert!(opened[4].is_none(), "the opening went with the body");
    let gone = Opening::Drop {
        id: body.id,
        closed: vec![4],
    };
    assert_eq!(opened[6].as_ref().unwrap().opening, gone);
    verify_openings(&world).await;
}

#[tokio::test]
async fn a_body_that_is_added_again_has_an_entry_again() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let body = person.upload(&world, &session, 1_000).await;
    let refs = || vec![Ref::Body(body.id)];
    person
        .push(&world, &session, refs(), vec![], By::Writer)
        .await
        .succeeds();
    person
        .push(&world, &session, vec![], refs(), By::Writer)
        .await
        .succeeds();
    person
        .push(&world, &session, refs(), vec![], By::Admin)
        .await
        .succeeds();
    let opened = openings(&world).await;
    let bodies = opened
        .iter()
        .flatten()
        .filter(|opened| matches!(opened.opening, Opening::Body { .. }));
    assert_eq!(bodies.count(), 1);
    assert!(matches!(
        opened[8].as_ref().unwrap().opening,
        Opening::Body { .. }
    ));
    verify_openings(&world).await;
}

#[tokio::test]
async fn manifests_and_new_ways_in_are_logged() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let before = manifest_hash(&person);
    let put = PutManifest {
        manifest: record(2, &person.id, 2, before),
        log: LogWrite {
            seed: Hash([5; 32]),
            ..log_write()
        },
    };
    let answer = world
        .tell(&session, Method::PUT, path::MANIFEST, Some(before), &put)
        .await;
    assert_eq!(answer.json::<ManifestStored>().log_index, 4);
    let again = world
        .tell(&session, Method::PUT, path::MANIFEST, Some(before), &put)
        .await;
    assert_eq!(again.json::<ManifestStored>().log_index, 4);
    let opened = openings(&world).await;
    assert_eq!(opened.len(), 5);
    let Opening::Manifest { label, version, .. } = opened[4].as_ref().unwrap().opening else {
        panic!("no manifest")
    };
    assert_eq!((label, version), (person.request.label.0, 2));
    assert_eq!(opened[4].as_ref().unwrap().blind, LogSeed([5; 32]).derive(0).0);
}

#[tokio::test]
async fn a_closed_account_leaves_entries_that_open_nothing() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let (_, other) = Person::create(&world, "paul").await;
    let body = person.upload(&world, &session, 1_000).await;
    person
        .push(&world, &session, vec![Ref::Body(body.id)], vec![], By::Writer)
        .await
        .succeeds();
    let before = entries(&world).await;
    world
        .ask(&session, Method::DELETE, path::ACCOUNT)
        .await
        .is(StatusCode::NO_CONTENT);
    let after = entries(&world).await;
    assert_eq!(after[..before.len()], before, "the log only grows");
    let opened = openings(&world).await;
    let own = [1, 2, 3, 8, 9];
    assert!(own.iter().all(|index| opened[*index].is_none()));
    let gone = Opening::Drop {
        id: person.id,
        closed: vec![1, 2, 3, 8, 9],
    };
    assert_eq!(opened.last().unwrap().as_ref().unwrap().opening, gone);
    // Nothing of the other account was touched.
    assert!([5, 6, 7].iter().all(|index| opened[*index].is_some()));
    world.ask(&other, Method::GET, path::ACCOUNT).await.succeeds();
    let left = world.store.scan(Table::Opening, b"", None, 1_000).await.unwrap();
    let about = |id: &[u8]| {
        left.iter()
            .filter(|(key, _)| key.windows(16).any(|part| part == id))
            .count()
    };
    assert_eq!(
        (about(&person.id), about(&body.id), about(&person.collection)),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn what_is_published_is_one_growing_tree() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let unsigned = checkpoint(&world).await;
    assert_eq!(unsigned.tree().size, 0);
    assert_eq!(world.state.publish().await.unwrap(), 5);
    let first = *checkpoint(&world).await.tree();
    for _ in 0..300 {
        person
            .push(&world, &session, vec![], vec![], By::Writer)
            .await
            .succeeds();
    }
    assert_eq!(
        *checkpoint(&world).await.tree(),
        first,
        "signed at its time, not before"
    );
    assert_eq!(world.state.publish().await.unwrap(), 306);
    let second = *checkpoint(&world).await.tree();
    let leaves: Vec<Hash32> = entries(&world)
        .await
        .iter()
        .map(|entry| leaf_hash(entry))
        .collect();
    assert_eq!(
        second,
        TreeHead {
            size: 306,
            root: root_of_leaves(&leaves)
        }
    );
    let asked = ReadProofs {
        size: 306,
        sizes: vec![5, 306],
        indices: vec![0, 255, 305],
    };
    let proofs: Proofs = world
        .tell(&session, Method::POST, path::PROOFS, None, &asked)
        .await
        .json();
    let plain = |proof: &[Hash]| proof.iter().map(|hash| hash.0).collect::<Vec<_>>();
    verify_consistency(5, 306, &plain(&proofs.consistency[0]), &first.root, &second.root).unwrap();
    assert_eq!(proofs.consistency[1], []);
    for (index, proof) in [0_usize, 255, 305].into_iter().zip(&proofs.inclusion) {
        verify_inclusion(index as u64, 306, &leaves[index], &plain(proof), &second.root).unwrap();
    }
    // And in the size of an older checkpoint.
    let asked = ReadProofs {
        size: 5,
        sizes: vec![],
        indices: vec![3],
    };
    let proofs: Proofs = world
        .tell(&session, Method::POST, path::PROOFS, None, &asked)
        .await
        .json();
    verify_inclusion(3, 5, &leaves[3], &plain(&proofs.inclusion[0]), &first.root).unwrap();
}

#[tokio::test]
async fn tiles_are_the_entries_and_their_hashes() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    for _ in 0..300 {
        person
            .push(&world, &session, vec![], vec![], By::Writer)
            .await
            .succeeds();
    }
    assert_eq!(world.state.publish().await.unwrap(), 305);
    let all = entries(&world).await;
    let leaves: Vec<Hash32> = all.iter().map(|entry| leaf_hash(entry)).collect();
    for index in 0..2 {
        let tile = |kind| Tile::at(kind, index, 305).unwrap();
        let read = async |tile: &Tile| {
            let answer = world.get(&format!("/log/{}", tile.path())).await;
            answer.succeeds();
            assert_eq!(
                answer.headers[header::CACHE_CONTROL],
                "public, max-age=31536000, immutable"
            );
            answer.body
        };
        let begin = index as usize * 256;
        let (hashes, bundle) = (tile(Kind::Hashes { level: 0 }), tile(Kind::Entries));
        let end = begin + usize::from(bundle.width);
        assert_eq!(hashes.hashes(&read(&hashes).await).unwrap(), leaves[begin..end]);
        assert_eq!(bundle.entries(&read(&bundle).await).unwrap(), all[begin..end]);
    }
    let top = world.get("/log/tile/1/000.p/1").await;
    assert_eq!(top.body[..], root_of_leaves(&leaves[..256]));
    // A narrower tile of the same place stays what it was.
    let narrow = world.get("/log/tile/0/001.p/5").await;
    assert_eq!(narrow.body[..], leaves[256..261].concat());
    for missing in [
        "0/002.p/1",
        "0/001.p/50",
        "0/001",
        "1/000",
        "1/001.p/1",
        "entries/002.p/1",
        "2/000.p/1",
    ] {
        world
            .get(&format!("/log/tile/{missing}"))
            .await
            .refused(ErrorCode::NotFound);
    }
    for wrong in [
        "0/1",
        "0/000.p/0",
        "0/000.p/257",
        "8/000.p/1",
        "x/000",
        "entries/0001",
        "0/000/extra",
        "0/%30%30%30x",
    ] {
        world
            .get(&format!("/log/tile/{wrong}"))
            .await
            .refused(ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn proofs_are_bounded_and_only_of_what_was_signed() {
    let world = World::new();
    let (_, session) = Person::create(&world, "marie").await;
    world.state.publish().await.unwrap();
    let ask = async |session: &Session, size, sizes, indices| {
        let asked = ReadProofs { size, sizes, indices };
        world
            .tell(session, Method::POST, path::PROOFS, None, &asked)
            .await
    };
    ask(&session, 6, vec![], vec![])
        .await
        .refused(ErrorCode::NotFound);
    ask(&session, 5, vec![0], vec![])
        .await
        .refused(ErrorCode::Malformed);
    ask(&session, 5, vec![6], vec![])
        .await
        .refused(ErrorCode::Malformed);
    ask(&session, 5, vec![], vec![5])
        .await
        .refused(ErrorCode::Malformed);
    ask(&session, 5, vec![], vec![u64::MAX])
        .await
        .refused(ErrorCode::Malformed);
    let many = vec![1; usize::try_from(limit::PROOFS).unwrap() + 1];
    ask(&session, 5, many.clone(), vec![])
        .await
        .refused(ErrorCode::TooLarge);
    ask(&session, 5, vec![], many).await.refused(ErrorCode::TooLarge);
    ask(&session, 0, vec![], vec![]).await.succeeds();
    world
        .post(
            path::PROOFS,
            &ReadProofs {
                size: 4,
                sizes: vec![],
                indices: vec![],
            },
        )
        .await
        .refused(ErrorCode::SignedOut);
}

#[tokio::test]
async fn a_new_sheet_is_told_in_the_log() {
    let world = World::new();
    let (person, session) = Person::create(&world, "marie").await;
    let put = PutWords {
        operation_id: OperationId(random()),
        recovery_id: RecoveryId(random()),
        recovery_pk: Hash(Words::make(&mut Rng).unwrap().derive_recovery_auth().public_key()),
        words_slot: slot(3, &person.id),
        manifest: record(2, &person.id, 2, manifest_hash(&person)),
        log: log_write(),
    };
    let before = manifest_hash(&person);
    world
        .tell(&session, Method::PUT, path::WORDS, Some(before), &put)
        .await
        .succeeds();
    let opened = openings(&world).await;
    let told = Opening::Recovery {
        label: person.request.label.0,
        event: Event::WordsReplaced,
        not_before: 0,
    };
    assert_eq!(opened[4].as_ref().unwrap().opening, told);
    assert!(matches!(
        opened[5].as_ref().unwrap().opening,
        Opening::Manifest { version: 2, .. }
    ));
}

#[tokio::test]
async fn the_map_has_the_newest_entry_of_each_subject() {
    let world = World::new();
    let (mut person, session) = Person::create(&world, "marie").await;
    let ask = async |keys: Vec<Hash32>| {
        let asked = ReadMap {
            keys: keys.into_iter().map(Hash).collect(),
        };
        world.tell(&session, Method::POST, path::MAP, None, &asked).await
    };
    ask(vec![]).await.refused(ErrorCode::NotFound);
    let mut map = Map::new();
    for round in 0..4 {
        for _ in 0..(round * 400) {
            person
                .push(&world, &session, vec![], vec![], By::Writer)
                .await
                .succeeds();
        }
        let size = world.state.publish().await.unwrap();
        assert_eq!(
            world.state.publish().await.unwrap(),
            size,
            "nothing new, no new root"
        );
        let all = entries(&world).await;
        let label = Subject::Label(person.request.label.0).key();
        let head = Subject::Tag(person.request.collection.commit.log.tag.0).key();
        let stranger = Subject::Tag([7; 16]).key();
        let told: MapProofs = ask(vec![label, head, stranger]).await.json();
        for entry in &all[..usize::try_from(told.covered).unwrap()] {
            let subject = match Entry::parse(entry).unwrap() {
                Entry::Identity { label, .. } => Subject::Label(label),
                Entry::Sealed { tag, .. } => Subject::Tag(tag),
                _ => continue,
            };
            map.insert(subject.key(), sha256(entry));
        }
        assert_eq!(told.root.0, map.root());
        let said = Entry::MapHead {
            root: told.root.0,
            covered: told.covered,
        };
        assert_eq!(
            Entry::parse(&all[usize::try_from(told.index).unwrap()]).unwrap(),
            said
        );
        assert!(told.index < size);
        let proven = |at: usize, key: &Hash32| {
            let proof = MapProof::parse(told.proofs[at].as_slice()).unwrap();
            proof.verify(&told.root.0, key).unwrap()
        };
        assert_eq!(proven(0, &label), Some(sha256(&all[0])));
        assert_eq!(proven(1, &head), Some(sha256(&all[2])));
        assert_eq!(proven(2, &stranger), None);
    }
    let many = vec![[0; 32]; usize::try_from(limit::PROOFS).unwrap() + 1];
    ask(many).await.refused(ErrorCode::TooLarge);
}
