//! Rule R and the answers of an upload: no part number ever carries two ciphertexts, whatever the server says.

use std::cell::Cell;
use std::collections::BTreeMap;

use async_trait::async_trait;
use crypto::hash::sha256;
use sdk::error::FileError;
use sdk::flows::upload::UploadError;
use sdk::flows::{Request, Source, Watch};
use sdk::{Check, Random, RandomError, Subject};
use shared::{BodyId, path};
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Exchange, Switch, is_of};
use tests::insider::{BodyKeys, Insider};
use tests::person::{Desk, Drawer, Person, Safe, document};
use tests::sample;

use crate::verdict::noticed;
use crate::world;

const MIB: usize = 1 << 20;
/// A sealed chunk.
const CHUNK: usize = 16_400;

/// Chunks by what covers them: K_body, salt and body give the key and the base nonce, the number the nonce.
type Covered = BTreeMap<(BodyKeys, BodyId, usize), Vec<u8>>;

/// The property that Rule R is for, with the real keys: no (key, nonce) covers two different chunks on the wire.
fn covered(alice: &Person, memory: &[Exchange]) -> Covered {
    let keys = Insider::of(alice, memory).body_keys(memory);
    let mut seen = Covered::new();
    for request in memory.iter().map(|exchange| &exchange.request) {
        if !is_of(request, path::UPLOAD_PART) {
            continue;
        }
        let steps: Vec<&str> = request.path.split('/').collect();
        let (body, part): (BodyId, usize) = (steps[4].parse().unwrap(), steps[6].parse().unwrap());
        for (number, chunk) in request.body.chunks(CHUNK).enumerate() {
            let place = (keys[&body].clone(), body, part * 64 + number);
            let before = seen.insert(place, chunk.to_vec());
            assert!(
                before.is_none_or(|before| before == chunk),
                "one nonce, two chunks: {body} part {part} chunk {number}"
            );
        }
    }
    seen
}

/// Begins an upload that breaks before its second part, and says which it is.
async fn breaks_off(desk: &Desk, safe: &Safe, name: &str, content: &[u8]) -> BodyId {
    let seen = Cell::new(0);
    desk.line.before(move |request| {
        seen.set(seen.get() + u32::from(is_of(request, path::UPLOAD_PART)));
        if seen.get() >= 2 { Fate::Lose } else { Fate::Pass }
    });
    let broken = safe
        .upload(&content.to_vec(), &document(name), &Watch::none())
        .await;
    assert!(broken.is_err());
    desk.line.before(|_| Fate::Pass);
    let begun = safe.unfinished().await.unwrap();
    let begun = begun.iter().find(|begun| begun.name.as_deref() == Some(name));
    begun.unwrap().body
}

fn attack(name: &str) -> Attack {
    let mut all = Switch::N33.attacks().into_iter();
    all.find(|attack| attack.name() == name).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_whatever_the_server_answers_no_nonce_covers_two_chunks() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let mut kept = Vec::new();
    for (number, attack) in Switch::N33.attacks().into_iter().enumerate() {
        let lie = attack.name().to_owned();
        let name = format!("{number}.bin");
        let mut content = sample::noise(MIB + 9, number as u64);
        let begun = breaks_off(&desk, &safe, &name, &content).await;
        // Every second time another program has written into the file meanwhile, at its end or in what was sent.
        if number % 2 == 1 {
            let at = if number % 4 == 1 { MIB + 3 } else { 3 };
            content[at] ^= 1;
        }
        evil.begin(attack);
        let told = safe
            .resume(begun, &content, &document(&name), &Watch::none())
            .await;
        evil.end();
        // Whatever came of it, the same device goes on with an honest server.
        if told.is_err() {
            let again = safe
                .resume(begun, &content, &document(&name), &Watch::none())
                .await;
            again.unwrap_or_else(|error| panic!("{lie}: {error:?}"));
        }
        kept.push((name, content));
    }
    for (name, content) in &kept {
        assert!(&safe.reads(name).await == content, "{name}");
    }
    let covered = covered(&alice, &evil.memory());
    assert!(covered.len() > kept.len() * 65, "{} chunks", covered.len());
    // A new body that a lie broke off is still there to be given up, and nothing else is.
    for left in safe.unfinished().await.unwrap() {
        safe.abandon(left.body).await.unwrap();
    }
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_an_altered_record_and_another_body_s_answer_are_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("avant.bin", &sample::noise(5_000, 1)).await;
    let content = sample::noise(MIB + 9, 2);
    let begun = breaks_off(&desk, &safe, "a.bin", &content).await;
    let resume = async || {
        safe.resume(begun, &content, &document("a.bin"), &Watch::none())
            .await
    };
    let verdict = noticed(&desk, &evil, attack("record altered"), resume).await;
    assert_eq!(
        (verdict.check(), verdict.subject),
        (Check::UploadRecord, Some(Subject::Upload))
    );
    // The list leaves an upload out whose record does not open, keeps that once, and stands in nobody's way.
    evil.begin(attack("record altered"));
    for _ in 0..2 {
        assert!(safe.unfinished().await.unwrap().is_empty());
    }
    evil.end();
    assert_eq!(safe.evidence().await.unwrap().len(), 1);
    let verdict = noticed(&desk, &evil, attack("stored, as an earlier body was"), resume).await;
    assert_eq!(
        (verdict.check(), verdict.subject),
        (Check::Header, Some(Subject::Upload))
    );
    safe.resume(begun, &content, &document("a.bin"), &Watch::none())
        .await
        .unwrap();
    assert!(safe.reads("a.bin").await == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_rolled_back_upload_goes_on_with_the_same_bytes() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(MIB + 9, 3);
    let begun = breaks_off(&desk, &safe, "a.bin", &content).await;
    let before = world.snapshot().await.unwrap();
    let first = alice.opens(&desk).await;
    first
        .resume(begun, &content, &document("a.bin"), &Watch::none())
        .await
        .unwrap();
    // The whole past comes back, and asks for the part again: from two devices that know nothing of what was.
    world.roll_back(&before).await.unwrap();
    let mut changed = content.clone();
    changed[MIB + 5] ^= 1;
    let second = Desk::new(&world);
    evil.listens_to(&second.line);
    let other = alice.opens(&second).await;
    assert_eq!(other.unfinished().await.unwrap()[0].parts, 1);
    let again = other
        .resume(begun, &changed, &document("a.bin"), &Watch::none())
        .await
        .unwrap();
    assert!(!again.continued && again.body != begun);
    world.roll_back(&before).await.unwrap();
    let third = Desk::new(&world);
    evil.listens_to(&third.line);
    let other = alice.opens(&third).await;
    let again = other
        .resume(begun, &content, &document("a.bin"), &Watch::none())
        .await
        .unwrap();
    assert!(again.continued && again.body == begun);
    assert!(other.reads("a.bin").await == content);
    assert!(covered(&alice, &evil.memory()).len() > 2 * 65);
}

/// A generator that says the same in every run.
struct Fixed(u64);

impl Random for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        for piece in out.chunks_mut(32) {
            self.0 += 1;
            piece.copy_from_slice(&sha256(&self.0.to_be_bytes())[..piece.len()]);
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_under_a_fixed_generator_an_interrupted_upload_sends_the_same_bytes() {
    let content = sample::noise(2 * MIB + 9, 4);
    let mut runs = Vec::new();
    for interrupted in [false, true] {
        let world = world().await;
        let desk = Desk::with_random(&world, Drawer::default().copy(), Box::new(Fixed(7)));
        let evil = Evil::on(&desk.line);
        let (alice, safe) = Person::creates_account("alice", &desk).await;
        if interrupted {
            let begun = breaks_off(&desk, &safe, "a.bin", &content).await;
            evil.begin(attack("parts denied"));
            safe.resume(begun, &content, &document("a.bin"), &Watch::none())
                .await
                .unwrap();
        } else {
            safe.saves("a.bin", &content).await;
        }
        runs.push(covered(&alice, &evil.memory()));
    }
    assert!(runs[0].len() > 128);
    assert!(runs[0] == runs[1], "the same keys, salts, bodies and chunks");
}

/// Cuts the line for good at the n-th request whose path holds `part`.
fn cut_at(desk: &Desk, part: &'static str, n: u32, answered: bool) {
    let seen = Cell::new(0);
    let decide = move |request: &Request| {
        seen.set(seen.get() + u32::from(request.path.contains(part)));
        if seen.get() >= n { Fate::Lose } else { Fate::Pass }
    };
    if answered {
        desk.line.after(move |request, _| decide(request));
    } else {
        desk.line.before(decide);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_file_that_changed_before_resume_gets_a_new_body() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(2 * MIB, 6);
    cut_at(&desk, "/parts/", 2, true);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    let begun = safe.unfinished().await.unwrap()[0].body;
    let mut changed = content.clone();
    changed[MIB + 1] ^= 1;
    let uploaded = safe
        .resume(begun, &changed, &document("a.pdf"), &Watch::none())
        .await
        .unwrap();
    assert!(!uploaded.continued);
    assert_ne!(uploaded.body, begun);
    assert!(safe.reads("a.pdf").await == changed);
    assert!(
        safe.unfinished().await.unwrap().is_empty(),
        "the old body is given up"
    );
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
}

/// A file whose second half changes after it was read once.
struct Changing {
    content: Vec<u8>,
    reads: Cell<u32>,
}

#[async_trait(?Send)]
impl Source for Changing {
    fn len(&self) -> u64 {
        self.content.len() as u64
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = self.content.as_slice().read(offset, len).await?;
        if offset > 0 {
            self.reads.set(self.reads.get() + 1);
            bytes[7] ^= u8::from(self.reads.get() > 1);
        }
        Ok(bytes)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_file_that_changes_while_it_is_sent_is_not_sealed() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let file = Changing {
        content: sample::noise(2 * MIB, 7),
        reads: Cell::new(0),
    };
    let refused = safe.upload(&file, &document("a.pdf"), &Watch::none()).await;
    assert!(matches!(refused, Err(UploadError::File(FileError))));
    let sent = desk.line.take_sent();
    assert!(
        !sent.iter().any(|request| request.path.ends_with("/parts/1")),
        "the changed part never left"
    );
    assert!(safe.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_no_part_number_ever_carries_two_ciphertexts() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB, 8);
    // Every answer to a part is lost once, the server denies parts, the file changes, two devices go on at once.
    cut_at(&desk, "/parts/", 3, true);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    desk.line
        .alter_json::<shared::document::Uploads>("/uploads", |uploads| {
            uploads.items.iter_mut().for_each(|upload| upload.parts.clear());
        });
    let begun = safe.unfinished().await.unwrap()[0].body;
    let other_desk = Desk::new(&world);
    let other = alice.opens(&other_desk).await;
    let (named, watch) = (document("b.pdf"), Watch::none());
    let both = futures::future::join(
        safe.resume(begun, &content, &named, &watch),
        other.resume(begun, &content, &named, &watch),
    );
    let (one, two) = both.await;
    assert!(one.is_ok() || two.is_ok());
    let mut seen = BTreeMap::new();
    for request in desk
        .line
        .take_sent()
        .into_iter()
        .chain(other_desk.line.take_sent())
    {
        if request.path.contains("/parts/") {
            let before = seen.insert(request.path.clone(), request.body.clone());
            assert!(
                before.is_none_or(|before| before == request.body),
                "{}",
                request.path
            );
        }
    }
    assert!(seen.len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_parts_that_the_server_only_claims_to_have_are_sent_again() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB, 9);
    cut_at(&desk, "/parts/", 2, false);
    assert!(
        safe.upload(&content, &document("a.pdf"), &Watch::none())
            .await
            .is_err()
    );
    desk.line.mend();
    desk.line
        .alter_json::<shared::document::Uploads>("/uploads", |uploads| {
            uploads
                .items
                .iter_mut()
                .for_each(|upload| upload.parts = (0..4).collect());
        });
    let begun = safe.unfinished().await.unwrap()[0].body;
    safe.resume(begun, &content, &document("a.pdf"), &Watch::none())
        .await
        .unwrap();
    desk.line.mend();
    assert!(safe.reads("a.pdf").await == content);
}
