//! Witnesses: which checkpoint they are asked to sign, which one counts, and what is refused.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::entry::Entry;
use crypto::audit::map::{Map, MapProof, Subject};
use crypto::audit::note::{Kind, Note, NoteKey, NoteSigner};
use crypto::audit::policy::Policy;
use crypto::hash::sha256;
use server::store::{MetaStore, Table};
use server::{Config, OpenError};
use shared::audit::{LogCard, MapProofs, ReadMap};
use shared::{ErrorCode, Hash, path};

use crate::person::{By, Person};
use crate::start;
use crate::world::{Answer, Session, World};

const NOW: u64 = 1_800_000_000;

fn witness(number: u8) -> NoteSigner {
    NoteSigner::from_seed(&format!("w{number}.fr"), Kind::Cosignature, &[10 + number; 32]).unwrap()
}

/// Settings with so many witnesses, of whom so many are asked.
fn asking(witnesses: u8, quorum: u8) -> Config {
    let keys = (0..witnesses).map(|number| witness(number).public().clone());
    Config {
        attempts_per_address: 0,
        attempts_per_handle: 0,
        witnesses: keys.collect(),
        quorum,
        ..Config::default()
    }
}

async fn policy(world: &World) -> Policy {
    let card: LogCard = world.get(path::LOG).await.json();
    let witnesses = card.witnesses.iter().map(|key| NoteKey::parse(key).unwrap());
    let log = NoteKey::parse(&card.key).unwrap();
    Policy::new(log, witnesses.collect(), card.quorum, card.max_age, card.strict).unwrap()
}

async fn read(world: &World, path: &str) -> SignedCheckpoint {
    let answer = world.get(path).await;
    answer.succeeds();
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    SignedCheckpoint::verify(&answer.body, &policy(world).await.log).unwrap()
}

async fn asked(world: &World) -> SignedCheckpoint {
    read(world, path::NEWEST).await
}

async fn size(world: &World, path: &str) -> u64 {
    read(world, path).await.tree().size
}

async fn send(world: &World, note: Vec<u8>) -> Answer {
    let request = Request::post(path::COSIGNATURES).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    world.send(request.body(Body::from(note)).unwrap()).await
}

/// This witness signs that checkpoint now.
async fn signs(world: &World, number: u8, checkpoint: &SignedCheckpoint, time: u64) -> Answer {
    let signed = witness(number).sign(checkpoint.note().text(), time).unwrap();
    send(world, signed.to_bytes()).await
}

async fn signed(world: &World, number: u8, checkpoint: &SignedCheckpoint, time: u64) {
    let answer = signs(world, number, checkpoint, time).await;
    answer.is(StatusCode::NO_CONTENT);
}

async fn writes(world: &World, person: &mut Person, session: &Session) {
    person
        .push(world, session, vec![], vec![], By::Writer)
        .await
        .succeeds();
    world.state.publish().await.unwrap();
}

#[tokio::test]
async fn a_checkpoint_counts_once_its_quorum_has_signed_it_however_far_apart() {
    let world = World::with(asking(3, 2));
    let card: LogCard = world.get(path::LOG).await.json();
    assert_eq!((card.witnesses.len(), card.quorum), (3, 2));
    assert_eq!((card.max_age, card.strict), (86_400, false));
    let (mut person, session) = Person::create(&world, "marie").await;
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    // The first one is of the empty log: it was there before anybody came.
    let first = asked(&world).await;
    signed(&world, 0, &first, NOW).await;
    // Others were made meanwhile; this one is the one to sign.
    writes(&world, &mut person, &session).await;
    writes(&world, &mut person, &session).await;
    assert_eq!(asked(&world).await.note().text(), first.note().text());
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    signed(&world, 2, &first, NOW + 300).await;
    let counts = world.get(path::CHECKPOINT).await;
    let accepted = policy(&world).await.accept(&counts.body).unwrap();
    assert_eq!(
        (accepted.checkpoint().tree().size, accepted.witnessed()),
        (0, Some(NOW))
    );
    // What was made meanwhile comes next, with the next round.
    writes(&world, &mut person, &session).await;
    let second = asked(&world).await;
    assert!(second.tree().size > first.tree().size);
    writes(&world, &mut person, &session).await;
    signed(&world, 1, &second, NOW + 400).await;
    assert_eq!(size(&world, path::CHECKPOINT).await, 0);
    // Who was there before may still sign what counts.
    signed(&world, 1, &first, NOW + 401).await;
    signed(&world, 0, &second, NOW + 500).await;
    assert_eq!(size(&world, path::CHECKPOINT).await, second.tree().size);
    signs(&world, 1, &first, NOW + 600)
        .await
        .refused(ErrorCode::Conflict);
    // Tiles reach as far as the log is signed, not as far as it is witnessed.
    let last = world.state.publish().await.unwrap();
    assert!(last > second.tree().size);
    world.get(&format!("/log/tile/0/000.p/{last}")).await.succeeds();
}

/// Nothing is written for a day: the witnesses say again that nothing was.
#[tokio::test]
async fn an_unchanged_log_is_signed_again() {
    let world = World::with(asking(2, 2));
    let first = asked(&world).await;
    signed(&world, 0, &first, NOW).await;
    signed(&world, 1, &first, NOW + 1).await;
    world.state.publish().await.unwrap();
    let length = world.get(path::CHECKPOINT).await.body.len();
    for day in 1..40 {
        let again = asked(&world).await;
        assert_eq!(again.note().text(), first.note().text());
        for number in 0..2 {
            signed(&world, number, &again, NOW + day * 86_400).await;
        }
        // Of each witness one signature, the newest; an older one that comes late changes nothing.
        signed(&world, 0, &again, NOW).await;
        let counts = world.get(path::CHECKPOINT).await;
        let accepted = policy(&world).await.accept(&counts.body).unwrap();
        assert_eq!(accepted.witnessed(), Some(NOW + day * 86_400));
        assert_eq!(counts.body.len(), length);
    }
}

#[tokio::test]
async fn what_no_witness_signed_is_refused() {
    let world = World::with(asking(2, 1));
    let (mut person, session) = Person::create(&world, "marie").await;
    let first = asked(&world).await;
    let text = first.note().text();
    signs(&world, 7, &first, NOW).await.refused(ErrorCode::Forbidden);
    let log_alone = first.note().to_bytes();
    send(&world, log_alone).await.refused(ErrorCode::Forbidden);
    let by_another = NoteSigner::from_seed("w0.fr", Kind::Cosignature, &[99; 32]).unwrap();
    let by_another = by_another.sign(text, NOW).unwrap().to_bytes();
    send(&world, by_another).await.refused(ErrorCode::Forbidden);
    // Its name and id, and the signature of something else.
    let good = String::from_utf8(witness(0).sign(text, NOW).unwrap().to_bytes()).unwrap();
    let other = witness(0).sign("something else\n", NOW).unwrap().to_bytes();
    let other = String::from_utf8(other).unwrap();
    let lie = format!("{text}\n{}\n", other.lines().last().unwrap());
    send(&world, lie.clone().into_bytes())
        .await
        .refused(ErrorCode::Refused);
    // Beside a good one it spoils the whole.
    let both = witness(1).sign(text, NOW).unwrap();
    let both = both.join(&Note::parse(lie.as_bytes()).unwrap()).unwrap();
    send(&world, both.to_bytes()).await.refused(ErrorCode::Refused);
    for noise in [
        String::new(),
        text.to_owned(),
        good.replace('—', "-"),
        format!("{good}more\n"),
    ] {
        send(&world, noise.into_bytes())
            .await
            .refused(ErrorCode::Malformed);
    }
    // Of a checkpoint that the log never signed, and of one that is not asked for.
    let invented = text.replacen("\n0\n", "\n9\n", 1);
    let invented = witness(0).sign(&invented, NOW).unwrap().to_bytes();
    send(&world, invented).await.refused(ErrorCode::Conflict);
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    signed(&world, 0, &first, NOW).await;
    writes(&world, &mut person, &session).await;
    assert_eq!(size(&world, path::CHECKPOINT).await, 0);
}

#[tokio::test]
async fn who_asks_nobody_serves_the_newest() {
    for witnesses in [0, 2] {
        let world = World::with(asking(witnesses, 0));
        let (mut person, session) = Person::create(&world, "marie").await;
        writes(&world, &mut person, &session).await;
        let all = world.state.publish().await.unwrap();
        assert_eq!(size(&world, path::CHECKPOINT).await, all);
        let answer = signs(&world, 0, &asked(&world).await, NOW).await;
        if witnesses == 0 {
            answer.refused(ErrorCode::Forbidden);
        } else {
            answer.is(StatusCode::NO_CONTENT);
        }
        writes(&world, &mut person, &session).await;
        assert!(size(&world, path::CHECKPOINT).await > all);
        if witnesses > 0 {
            // Signed by who likes, served with it.
            let newest = asked(&world).await;
            signed(&world, 1, &newest, NOW).await;
            let counts = read(&world, path::CHECKPOINT).await;
            assert_eq!(counts.tree(), newest.tree());
            assert_eq!(counts.note().verify(witness(1).public()), Ok(NOW));
        }
    }
}

/// What was signed outlives the server, also what is short of its quorum; and what is served is never less than it was.
#[tokio::test]
async fn after_a_restart_what_was_signed_counts_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let config = |witnesses, quorum| Config {
        data: folder.path().join("data"),
        min_free_bytes: 1 << 20,
        ..asking(witnesses, quorum)
    };
    let begin = async |config: &Config| World::of(start::open(config).await.unwrap());
    let two = config(3, 2);
    let world = begin(&two).await;
    let (mut person, session) = Person::create(&world, "marie").await;
    let first = asked(&world).await;
    signed(&world, 0, &first, NOW).await;
    signed(&world, 1, &first, NOW).await;
    writes(&world, &mut person, &session).await;
    let second = asked(&world).await;
    signed(&world, 2, &second, NOW + 9).await;
    writes(&world, &mut person, &session).await;
    let last = world.state.publish().await.unwrap();
    assert!(last > second.tree().size);
    let notes = async |world: &World| {
        let counts = world.get(path::CHECKPOINT).await.body;
        (counts, world.get(path::NEWEST).await.body)
    };
    let before = notes(&world).await;
    drop(world);
    let world = begin(&two).await;
    assert_eq!(notes(&world).await, before);
    signed(&world, 0, &second, NOW + 10).await;
    assert_eq!(size(&world, path::CHECKPOINT).await, second.tree().size);
    drop(world);
    // Cut off between the two files: the shorter one says nothing any more.
    std::fs::write(two.data.join("keys/log.asked"), &before.1).unwrap();
    let world = begin(&two).await;
    assert_eq!(size(&world, path::CHECKPOINT).await, second.tree().size);
    assert!(size(&world, path::NEWEST).await > second.tree().size);
    drop(world);
    // More are asked: what had too few does not count, and what counts next is longer.
    let world = begin(&config(3, 3)).await;
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    assert!(size(&world, path::NEWEST).await >= second.tree().size);
    drop(world);
    // Nobody is asked for a while, and everything is served: what counted before that never does again.
    let world = begin(&config(0, 0)).await;
    let all = size(&world, path::CHECKPOINT).await;
    assert!(all >= last);
    drop(world);
    let world = begin(&two).await;
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    assert!(size(&world, path::NEWEST).await >= all);
    drop(world);
    // Signatures that do not read are had again; ones of more than was ever signed mean an older folder of keys.
    std::fs::write(two.data.join("keys/log.witnessed"), b"noise").unwrap();
    let world = begin(&two).await;
    world.get(path::CHECKPOINT).await.refused(ErrorCode::Unavailable);
    drop(world);
}

/// The map is served under a root that is witnessed, while it goes on behind it.
#[tokio::test]
async fn the_map_that_is_served_is_witnessed() {
    let world = World::with(asking(1, 1));
    let (mut person, session) = Person::create(&world, "marie").await;
    let map = async || {
        let tags = world.store.scan(Table::Log, b"", None, 10_000).await.unwrap();
        let subject = |entry: &Vec<u8>| match Entry::parse(entry).unwrap() {
            Entry::Identity { label, .. } => Some(Subject::Label(label).key()),
            Entry::Sealed { tag, .. } => Some(Subject::Tag(tag).key()),
            _ => None,
        };
        let all: Vec<Vec<u8>> = tags.into_iter().map(|(_, entry)| entry).collect();
        let keys: Vec<Hash> = all.iter().filter_map(subject).map(Hash).collect();
        let newest = keys[keys.len().saturating_sub(40)..].to_vec();
        let asked = ReadMap { keys: newest };
        let answer = world.tell(&session, Method::POST, path::MAP, None, &asked).await;
        (answer, asked.keys, all)
    };
    world.state.publish().await.unwrap();
    map().await.0.refused(ErrorCode::Unavailable);
    let (mut served, mut absent) = (0, 0);
    for round in 0..12 {
        for _ in 0..9 {
            person
                .push(&world, &session, vec![], vec![], By::Writer)
                .await
                .succeeds();
        }
        world.state.publish().await.unwrap();
        let counts = world.get(path::CHECKPOINT).await;
        let (answer, keys, all) = map().await;
        if answer.status == StatusCode::OK {
            served += 1;
            let told: MapProofs = answer.json();
            let counts = SignedCheckpoint::verify(&counts.body, &policy(&world).await.log).unwrap();
            assert!(told.index < counts.tree().size, "round {round}");
            // It is the map of exactly the entries that it says it covers.
            let mut known = Map::default();
            for entry in &all[..usize::try_from(told.covered).unwrap()] {
                let subject = match Entry::parse(entry).unwrap() {
                    Entry::Identity { label, .. } => Subject::Label(label),
                    Entry::Sealed { tag, .. } => Subject::Tag(tag),
                    _ => continue,
                };
                known.insert(subject.key(), sha256(entry));
            }
            assert_eq!(told.root.0, known.root());
            for (key, proof) in keys.iter().zip(&told.proofs) {
                let proof = MapProof::parse(proof.as_slice()).unwrap();
                let value = proof.verify(&told.root.0, &key.0).unwrap();
                absent += usize::from(value.is_none());
            }
        }
        // The witness comes every other time.
        if round % 2 == 0 {
            signed(&world, 0, &asked(&world).await, NOW + round).await;
        }
    }
    assert!(served > 8, "{served}");
    assert!(absent > 50, "{absent}: the map behind is not what is served");
    // Once all of it is witnessed, nothing of before is left.
    for _ in 0..4 {
        signed(&world, 0, &asked(&world).await, NOW + 99).await;
        world.state.publish().await.unwrap();
    }
    let (answer, keys, _) = map().await;
    let told: MapProofs = answer.json();
    for (key, proof) in keys.iter().zip(&told.proofs) {
        let proof = MapProof::parse(proof.as_slice()).unwrap();
        assert!(proof.verify(&told.root.0, &key.0).unwrap().is_some());
    }
    let left = world.store.scan(Table::Tile, b"u", None, 10).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_log_is_no_witness_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        data: folder.path().join("data"),
        min_free_bytes: 1 << 20,
        ..Config::default()
    };
    let world = World::of(start::open(&config).await.unwrap());
    let card: LogCard = world.get(path::LOG).await.json();
    let log = NoteKey::parse(&card.key).unwrap();
    drop(world);
    let file = std::fs::read(config.data.join("keys/log.key")).unwrap();
    let seed: &[u8; 32] = file[5..].first_chunk().unwrap();
    for (name, seed) in [("other.fr", seed), (log.name(), &[9; 32])] {
        let itself = NoteSigner::from_seed(name, Kind::Cosignature, seed).unwrap();
        let config = Config {
            witnesses: vec![itself.public().clone()],
            ..config.clone()
        };
        let refused = start::open(&config).await;
        let why = refused.err();
        assert!(
            matches!(why, Some(OpenError::Log(server::LogError::Witness))),
            "{name}: {why:?}"
        );
    }
}
